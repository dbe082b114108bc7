package models

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// An ApplicationUse is what rests on an application: what stops when it is
// removed.
type ApplicationUse struct {
	Members    int64 // for whom it acts
	LiveTokens int64 // that let requests in
	Secrets    int64 // that prove it
	LastUsedAt *time.Time
}

// ApplicationUse tells what rests on an application now.
func (a *Access) ApplicationUse(ctx context.Context, id string) (use ApplicationUse, err error) {
	err = a.read(ctx, ApplicationsRead, func(tx *gorm.DB) error {
		if _, err := takeApplication(tx, id); err != nil {
			return err
		}
		of := tx.Where("application_id = ?", id).Session(&gorm.Session{})
		err := of.Model(&Grant{}).Where("user_id IS NOT NULL AND ended_at IS NULL AND expires_at > ?", a.store.now()).
			Distinct("user_id").Count(&use.Members).Error
		if err != nil {
			return err
		}
		if err := of.Model(&applicationSecret{}).Where("revoked_at IS NULL").Count(&use.Secrets).Error; err != nil {
			return err
		}
		if err := of.Model(&Token{}).Scopes(a.policy.live(a.store.now())).Count(&use.LiveTokens).Error; err != nil {
			return err
		}
		var last []Token
		err = of.Select("last_used_at").Where("last_used_at IS NOT NULL").Order("last_used_at DESC").Limit(1).Find(&last).Error
		for _, t := range last {
			use.LastUsedAt = t.LastUsedAt
		}
		return err
	})
	return use, err
}

// nameApplications fills in which applications tokens were given to, with one
// query. One that was removed still has its name.
func nameApplications(tx *gorm.DB, tokens []Token) error {
	var ids []string
	for _, t := range tokens {
		if t.ApplicationID != "" {
			ids = append(ids, t.ApplicationID)
		}
	}
	if ids == nil {
		return nil
	}
	var apps []Application
	err := tx.Select("id, name").Where("id IN ?", ids).Find(&apps).Error
	names := map[string]string{}
	for _, app := range apps {
		names[app.ID] = app.Name
	}
	for i := range tokens {
		tokens[i].Application = names[tokens[i].ApplicationID]
	}
	return err
}

// nameApplication is nameApplications for one token.
func nameApplication(tx *gorm.DB, t *Token) error {
	one := []Token{*t}
	err := nameApplications(tx, one)
	*t = one[0]
	return err
}
