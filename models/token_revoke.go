package models

import (
	"context"

	"gorm.io/gorm"
)

// RevokeToken ends one of the caller's tokens, and those that it made, for
// good: no request that starts after it returns is let in by them. Revoking a
// revoked token changes nothing.
func (a *Access) RevokeToken(ctx context.Context, id string) error {
	return a.revoke(ctx, TokensWrite, []string{id}, func(q *gorm.DB) *gorm.DB { return q.Where("user_id = ?", a.user.ID) })
}

// RevokeTokens ends several of the caller's tokens, one after the other, up to
// the first that is not there.
func (a *Access) RevokeTokens(ctx context.Context, ids []string) error {
	return a.revoke(ctx, TokensWrite, ids, func(q *gorm.DB) *gorm.DB { return q.Where("user_id = ?", a.user.ID) })
}

// RevokeCurrent ends the token of this very request. Any token may.
func (a *Access) RevokeCurrent(ctx context.Context) error {
	return a.revoke(ctx, Proved, []string{a.currentID()}, func(q *gorm.DB) *gorm.DB { return q })
}

// RevokeTenantToken ends the token of any member.
func (a *Access) RevokeTenantToken(ctx context.Context, id string) error {
	return a.revoke(ctx, TenantTokensWrite, []string{id}, func(q *gorm.DB) *gorm.DB { return q })
}

// revoke ends tokens one by one, so that each has its own record.
func (a *Access) revoke(ctx context.Context, s Scope, ids []string, mine func(*gorm.DB) *gorm.DB) error {
	if err := a.Require(s); err != nil {
		return err
	}
	if len(ids) > MaxLimit {
		return invalid(map[string]string{"id": "Choose at most 100 tokens at once."})
	}
	for _, id := range ids {
		if err := a.revokeOne(ctx, s, id, mine); err != nil {
			return err
		}
	}
	return nil
}

func (a *Access) revokeOne(ctx context.Context, s Scope, id string, mine func(*gorm.DB) *gorm.DB) error {
	return a.change(ctx, s, func(tx *gorm.DB, e *AuditEvent) error {
		var t Token
		if err := takeToken(mine(tx), id, &t); err != nil {
			return err
		}
		n, ended, err := a.end(tx, []string{id})
		e.withdraw(ended...)
		if err != nil || t.RevokedAt != nil {
			return err
		}
		e.Action, e.Subject, e.Before = "token.revoked", t.ID, map[string]any{"name": t.Name, "hint": t.Hint, "owner": t.UserID}
		if n > 1 {
			e.After = map[string]any{"tokens_made_by_it": n - 1}
		}
		return nil
	})
}

// end revokes the given tokens of the tenant and all that they made, which it
// returns. It tells how many were not revoked yet.
func (a *Access) end(tx *gorm.DB, ids []string) (n int64, ended []string, err error) {
	for len(ids) > 0 {
		ended = append(ended, ids...)
		res := tx.Model(&Token{}).Where("id IN ? AND revoked_at IS NULL", ids).Update("revoked_at", a.store.now())
		if res.Error != nil {
			return n, ended, res.Error
		}
		n += res.RowsAffected
		var made []string
		if err := tx.Model(&Token{}).Where("parent_id IN ?", ids).Pluck("id", &made).Error; err != nil {
			return n, ended, err
		}
		ids = made
	}
	return n, ended, nil
}

// endTokensOf revokes every token of a user in the tenant.
func (a *Access) endTokensOf(tx *gorm.DB, userID string) (int64, error) {
	res := tx.Model(&Token{}).Where("user_id = ? AND revoked_at IS NULL", userID).Update("revoked_at", a.store.now())
	return res.RowsAffected, res.Error
}
