package models

import (
	"context"
	"errors"

	"gorm.io/gorm"
)

// NewInstallation is what the first setup asks for.
type NewInstallation struct {
	TenantSlug, TenantName, Username, DisplayName, Email, Password string
}

// NewUser is what a user is made of.
type NewUser struct {
	Username, DisplayName, Email, Password, Kind, TimeZone string
	Operator                                               bool
}

func canonicalUsername(s string) (string, bool) { return s, false }

func (s *Store) NeedsSetup(ctx context.Context) (bool, error) { return false, errors.ErrUnsupported }
func (s *Store) NewSetupCode(ctx context.Context) (string, error) {
	return "", errors.ErrUnsupported
}
func (s *Store) SetupCodeValid(ctx context.Context, code string) error { return errors.ErrUnsupported }
func (s *Store) Setup(ctx context.Context, code string, in NewInstallation, from Client) (Tenant, User, error) {
	return Tenant{}, User{}, errors.ErrUnsupported
}
func (s *Store) SetupOffline(ctx context.Context, in NewInstallation) (Tenant, User, error) {
	return Tenant{}, User{}, errors.ErrUnsupported
}
func (s *Store) prepareUser(ctx context.Context, in NewUser) (User, error) {
	return User{}, errors.ErrUnsupported
}
func (s *Store) createUser(tx *gorm.DB, user User) error { return errors.ErrUnsupported }
func (s *Store) createTenant(tx *gorm.DB, slug, name string) (Tenant, error) {
	return Tenant{}, errors.ErrUnsupported
}
