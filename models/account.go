package models

import (
	"context"

	"gorm.io/gorm"
)

// changeSelf is change for what people do to themselves in a browser. It
// concerns each of their tenants, so each gets the record.
func (a *Access) changeSelf(ctx context.Context, f func(tx *gorm.DB, e *AuditEvent) error) error {
	return a.change(ctx, InPerson, func(tx *gorm.DB, e *AuditEvent) error {
		if err := f(tx, e); err != nil || e.Action == "" {
			return err
		}
		tenants, err := tenantsOf(tx, a.user.ID)
		if err != nil {
			return err
		}
		for _, tenant := range tenants {
			if tenant == a.tenant.ID {
				continue // change records it there
			}
			if err := recordIn(tx, []string{tenant}, *e); err != nil {
				return err
			}
		}
		return nil
	})
}

// ChangeAccount changes what people may change about themselves.
func (a *Access) ChangeAccount(ctx context.Context, in Account) error {
	return a.changeSelf(ctx, func(tx *gorm.DB, e *AuditEvent) error {
		problems := map[string]string{}
		in.clean(problems)
		if err := invalid(problems); err != nil {
			return err
		}
		users := across(tx, "users belong to no tenant")
		var old User
		if err := users.Where("id = ?", a.user.ID).Take(&old).Error; err != nil {
			return err
		}
		e.withdraw(old.ID) // what they are called is remembered
		before, after := map[string]any{}, map[string]any{}
		for column, value := range map[string][2]string{
			"display_name": {old.DisplayName, in.DisplayName}, "email": {old.Email, in.Email}, "time_zone": {old.TimeZone, in.TimeZone},
		} {
			if value[0] != value[1] {
				before[column], after[column] = value[0], value[1]
			}
		}
		if len(after) == 0 {
			return nil
		}
		e.Action, e.Subject, e.Before, e.After = "account.changed", old.Username, before, after
		return users.Model(&User{}).Where("id = ?", a.user.ID).Updates(map[string]any{
			"display_name": in.DisplayName, "email": in.Email, "time_zone": in.TimeZone}).Error
	})
}

// ChangePassword takes a new password from who knows the old one, and ends
// every other session. Tokens stay.
func (a *Access) ChangePassword(ctx context.Context, current, next string, from Visitor) error {
	if err := a.Require(InPerson); err != nil {
		return err
	}
	clean, complaint := checkPassword(next, a.user.names()...)
	if complaint == "" && current == next {
		complaint = "This is the password that you have. Choose another."
	}
	if complaint != "" {
		return invalid(map[string]string{"new": complaint})
	}
	_, err := a.store.VerifyPassword(ctx, a.user.Username, current, from)
	if KindOf(err) == Invalid {
		return invalid(map[string]string{"current": "This is not your password."})
	}
	if err != nil {
		return err
	}
	hash, err := a.store.hashPassword(ctx, clean)
	if err != nil {
		return err
	}
	return a.changeSelf(ctx, func(tx *gorm.DB, e *AuditEvent) error {
		e.Action, e.Subject = "password.changed", a.user.Username
		return a.store.changePassword(tx, a.user, hash, a.sessionID)
	})
}

// setPassword gives a user another password, ends all their sessions, and lets
// them try it at once, whatever others tried before.
func (s *Store) setPassword(tx *gorm.DB, user User, hash string) error {
	return s.changePassword(tx, user, hash, "")
}

func (s *Store) changePassword(tx *gorm.DB, user User, hash, exceptSession string) error {
	res := across(tx, "users belong to no tenant").Model(&User{}).Where("id = ?", user.ID).
		Updates(map[string]any{"password_hash": hash, "password_changed_at": s.now()})
	if res.Error == nil && res.RowsAffected == 0 {
		return errNoUser
	}
	if res.Error != nil {
		return res.Error
	}
	if err := endSessions(tx, user.ID, exceptSession); err != nil {
		return err
	}
	return forgetThrottle(tx, s.accountKey(user.Username))
}

// Sessions lists where the caller is signed in, last used first.
func (a *Access) Sessions(ctx context.Context) (list []Session, err error) {
	err = a.read(ctx, InPerson, func(tx *gorm.DB) error {
		now := a.store.now()
		return across(tx, "a session belongs to no tenant").Omit("hash", "data").
			Where("user_id = ? AND expires_at > ? AND seen_at > ?", a.user.ID, now, now.Add(-sessionIdle)).
			Order("seen_at DESC, id DESC").Find(&list).Error
	})
	return list, err
}

// RevokeSession signs one of the caller's browsers out.
func (a *Access) RevokeSession(ctx context.Context, id string) error {
	return a.changeSelf(ctx, func(tx *gorm.DB, e *AuditEvent) error {
		if !isID("ses", id) {
			return errNoSession
		}
		res := across(tx, "a session belongs to no tenant").Where("id = ? AND user_id = ?", id, a.user.ID).Delete(&Session{})
		if res.Error == nil && res.RowsAffected == 0 {
			return errNoSession
		}
		e.Action, e.Subject = "session.ended", id
		return res.Error
	})
}

// RevokeOtherSessions signs the caller out everywhere else, and tells in how
// many places that was.
func (a *Access) RevokeOtherSessions(ctx context.Context) (n int, err error) {
	err = a.changeSelf(ctx, func(tx *gorm.DB, e *AuditEvent) error {
		n, err = dropSessions(tx, a.user.ID, a.sessionID)
		if err != nil || n == 0 {
			return err
		}
		e.Action, e.Subject, e.After = "session.ended", a.user.Username, map[string]any{"other_sessions": n}
		return nil
	})
	return n, err
}

// Tenants lists where the caller may go, by name.
func (a *Access) Tenants(ctx context.Context) (list []Tenant, err error) {
	err = a.read(ctx, InPerson, func(tx *gorm.DB) error {
		list, err = openTenants(tx, a.user.ID)
		return err
	})
	return list, err
}
