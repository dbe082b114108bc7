package models

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// maxLiveSecrets of one application: the one in use, and the one that takes its
// place.
const maxLiveSecrets = 2

// An applicationSecret proves an application. The secret itself is never
// stored: Hash is all that is kept.
type applicationSecret struct {
	ID            string
	TenantID      string
	ApplicationID string
	Hash          []byte
	Hint          string
	CreatedAt     time.Time
	LastUsedAt    *time.Time
	RevokedAt     *time.Time
}

func (applicationSecret) TableName() string { return "application_secrets" }

// An ApplicationSecret is a secret of an application as it may be shown.
type ApplicationSecret struct {
	ID         string
	Hint       string
	CreatedAt  time.Time
	LastUsedAt *time.Time
	RevokedAt  *time.Time
}

var errNoSecret = errorf(NotFound, "There is no such secret.")

// ApplicationSecrets lists the secrets of an application, the newest first.
func (a *Access) ApplicationSecrets(ctx context.Context, id string) (list []ApplicationSecret, err error) {
	err = a.read(ctx, ApplicationsRead, func(tx *gorm.DB) error {
		if _, err := takeApplication(tx, id); err != nil {
			return err
		}
		return tx.Model(&applicationSecret{}).Where("application_id = ?", id).
			Order("created_at DESC, id DESC").Limit(MaxLimit).Find(&list).Error
	})
	return list, err
}

// AddSecret gives an application another secret, which is returned only here.
// The one before goes on until it is revoked.
func (a *Access) AddSecret(ctx context.Context, id string) (made ApplicationSecret, secret Secret, err error) {
	err = a.change(ctx, ApplicationsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		app, err := takeApplication(tx.Clauses(clause.Locking{Strength: "UPDATE"}), id)
		if err != nil {
			return err
		}
		if app.Kind == Public {
			return errorf(Conflict, "A public application has no secret: it could not keep it.")
		}
		if err := a.requireAllowance(app.Scopes); err != nil { // whoever has the secret can do all of it
			return err
		}
		var live int64
		if err := tx.Model(&applicationSecret{}).Where("application_id = ? AND revoked_at IS NULL", id).Count(&live).Error; err != nil {
			return err
		}
		if live >= maxLiveSecrets {
			return errorf(Conflict, "Two secrets are in use already. Revoke one first.")
		}
		made, secret, err = a.addSecret(tx, id)
		e.Action, e.Subject, e.After = "secret.created", app.ID, map[string]any{"name": app.Name, "hint": made.Hint}
		return err
	})
	if err != nil {
		return ApplicationSecret{}, Secret{}, err
	}
	return made, secret, nil
}

func (a *Access) addSecret(tx *gorm.DB, applicationID string) (ApplicationSecret, Secret, error) {
	secret := a.newSecret(KindSecret)
	row := applicationSecret{ID: newID("sec"), ApplicationID: applicationID, Hint: secret.Hint(),
		Hash: a.hash(secret), CreatedAt: a.store.now()}
	err := tx.Create(&row).Error
	return ApplicationSecret{ID: row.ID, Hint: row.Hint, CreatedAt: row.CreatedAt}, secret, err
}

// RevokeSecret ends a secret for good. Tokens that were given for it stay.
// Revoking a revoked secret changes nothing.
func (a *Access) RevokeSecret(ctx context.Context, id, secretID string) error {
	return a.change(ctx, ApplicationsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		app, err := takeApplication(tx, id)
		if err != nil {
			return err
		}
		if !isID("sec", secretID) {
			return errNoSecret
		}
		var row applicationSecret
		err = tx.Where("id = ? AND application_id = ?", secretID, id).Take(&row).Error
		if isMissing(err) {
			return errNoSecret
		}
		if err != nil || row.RevokedAt != nil {
			return err
		}
		e.Action, e.Subject, e.Before = "secret.revoked", app.ID, map[string]any{"name": app.Name, "hint": row.Hint}
		return tx.Model(&applicationSecret{}).Where("id = ?", secretID).Update("revoked_at", a.store.now()).Error
	})
}
