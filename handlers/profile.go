package handlers

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

const (
	soon     = 7  // days before its end in which a token is warned of
	soonest  = 3  // tokens that the warning names
	sparkFor = 30 // days of use that a list shows
)

// TenantHome answers GET /t/:tenant.
func (con *Console) TenantHome(c echo.Context, a *models.Access) error {
	return c.Redirect(http.StatusSeeOther, to(a, "profile"))
}

// Profile answers GET /t/:tenant/profile.
func (con *Console) Profile(c echo.Context, a *models.Access) error {
	return con.showProfile(c, a, http.StatusOK, func(*views.ProfilePage) {})
}

// showProfile shows My Profile, with what typed puts into its forms.
func (con *Console) showProfile(c echo.Context, a *models.Access, status int, typed func(*views.ProfilePage)) error {
	f, err := con.frame(c, a, "profile")
	if err != nil {
		return err
	}
	u := a.User()
	page := views.ProfilePage{Frame: f, Roles: a.RolesHeld(), Name: u.DisplayName, Email: u.Email, TimeZone: u.TimeZone,
		Filter: tokenFilter(c.QueryParams()), MayCreate: a.Can(models.TokensWrite)}
	if err := ownTokens(c, a, &page); err != nil {
		return said(err)
	}
	if err := warnings(c.Request().Context(), a, &page); err != nil {
		return err
	}
	ready, err := a.TokenRequests(c.Request().Context(), models.RequestQuery{State: models.RequestApproved, Paging: models.Paging{Limit: approvedShown}})
	if err != nil {
		return err
	}
	page.Approved = requestRows(a, ready.Items)
	page.Keeper = keeper(c, a)
	if page.Applications, err = authorised(c, a); err != nil {
		return err
	}
	sessions, err := a.Sessions(c.Request().Context())
	if err != nil {
		return err
	}
	for _, s := range sessions {
		page.Sessions = append(page.Sessions, views.SessionRow{ID: s.ID, UserAgent: s.UserAgent, Address: s.ClientIP,
			Started: s.CreatedAt, LastSeen: s.SeenAt, Current: s.ID == a.SessionID()})
	}
	typed(&page)
	return Render(c, status, views.Profile(page))
}

// ownTokens fills in the list of tokens.
func ownTokens(c echo.Context, a *models.Access, page *views.ProfilePage) error {
	ctx := c.Request().Context()
	count, err := a.CountTokens(ctx)
	if err != nil {
		return err
	}
	page.HasTokens, page.InactiveCount, page.SoonCount = count.Live+count.Inactive > 0, count.Inactive, count.Soon
	list, err := a.Tokens(ctx, wanted(page.Filter, a.Now(), c.QueryParam("cursor")))
	if err != nil {
		return err
	}
	use, err := a.TokenDays(ctx, ids(list.Items), sparkFor)
	if err != nil {
		return err
	}
	for _, t := range list.Items {
		page.Tokens = append(page.Tokens, tokenRow(a, t, use[t.ID]))
	}
	page.Page = part(c, list, total(page.Filter, count))
	return nil
}

// warnings fills in the first few tokens that are about to expire.
func warnings(ctx context.Context, a *models.Access, page *views.ProfilePage) error {
	if page.SoonCount == 0 {
		return nil
	}
	list, err := a.Tokens(ctx, models.TokenQuery{Before: a.Now().AddDate(0, 0, soon), Sort: "expires",
		Paging: models.Paging{Limit: soonest}})
	for _, t := range list.Items {
		page.Soon = append(page.Soon, tokenRow(a, t, nil))
	}
	return err
}

// tokenFilter is what a list of tokens is narrowed and sorted by. What an
// address says that means nothing is left out.
func tokenFilter(q url.Values) views.TokenFilter {
	return views.TokenFilter{
		Query:    q.Get("q"),
		Status:   among(q.Get("status"), models.Active, models.Pending, models.Expired, models.Revoked),
		Kind:     among(q.Get("kind"), "personal", "access"),
		Sort:     among(q.Get("sort"), "expires", "last_used", "created", "name"),
		Inactive: q.Get("inactive") == "1",
		Soon:     q.Get("expires") == "7d",
	}
}

// wanted is the query of a list that shows the live ones unless it is asked for
// others.
func wanted(f views.TokenFilter, now time.Time, cursor string) models.TokenQuery {
	q := models.TokenQuery{Paging: models.Paging{Cursor: cursor}, Search: f.Query, Status: f.Status, Sort: "expires",
		Live: !f.Inactive && f.Status == ""}
	switch f.Kind {
	case "personal":
		q.Kind = models.KindPersonal
	case "access":
		q.Kind = models.KindAccess
	}
	switch f.Sort {
	case "last_used", "created":
		q.Sort = "-" + f.Sort
	case "name":
		q.Sort = f.Sort
	}
	if f.Soon {
		q.Before = now.AddDate(0, 0, soon)
	}
	return q
}

// total is how long the list is, -1 when it is narrowed and nobody counted.
func total(f views.TokenFilter, count models.TokenCount) int64 {
	switch {
	case f.Query != "" || f.Status != "" || f.Kind != "":
		return -1
	case f.Soon:
		return count.Soon
	case f.Inactive:
		return count.Live + count.Inactive
	}
	return count.Live
}

func ids(tokens []models.Token) []string {
	out := make([]string, len(tokens))
	for i, t := range tokens {
		out[i] = t.ID
	}
	return out
}

// tokenRow is a token of the caller as a page shows it.
func tokenRow(a *models.Access, t models.Token, use []models.TokenDay) views.TokenRow {
	status := t.Status(a.Policy(), a.Now())
	return views.TokenRow{ID: t.ID, Name: t.Name, Hint: t.Hint, Scopes: t.Scopes, Status: status,
		Days: spark(use, a.Now()), Created: t.CreatedAt, LastUsed: orZero(t.LastUsedAt), LastUsedIP: orEmpty(t.LastUsedIP),
		Starts: orZero(t.NotBefore), Expires: orZero(t.Ends(a.Policy())), RevokedAt: orZero(t.RevokedAt),
		Access: t.Kind == models.KindAccess, Origin: t.Origin, Application: t.Application,
		CanRevoke: a.Can(models.TokensWrite) && a.MayRevokeOwn() && (status == models.Active || status == models.Pending)}
}

// spark is the use on each of the last days, today last; nothing without use.
func spark(use []models.TokenDay, now time.Time) []int {
	if len(use) == 0 {
		return nil
	}
	days := make([]int, 0, sparkFor)
	for _, d := range daily(use, now) {
		days = append(days, d.Allowed+d.Refused)
	}
	return days
}

// daily fills in the days without use.
func daily(use []models.TokenDay, now time.Time) []views.DayUse {
	by := map[string]models.TokenDay{}
	for _, d := range use {
		by[d.Day] = d
	}
	today := now.UTC().Truncate(24 * time.Hour)
	var days []views.DayUse
	for i := sparkFor - 1; i >= 0; i-- {
		day := today.AddDate(0, 0, -i)
		d := by[day.Format(time.DateOnly)]
		days = append(days, views.DayUse{Day: day, Allowed: d.Allowed, Refused: d.Refused})
	}
	return days
}

// ChangeAccount answers POST /t/:tenant/profile/account.
func (con *Console) ChangeAccount(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	chosen := models.Account{DisplayName: in.Get("name"), Email: in.Get("email"), TimeZone: in.Get("time_zone")}
	err = a.ChangeAccount(c.Request().Context(), chosen)
	if r := refused(c, err, nil); r != nil {
		return con.showProfile(c, a, r.status, func(p *views.ProfilePage) {
			p.Name, p.Email, p.TimeZone = chosen.DisplayName, chosen.Email, chosen.TimeZone
			p.AccountProblems = r.problems
		})
	}
	if err != nil {
		return err
	}
	return con.done(c, "Your account is saved.", to(a, "profile"))
}

// ChangePassword answers POST /t/:tenant/profile/password.
func (con *Console) ChangePassword(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	err = a.ChangePassword(c.Request().Context(), in.Get("current"), in.Get("new"), con.Sessions.Visitor(c))
	if r := refused(c, err, nil); r != nil {
		return con.showProfile(c, a, r.status, func(p *views.ProfilePage) { p.PasswordProblems = r.problems })
	}
	if err != nil {
		return err
	}
	return con.done(c, "Your password is changed. You are signed out everywhere else.", to(a, "profile"))
}

// RevokeSession answers POST /t/:tenant/sessions/:id/revoke.
func (con *Console) RevokeSession(c echo.Context, a *models.Access) error {
	if c.Param("id") == a.SessionID() {
		return con.SignOut(c)
	}
	if err := a.RevokeSession(c.Request().Context(), c.Param("id")); err != nil {
		return err
	}
	return con.done(c, "That browser is signed out.", to(a, "profile")+"#sessions")
}

// RevokeOtherSessions answers POST /t/:tenant/sessions/revoke-others.
func (con *Console) RevokeOtherSessions(c echo.Context, a *models.Access) error {
	if _, err := a.RevokeOtherSessions(c.Request().Context()); err != nil {
		return err
	}
	return con.done(c, "You are signed out everywhere else.", to(a, "profile")+"#sessions")
}
