package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// Member answers GET /t/:tenant/members/:username.
func (con *Console) Member(c echo.Context, a *models.Access) error {
	return con.showMember(c, a, http.StatusOK, nil, nil)
}

// showMember shows a member, with the roles that were ticked when the form was
// refused.
func (con *Console) showMember(c echo.Context, a *models.Access, status int, ticked []string, problems views.Problems) error {
	ctx := c.Request().Context()
	m, err := a.MemberByUsername(ctx, c.Param("username"))
	if err != nil {
		return err
	}
	f, err := con.frame(c, a, "members", m.Username)
	if err != nil {
		return err
	}
	only, err := a.OnlyAdministrator(ctx)
	if err != nil {
		return err
	}
	held, err := a.RightsOf(ctx, m.Username)
	if err != nil {
		return err
	}
	page := views.MemberPage{Frame: f, Problems: problems, Username: m.Username, Name: m.DisplayName, Email: m.Email,
		Service: m.Kind == models.Service, Disabled: m.Disabled, Blocked: m.UserDisabled, OnlyAdmin: only == m.Username,
		CanEdit: a.Can(models.MembersWrite), Joined: m.CreatedAt, LastSeen: orZero(m.LastSeenAt), LiveTokens: m.LiveTokens,
		Rights: rights(held)}
	if page.Roles, err = roleChoices(ctx, a, m.Roles); err != nil {
		return err
	}
	if ticked != nil {
		tick(page.Roles, ticked)
	}
	return Render(c, status, views.Member(page))
}

// ChangeMember answers POST /t/:tenant/members/:username.
func (con *Console) ChangeMember(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	chosen := append([]string{}, in["roles"]...) // without any, the member has none
	return con.alter(c, a, models.MemberChange{Roles: &chosen}, "The roles are changed. They hold already.")
}

// DisableMember answers POST /t/:tenant/members/:username/disable.
func (con *Console) DisableMember(c echo.Context, a *models.Access) error {
	yes := true
	return con.alter(c, a, models.MemberChange{Disabled: &yes}, "The member is disabled here.")
}

// EnableMember answers POST /t/:tenant/members/:username/enable.
func (con *Console) EnableMember(c echo.Context, a *models.Access) error {
	no := false
	return con.alter(c, a, models.MemberChange{Disabled: &no}, "The member is enabled again.")
}

// alter changes a member and shows them again, or the start to who has just
// changed what they may see themself.
func (con *Console) alter(c echo.Context, a *models.Access, change models.MemberChange, sentence string) error {
	m, err := a.ChangeMember(c.Request().Context(), c.Param("username"), change)
	if r := refused(c, err, nil); r != nil {
		var ticked []string
		if change.Roles != nil {
			ticked = *change.Roles
		}
		return con.showMember(c, a, r.status, ticked, r.problems)
	}
	if err != nil {
		return err
	}
	if m.Username == a.User().Username {
		return con.done(c, sentence, "/")
	}
	return con.done(c, sentence, to(a, "members", m.Username))
}

// ConfirmRemoveMember answers GET /t/:tenant/members/:username/remove.
func (con *Console) ConfirmRemoveMember(c echo.Context, a *models.Access) error {
	return con.showRemove(c, a, http.StatusOK, nil)
}

func (con *Console) showRemove(c echo.Context, a *models.Access, status int, problems views.Problems) error {
	ctx := c.Request().Context()
	m, err := a.MemberByUsername(ctx, c.Param("username"))
	if err != nil {
		return err
	}
	f, err := con.frame(c, a, "members", m.Username)
	if err != nil {
		return err
	}
	page := views.RemoveMemberPage{Frame: f, Problems: problems, Username: m.Username, Name: m.DisplayName, LiveTokens: m.LiveTokens}
	if a.Can(models.TenantTokensRead) { // else when tokens were used is not theirs to know
		list, err := a.TenantTokens(ctx, models.TokenQuery{Username: m.Username, Live: true, Sort: "-last_used", Paging: models.Paging{Limit: 1}})
		if err != nil {
			return err
		}
		for _, t := range list.Items {
			page.LastUsed, page.LastUsedIP = orZero(t.LastUsedAt), orEmpty(t.LastUsedIP)
		}
	}
	return Render(c, status, views.RemoveMember(page))
}

// RemoveMember answers POST /t/:tenant/members/:username/remove.
func (con *Console) RemoveMember(c echo.Context, a *models.Access) error {
	ctx := c.Request().Context()
	m, err := a.MemberByUsername(ctx, c.Param("username"))
	if err != nil {
		return err
	}
	err = a.RemoveMember(ctx, m.Username)
	if r := refused(c, err, nil); r != nil {
		return con.showRemove(c, a, r.status, r.problems)
	}
	if err != nil {
		return err
	}
	if m.Username == a.User().Username {
		return c.Redirect(http.StatusSeeOther, "/")
	}
	return con.done(c, m.Username+" is not a member any more.", to(a, "members"))
}
