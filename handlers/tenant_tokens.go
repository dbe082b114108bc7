package handlers

import (
	"cmp"
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// TenantTokens answers GET /t/:tenant/tenant-tokens.
func (con *Console) TenantTokens(c echo.Context, a *models.Access) error {
	ctx := c.Request().Context()
	f, err := con.frame(c, a)
	if err != nil {
		return err
	}
	count, err := a.CountTenantTokens(ctx)
	if err != nil {
		return err
	}
	page := views.TenantTokensPage{Frame: f, Filter: tokenFilter(c.QueryParams()), Username: c.QueryParam("username"),
		LiveCount: count.Live, SoonCount: count.Soon, InactiveCount: count.Inactive}
	q := wanted(page.Filter, a.Now(), c.QueryParam("cursor"))
	q.Username = page.Username
	list, err := a.TenantTokens(ctx, q)
	if err != nil {
		return said(err)
	}
	if page.Rows, err = tenantTokenRows(ctx, a, list.Items); err != nil {
		return err
	}
	if page.Usernames, err = usernames(ctx, a); err != nil {
		return err
	}
	page.Page = part(c, list, total(page.Filter, count))
	if page.Username != "" {
		page.Page.Total = -1
	}
	return Render(c, http.StatusOK, views.TenantTokens(page))
}

func tenantTokenRows(ctx context.Context, a *models.Access, tokens []models.Token) ([]views.TenantTokenRow, error) {
	owners := make([]string, len(tokens))
	for i, t := range tokens {
		owners[i] = t.UserID
	}
	stopped, err := a.StoppedOwners(ctx, owners)
	rows := make([]views.TenantTokenRow, len(tokens))
	for i, t := range tokens {
		rows[i] = tenantTokenRow(a, t)
		rows[i].OwnerDisabled = stopped[t.UserID]
	}
	return rows, err
}

// tenantTokenRow is somebody's token as a page shows it.
func tenantTokenRow(a *models.Access, t models.Token) views.TenantTokenRow {
	r := tokenRow(a, t, nil)
	return views.TenantTokenRow{ID: r.ID, Name: r.Name, Hint: r.Hint, Owner: t.Username, Scopes: r.Scopes, Status: r.Status,
		Created: r.Created, LastUsed: r.LastUsed, LastUsedIP: r.LastUsedIP, Starts: r.Starts, Expires: r.Expires,
		Access: r.Access, Origin: r.Origin, Application: r.Application, ApplicationID: t.ApplicationID,
		RevokedAt: r.RevokedAt, CanRevoke: a.Can(models.TenantTokensWrite)}
}

// usernames are those that a filter suggests, if they are the caller's to know.
func usernames(ctx context.Context, a *models.Access) ([]string, error) {
	if !a.Can(models.MembersRead) {
		return nil, nil
	}
	list, _, err := a.Members(ctx, models.MemberQuery{Bare: true, Paging: models.Paging{Limit: models.MaxLimit}})
	names := make([]string, len(list.Items))
	for i, m := range list.Items {
		names[i] = m.Username
	}
	return names, err
}

// ConfirmRevokeTenantToken answers GET /t/:tenant/tenant-tokens/:id/revoke.
func (con *Console) ConfirmRevokeTenantToken(c echo.Context, a *models.Access) error {
	ctx := c.Request().Context()
	t, err := a.TenantTokenByID(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	f, err := con.frame(c, a)
	if err != nil {
		return err
	}
	children, err := a.TenantOffspring(ctx, t.ID)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.RevokeTenantToken(views.RevokeTenantTokenPage{Frame: f,
		Token: tenantTokenRow(a, t), UserAgent: orEmpty(t.LastUsedAgent), Children: children}))
}

// RevokeTenantToken answers POST /t/:tenant/tenant-tokens/:id/revoke.
func (con *Console) RevokeTenantToken(c echo.Context, a *models.Access) error {
	ctx := c.Request().Context()
	t, err := a.TenantTokenByID(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	if err := a.RevokeTenantToken(ctx, t.ID); err != nil {
		return err
	}
	return con.done(c, "The token "+t.Name+" of "+cmp.Or(t.Username, t.Application)+" is revoked.", to(a, "tenant-tokens"))
}
