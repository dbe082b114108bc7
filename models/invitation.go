package models

import (
	"context"
	"time"
)

// invitationLife is how long an invitation can be accepted (contract 6).
const invitationLife = 7 * 24 * time.Hour

// An Invitation lets one person become a member. The code itself is never
// stored: Hash is all that is kept.
type Invitation struct {
	ID          string
	TenantID    string
	Email       string // empty when it is for whoever gets the link
	Roles       Words
	Hash        []byte
	InvitedBy   string // the id of a user; empty for the command line
	CreatedAt   time.Time
	ExpiresAt   time.Time
	UsedAt      *time.Time
	UsedBy      *string
	WithdrawnAt *time.Time
}

// A NewInvitation is what whoever invites may choose.
type NewInvitation struct {
	Email string // optional
	Roles []string
}

// An InvitationRow is an invitation that nobody has accepted yet.
type InvitationRow struct {
	ID        string
	Email     string
	Roles     Words
	InvitedBy string // a user name
	CreatedAt time.Time
	ExpiresAt time.Time
}

// An InvitationOffer is what somebody who holds the link is told.
type InvitationOffer struct {
	Tenant    Tenant
	Email     string
	Roles     []string
	InvitedBy string // a user name
	ExpiresAt time.Time
}

// Invite makes an invitation and the code of its one-time link, which is
// nowhere kept. Nobody can give a scope that they lack.
func (a *Access) Invite(ctx context.Context, in NewInvitation) (invitation Invitation, code string, err error) {
	panic("being written")
}

// Invitations lists those that can still be accepted, newest first.
func (a *Access) Invitations(ctx context.Context, p Paging) (List[InvitationRow], error) {
	panic("being written")
}

// WithdrawInvitation makes an invitation's link worthless.
func (a *Access) WithdrawInvitation(ctx context.Context, id string) error {
	panic("being written")
}

// InvitationByCode is what the holder of a link is offered. Used, withdrawn,
// expired, void and unknown codes fail alike.
func (s *Store) InvitationByCode(ctx context.Context, code string) (InvitationOffer, error) {
	panic("being written")
}

// AcceptInvitation makes a signed-in user a member. A code works once.
func (s *Store) AcceptInvitation(ctx context.Context, code string, user User, from Client) (Tenant, error) {
	panic("being written")
}

// JoinByInvitation makes an account and makes it a member. A code works once.
func (s *Store) JoinByInvitation(ctx context.Context, code string, in NewUser, from Client) (User, Tenant, error) {
	panic("being written")
}
