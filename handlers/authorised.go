package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// authorised are the applications that act for the caller.
func authorised(c echo.Context, a *models.Access) ([]views.AuthorisedRow, error) {
	list, err := a.AuthorisedApplications(c.Request().Context())
	rows := make([]views.AuthorisedRow, len(list))
	for i, app := range list {
		rows[i] = views.AuthorisedRow{ID: app.ID, Name: app.Name, Scopes: app.Scopes, Since: app.Since,
			LastUsed: orZero(app.LastUsedAt), LiveTokens: app.LiveTokens, CanRevoke: a.Can(models.TokensWrite) && a.MayRevokeOwn()}
	}
	return rows, err
}

// keeper says who revokes tokens where their owners may not; empty where they
// may.
func keeper(c echo.Context, a *models.Access) string {
	if a.MayRevokeOwn() {
		return ""
	}
	if who := contact(c, a); who != "" {
		return "Ask " + who + "."
	}
	return "Ask one of them."
}

// ConfirmRevokeAuthorisation answers GET /t/:tenant/profile/applications/:id/revoke.
func (con *Console) ConfirmRevokeAuthorisation(c echo.Context, a *models.Access) error {
	if err := a.RequireRevokeOwn(); err != nil {
		return err
	}
	rows, err := authorised(c, a)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.ID == c.Param("id") {
			f, err := con.frame(c, a)
			if err != nil {
				return err
			}
			return Render(c, http.StatusOK, views.RevokeAuthorisation(views.RevokeAuthorisationPage{Frame: f, Application: row}))
		}
	}
	return echo.ErrNotFound
}

// RevokeAuthorisation answers POST /t/:tenant/profile/applications/:id/revoke.
func (con *Console) RevokeAuthorisation(c echo.Context, a *models.Access) error {
	if err := a.RevokeAuthorisation(c.Request().Context(), c.Param("id")); err != nil {
		return err
	}
	return con.done(c, "That application does not act for you any more.", to(a, "profile")+"#apps")
}
