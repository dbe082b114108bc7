package models

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// Refresh gives another access token for a refresh token, and the refresh token
// that takes its place (RFC 6749 6). Shown again within refreshGrace it gives
// the same two, for whoever lost the answer; shown again later, or after the
// next one was used, it ends the grant. scope may ask for less.
func (p *Applicant) Refresh(ctx context.Context, value, scope string) (out Issued, err error) {
	if err := p.may(GrantRefresh); err != nil {
		return out, err
	}
	return p.refresh(ctx, value, scope)
}

func (p *Applicant) refresh(ctx context.Context, value, scope string) (out Issued, err error) {
	secret, err := ParseSecret(value)
	if err != nil || secret.Kind() != KindRefresh {
		return out, errBadGrant
	}
	reused := false
	err = p.as.change(ctx, Proved, func(tx *gorm.DB, e *AuditEvent) error {
		if err := p.stay(tx); err != nil {
			return err
		}
		row, g, err := p.takeRefresh(tx, secret)
		if err != nil {
			return err
		}
		if row.UsedAt == nil {
			out, err = p.rotate(tx, e, row, g, secret, scope)
			return err
		}
		lost := false
		if out, lost, err = p.again(tx, row, g, secret); err != nil || lost {
			return err
		}
		reused = true
		return p.endReused(tx, e, g.ID, "refresh.reused")
	})
	if err == nil && reused {
		return Issued{}, errBadGrant
	}
	return out, err
}

// takeRefresh reads a refresh token with its grant, which is held. One that is
// over, or whose grant has ended, proves nothing.
func (p *Applicant) takeRefresh(tx *gorm.DB, secret Secret) (row refreshToken, g Grant, err error) {
	own := tx.Where("hash = ?", p.as.hash(secret)).Session(&gorm.Session{})
	if err = own.Take(&row).Error; isMissing(err) {
		return row, g, errBadGrant
	}
	if err != nil {
		return row, g, err
	}
	if g, err = p.hold(tx, row.GrantID); err != nil {
		return row, g, err
	}
	row = refreshToken{} // as it is now that nobody else can use it
	if err = own.Take(&row).Error; err != nil {
		return row, g, err
	}
	if g.EndedAt != nil || !p.as.store.now().Before(row.ExpiresAt) {
		return row, g, errBadGrant
	}
	return row, g, nil
}

// rotate uses a refresh token up. What takes its place follows from it, so that
// a lost answer can be given again without keeping any secret.
func (p *Applicant) rotate(tx *gorm.DB, e *AuditEvent, row refreshToken, g Grant, secret Secret, scope string) (out Issued, err error) {
	if err := inForce(tx, g.UserID); err != nil {
		return out, err
	}
	if g.Scopes, err = p.narrowed(g, scope); err != nil {
		return out, err
	}
	now := p.as.store.now()
	if err := tx.Model(&refreshToken{}).Where("hash = ?", row.Hash).Update("used_at", now).Error; err != nil {
		return out, err
	}
	if err := tx.Model(&Grant{}).Where("id = ?", g.ID).Update("expires_at", now.Add(refreshLife)).Error; err != nil {
		return out, err
	}
	return p.issue(tx, e, g, p.as.follower(KindAccess, secret), p.as.follower(KindRefresh, secret))
}

// narrowed are the scopes of one access token: those of the grant, or fewer.
func (p *Applicant) narrowed(g Grant, scope string) (Words, error) {
	list, err := requested(Application{Scopes: g.Scopes}, scope)
	if err != nil {
		return nil, errorf(InvalidScope, "A refresh token gives no more than was granted.")
	}
	return list, nil
}

// again gives the answer to a rotation once more, if it may have been lost.
func (p *Applicant) again(tx *gorm.DB, row refreshToken, g Grant, secret Secret) (out Issued, lost bool, err error) {
	now := p.as.store.now()
	access, next := p.as.follower(KindAccess, secret), p.as.follower(KindRefresh, secret)
	var after refreshToken
	if err := tx.Where("hash = ?", p.as.hash(next)).Take(&after).Error; err != nil {
		return out, false, err
	}
	if age := now.Sub(*row.UsedAt); age < 0 || age >= refreshGrace || after.UsedAt != nil {
		return out, false, nil
	}
	var t Token
	if err := tx.Where("hash = ? AND grant_id = ?", p.as.hash(access), g.ID).Take(&t).Error; err != nil {
		return out, false, err
	}
	return Issued{Access: access, Refresh: next, ExpiresIn: t.ExpiresAt.Sub(now).Truncate(time.Second), Scopes: t.Scopes, Tenant: p.as.tenant}, true, nil
}

// follower is the secret that comes after a refresh token. Only who has the
// installation's secret can work it out.
func (a *Access) follower(kind string, of Secret) Secret {
	return secretFrom(a.store.brand, kind, sum(a.store.keys.followers, kind+" "+of.value))
}
