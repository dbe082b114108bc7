package models

import (
	"context"
	"errors"

	"gorm.io/gorm"
)

// Account is what people may change about themselves.
type Account struct{ DisplayName, Email, TimeZone string }

func (s *Store) AccessBySession(ctx context.Context, secret, tenantSlug string, from Client) (*Access, error) {
	return nil, errors.ErrUnsupported
}
func (s *Store) SessionUser(ctx context.Context, secret string) (User, []Tenant, error) {
	return User{}, nil, errors.ErrUnsupported
}
func (s *Store) SignOut(ctx context.Context, secret string) error { return errors.ErrUnsupported }
func (s *Store) SessionData(ctx context.Context, secret string) (string, error) {
	return "", errors.ErrUnsupported
}
func (s *Store) SetSessionData(ctx context.Context, secret, data string) error {
	return errors.ErrUnsupported
}
func (s *Store) Tidy(ctx context.Context) error                      { return errors.ErrUnsupported }
func (a *Access) Sessions(ctx context.Context) ([]Session, error)    { return nil, errors.ErrUnsupported }
func (a *Access) RevokeSession(ctx context.Context, id string) error { return errors.ErrUnsupported }
func (a *Access) RevokeOtherSessions(ctx context.Context) (int, error) {
	return 0, errors.ErrUnsupported
}
func (a *Access) ChangePassword(ctx context.Context, current, next string, from Visitor) error {
	return errors.ErrUnsupported
}
func (a *Access) ChangeAccount(ctx context.Context, in Account) error  { return errors.ErrUnsupported }
func (a *Access) Tenants(ctx context.Context) ([]Tenant, error)        { return nil, errors.ErrUnsupported }
func endSessions(tx *gorm.DB, userID, exceptID string) error           { return errors.ErrUnsupported }
func (s *Store) setPassword(tx *gorm.DB, user User, hash string) error { return errors.ErrUnsupported }

// recordForUser writes an event about a user into each tenant of theirs.
func recordForUser(tx *gorm.DB, userID string, e AuditEvent) error { return errors.ErrUnsupported }
