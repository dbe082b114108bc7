package handlers

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// invited is the status that the list of members has and models does not: who
// has not come yet is no member.
const invited = "invited"

// fewInvited is how many invitations stand below the members.
const fewInvited = 10

// Members answers GET /t/:tenant/members.
func (con *Console) Members(c echo.Context, a *models.Access) error {
	f, err := con.frame(c, a)
	if err != nil {
		return err
	}
	page := views.MembersPage{Frame: f, Query: c.QueryParam("q"), Role: c.QueryParam("role"),
		Status:  among(c.QueryParam("status"), models.MemberActive, models.MemberDisabled, invited),
		CanEdit: a.Can(models.MembersWrite)}
	ctx := c.Request().Context()
	if page.OnlyAdmin, err = a.OnlyAdministrator(ctx); err != nil {
		return err
	}
	if page.RoleNames, err = roleNames(ctx, a); err != nil {
		return err
	}
	if page.Status != invited {
		if err := listMembers(c, a, &page); err != nil {
			return said(err)
		}
	}
	if page.Status == invited || page.Query == "" && page.Role == "" && page.Status == "" {
		if err := listInvitations(c, a, &page); err != nil {
			return said(err)
		}
	}
	return Render(c, http.StatusOK, views.Members(page))
}

// roleNames are the roles that a filter offers.
func roleNames(ctx context.Context, a *models.Access) ([]string, error) {
	roles, err := giveable(ctx, a)
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = r.Name
	}
	return names, err
}

func listMembers(c echo.Context, a *models.Access, page *views.MembersPage) error {
	list, total, err := a.Members(c.Request().Context(), models.MemberQuery{Search: page.Query, Role: page.Role,
		Status: page.Status, Paging: models.Paging{Cursor: c.QueryParam("cursor")}})
	for _, m := range list.Items {
		page.Members = append(page.Members, views.MemberRow{Username: m.Username, Name: m.DisplayName,
			Service: m.Kind == models.Service, Disabled: m.Disabled || m.UserDisabled, Roles: m.Roles,
			LiveTokens: m.LiveTokens, LastSeen: orZero(m.LastSeenAt)})
	}
	page.Page = part(c, list, total)
	return err
}

// listInvitations fills in the open invitations: all of them, a part at a time,
// when they are asked for, else the newest few.
func listInvitations(c echo.Context, a *models.Access, page *views.MembersPage) error {
	p := models.Paging{Limit: fewInvited}
	if page.Status == invited {
		p = models.Paging{Cursor: c.QueryParam("cursor")}
	}
	list, err := a.Invitations(c.Request().Context(), p)
	for _, i := range list.Items {
		page.Invitations = append(page.Invitations, views.InvitationRow{ID: i.ID, Email: i.Email, InvitedBy: i.InvitedBy,
			Roles: i.Roles, Expires: i.ExpiresAt})
	}
	page.MoreInvited = list.Next != ""
	if page.Status == invited {
		page.Page = part(c, list, -1)
	}
	return err
}

// giveable are the roles that the caller may see in order to give them: all of
// the tenant's, or at least their own.
func giveable(ctx context.Context, a *models.Access) ([]models.RoleRow, error) {
	if a.Can(models.RolesRead) {
		return a.Roles(ctx)
	}
	return a.OwnRoles(ctx)
}

// roleChoices are the boxes for roles. Roles that are held and that the caller
// may not see are boxes too, which cannot be changed.
func roleChoices(ctx context.Context, a *models.Access, held []string) ([]views.RoleChoice, error) {
	roles, err := giveable(ctx, a)
	var choices []views.RoleChoice
	for _, r := range roles {
		choices = append(choices, views.RoleChoice{Name: r.Name, Description: ownWords(r), Scopes: texts(r.Scopes),
			Checked: slices.Contains(held, r.Name), Locked: !a.CanGive(r.Scopes)})
	}
	for _, name := range held {
		if !slices.ContainsFunc(choices, func(c views.RoleChoice) bool { return c.Name == name }) {
			choices = append(choices, views.RoleChoice{Name: name, Description: "A role that you may not see.", Checked: true, Locked: true})
		}
	}
	return choices, err
}

// tick checks the boxes of what was chosen, and no other.
func tick(choices []views.RoleChoice, chosen []string) {
	for i, c := range choices {
		choices[i].Checked = slices.Contains(chosen, c.Name)
	}
}

// ownWords is how a tenant describes a role. Pages have words of their own for
// the built-in ones.
func ownWords(r models.RoleRow) string {
	if r.BuiltIn {
		return ""
	}
	return r.Description
}

// NewInvitation answers GET /t/:tenant/members/invite.
func (con *Console) NewInvitation(c echo.Context, a *models.Access) error {
	return con.showInvite(c, a, http.StatusOK, views.InviteMemberPage{}, nil)
}

func (con *Console) showInvite(c echo.Context, a *models.Access, status int, page views.InviteMemberPage, chosen []string) (err error) {
	if page.Frame, err = con.frame(c, a, "members", "invite"); err != nil {
		return err
	}
	if page.Roles, err = roleChoices(c.Request().Context(), a, nil); err != nil {
		return err
	}
	tick(page.Roles, chosen)
	return Render(c, status, views.InviteMember(page))
}

// Invite answers POST /t/:tenant/members. The page that it answers with is the
// only place where the link is ever shown.
func (con *Console) Invite(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	chosen := models.NewInvitation{Email: in.Get("email"), Roles: in["roles"]}
	made, code, err := a.Invite(c.Request().Context(), chosen)
	if r := refused(c, err, nil); r != nil {
		return con.showInvite(c, a, r.status, views.InviteMemberPage{Email: chosen.Email, Problems: r.problems}, chosen.Roles)
	}
	if err != nil {
		return err
	}
	f, err := con.frame(c, a, "members")
	if err != nil {
		return err
	}
	return Render(c, http.StatusCreated, views.MemberInvited(views.MemberInvitedPage{Frame: f, Email: made.Email,
		URL: con.BaseURL.JoinPath("invite", code).String(), Roles: made.Roles, Expires: made.ExpiresAt}))
}

// WithdrawInvitation answers POST /t/:tenant/invitations/:id/withdraw.
func (con *Console) WithdrawInvitation(c echo.Context, a *models.Access) error {
	if err := a.WithdrawInvitation(c.Request().Context(), c.Param("id")); err != nil {
		return err
	}
	return con.done(c, "The invitation is withdrawn. Its link does not work any more.", to(a, "members"))
}

// WhoMayDoWhat answers GET /t/:tenant/members/access.
func (con *Console) WhoMayDoWhat(c echo.Context, a *models.Access) error {
	f, err := con.frame(c, a)
	if err != nil {
		return err
	}
	page := views.WhoMayDoWhatPage{Frame: f, Query: c.QueryParam("q"), Scope: c.QueryParam("scope"),
		Scopes: texts(a.Scopes()), EveryMember: texts(models.EveryMember())}
	list, err := a.MayDoWhat(c.Request().Context(), models.RightsQuery{Search: page.Query, Scope: models.Scope(page.Scope),
		Paging: models.Paging{Cursor: c.QueryParam("cursor")}})
	if err != nil {
		return said(err)
	}
	for _, m := range list.Items {
		page.Members = append(page.Members, views.MemberRights{Username: m.Username, Name: m.DisplayName,
			Service: m.Kind == models.Service, Disabled: m.Disabled || m.UserDisabled, Rights: rights(m.Rights)})
	}
	page.Page = part(c, list, -1)
	return Render(c, http.StatusOK, views.WhoMayDoWhat(page))
}

// rights are what somebody may do, as a page shows it: what every member has
// comes from no role.
func rights(list []models.Right) []views.Right {
	out := make([]views.Right, len(list))
	for i, r := range list {
		out[i] = views.Right{Scope: string(r.Scope), Roles: slices.DeleteFunc(slices.Clone(r.Roles), func(name string) bool { return name == "" })}
	}
	return out
}
