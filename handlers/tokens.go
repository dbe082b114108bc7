package handlers

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// Token answers GET /t/:tenant/tokens/:id.
func (con *Console) Token(c echo.Context, a *models.Access) error {
	ctx := c.Request().Context()
	t, err := a.TokenByID(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	page := views.TokenPage{Description: t.Description, CIDRs: t.AllowedCIDRs, Owner: a.User().Username,
		UserAgent: orEmpty(t.LastUsedAgent), ParentID: orEmpty(t.ParentID), Contact: keeper(c, a),
		CanEdit: a.Can(models.TokensWrite) && t.RevokedAt == nil && t.Kind == models.KindPersonal}
	if page.Frame, err = con.frame(c, a); err != nil {
		return err
	}
	use, err := a.TokenDays(ctx, []string{t.ID}, sparkFor)
	if err != nil {
		return err
	}
	page.Token = tokenRow(a, t, use[t.ID])
	if len(use[t.ID]) > 0 {
		page.Use = daily(use[t.ID], a.Now())
	}
	if err := relatives(ctx, a, &page); err != nil {
		return err
	}
	if page.Events, err = tokenEvents(ctx, a, t); err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.Token(page))
}

// relatives fills in the token that made this one, and how many it made.
func relatives(ctx context.Context, a *models.Access, page *views.TokenPage) (err error) {
	if page.ParentID != "" {
		parent, err := a.TokenByID(ctx, page.ParentID)
		if err != nil {
			return err
		}
		page.ParentName = parent.Name
	}
	page.Children, err = a.Offspring(ctx, []string{page.Token.ID})
	return err
}

func tokenEvents(ctx context.Context, a *models.Access, t models.Token) ([]views.TokenEvent, error) {
	events, err := a.TokenEvents(ctx, t.ID)
	out := make([]views.TokenEvent, len(events))
	for i, e := range events {
		out[i] = views.TokenEvent{Action: e.Action, Actor: e.Actor, What: renaming(e), Address: e.ClientIP, At: e.At, Count: e.Count}
		if t.Application != "" && e.ActorID == t.ApplicationID {
			out[i].Actor = t.Application
		}
	}
	return out, err
}

// renaming says more about a change than the page has words for.
func renaming(e models.AuditEvent) string {
	was, is := e.Before["name"], e.After["name"]
	if e.Action != "token.changed" || was == is {
		return ""
	}
	return fmt.Sprintf("renamed it from %v to %v", was, is)
}

// EditToken answers GET /t/:tenant/tokens/:id/edit.
func (con *Console) EditToken(c echo.Context, a *models.Access) error {
	t, err := a.TokenByID(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return con.showEditToken(c, a, http.StatusOK, views.EditTokenPage{ID: t.ID, Stored: t.Name, Name: t.Name, Description: t.Description})
}

func (con *Console) showEditToken(c echo.Context, a *models.Access, status int, page views.EditTokenPage) (err error) {
	if page.Frame, err = con.frame(c, a, "tokens", page.ID, "edit"); err != nil {
		return err
	}
	return Render(c, status, views.EditToken(page))
}

// ChangeToken answers POST /t/:tenant/tokens/:id.
func (con *Console) ChangeToken(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	before, err := a.TokenByID(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	name, description := in.Get("name"), in.Get("description")
	_, err = a.ChangeToken(ctx, before.ID, models.TokenChange{Name: &name, Description: &description})
	if r := refused(c, err, nil); r != nil {
		return con.showEditToken(c, a, r.status, views.EditTokenPage{ID: before.ID, Stored: before.Name, Name: name,
			Description: description, Problems: r.problems})
	}
	if err != nil {
		return err
	}
	return con.done(c, "The token is saved.", to(a, "tokens", before.ID))
}

// ConfirmRevokeToken answers GET /t/:tenant/tokens/:id/revoke.
func (con *Console) ConfirmRevokeToken(c echo.Context, a *models.Access) error {
	if err := a.RequireRevokeOwn(); err != nil {
		return err
	}
	ctx := c.Request().Context()
	t, err := a.TokenByID(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	f, err := con.frame(c, a)
	if err != nil {
		return err
	}
	use, err := a.TokenDays(ctx, []string{t.ID}, 2)
	if err != nil {
		return err
	}
	page := views.RevokeTokenPage{Frame: f, Token: tokenRow(a, t, nil), UserAgent: orEmpty(t.LastUsedAgent)}
	for _, d := range use[t.ID] {
		page.Recent += d.Allowed
	}
	if page.Children, err = a.Offspring(ctx, []string{t.ID}); err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.RevokeToken(page))
}

// RevokeToken answers POST /t/:tenant/tokens/:id/revoke.
func (con *Console) RevokeToken(c echo.Context, a *models.Access) error {
	ctx := c.Request().Context()
	t, err := a.TokenByID(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	if err := a.RevokeToken(ctx, t.ID); err != nil {
		return err
	}
	return con.done(c, "The token "+t.Name+" is revoked.", to(a, "profile")+"#tokens")
}

// RevokeTokens answers POST /t/:tenant/tokens/revoke: it asks first, and
// revokes when the question was answered.
func (con *Console) RevokeTokens(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	chosen := slices.Compact(slices.Sorted(slices.Values(in["id"])))
	back := to(a, "profile") + "#tokens"
	if len(chosen) == 0 {
		return con.done(c, "Select a token first.", back)
	}
	if in.Get("confirm") != "1" {
		return con.confirmRevokeTokens(c, a, chosen)
	}
	if err := a.RevokeTokens(c.Request().Context(), chosen); err != nil {
		return said(err)
	}
	if len(chosen) == 1 {
		return con.done(c, "1 token is revoked.", back)
	}
	return con.done(c, fmt.Sprintf("%d tokens are revoked.", len(chosen)), back)
}

func (con *Console) confirmRevokeTokens(c echo.Context, a *models.Access, chosen []string) error {
	if err := a.RequireRevokeOwn(); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if len(chosen) > models.MaxLimit {
		return &models.Error{Kind: models.Invalid, Message: "Choose at most 100 tokens at once."}
	}
	f, err := con.frame(c, a, "profile")
	if err != nil {
		return err
	}
	page := views.RevokeTokensPage{Frame: f}
	for _, id := range chosen {
		t, err := a.TokenByID(ctx, id)
		if err != nil {
			return err
		}
		page.Tokens = append(page.Tokens, tokenRow(a, t, nil))
	}
	if page.Children, err = a.Offspring(ctx, chosen); err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.RevokeTokens(page))
}
