package models

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// RevokeToken ends one of the caller's tokens, and those that it made, for
// good: no request that starts after it returns is let in by them. An access
// token takes its grant with it, or its application would get another. Revoking
// a revoked token changes nothing.
func (a *Access) RevokeToken(ctx context.Context, id string) error {
	if err := a.RequireRevokeOwn(); err != nil {
		return err
	}
	return a.revoke(ctx, TokensWrite, []string{id}, func(q *gorm.DB) *gorm.DB { return q.Where("user_id = ?", a.user.ID) })
}

// RevokeTokens ends several of the caller's tokens, one after the other, up to
// the first that is not there.
func (a *Access) RevokeTokens(ctx context.Context, ids []string) error {
	if err := a.RequireRevokeOwn(); err != nil {
		return err
	}
	return a.revoke(ctx, TokensWrite, ids, func(q *gorm.DB) *gorm.DB { return q.Where("user_id = ?", a.user.ID) })
}

// RevokeCurrent ends the token of this very request. Any token may, unless the
// tenant leaves that to its administrators.
func (a *Access) RevokeCurrent(ctx context.Context) error {
	if err := a.RequireRevokeOwn(); err != nil {
		return err
	}
	return a.revoke(ctx, Proved, []string{a.currentID()}, func(q *gorm.DB) *gorm.DB { return q })
}

// MayRevokeOwn reports whether the tenant lets owners revoke their tokens.
func (a *Access) MayRevokeOwn() bool { return !a.policy.KeepsRevocation() }

// RequireRevokeOwn refuses an owner where only administrators revoke tokens.
func (a *Access) RequireRevokeOwn() error {
	if a.MayRevokeOwn() || a.user.ID == "" {
		return nil
	}
	return a.refuse("revocation by the owner", a.policy.andAsk("Only administrators revoke tokens here. Ask one of them."))
}

// andAsk is a sentence with what the tenant says about whom to ask, where that
// is known: a request with a token does not read it.
func (p *Policy) andAsk(sentence string) string {
	return strings.TrimSpace(sentence + " " + p.ContactText)
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
		if err := a.endGrantsOf(tx, e, []string{id}); err != nil {
			return err
		}
		n, err := a.endListed(tx, e, []string{id})
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
		var made []string
		for some := range slices.Chunk(ids, batch) {
			res := tx.Model(&Token{}).Where("id IN ? AND revoked_at IS NULL", some).Update("revoked_at", a.store.now())
			if res.Error != nil {
				return n, ended, res.Error
			}
			n += res.RowsAffected
			var next []string
			if err := tx.Model(&Token{}).Where("parent_id IN ?", some).Pluck("id", &next).Error; err != nil {
				return n, ended, err
			}
			made = append(made, next...)
		}
		ids = made
	}
	return n, ended, nil
}

// endTokensOf revokes every token of a user in the tenant, and ends what they
// gave to applications.
func (a *Access) endTokensOf(tx *gorm.DB, userID string) (int64, error) {
	if err := a.voidCodes(tx, func(q *gorm.DB) *gorm.DB { return q.Where("user_id = ?", userID) }); err != nil {
		return 0, err
	}
	if err := tx.Model(&Grant{}).Where("user_id = ? AND ended_at IS NULL", userID).Update("ended_at", a.store.now()).Error; err != nil {
		return 0, err
	}
	res := tx.Model(&Token{}).Where("user_id = ? AND revoked_at IS NULL", userID).Update("revoked_at", a.store.now())
	return res.RowsAffected, res.Error
}
