package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
)

const (
	invitationLife = 7 * 24 * time.Hour // how long one can be accepted (contract 6)
	invitationCode = 43                 // base62 characters of its code: 256 bits
)

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

var errNoInvitation = errorf(NotFound, "There is no such invitation. It may have been used or withdrawn, or be older than 7 days.")

// Invite makes an invitation and the code of its one-time link, which is
// nowhere kept. Nobody can give a scope that they lack.
func (a *Access) Invite(ctx context.Context, in NewInvitation) (inv Invitation, code string, err error) {
	code = randomBase62(invitationCode)
	err = a.change(ctx, MembersWrite, func(tx *gorm.DB, e *AuditEvent) error {
		email, complaint := cleanEmail(in.Email)
		if complaint != "" {
			return invalid(map[string]string{"email": complaint})
		}
		if err := a.lockTenant(tx); err != nil {
			return err
		}
		roles, err := a.gift(tx, nil, in.Roles)
		if err != nil {
			return err
		}
		now := a.store.now()
		inv = Invitation{ID: newID("inv"), Email: email, Roles: roles, Hash: a.store.invitationHash(code),
			InvitedBy: a.user.ID, CreatedAt: now, ExpiresAt: now.Add(invitationLife)}
		e.Action, e.Subject, e.After = "member.invited", inv.ID, inv.record()
		return tx.Create(&inv).Error
	})
	if err != nil {
		return Invitation{}, "", err
	}
	return inv, code, nil
}

// Invitations lists those that can still be accepted, newest first.
func (a *Access) Invitations(ctx context.Context, p Paging) (list List[InvitationRow], err error) {
	err = a.read(ctx, MembersRead, func(tx *gorm.DB) error {
		q := a.pending(tx).Joins("LEFT JOIN users ON users.id = invitations.invited_by").
			Select("invitations.id, invitations.email, invitations.roles, invitations.created_at, invitations.expires_at, "+
				"COALESCE(users.username, ?) AS invited_by", CommandLine)
		list, err = pageOf(a, q, "invitations", p, order{column: "invitations.created_at", id: "invitations.id", desc: true},
			func(i InvitationRow) place { return newPlace(i.CreatedAt, i.ID) })
		return err
	})
	return list, err
}

// WithdrawInvitation makes an invitation's link worthless.
func (a *Access) WithdrawInvitation(ctx context.Context, id string) error {
	return a.change(ctx, MembersWrite, func(tx *gorm.DB, e *AuditEvent) error {
		if !isID("inv", id) {
			return errNoInvitation
		}
		var inv Invitation
		if err := a.pending(tx).Where("id = ?", id).Take(&inv).Error; isMissing(err) {
			return errNoInvitation
		} else if err != nil {
			return err
		}
		e.Action, e.Subject, e.Before = "member.uninvited", id, inv.record()
		return a.endInvitation(tx, id, map[string]any{"withdrawn_at": a.store.now()})
	})
}

// pending narrows to invitations that can still be accepted.
func (a *Access) pending(tx *gorm.DB) *gorm.DB {
	return tx.Model(&Invitation{}).Where("invitations.used_at IS NULL AND invitations.withdrawn_at IS NULL").
		Where("invitations.expires_at > ?", a.store.now())
}

// endInvitation is where an invitation ends, once, whoever else tries to at
// the same time.
func (a *Access) endInvitation(tx *gorm.DB, id string, values map[string]any) error {
	res := a.pending(tx).Where("id = ?", id).Updates(values)
	if res.Error == nil && res.RowsAffected == 0 {
		return errNoInvitation
	}
	return res.Error
}

// invitationHash is all that is kept of a code.
func (s *Store) invitationHash(code string) []byte { return sum(s.keys.tokens, "invitation "+code) }

// record is what the audit log keeps of an invitation.
func (i Invitation) record() map[string]any {
	r := map[string]any{"roles": strings.Join(i.Roles, " "), "expires_at": i.ExpiresAt.Format(time.RFC3339)}
	if i.Email != "" {
		r["email"] = i.Email
	}
	return r
}
