package handlers

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// rolePrefix begins the name of every role. The form shows it before the field.
const rolePrefix = "ROLE_"

// Roles answers GET /t/:tenant/roles.
func (con *Console) Roles(c echo.Context, a *models.Access) error {
	f, err := con.frame(c, a)
	if err != nil {
		return err
	}
	roles, err := a.Roles(c.Request().Context())
	if err != nil {
		return err
	}
	page := views.RolesPage{Frame: f, CanEdit: a.Can(models.RolesWrite),
		BuiltIn: []views.RoleRow{{Scopes: texts(models.EveryMember())}}}
	for _, r := range roles {
		row := views.RoleRow{Name: r.Name, Description: ownWords(r), Scopes: texts(r.Scopes), Holders: r.Members}
		if r.BuiltIn {
			page.BuiltIn = append(page.BuiltIn, row)
		} else {
			page.Custom = append(page.Custom, row)
		}
	}
	return Render(c, http.StatusOK, views.Roles(page))
}

// Role answers GET /t/:tenant/roles/:name.
func (con *Console) Role(c echo.Context, a *models.Access) error {
	r, err := a.RoleByName(c.Request().Context(), c.Param("name"))
	if err != nil {
		return err
	}
	page, err := con.rolePage(c, a, r)
	if err != nil {
		return err
	}
	page.Description = ownWords(r)
	page.fill(texts(r.Scopes))
	return Render(c, http.StatusOK, views.Role(page.RolePage))
}

// A roleForm is the page of a role while its boxes are being filled in.
type roleForm struct{ views.RolePage }

// rolePage is the page of a role that exists, without what its form holds.
func (con *Console) rolePage(c echo.Context, a *models.Access, r models.RoleRow) (page roleForm, err error) {
	ctx := c.Request().Context()
	page.Role, page.BuiltIn, page.HolderCount, page.Held = r.Name, r.BuiltIn, r.Members, texts(r.Scopes)
	page.CanEdit = a.Can(models.RolesWrite)
	if page.Frame, err = con.frame(c, a, "roles", r.Name); err != nil {
		return page, err
	}
	if page.Scopes, err = roleBoxes(ctx, a); err != nil || !a.Can(models.MembersRead) {
		return page, err
	}
	list, _, err := a.RoleHolders(ctx, r.Name, models.Paging{})
	for _, m := range list.Items {
		page.Holders = append(page.Holders, views.RoleHolder{Username: m.Username, Name: m.DisplayName,
			LiveTokens: m.LiveTokens, Disabled: m.Disabled || m.UserDisabled})
	}
	return page, err
}

// roleBoxes are the scopes that a role can be given by a tick: ours, and those
// of the tenant's own API that its roles name.
func roleBoxes(ctx context.Context, a *models.Access) ([]views.RoleScope, error) {
	known := models.Catalogue()
	roles, err := a.Roles(ctx)
	for _, r := range roles {
		known = append(known, r.Scopes...)
	}
	slices.Sort(known)
	var boxes []views.RoleScope
	for _, s := range slices.Compact(known) {
		if !s.IsPattern() {
			boxes = append(boxes, views.RoleScope{Scope: string(s), Locked: !a.CanGive([]models.Scope{s})})
		}
	}
	return boxes, err
}

// fill ticks the boxes of what is chosen. What has no box stands in the field
// for further scopes.
func (p *roleForm) fill(chosen []string) {
	var extra []string
	for _, s := range chosen {
		i := slices.IndexFunc(p.Scopes, func(box views.RoleScope) bool { return box.Scope == s })
		if i < 0 {
			extra = append(extra, s)
		} else {
			p.Scopes[i].Checked = true
		}
	}
	p.Extra = strings.Join(extra, " ")
}

// NewRole answers GET /t/:tenant/roles/new.
func (con *Console) NewRole(c echo.Context, a *models.Access) error {
	page, err := con.newRolePage(c, a)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.Role(page.RolePage))
}

func (con *Console) newRolePage(c echo.Context, a *models.Access) (page roleForm, err error) {
	page.New, page.CanEdit = true, true
	if page.Frame, err = con.frame(c, a, "roles", "new"); err != nil {
		return page, err
	}
	if a.Can(models.RolesRead) {
		page.Scopes, err = roleBoxes(c.Request().Context(), a)
	}
	return page, err
}

// refill puts what was typed back into the form of a role. A complaint about
// scopes stands beside what was written: the boxes are well formed.
func (p *roleForm) refill(in url.Values, r *refusal) {
	p.Description, p.Problems = in.Get("description"), r.problems
	p.fill(append(slices.Clone(in["scopes"]), words(in.Get("extra"))...))
	if complaint := r.problems["scopes"]; complaint != "" && p.Extra != "" {
		delete(p.Problems, "scopes")
		p.Problems["extra"] = complaint
	}
}

func scopesTyped(in url.Values) []string {
	return append(append([]string{}, in["scopes"]...), words(in.Get("extra"))...)
}

// CreateRole answers POST /t/:tenant/roles.
func (con *Console) CreateRole(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	name := strings.TrimPrefix(strings.TrimSpace(in.Get("name")), rolePrefix)
	r, err := a.CreateRole(c.Request().Context(), models.NewRole{Name: rolePrefix + name,
		Description: in.Get("description"), Scopes: scopesTyped(in)})
	if no := refused(c, err, nil); no != nil {
		page, err := con.newRolePage(c, a)
		if err != nil {
			return err
		}
		page.Name = name
		page.refill(in, no)
		return Render(c, no.status, views.Role(page.RolePage))
	}
	if err != nil {
		return err
	}
	return con.done(c, r.Name+" is made. Give it to members now.", to(a, "roles", r.Name))
}

// ChangeRole answers POST /t/:tenant/roles/:name.
func (con *Console) ChangeRole(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	description, chosen := in.Get("description"), scopesTyped(in)
	r, err := a.ChangeRole(ctx, c.Param("name"), models.RoleChange{Description: &description, Scopes: &chosen})
	if no := refused(c, err, nil); no != nil {
		before, err := a.RoleByName(ctx, c.Param("name"))
		if err != nil {
			return err
		}
		page, err := con.rolePage(c, a, before)
		if err != nil {
			return err
		}
		page.refill(in, no)
		return Render(c, no.status, views.Role(page.RolePage))
	}
	if err != nil {
		return err
	}
	return con.done(c, r.Name+" is saved. It holds already.", to(a, "roles", r.Name))
}

// ConfirmDeleteRole answers GET /t/:tenant/roles/:name/delete.
func (con *Console) ConfirmDeleteRole(c echo.Context, a *models.Access) error {
	return con.showDeleteRole(c, a, http.StatusOK, nil)
}

func (con *Console) showDeleteRole(c echo.Context, a *models.Access, status int, problems views.Problems) error {
	r, err := a.RoleByName(c.Request().Context(), c.Param("name"))
	if err != nil {
		return err
	}
	f, err := con.frame(c, a, "roles", r.Name)
	if err != nil {
		return err
	}
	if r.BuiltIn && problems == nil {
		status, problems = http.StatusConflict, views.Problems{"": r.Name + " is built in and stays."}
	}
	return Render(c, status, views.DeleteRole(views.DeleteRolePage{Frame: f, Problems: problems, Role: r.Name,
		Holders: r.Members, Invitations: r.Invitations}))
}

// DeleteRole answers POST /t/:tenant/roles/:name/delete.
func (con *Console) DeleteRole(c echo.Context, a *models.Access) error {
	name := c.Param("name")
	err := a.DeleteRole(c.Request().Context(), name)
	if r := refused(c, err, nil); r != nil {
		return con.showDeleteRole(c, a, r.status, r.problems)
	}
	if err != nil {
		return err
	}
	return con.done(c, name+" is deleted.", to(a, "roles"))
}
