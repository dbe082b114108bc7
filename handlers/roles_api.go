package handlers

import (
	"context"

	"latchkey/models"
)

// A roleJSON is a named bundle of scopes.
type roleJSON struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Scopes      []string `json:"scopes"`
	BuiltIn     bool     `json:"built_in"`
}

func (r roleJSON) location() string { return "/api/v1/roles/" + r.Name }

func newRoleJSON(r models.RoleRow) roleJSON {
	return roleJSON{Name: r.Name, Description: r.Description, Scopes: texts(r.Scopes), BuiltIn: r.BuiltIn}
}

// Roles answers GET /roles.
func (API) Roles(ctx context.Context, a *models.Access, in paged) (listJSON[roleJSON], error) {
	p, err := in.paging()
	if err != nil {
		return listJSON[roleJSON]{}, err
	}
	list, err := a.RolesPage(ctx, p)
	return newList(list, err, newRoleJSON)
}

// newRole is the body of POST /roles.
type newRole struct {
	Name        field[string]   `json:"name"`
	Description field[string]   `json:"description"`
	Scopes      field[[]string] `json:"scopes"`
}

// CreateRole answers POST /roles.
func (API) CreateRole(ctx context.Context, a *models.Access, in newRole) (roleJSON, error) {
	r, err := a.CreateRole(ctx, models.NewRole{Name: in.Name.value, Description: in.Description.value, Scopes: in.Scopes.value})
	return newRoleJSON(r), err
}

type rolePath struct {
	Name string `param:"name" json:"-"`
}

// Role answers GET /roles/{name}.
func (API) Role(ctx context.Context, a *models.Access, in rolePath) (roleJSON, error) {
	r, err := a.RoleByName(ctx, in.Name)
	return newRoleJSON(r), err
}

type roleChange struct {
	rolePath
	Description field[string]   `json:"description"`
	Scopes      field[[]string] `json:"scopes"`
}

// ChangeRole answers PATCH /roles/{name}.
func (API) ChangeRole(ctx context.Context, a *models.Access, in roleChange) (roleJSON, error) {
	r, err := a.ChangeRole(ctx, in.Name, models.RoleChange{Description: in.Description.change(), Scopes: in.Scopes.change()})
	return newRoleJSON(r), err
}

// DeleteRole answers DELETE /roles/{name}.
func (API) DeleteRole(ctx context.Context, a *models.Access, in rolePath) (struct{}, error) {
	return struct{}{}, a.DeleteRole(ctx, in.Name)
}
