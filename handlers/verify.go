package handlers

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// Verify answers a proxy that asks whether to let a request through, and tells
// it who is calling. Every header is always there, if only empty: a proxy that
// copies them overwrites whatever the client sent under their names.
func Verify(c echo.Context, a *models.Access) error {
	if c.Request().URL.RawQuery != "" {
		demand := models.Demand{Scopes: c.QueryParam("scope"), Role: c.QueryParam("role"), Tenant: c.QueryParam("tenant")}
		if err := a.Admit(demand); err != nil {
			return err
		}
	}
	Identify(c.Response().Header(), a)
	return c.NoContent(http.StatusOK)
}

// Identify sets the headers that say who is calling, whose token was proved. It
// sets all of them, and lets nothing stand that was there under their names.
func Identify(h http.Header, a *models.Access) {
	for _, known := range identified.Of(a) {
		h[known.name] = known.value
	}
	h["X-Latchkey-Token-Id"] = []string{a.Token().ID()}
}

// An identifier is a header that says who is calling. Its value is shared by
// many responses: nothing may append to it.
type identifier struct {
	name  string
	value []string
}

// identified are the identifiers that all tokens with the same rights share.
var identified = models.NewMemo(func(a *models.Access) []identifier {
	u := a.User()
	return []identifier{
		{"X-Latchkey-User", []string{u.Username}},
		{"X-Latchkey-User-Id", []string{u.ID}},
		{"X-Latchkey-Tenant", []string{a.Tenant().Slug}},
		{"X-Latchkey-Roles", []string{strings.Join(a.RolesHeld(), ",")}},
		{"X-Latchkey-Scopes", []string{strings.Join(texts(a.Scopes()), ",")}},
		{"X-Latchkey-Application", []string{""}},
	}
})
