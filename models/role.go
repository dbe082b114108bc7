package models

import (
	"context"
	"time"
)

// maxRoles is how many roles of its own a tenant may have.
const maxRoles = 200

// A Role is a named bundle of scopes that a tenant made.
type Role struct {
	TenantID    string `gorm:"primaryKey"`
	Name        string `gorm:"primaryKey"`
	Description string
	Scopes      Words
	CreatedAt   time.Time
}

// A RoleRow is a role, built-in or not, with who depends on it.
type RoleRow struct {
	Name        string
	Description string
	Scopes      []Scope
	BuiltIn     bool
	Members     int64 // who hold it
	Invitations int64 // open ones that would give it
	LiveTokens  int64 // of its holders; only RoleByName counts them
}

// A NewRole is what whoever makes a role chooses.
type NewRole struct {
	Name        string
	Description string
	Scopes      []string
}

// A RoleChange is what to change of a role. What is nil stays as it is.
type RoleChange struct {
	Description *string
	Scopes      *[]string
}

// EveryMember lists the scopes that every member has, whatever their roles.
func EveryMember() []Scope { panic("being written") }

// CanGive reports whether the caller may give all these scopes to somebody:
// nobody can give a scope that they lack.
func (a *Access) CanGive(scopes []Scope) bool { return a.canGive(scopes) }

// Roles lists the built-in roles, then the tenant's own by name.
func (a *Access) Roles(ctx context.Context) ([]RoleRow, error) { panic("being written") }

// RoleByName is one role of the tenant, built-in or its own.
func (a *Access) RoleByName(ctx context.Context, name string) (RoleRow, error) {
	panic("being written")
}

// RoleHolders lists the members who hold a role, and counts them.
func (a *Access) RoleHolders(ctx context.Context, name string, p Paging) (List[MemberRow], int64, error) {
	panic("being written")
}

// CreateRole makes a role. Nobody can put a scope into it that they lack.
func (a *Access) CreateRole(ctx context.Context, in NewRole) (RoleRow, error) {
	panic("being written")
}

// ChangeRole changes what a role gives, for all its holders at once. Nobody
// can add a scope that they lack.
func (a *Access) ChangeRole(ctx context.Context, name string, change RoleChange) (RoleRow, error) {
	panic("being written")
}

// DeleteRole deletes a role that nobody holds and nobody is invited to.
func (a *Access) DeleteRole(ctx context.Context, name string) error { panic("being written") }
