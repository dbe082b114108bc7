package handlers

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// ApplicationKeys answers GET /t/:tenant/applications/:id/keys.
func (con *Console) ApplicationKeys(c echo.Context, a *models.Access) error {
	return con.showKeys(c, a, http.StatusOK, "")
}

func (con *Console) showKeys(c echo.Context, a *models.Access, status int, problem string) error {
	app, head, err := con.theApplication(c, a, "keys")
	if err != nil {
		return err
	}
	secrets, err := a.ApplicationSecrets(c.Request().Context(), app.ID)
	if err != nil {
		return err
	}
	page := views.ApplicationKeysPage{ApplicationHead: head, Problem: problem}
	for _, s := range secrets {
		page.Keys = append(page.Keys, keyRow(s))
	}
	return Render(c, status, views.ApplicationKeys(page))
}

func keyRow(s models.ApplicationSecret) views.KeyRow {
	return views.KeyRow{ID: s.ID, Hint: s.Hint, Created: s.CreatedAt, LastUsed: orZero(s.LastUsedAt), RevokedAt: orZero(s.RevokedAt)}
}

// AddKey answers POST /t/:tenant/applications/:id/keys. The page that it
// answers with is the only place where the key is ever shown.
func (con *Console) AddKey(c echo.Context, a *models.Access) error {
	ctx := c.Request().Context()
	app, err := a.ApplicationByID(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	_, secret, err := a.AddSecret(ctx, app.ID)
	if r := refused(c, err, nil); r != nil {
		return con.showKeys(c, a, r.status, r.problems[""])
	}
	if err != nil {
		return err
	}
	return con.showSecret(c, a, app, secret, false)
}

// ConfirmRevokeKey answers GET /t/:tenant/applications/:id/keys/:key/revoke.
func (con *Console) ConfirmRevokeKey(c echo.Context, a *models.Access) error {
	app, head, err := con.theApplication(c, a)
	if err != nil {
		return err
	}
	secrets, err := a.ApplicationSecrets(c.Request().Context(), app.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(secrets, func(s models.ApplicationSecret) bool { return s.ID == c.Param("key") })
	if i < 0 {
		return echo.ErrNotFound
	}
	page := views.RevokeKeyPage{ApplicationHead: head, Key: keyRow(secrets[i])}
	for j, s := range secrets {
		if j != i && s.RevokedAt == nil {
			page.Others++
		}
	}
	return Render(c, http.StatusOK, views.RevokeKey(page))
}

// RevokeKey answers POST /t/:tenant/applications/:id/keys/:key/revoke.
func (con *Console) RevokeKey(c echo.Context, a *models.Access) error {
	if err := a.RevokeSecret(c.Request().Context(), c.Param("id"), c.Param("key")); err != nil {
		return err
	}
	return con.done(c, "The key is revoked.", to(a, "applications", c.Param("id"), "keys"))
}

// ApplicationUsers answers GET /t/:tenant/applications/:id/users.
func (con *Console) ApplicationUsers(c echo.Context, a *models.Access) error {
	app, head, err := con.theApplication(c, a, "users")
	if err != nil {
		return err
	}
	list, err := a.ApplicationUsers(c.Request().Context(), app.ID, models.Paging{Cursor: c.QueryParam("cursor")})
	if err != nil {
		return said(err)
	}
	page := views.ApplicationUsersPage{ApplicationHead: head, Page: part(c, list, counted(list))}
	for _, u := range list.Items {
		page.Users = append(page.Users, userRow(u))
	}
	return Render(c, http.StatusOK, views.ApplicationUsers(page))
}

func userRow(u models.ApplicationUser) views.ApplicationUserRow {
	return views.ApplicationUserRow{Username: u.Username, Name: u.DisplayName, Scopes: u.Scopes, Since: u.Since,
		LastUsed: orZero(u.LastUsedAt), LiveTokens: u.LiveTokens}
}

// ConfirmRevokeUser answers GET /t/:tenant/applications/:id/users/:username/revoke.
func (con *Console) ConfirmRevokeUser(c echo.Context, a *models.Access) error {
	app, head, err := con.theApplication(c, a)
	if err != nil {
		return err
	}
	u, err := a.ApplicationUserByName(c.Request().Context(), app.ID, c.Param("username"))
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.RevokeUser(views.RevokeUserPage{ApplicationHead: head, User: userRow(u)}))
}

// RevokeUser answers POST /t/:tenant/applications/:id/users/:username/revoke.
func (con *Console) RevokeUser(c echo.Context, a *models.Access) error {
	id, username := c.Param("id"), c.Param("username")
	if err := a.RevokeApplicationUser(c.Request().Context(), id, username); err != nil {
		return err
	}
	return con.done(c, "It does not act for "+username+" any more.", to(a, "applications", id, "users"))
}
