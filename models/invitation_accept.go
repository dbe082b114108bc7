package models

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
)

// An InvitationOffer is what somebody who holds the link is told.
type InvitationOffer struct {
	Tenant    Tenant
	Email     string
	Roles     []string
	InvitedBy string // a user name
	ExpiresAt time.Time
}

// InvitationByCode is what the holder of a link is offered. Used, withdrawn,
// expired, void and unknown codes fail alike.
func (s *Store) InvitationByCode(ctx context.Context, code string) (offer InvitationOffer, err error) {
	a, id, err := s.invited(ctx, code, User{}, Client{})
	if err != nil {
		return offer, err
	}
	err = a.read(ctx, Proved, func(tx *gorm.DB) error {
		inv, by, err := a.takeInvitation(tx, id)
		offer = InvitationOffer{Tenant: a.tenant, Email: inv.Email, Roles: inv.Roles, InvitedBy: by, ExpiresAt: inv.ExpiresAt}
		return err
	})
	if err != nil {
		return InvitationOffer{}, err
	}
	return offer, nil
}

// AcceptInvitation makes a signed-in user a member. A code works once.
func (s *Store) AcceptInvitation(ctx context.Context, code string, user User, from Client) (Tenant, error) {
	return s.join(ctx, code, user, from, func(*gorm.DB) error { return nil })
}

// JoinByInvitation makes an account and makes it a member. A code works once.
func (s *Store) JoinByInvitation(ctx context.Context, code string, in NewUser, from Client) (User, Tenant, error) {
	offer, err := s.InvitationByCode(ctx, code) // before a password is hashed for nothing
	if err != nil {
		return User{}, Tenant{}, err
	}
	in.Kind, in.Operator = Person, false
	if in.Email == "" {
		in.Email = offer.Email
	}
	user, err := s.prepareUser(ctx, in)
	if err != nil {
		return User{}, Tenant{}, err
	}
	tenant, err := s.join(ctx, code, user, from, func(tx *gorm.DB) error { return s.createUser(tx, user) })
	if err != nil {
		return User{}, Tenant{}, err
	}
	return user, tenant, nil
}

// join uses up an invitation for a user. Prepare runs in the same transaction.
func (s *Store) join(ctx context.Context, code string, user User, from Client, prepare func(*gorm.DB) error) (Tenant, error) {
	a, id, err := s.invited(ctx, code, user, from)
	if err != nil {
		return Tenant{}, err
	}
	err = a.change(ctx, Proved, func(tx *gorm.DB, e *AuditEvent) error {
		if err := a.lockTenant(tx); err != nil {
			return err
		}
		inv, _, err := a.takeInvitation(tx, id)
		if err != nil {
			return err
		}
		if err := a.endInvitation(tx, id, map[string]any{"used_at": a.store.now(), "used_by": user.ID}); err != nil {
			return err
		}
		if err := prepare(tx); err != nil {
			return err
		}
		e.Action, e.Subject = "member.joined", user.Username
		e.After = map[string]any{"roles": strings.Join(inv.Roles, " "), "invitation": inv.ID}
		return a.enrol(tx, user, inv.Roles)
	})
	if err != nil {
		return Tenant{}, err
	}
	return a.tenant, nil
}

// invited is the Access of somebody who is not a member yet: with no role, in
// the tenant that the code names.
func (s *Store) invited(ctx context.Context, code string, user User, from Client) (a *Access, id string, err error) {
	if len(code) != invitationCode || strings.Trim(code, base62) != "" {
		return nil, "", errNoInvitation
	}
	db := s.readingAcross(ctx, "the code is what names the tenant")
	var inv Invitation
	var tenant Tenant
	if err = db.Where("hash = ?", s.invitationHash(code)).Take(&inv).Error; err == nil {
		err = db.Where("id = ? AND suspended_at IS NULL", inv.TenantID).Take(&tenant).Error
	}
	if isMissing(err) {
		err = errNoInvitation
	}
	return &Access{identity: (&standing{store: s, tenant: tenant, user: user}).identity(), client: from}, inv.ID, err
}

// takeInvitation reads a pending invitation and who made it. It gives its
// roles as they are now, and is void when who made it could not give them now.
func (a *Access) takeInvitation(tx *gorm.DB, id string) (inv Invitation, by string, err error) {
	if err = a.pending(tx).Where("id = ?", id).Take(&inv).Error; isMissing(err) {
		return inv, "", errNoInvitation
	} else if err != nil {
		return inv, "", err
	}
	known, err := rolesOf(tx)
	if err != nil {
		return inv, "", err
	}
	inv.Roles = slices.DeleteFunc(inv.Roles, func(r string) bool { return known[r] == nil })
	if inv.InvitedBy == "" {
		return inv, CommandLine, nil
	}
	host, err := a.host(tx, inv.InvitedBy, known)
	if err != nil {
		return inv, "", err
	}
	if !host.Can(MembersWrite) || slices.ContainsFunc(inv.Roles, func(r string) bool { return !host.canGive(known[r]) }) {
		return inv, "", errNoInvitation
	}
	return inv, host.user.Username, nil
}

// host is who made an invitation, with the rights that they have now.
func (a *Access) host(tx *gorm.DB, userID string, known map[string][]Scope) (*Access, error) {
	var m MemberRow
	err := withUsers(tx).Select(memberColumns).Where("members.user_id = ?", userID).Take(&m).Error
	if isMissing(err) || err == nil && !m.active() {
		return nil, errNoInvitation
	}
	st := &standing{store: a.store, tenant: a.tenant, user: User{ID: m.UserID, Username: m.Username}, granted: slices.Clone(base)}
	for _, r := range m.Roles {
		st.granted = append(st.granted, known[r]...)
	}
	return &Access{identity: st.identity()}, err
}
