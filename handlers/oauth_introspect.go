package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// introspectionJSON says what a token is and may do now (RFC 7662 2.2).
type introspectionJSON struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Username  string `json:"username,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	ExpiresAt *int64 `json:"exp,omitempty"` // seconds since 1970, as the other two
	IssuedAt  *int64 `json:"iat,omitempty"`
	NotBefore *int64 `json:"nbf,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Issuer    string `json:"iss,omitempty"`
	ID        string `json:"jti,omitempty"`
	Tenant    string `json:"tenant,omitempty"`
}

// Introspect answers POST /oauth2/introspect.
func (o OAuth) Introspect(c echo.Context) error {
	in, err := parameters(c)
	if err != nil {
		return err
	}
	found, err := o.introspect(c, in)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, o.newIntrospection(found))
}

// introspect asks on behalf of whoever sends the request: an application, or
// somebody with a token that may see the tokens of the tenant.
func (o OAuth) introspect(c echo.Context, in url.Values) (models.Introspection, error) {
	ctx, header := c.Request().Context(), c.Request().Header["Authorization"]
	if len(header) == 1 && bearer(header[0]) != "" {
		a, err := o.byToken(c, bearer(header[0]), in)
		if err != nil {
			return models.Introspection{}, err
		}
		if in.Get("token") == "" {
			return models.Introspection{}, missing("token")
		}
		return a.Introspect(ctx, in.Get("token"))
	}
	p, err := o.applicant(c, in)
	if err != nil {
		return models.Introspection{}, err
	}
	if in.Get("token") == "" {
		return models.Introspection{}, missing("token")
	}
	return p.Introspect(ctx, in.Get("token"))
}

func (o OAuth) byToken(c echo.Context, token string, in url.Values) (*models.Access, error) {
	if in.Has("client_id") || in.Has("client_secret") {
		return nil, errTwoWays
	}
	secret, err := models.ParseSecret(token)
	if err != nil {
		return nil, err
	}
	a, err := o.Store.AccessByToken(c.Request().Context(), secret, client(c))
	if err != nil {
		return nil, err
	}
	a.Used()
	return a, nil
}

func (o OAuth) newIntrospection(in models.Introspection) introspectionJSON {
	if !in.Active {
		return introspectionJSON{}
	}
	out := introspectionJSON{Active: true, Scope: strings.Join(texts(in.Scopes), " "), Username: in.User.Username, TokenType: "Bearer",
		ExpiresAt: unix(in.ExpiresAt), IssuedAt: unix(&in.CreatedAt), NotBefore: unix(in.NotBefore), Subject: in.User.ID,
		Issuer: issuer(o.BaseURL), ID: in.ID, Tenant: in.Tenant.Slug}
	if in.Application != nil {
		out.ClientID = in.Application.ID
	}
	if out.Subject == "" {
		out.Subject = out.ClientID
	}
	if in.Kind == models.KindRefresh {
		out.TokenType = ""
	}
	return out
}

// unix is an instant in seconds since 1970, nil for none.
func unix(at *time.Time) *int64 {
	if at == nil {
		return nil
	}
	return new(at.Unix())
}
