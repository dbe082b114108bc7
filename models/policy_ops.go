package models

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// What a policy can say at most.
const (
	maxLifetimeDays = 36500
	maxContactText  = 500
)

// A PolicyChange is what to change of a policy. What is nil stays as it is.
type PolicyChange struct {
	AllowNever       *bool
	MaxLifetimeDays  **int // a nil inside takes the limit away
	MaxTokensPerUser *int
	TokensByToken    *bool
	ContactText      *string

	ReviewedIssue       *bool
	AdminOnlyRevocation *bool
	On                  map[string]bool // dialects and grants to switch on or off; the others stay
}

// TenantPolicy is the policy as it stands now.
func (a *Access) TenantPolicy(ctx context.Context) (p Policy, err error) {
	err = a.read(ctx, PolicyRead, func(tx *gorm.DB) error { return tx.Take(&p).Error })
	return p, err
}

// ChangePolicy changes the policy. A stricter one holds for tokens that exist.
func (a *Access) ChangePolicy(ctx context.Context, change PolicyChange) (p Policy, err error) {
	err = a.change(ctx, PolicyWrite, func(tx *gorm.DB, e *AuditEvent) error {
		if err := a.lockTenant(tx); err != nil {
			return err
		}
		var before Policy
		if err := tx.Take(&before).Error; err != nil {
			return err
		}
		if p, err = change.apply(before); err != nil {
			return err
		}
		e.withdraw(a.tenant.ID)
		values := differences(before, p, e)
		if len(values) == 0 {
			return nil
		}
		e.Action, e.Subject = "policy.changed", a.tenant.Slug
		return tx.Model(&Policy{}).Where("tenant_id = ?", a.tenant.ID).Updates(values).Error
	})
	if err != nil {
		return Policy{}, err
	}
	return p, nil
}

// PolicyImpact counts the live tokens that the change would stop now.
func (a *Access) PolicyImpact(ctx context.Context, change PolicyChange) (n int64, err error) {
	err = a.read(ctx, PolicyRead, func(tx *gorm.DB) error {
		var before Policy
		if err := tx.Take(&before).Error; err != nil {
			return err
		}
		after, err := change.apply(before)
		if err != nil {
			return err
		}
		var live, stay int64
		now := a.store.now()
		if err := tx.Model(&Token{}).Scopes(before.live(now)).Count(&live).Error; err != nil {
			return err
		}
		err = tx.Model(&Token{}).Scopes(before.live(now), after.live(now)).Count(&stay).Error
		n = live - stay
		return err
	})
	return n, err
}

// apply checks all that was chosen and complains about all of it at once.
func (c PolicyChange) apply(p Policy) (Policy, error) {
	problems := map[string]string{}
	if c.AllowNever != nil {
		p.AllowNever = *c.AllowNever
	}
	if c.MaxLifetimeDays != nil {
		if p.MaxLifetimeDays = *c.MaxLifetimeDays; !between(p.MaxLifetimeDays, maxLifetimeDays) {
			problems["max_lifetime_days"] = "Give a number of days from 1 to 36,500, or none for no limit."
		}
	}
	if c.MaxTokensPerUser != nil {
		if p.MaxTokensPerUser = *c.MaxTokensPerUser; !between(c.MaxTokensPerUser, MaxTokensPerUser) {
			problems["max_tokens_per_user"] = "Give a number from 1 to 5,000."
		}
	}
	if c.TokensByToken != nil {
		p.TokensByToken = *c.TokensByToken
	}
	c.applySwitches(&p, problems)
	if c.ContactText != nil {
		clean, complaint := cleanLines(*c.ContactText, 0, maxContactText)
		if p.ContactText = clean; complaint != "" {
			problems["contact_text"] = complaint
		}
	}
	return p, invalid(problems)
}

// applySwitches switches on and off what is named.
func (c PolicyChange) applySwitches(p *Policy, problems map[string]string) {
	if c.ReviewedIssue != nil {
		p.ReviewedIssue = *c.ReviewedIssue
	}
	if c.AdminOnlyRevocation != nil {
		p.AdminOnlyRevocation = *c.AdminOnlyRevocation
	}
	known, off := slices.Concat(dialects, grants), Words{}
	for _, name := range known {
		if on, named := c.On[name]; named && !on || !named && p.Off(name) {
			off = append(off, name)
		}
	}
	for name := range c.On {
		if !slices.Contains(known, name) {
			problems["dialects"] = "There is no dialect and no grant " + clip(name, 50) + "."
		}
	}
	p.SwitchedOff = off
}

// between reports whether n, if there is one, is from 1 to most.
func between(n *int, most int) bool { return n == nil || *n >= 1 && *n <= most }

// differences is what to write, and tells the audit log what was there before.
func differences(before, after Policy, e *AuditEvent) map[string]any {
	was, is, values := before.record(), after.record(), map[string]any{}
	e.Before, e.After = map[string]any{}, map[string]any{}
	for column, v := range is {
		if was[column] != v {
			values[column], e.Before[column], e.After[column] = v, was[column], v
		}
	}
	return values
}

// record is the policy by column.
func (p Policy) record() map[string]any {
	r := map[string]any{"allow_never": p.AllowNever, "max_lifetime_days": nil, "max_tokens_per_user": p.MaxTokensPerUser,
		"tokens_by_token": p.TokensByToken, "contact_text": p.ContactText, "reviewed_issue": p.ReviewedIssue,
		"admin_only_revocation": p.AdminOnlyRevocation, "switched_off": strings.Join(p.SwitchedOff, " ")}
	if p.MaxLifetimeDays != nil {
		r["max_lifetime_days"] = *p.MaxLifetimeDays
	}
	return r
}
