package models

import (
	"context"
	"errors"
)

// A Visitor is who stands at a password entrance: nobody is proved yet.
type Visitor struct {
	Client
	Device  string // the cookie of a device that has signed in before, empty if none
	Session string // the secret of the session that a new one replaces, empty if none
}

// SignedIn is what a browser gets for the right password.
type SignedIn struct {
	User          User
	SessionSecret string
	Device        string   // the new value of the device cookie
	Tenants       []Tenant // where the user is a member, by name
}

// SignIn proves a person by their password and starts a session. Whatever is
// wrong, the answer is the same.
func (s *Store) SignIn(ctx context.Context, username, password string, from Visitor) (SignedIn, error) {
	return SignedIn{}, errors.ErrUnsupported
}

// VerifyPassword is behind every entrance that takes a password: it owns the
// throttle and the record of failures.
func (s *Store) VerifyPassword(ctx context.Context, username, password string, from Visitor) (User, error) {
	return User{}, errors.ErrUnsupported
}
