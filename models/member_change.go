package models

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// A MemberChange is what to change of a member. What is nil stays as it is.
type MemberChange struct {
	Roles    *[]string
	Rework   func(held []string) []string // in place of Roles, asked while nobody else can change them
	Disabled *bool
}

// ChangeMember gives a member other roles, or disables or enables them. Nobody
// can give a scope that they lack, and one active administrator always stays.
func (a *Access) ChangeMember(ctx context.Context, username string, change MemberChange) (m MemberRow, err error) {
	err = a.change(ctx, MembersWrite, func(tx *gorm.DB, e *AuditEvent) error {
		before, err := a.holdMember(tx, username)
		if err != nil {
			return err
		}
		e.withdraw(memberRef(a.tenant.ID, before.UserID))
		if m, err = a.changed(tx, before, change); err != nil {
			return err
		}
		if !m.administers() {
			if err := keepAdministrator(tx, before); err != nil {
				return err
			}
		}
		return a.saveMember(tx, e, before, m)
	})
	if err != nil {
		return MemberRow{}, err
	}
	return m, nil
}

// RemoveMember ends a membership and revokes all its tokens for good: who is
// made a member again begins without any.
func (a *Access) RemoveMember(ctx context.Context, username string) error {
	return a.change(ctx, MembersWrite, func(tx *gorm.DB, e *AuditEvent) error {
		m, err := a.holdMember(tx, username)
		if err != nil {
			return err
		}
		if err := keepAdministrator(tx, m); err != nil {
			return err
		}
		e.withdraw(memberRef(a.tenant.ID, m.UserID))
		n, err := a.endTokensOf(tx, m.UserID)
		if err != nil {
			return err
		}
		if err := a.endRequestsOf(tx, m.UserID); err != nil {
			return err
		}
		e.Action, e.Subject = "member.removed", m.Username
		e.Before, e.After = map[string]any{"roles": strings.Join(m.Roles, " ")}, map[string]any{"tokens_revoked": n}
		return tx.Where("user_id = ?", m.UserID).Delete(&Member{}).Error
	})
}

// AddMember makes a user a member. Only the command line can: a tenant invites,
// so that it does not learn who has an account elsewhere.
func (a *Access) AddMember(ctx context.Context, username string, roles []string) error {
	return a.change(ctx, MembersWrite, func(tx *gorm.DB, e *AuditEvent) error {
		if !a.operator {
			return errorf(Forbidden, "Invite people: only the command line can add a member without asking them.")
		}
		user, err := userNamed(tx, username)
		if err != nil {
			return err
		}
		if err := a.lockTenant(tx); err != nil {
			return err
		}
		given, err := a.gift(tx, nil, roles)
		if err != nil {
			return err
		}
		e.Action, e.Subject, e.After = "member.added", user.Username, map[string]any{"roles": strings.Join(given, " ")}
		return a.enrol(tx, user, given)
	})
}

// enrol makes the row of a new member.
func (a *Access) enrol(tx *gorm.DB, user User, roles Words) error {
	m := Member{UserID: user.ID, Username: user.Username, Roles: roles, CreatedAt: a.store.now()}
	err := tx.Create(&m).Error
	if isDuplicate(err) {
		return errorf(Conflict, "%s is already a member of %s.", user.Username, a.tenant.Name)
	}
	return err
}

// lockTenant makes changes of members and roles wait for each other, so that
// two administrators who demote each other at once do not both succeed. It
// does not hold up new tokens, which only refer to the tenant.
func (a *Access) lockTenant(tx *gorm.DB) error {
	var t Tenant
	return across(tx, "the row of the tenant itself").Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).
		Where("id = ?", a.tenant.ID).Take(&t).Error
}

// holdMember reads a member and holds them: a token that is made meanwhile
// waits, and is then seen by whoever revokes all of them.
func (a *Access) holdMember(tx *gorm.DB, username string) (m MemberRow, err error) {
	if err := a.lockTenant(tx); err != nil {
		return m, err
	}
	if m, err = takeMember(tx, username); err != nil {
		return m, err
	}
	var row Member
	return m, tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("user_id = ?", m.UserID).Take(&row).Error
}

// changed is the member as they shall be. To enable somebody gives them all
// their roles anew.
func (a *Access) changed(tx *gorm.DB, m MemberRow, change MemberChange) (MemberRow, error) {
	held, roles := m.Roles, []string(m.Roles)
	switch {
	case change.Rework != nil:
		roles = change.Rework(slices.Clone(roles))
	case change.Roles != nil:
		roles = *change.Roles
	}
	if change.Disabled != nil {
		if m.Disabled && !*change.Disabled {
			held = nil
		}
		m.Disabled = *change.Disabled
	}
	if change.Roles == nil && change.Rework == nil && held != nil {
		return m, nil
	}
	given, err := a.gift(tx, held, roles)
	m.Roles = given
	return m, err
}

// gift checks roles for somebody who holds some of them already: they must be
// roles of the tenant, and the caller able to give every one that is new.
func (a *Access) gift(tx *gorm.DB, held Words, names []string) (Words, error) {
	known, err := rolesOf(tx)
	if err != nil {
		return nil, err
	}
	var given Words
	for _, name := range names {
		name = strings.TrimSpace(name)
		if _, ok := known[name]; !ok {
			return nil, invalid(map[string]string{"roles": unknownRole(name)})
		}
		given = append(given, name)
	}
	slices.Sort(given)
	given = slices.Compact(given)
	for _, name := range given {
		if slices.Contains(held, name) {
			continue
		}
		if err := a.requireGift(known[name]); err != nil {
			return nil, err
		}
	}
	return given, nil
}

func unknownRole(name string) string {
	if !rolePattern.MatchString(name) {
		return "Write a role as ROLE_ and capitals, such as ROLE_ADMIN."
	}
	return "There is no role " + name + " here."
}

// requireGift refuses, and records, that somebody gives what they lack.
func (a *Access) requireGift(list []Scope) error { return a.requireHeld(list, base) }

func (a *Access) requireHeld(list, anybody []Scope) error {
	for _, s := range list {
		if !a.holds([]Scope{s}, anybody) {
			a.store.refusals.note(a, s)
			return &Error{Kind: Forbidden, Scope: s, Message: "Nobody can give a scope that they lack, and this gives " + string(s) + "."}
		}
	}
	return nil
}

func (m MemberRow) administers() bool { return m.active() && slices.Contains(m.Roles, Admin) }

// keepAdministrator refuses when m is the last who administers the tenant.
func keepAdministrator(tx *gorm.DB, m MemberRow) error {
	if !m.administers() {
		return nil
	}
	var others []string
	err := administrators(tx).Where("members.user_id <> ?", m.UserID).Limit(1).Pluck("members.username", &others).Error
	if err == nil && len(others) == 0 {
		return errorf(Conflict, "%s is the last administrator here. Make somebody else an administrator first.", m.Username)
	}
	return err
}

// saveMember writes what is different, and tells the audit log. Nothing
// different is no change.
func (a *Access) saveMember(tx *gorm.DB, e *AuditEvent, before, after MemberRow) error {
	values, was, is := map[string]any{}, map[string]any{}, map[string]any{}
	if before.Disabled != after.Disabled {
		e.Action, values["disabled_at"] = "member.enabled", nil
		if after.Disabled {
			e.Action, values["disabled_at"] = "member.disabled", a.store.now()
		}
		was["disabled"], is["disabled"] = before.Disabled, after.Disabled
	}
	if !slices.Equal(before.Roles, after.Roles) {
		e.Action, values["roles"] = "member.changed", after.Roles
		was["roles"], is["roles"] = strings.Join(before.Roles, " "), strings.Join(after.Roles, " ")
	}
	if len(values) == 0 {
		return nil
	}
	e.Subject, e.Before, e.After = after.Username, was, is
	return tx.Model(&Member{}).Where("user_id = ?", after.UserID).Updates(values).Error
}
