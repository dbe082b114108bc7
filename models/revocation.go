package models

import (
	"context"

	"gorm.io/gorm"
)

// Revoke ends a token that was given to the application, with its whole grant
// (RFC 7009 2.1). What is no token, or none any more, is ended already.
func (p *Applicant) Revoke(ctx context.Context, value string) error {
	secret, err := ParseSecret(value)
	if err != nil {
		return nil
	}
	return p.as.change(ctx, Proved, func(tx *gorm.DB, e *AuditEvent) error {
		if secret.Kind() == KindRefresh {
			return p.revokeRefresh(tx, e, secret)
		}
		var t Token
		err := tx.Where("hash = ?", p.as.hash(secret)).Take(&t).Error
		switch {
		case isMissing(err):
			return nil
		case err != nil:
			return err
		case t.ApplicationID != p.self.ID:
			return errorf(UnauthorizedClient, "The token was not given to this application.")
		}
		return p.revokeAccess(tx, e, t)
	})
}

func (p *Applicant) revokeAccess(tx *gorm.DB, e *AuditEvent, t Token) error {
	e.withdraw(t.ID)
	if t.RevokedAt == nil {
		e.Action, e.Subject, e.Before = "token.revoked", t.ID, map[string]any{"name": t.Name, "hint": t.Hint, "owner": t.UserID}
	}
	if err := p.as.endGrantsOf(tx, e, []string{t.ID}); err != nil {
		return err
	}
	_, err := p.as.endListed(tx, e, []string{t.ID})
	return err
}

func (p *Applicant) revokeRefresh(tx *gorm.DB, e *AuditEvent, secret Secret) error {
	_, g, err := p.findRefresh(tx, secret)
	if err == nil {
		g, err = p.hold(tx, g.ID)
	}
	if err != nil && KindOf(err) == InvalidGrant {
		return nil
	}
	if err != nil {
		return err
	}
	n, err := p.as.endGrant(tx, e, g.ID)
	if err == nil && g.EndedAt == nil {
		e.Action, e.Subject, e.After = "grant.ended", p.self.ID, map[string]any{"name": p.self.Name, "tokens_revoked": n}
	}
	return err
}

// RevokePresented lets a token that belongs to no application end itself:
// whoever finds a leaked one can make it harmless, from wherever they are.
func (s *Store) RevokePresented(ctx context.Context, value string, from Client) error {
	secret, err := ParseSecret(value)
	if err != nil {
		return nil
	}
	t, err := s.presented(ctx, secret)
	if err != nil || t == nil {
		return err
	}
	if t.application != nil && t.Kind() == KindAccess {
		return errBadClient
	}
	a := &Access{identity: identity{rights: t.rights, token: t}, client: from}
	return a.RevokeCurrent(ctx)
}
