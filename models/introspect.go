package models

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// An Introspection says what a token is and may do now (RFC 7662 2.2). Of one
// that does not work, or is another tenant's, it says only that.
type Introspection struct {
	Active      bool
	ID          string // of the token, or of the grant of a refresh token
	Kind        string
	Scopes      []Scope // what it may do now
	Application *Actor  // nil for none
	User        User    // without an ID when an application acts for itself
	Tenant      Tenant
	CreatedAt   time.Time
	NotBefore   *time.Time
	ExpiresAt   *time.Time
}

// Introspect tells an application that proved itself about a token of its
// tenant, whoever holds it. A refresh token is for its own application alone.
func (p *Applicant) Introspect(ctx context.Context, value string) (Introspection, error) {
	if !p.proved {
		return Introspection{}, errBadClient
	}
	secret, err := ParseSecret(value)
	if err != nil {
		return Introspection{}, nil
	}
	if secret.Kind() == KindRefresh {
		return p.inspectRefresh(ctx, secret)
	}
	return p.as.inspect(ctx, secret)
}

// Introspect tells whoever may see the tokens of the tenant about one of them.
func (a *Access) Introspect(ctx context.Context, value string) (Introspection, error) {
	if err := a.Require(TenantTokensRead); err != nil {
		return Introspection{}, err
	}
	secret, err := ParseSecret(value)
	if err != nil {
		return Introspection{}, nil
	}
	return a.inspect(ctx, secret)
}

// inspect looks a token up as a request with it would, but anywhere may be
// where it comes from.
func (a *Access) inspect(ctx context.Context, secret Secret) (Introspection, error) {
	t, err := a.store.presented(ctx, secret)
	if err != nil || t == nil || t.tenant.ID != a.tenant.ID || !t.works(a.store.now()) {
		return Introspection{}, err
	}
	as := &Access{identity: identity{rights: t.rights, token: t}}
	return Introspection{Active: true, ID: t.ID(), Kind: t.Kind(), Scopes: as.Scopes(), Application: t.application, User: t.user,
		Tenant: t.tenant, CreatedAt: *fromMicros(t.created), NotBefore: fromMicros(t.notBefore),
		ExpiresAt: fromMicros(t.policy.ends(t.lifespan))}, nil
}

// presented is a token from memory or the database, whether it works or not,
// and nil when there is none.
func (s *Store) presented(ctx context.Context, secret Secret) (*Presented, error) {
	if !secret.proves() {
		return nil, nil
	}
	hash := s.keys.presented.token(secret)
	if t := s.memory.token(hash); t != nil {
		return t, nil
	}
	t, err := s.lookUp(ctx, hash)
	if err != nil && KindOf(err) == InvalidToken {
		return nil, nil
	}
	return t, err
}

func (p *Applicant) inspectRefresh(ctx context.Context, secret Secret) (in Introspection, err error) {
	err = p.as.read(ctx, Proved, func(tx *gorm.DB) error {
		row, g, err := p.findRefresh(tx, secret)
		if err != nil || row.UsedAt != nil || g.EndedAt != nil || !p.as.store.now().Before(row.ExpiresAt) {
			return err
		}
		if err := inForce(tx, g.UserID); err != nil {
			return err
		}
		in = Introspection{Active: true, ID: g.ID, Kind: KindRefresh, Scopes: scopes(g.Scopes), Application: p.as.application,
			User: User{ID: g.UserID}, Tenant: p.as.tenant, CreatedAt: row.CreatedAt, ExpiresAt: &row.ExpiresAt}
		return nil
	})
	if err != nil && KindOf(err) == InvalidGrant {
		err = nil
	}
	return in, err
}

// findRefresh reads a refresh token of the application with its grant.
func (p *Applicant) findRefresh(tx *gorm.DB, secret Secret) (row refreshToken, g Grant, err error) {
	if err = tx.Where("hash = ?", p.as.hash(secret)).Take(&row).Error; err == nil {
		err = tx.Where("id = ? AND application_id = ?", row.GrantID, p.self.ID).Take(&g).Error
	}
	if isMissing(err) {
		err = errBadGrant
	}
	return row, g, err
}
