package models

import (
	"context"

	"gorm.io/gorm"
)

// A reseller is the number by which partners know a tenant. It never changes.
type reseller struct {
	Number   int64 `gorm:"primaryKey;autoIncrement"`
	TenantID string
}

// A Partnership is what a partner application gets: tokens, and the number of
// its tenant.
type Partnership struct {
	Issued
	Number int64
}

// PartnerTokens gives a partner application tokens for its secret key, which
// alone says who it is.
func (s *Store) PartnerTokens(ctx context.Context, secretKey string, from Client) (out Partnership, err error) {
	p, err := s.partnerBySecret(ctx, secretKey, from)
	if err != nil {
		return out, err
	}
	if err := p.mayPartner(); err != nil {
		return out, err
	}
	err = p.as.change(ctx, Proved, func(tx *gorm.DB, e *AuditEvent) error {
		if err := p.stay(tx); err != nil {
			return err
		}
		if out.Number, err = p.as.resellerNumber(tx); err != nil {
			return err
		}
		out.Issued, err = p.give(tx, e, &Grant{Origin: ByPureWL, Scopes: p.self.Scopes})
		return err
	})
	return out, err
}

// PartnerRefresh gives a partner application its next tokens for a refresh
// token. A secret key may come with it, and must then be the application's.
func (s *Store) PartnerRefresh(ctx context.Context, refresh, secretKey string, from Client) (out Partnership, err error) {
	p, err := s.partnerByRefresh(ctx, refresh, from)
	if err != nil {
		return out, err
	}
	if err := p.mayPartner(); err != nil {
		return out, err
	}
	if secretKey != "" {
		if err := p.prove(ctx, secretKey); err != nil {
			return out, err
		}
	}
	if out.Issued, err = p.refresh(ctx, refresh, ""); err != nil {
		return out, err
	}
	err = p.as.read(ctx, Proved, func(tx *gorm.DB) error {
		out.Number, err = p.as.resellerNumber(tx)
		return err
	})
	return out, err
}

func (p *Applicant) mayPartner() error {
	if p.self.Kind != Partner {
		return errBadClient
	}
	return p.as.policy.Speaks(DialectPureWL)
}

func (s *Store) partnerBySecret(ctx context.Context, secretKey string, from Client) (*Applicant, error) {
	secret, err := ParseSecret(secretKey)
	if err != nil || secret.Kind() != KindSecret {
		return nil, errBadClient
	}
	var row applicationSecret
	err = s.readingAcross(ctx, "the secret key is what names the tenant").
		Where("hash = ? AND revoked_at IS NULL", sum(s.keys.tokens, secretKey)).Take(&row).Error
	if isMissing(err) {
		return nil, errBadClient
	}
	if err != nil {
		return nil, err
	}
	return s.Applicant(ctx, ClientCredentials{row.ApplicationID, secretKey}, from)
}

func (s *Store) partnerByRefresh(ctx context.Context, value string, from Client) (*Applicant, error) {
	secret, err := ParseSecret(value)
	if err != nil || secret.Kind() != KindRefresh {
		return nil, errBadGrant
	}
	var g Grant
	err = s.readingAcross(ctx, "the refresh token is what names the tenant").
		Joins("JOIN refresh_tokens ON refresh_tokens.grant_id = grants.id AND refresh_tokens.tenant_id = grants.tenant_id").
		Where("refresh_tokens.hash = ? AND grants.origin = ?", sum(s.keys.tokens, value), ByPureWL).Take(&g).Error
	if isMissing(err) {
		return nil, errBadGrant
	}
	if err != nil {
		return nil, err
	}
	return s.identify(ctx, g.ApplicationID, from)
}

// resellerNumber is the number of the tenant. One that was made since the last
// migration gets its number when it is first asked for.
func (a *Access) resellerNumber(tx *gorm.DB) (int64, error) {
	var row reseller
	err := tx.Take(&row).Error
	if !isMissing(err) {
		return row.Number, err
	}
	if err := a.lockTenant(tx); err != nil {
		return 0, err
	}
	if err := tx.Take(&row).Error; !isMissing(err) {
		return row.Number, err
	}
	err = tx.Create(&row).Error
	return row.Number, err
}
