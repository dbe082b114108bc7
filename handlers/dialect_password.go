package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

type passwordToken struct {
	TokenType   string `json:"token_type"`
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
}

// PasswordToken answers POST /authorization. A grant_type need not be sent; one
// that is sent must be the one that this is.
func (d Dialects) PasswordToken(c echo.Context) error {
	in, err := strictForm(c, "grant_type", "username", "password")
	if err != nil {
		return err
	}
	if grant := in["grant_type"]; grant != "" && grant != "password" {
		return &models.Error{Kind: models.UnsupportedGrant, Message: "The parameter grant_type must be password, or be left out."}
	}
	username, password := in["username"], in["password"]
	if username == "" || password == "" {
		return malformed("Send username and password in the body.")
	}
	got, err := d.Store.TokenForPassword(c.Request().Context(), models.DialectPassword, username, password, d.visitor(c))
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, passwordToken{"Bearer", got.Access.Reveal(), seconds(got.ExpiresIn)})
}
