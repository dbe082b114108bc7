package handlers

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// issuedJSON is the answer of the token endpoint (RFC 6749 5.1).
type issuedJSON struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
}

func newIssuedJSON(out models.Issued) issuedJSON {
	return issuedJSON{AccessToken: out.Access.Reveal(), TokenType: "Bearer", ExpiresIn: int(out.ExpiresIn.Seconds()),
		RefreshToken: out.Refresh.Reveal(), Scope: strings.Join(out.Scopes, " ")}
}

// exchanges are what the token endpoint gives tokens for, by grant_type.
var exchanges = map[string]func(c echo.Context, p *models.Applicant, in url.Values) (models.Issued, error){
	"authorization_code": func(c echo.Context, p *models.Applicant, in url.Values) (models.Issued, error) {
		if in.Get("code") == "" {
			return models.Issued{}, missing("code")
		}
		return p.ExchangeCode(c.Request().Context(), models.CodeExchange{Code: in.Get("code"), RedirectURI: in.Get("redirect_uri"),
			Verifier: in.Get("code_verifier")})
	},
	"refresh_token": func(c echo.Context, p *models.Applicant, in url.Values) (models.Issued, error) {
		if in.Get("refresh_token") == "" {
			return models.Issued{}, missing("refresh_token")
		}
		return p.Refresh(c.Request().Context(), in.Get("refresh_token"), in.Get("scope"))
	},
	"client_credentials": func(c echo.Context, p *models.Applicant, in url.Values) (models.Issued, error) {
		return p.ClientCredentials(c.Request().Context(), in.Get("scope"))
	},
	grantDevice: exchangeDevice,
}

func missing(name string) error { return badParameters("The parameter " + name + " is missing.") }

// Token answers POST /oauth2/token.
func (o OAuth) Token(c echo.Context) error {
	in, err := parameters(c)
	if err != nil {
		return err
	}
	exchange, known := exchanges[in.Get("grant_type")]
	switch {
	case in.Get("grant_type") == "":
		return missing("grant_type")
	case !known:
		return &models.Error{Kind: models.UnsupportedGrant, Message: "There is no grant of this type here."}
	}
	p, err := o.applicant(c, in)
	if err != nil {
		return err
	}
	out, err := exchange(c, p, in)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Pragma", "no-cache") // for caches that are older than Cache-Control (RFC 6749 5.1)
	return c.JSON(http.StatusOK, newIssuedJSON(out))
}

// Revoke answers POST /oauth2/revoke. A token that belongs to no application
// may end itself, and needs nobody to vouch for it.
func (o OAuth) Revoke(c echo.Context) error {
	in, err := parameters(c)
	if err != nil {
		return err
	}
	if in.Get("token") == "" {
		return missing("token")
	}
	ctx := c.Request().Context()
	if in.Get("client_id") == "" && bare(c.Request(), in.Get("token")) {
		err = o.Store.RevokePresented(ctx, in.Get("token"), client(c))
	} else {
		var p *models.Applicant
		if p, err = o.applicant(c, in); err == nil {
			err = p.Revoke(ctx, in.Get("token"))
		}
	}
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}

// bare reports whether a request comes with nothing but a token: in the body,
// and at most once more in the header.
func bare(r *http.Request, token string) bool {
	header := r.Header["Authorization"]
	return len(header) == 0 || len(header) == 1 && bearer(header[0]) == token
}

// bearer is the token in a header, empty for another scheme.
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimLeft(token, " ")
}
