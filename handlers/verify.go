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
	demand := models.Demand{Scopes: c.QueryParam("scope"), Role: c.QueryParam("role"), Tenant: c.QueryParam("tenant")}
	if err := a.Admit(demand); err != nil {
		return err
	}
	h, u := c.Response().Header(), a.User()
	h["X-Latchkey-User"] = []string{u.Username}
	h["X-Latchkey-User-Id"] = []string{u.ID}
	h["X-Latchkey-Tenant"] = []string{a.Tenant().Slug}
	h["X-Latchkey-Roles"] = []string{strings.Join(a.RolesHeld(), ",")}
	h["X-Latchkey-Scopes"] = []string{strings.Join(texts(a.Scopes()), ",")}
	h["X-Latchkey-Token-Id"] = []string{a.Token().ID}
	h["X-Latchkey-Application"] = []string{""}
	return c.NoContent(http.StatusOK)
}
