package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// The one grant of Apinizer. What it calls the credentials of a client are the
// user name and the password of a user.
const apinizerGrant = "client_credentials"

type apinizerToken struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
}

// ApinizerToken answers POST /apiops/auth/token.
func (d Dialects) ApinizerToken(c echo.Context) error {
	in, err := parameters(c)
	if err != nil {
		return err
	}
	if in.Get("grant_type") != apinizerGrant {
		return &models.Error{Kind: models.UnsupportedGrant, Message: "GrantType value must be " + apinizerGrant + "!"}
	}
	username, password := in.Get("client_id"), in.Get("client_secret")
	if username == "" || password == "" {
		return errNoPassword
	}
	got, err := d.Store.TokenForPassword(c.Request().Context(), models.DialectApinizer, username, password, visitor(c))
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, apinizerToken{got.Access.Reveal(), "Bearer", seconds(got.ExpiresIn)})
}

// ApinizerHealth answers GET /apiops/test/healthcheck.
func ApinizerHealth(c echo.Context) error {
	return c.Blob(http.StatusOK, "text/plain", []byte("OK"))
}

// ApinizerHello answers GET /apiops/test/hello/{name}, by which a client tries
// its token. No browser takes the text for a page: it says what it is.
func ApinizerHello(c echo.Context, _ *models.Access) error {
	name := c.Param("name")
	if name == "" {
		return echo.ErrNotFound
	}
	return c.Blob(http.StatusOK, "text/plain; charset=utf-8", []byte("Hello "+name))
}
