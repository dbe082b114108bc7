package models

import (
	"context"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Grants that a tenant can switch off, beside the dialects.
const (
	GrantCode    = "authorization_code"
	GrantClient  = "client_credentials"
	GrantRefresh = "refresh_token"
	GrantDevice  = "device_code"
)

// ClientCredentials are how an application says who it is (RFC 6749 2.3).
type ClientCredentials struct {
	ID     string
	Secret string // empty for a public application
}

// An Applicant is an application at a token endpoint: one that proved itself by
// its secret, or a public one, which anybody can say they are.
type Applicant struct {
	as     *Access // as itself; whoever holds an Applicant has no Access
	self   Application
	proved bool
}

// errBadClient is the one answer to everything that can be wrong.
var errBadClient = errorf(InvalidClient, "The application is unknown, or its secret is wrong.")

// errBadGrant is the one answer to everything that can be wrong with a code or a
// refresh token.
var errBadGrant = errorf(InvalidGrant, "The code or the refresh token is not valid: it is unknown, over, used, or another application's.")

// Applicant finds out which application is at a token endpoint. One that has
// secrets must send one of them.
func (s *Store) Applicant(ctx context.Context, c ClientCredentials, from Client) (*Applicant, error) {
	p, err := s.identify(ctx, c.ID, from)
	if err != nil {
		return nil, err
	}
	if p.self.Kind == Public {
		if c.Secret != "" {
			return nil, errBadClient
		}
		return p, nil
	}
	if err := p.prove(ctx, c.Secret); err != nil {
		return nil, err
	}
	p.proved = true
	return p, nil
}

// identify finds the application that somebody says they are, in a tenant that
// is not suspended.
func (s *Store) identify(ctx context.Context, id string, from Client) (*Applicant, error) {
	app, err := s.applicationOf(ctx, id)
	if err != nil {
		return nil, err
	}
	st, err := s.standingOf(ctx, memberKey{app.TenantID, "", app.ID})
	if err != nil {
		return nil, err
	}
	if st.stopped || st.suspended {
		return nil, errBadClient
	}
	return &Applicant{as: &Access{identity: st.identity(), client: from}, self: app}, nil
}

// applicationOf finds an application by its client id, which names the tenant.
func (s *Store) applicationOf(ctx context.Context, id string) (Application, error) {
	app, err := takeApplication(s.readingAcross(ctx, "the client id is what names the tenant"), id)
	if KindOf(err) == NotFound && err != nil {
		err = errBadClient
	}
	return app, err
}

// prove looks for a live secret of the application.
func (p *Applicant) prove(ctx context.Context, value string) error {
	secret, err := ParseSecret(value)
	if err != nil || secret.Kind() != KindSecret {
		return errBadClient
	}
	var row applicationSecret
	err = p.as.db(ctx, reading).Where("hash = ? AND application_id = ? AND revoked_at IS NULL",
		sum(p.as.store.keys.tokens, value), p.self.ID).Take(&row).Error
	if isMissing(err) {
		p.as.store.refusals.add(refusal{tenant: p.as.tenant.ID, action: "application.refused", actorID: p.self.ID, actor: p.self.ID,
			ip: p.as.client.Address(), subject: p.self.ID}, p.as.store.now())
		return errBadClient
	}
	if err != nil {
		return err
	}
	return p.secretUsed(ctx, row)
}

// secretUsed notes the use of a secret, at most once a minute.
func (p *Applicant) secretUsed(ctx context.Context, row applicationSecret) error {
	now := p.as.store.now()
	if row.LastUsedAt != nil && now.Sub(*row.LastUsedAt) < usageEvery {
		return nil
	}
	return p.as.db(ctx, writing).Model(&applicationSecret{}).Where("id = ?", row.ID).Update("last_used_at", now).Error
}

// Self is the application.
func (p *Applicant) Self() Application { return p.self }

// may refuses a grant that is not for this application, or that the tenant does
// without.
func (p *Applicant) may(grant string) error {
	if p.as.policy.Off(grant) {
		return errorf(UnauthorizedClient, "The tenant does not use the grant %s.", grant)
	}
	if grant == GrantClient && !p.proved {
		return errorf(UnauthorizedClient, "A public application cannot act for itself. Use authorization_code or the device grant.")
	}
	return nil
}

// stay lets nobody remove or change the application before tx ends, and reads
// it as it is.
func (p *Applicant) stay(tx *gorm.DB) error {
	app, err := takeApplication(tx.Clauses(clause.Locking{Strength: "SHARE"}), p.self.ID)
	if err != nil {
		return errBadClient
	}
	p.self = app
	return nil
}

// Off reports whether the tenant does without a dialect or a grant.
func (p *Policy) Off(what string) bool { return slices.Contains(p.SwitchedOff, what) }

// ClientCredentials gives the application a token to act as itself (RFC 6749
// 4.4).
func (p *Applicant) ClientCredentials(ctx context.Context, scope string) (out Issued, err error) {
	if err := p.may(GrantClient); err != nil {
		return out, err
	}
	err = p.as.change(ctx, Proved, func(tx *gorm.DB, e *AuditEvent) error {
		if err := p.stay(tx); err != nil {
			return err
		}
		patterns, err := requested(p.self, scope)
		if err != nil {
			return err
		}
		out, err = p.issue(tx, e, Grant{Origin: ByClient, Scopes: patterns}, p.as.newSecret(KindAccess), Secret{})
		return err
	})
	return out, err
}
