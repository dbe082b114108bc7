package models

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"regexp"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// verifierPattern is what a verifier may be (RFC 7636 4.1).
var verifierPattern = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// A CodeExchange is what an application shows for its tokens (RFC 6749 4.1.3,
// RFC 7636 4.5).
type CodeExchange struct{ Code, RedirectURI, Verifier string }

// ExchangeCode gives tokens for an authorization code. It takes the place of
// every grant that the user gave this application before, unless the tenant
// does without that; all or nothing of it happens. A code that is shown a second
// time ends what it gave.
func (p *Applicant) ExchangeCode(ctx context.Context, in CodeExchange) (out Issued, err error) {
	if err := p.may(GrantCode); err != nil {
		return out, err
	}
	if in.Verifier != "" && !verifierPattern.MatchString(in.Verifier) {
		return out, errorf(BadRequest, "The parameter code_verifier must have 43 to 128 characters of A-Z a-z 0-9 - . _ ~.")
	}
	again := false
	err = p.as.change(ctx, Proved, func(tx *gorm.DB, e *AuditEvent) error {
		if err := p.stay(tx); err != nil {
			return err
		}
		code, err := p.takeCode(tx, in.Code)
		if err != nil {
			return err
		}
		if again = code.UsedAt != nil; again {
			return p.endReused(tx, e, code.GrantID, "code.reused")
		}
		if !p.as.store.now().Before(code.ExpiresAt) || !in.matches(code) {
			return errBadGrant
		}
		if err := inForce(tx, code.UserID); err != nil {
			return err
		}
		out, err = p.supersede(tx, e, code)
		return err
	})
	if err == nil && again {
		err = errBadGrant
	}
	return out, err
}

// takeCode reads a code of the application and lets nobody else use it. The
// member is held first, as everywhere.
func (p *Applicant) takeCode(tx *gorm.DB, value string) (code authorizationCode, err error) {
	own := tx.Where("hash = ? AND application_id = ?", p.as.store.codeHash(value), p.self.ID).Session(&gorm.Session{})
	if err = own.Take(&code).Error; err == nil {
		err = holdUser(tx, code.UserID)
	}
	if err == nil {
		code = authorizationCode{}
		err = own.Clauses(clause.Locking{Strength: "UPDATE"}).Take(&code).Error
	}
	if isMissing(err) || err != nil && KindOf(err) == NotFound {
		err = errBadGrant
	}
	return code, err
}

// matches reports whether whoever shows the code is who it was made for: where
// it was sent, and who began. A verifier without a challenge is somebody who
// took the challenge away (RFC 9700 4.8.2).
func (in CodeExchange) matches(code authorizationCode) bool {
	if in.RedirectURI != code.RedirectURI && (in.RedirectURI != "" || code.SentURI) {
		return false
	}
	if code.Challenge == "" || in.Verifier == "" {
		return code.Challenge == in.Verifier
	}
	sum := sha256.Sum256([]byte(in.Verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(code.Challenge)) == 1
}

// supersede ends what the user gave this application before, and gives anew.
func (p *Applicant) supersede(tx *gorm.DB, e *AuditEvent, code authorizationCode) (out Issued, err error) {
	var ended int64
	if !p.as.policy.Off(DialectWePay) {
		if ended, err = p.as.endGiven(tx, e, p.givenBy(code.UserID)); err != nil {
			return out, err
		}
	}
	g := Grant{UserID: code.UserID, Origin: ByCode, Scopes: code.Scopes}
	if out, err = p.give(tx, e, &g); err != nil {
		return out, err
	}
	e.Before = map[string]any{"tokens_revoked": ended}
	return out, tx.Model(&authorizationCode{}).Where("hash = ?", code.Hash).
		Updates(map[string]any{"used_at": p.as.store.now(), "grant_id": g.ID}).Error
}

// givenBy narrows to what a user gave this application.
func (p *Applicant) givenBy(userID string) func(*gorm.DB) *gorm.DB {
	return func(q *gorm.DB) *gorm.DB { return q.Where("application_id = ? AND user_id = ?", p.self.ID, userID) }
}

// endReused ends a grant of which a code or a refresh token was shown twice:
// two have it, and one of them took it.
func (p *Applicant) endReused(tx *gorm.DB, e *AuditEvent, grantID, action string) error {
	g, err := p.hold(tx, grantID)
	if err != nil {
		return err
	}
	n, err := p.as.endGrant(tx, e, g.ID)
	if err == nil && (n > 0 || g.EndedAt == nil) {
		e.Action, e.Subject, e.After = action, p.self.ID, map[string]any{"name": p.self.Name, "tokens_revoked": n}
	}
	return err
}
