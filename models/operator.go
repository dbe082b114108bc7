package models

import (
	"context"
	"time"
)

// An Operator is who holds the command line: what no tenant owns is theirs.
type Operator struct{ store *Store }

// Operator is for the command line only: it asks nobody who they are.
func (s *Store) Operator() *Operator { return &Operator{s} }

// A UserRow is a user of the installation with the tenants they belong to.
type UserRow struct {
	ID          string
	Username    string
	Kind        string
	DisplayName string
	Email       string
	Operator    bool
	DisabledAt  *time.Time
	CreatedAt   time.Time
	Tenants     []string `gorm:"-"` // slugs
}

// CreateTenant makes a tenant. Without a name its slug is its name.
func (o *Operator) CreateTenant(ctx context.Context, slug, name string) (Tenant, error) {
	panic("being written")
}

// Tenants lists all tenants by slug.
func (o *Operator) Tenants(ctx context.Context) ([]Tenant, error) { panic("being written") }

// SuspendTenant stops everything of a tenant; nothing of it is lost.
func (o *Operator) SuspendTenant(ctx context.Context, slug string) error { panic("being written") }

// ResumeTenant ends a suspension.
func (o *Operator) ResumeTenant(ctx context.Context, slug string) error { panic("being written") }

// CreateUser makes a user and, when a tenant is named, its member.
func (o *Operator) CreateUser(ctx context.Context, in NewUser, tenantSlug string, roles []string) (User, error) {
	panic("being written")
}

// Users lists all users by user name.
func (o *Operator) Users(ctx context.Context) ([]UserRow, error) { panic("being written") }

// DisableUser stops a user's sessions for good, and their tokens until they are
// enabled again, in every tenant.
func (o *Operator) DisableUser(ctx context.Context, username string) error { panic("being written") }

// EnableUser ends what DisableUser began.
func (o *Operator) EnableUser(ctx context.Context, username string) error { panic("being written") }

// SetPassword gives a user another password and ends all their sessions.
func (o *Operator) SetPassword(ctx context.Context, username, password string) error {
	panic("being written")
}

// In is the command line's Access to a tenant, suspended or not.
func (o *Operator) In(ctx context.Context, tenantSlug string) (*Access, error) {
	panic("being written")
}

// As is the command line's Access for a member, with no more than their roles.
func (o *Operator) As(ctx context.Context, tenantSlug, username string) (*Access, error) {
	panic("being written")
}
