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
	in, err := parameters(c)
	if err != nil {
		return err
	}
	if grant := in.Get("grant_type"); grant != "" && grant != "password" {
		return &models.Error{Kind: models.UnsupportedGrant, Message: "The parameter grant_type must be password, or be left out."}
	}
	username, password := in.Get("username"), in.Get("password")
	if username == "" || password == "" {
		return badParameters("Send username and password in the body.")
	}
	got, err := d.Store.TokenForPassword(c.Request().Context(), models.DialectPassword, username, password, visitor(c))
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, passwordToken{"Bearer", got.Access.Reveal(), seconds(got.ExpiresIn)})
}
