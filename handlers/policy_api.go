package handlers

import (
	"context"

	"latchkey/models"
)

// A policyJSON is what a tenant demands of its tokens, and does without.
type policyJSON struct {
	Dialects            dialectsOf[bool] `json:"dialects"`
	Grants              grantsOf[bool]   `json:"grants"`
	AllowNever          bool             `json:"allow_never"`
	MaxLifetimeDays     *int             `json:"max_lifetime_days"`
	MaxTokensPerUser    int              `json:"max_tokens_per_user"`
	TokensByToken       bool             `json:"tokens_by_token"`
	ReviewedIssue       bool             `json:"reviewed_issue"`
	AdminOnlyRevocation bool             `json:"admin_only_revocation"`
	ContactText         string           `json:"contact_text"`
}

// dialectsOf is a switch for each dialect.
type dialectsOf[T any] struct {
	Apinizer T `json:"apinizer"`
	PureWL   T `json:"purewl"`
	Password T `json:"password"`
	WePay    T `json:"wepay"`
	WPS      T `json:"wps"`
}

func (d *dialectsOf[T]) byName() map[string]*T {
	return map[string]*T{models.DialectApinizer: &d.Apinizer, models.DialectPureWL: &d.PureWL, models.DialectPassword: &d.Password,
		models.DialectWePay: &d.WePay, models.DialectWPS: &d.WPS}
}

// grantsOf is a switch for each grant.
type grantsOf[T any] struct {
	Code   T `json:"authorization_code"`
	Client T `json:"client_credentials"`
	Ref    T `json:"refresh_token"`
	Device T `json:"device_code"`
}

func (g *grantsOf[T]) byName() map[string]*T {
	return map[string]*T{models.GrantCode: &g.Code, models.GrantClient: &g.Client, models.GrantRefresh: &g.Ref, models.GrantDevice: &g.Device}
}

func newPolicyJSON(p models.Policy) policyJSON {
	out := policyJSON{AllowNever: p.AllowNever, MaxLifetimeDays: p.MaxLifetimeDays, MaxTokensPerUser: p.MaxTokensPerUser,
		TokensByToken: p.TokensByToken, ReviewedIssue: p.ReviewedIssue, AdminOnlyRevocation: p.AdminOnlyRevocation, ContactText: p.ContactText}
	for name, on := range out.Dialects.byName() {
		*on = !p.Off(name)
	}
	for name, on := range out.Grants.byName() {
		*on = !p.Off(name)
	}
	return out
}

// Policy answers GET /policy.
func (API) Policy(ctx context.Context, a *models.Access, _ struct{}) (policyJSON, error) {
	p, err := a.TenantPolicy(ctx)
	return newPolicyJSON(p), err
}

// policyChange is the body of PATCH /policy. Only the lifetime can be null, and
// of the switches some can be left out.
type policyChange struct {
	Dialects            field[dialectsOf[field[bool]]] `json:"dialects"`
	Grants              field[grantsOf[field[bool]]]   `json:"grants"`
	AllowNever          field[bool]                    `json:"allow_never"`
	MaxLifetimeDays     field[*int]                    `json:"max_lifetime_days"`
	MaxTokensPerUser    field[int]                     `json:"max_tokens_per_user"`
	TokensByToken       field[bool]                    `json:"tokens_by_token"`
	ReviewedIssue       field[bool]                    `json:"reviewed_issue"`
	AdminOnlyRevocation field[bool]                    `json:"admin_only_revocation"`
	ContactText         field[string]                  `json:"contact_text"`
}

// ChangePolicy answers PATCH /policy.
func (API) ChangePolicy(ctx context.Context, a *models.Access, in policyChange) (policyJSON, error) {
	change := models.PolicyChange{AllowNever: in.AllowNever.change(),
		MaxLifetimeDays: in.MaxLifetimeDays.change(), MaxTokensPerUser: in.MaxTokensPerUser.change(),
		TokensByToken: in.TokensByToken.change(), ReviewedIssue: in.ReviewedIssue.change(),
		AdminOnlyRevocation: in.AdminOnlyRevocation.change(), ContactText: in.ContactText.change(), On: map[string]bool{}}
	for _, switches := range []map[string]*field[bool]{in.Dialects.value.byName(), in.Grants.value.byName()} {
		for name, on := range switches {
			if on.sent {
				change.On[name] = on.value
			}
		}
	}
	p, err := a.ChangePolicy(ctx, change)
	return newPolicyJSON(p), err
}
