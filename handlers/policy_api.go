package handlers

import (
	"context"

	"latchkey/models"
)

// A policyJSON is what a tenant demands of its tokens.
type policyJSON struct {
	AllowNever       bool   `json:"allow_never"`
	MaxLifetimeDays  *int   `json:"max_lifetime_days"`
	MaxTokensPerUser int    `json:"max_tokens_per_user"`
	TokensByToken    bool   `json:"tokens_by_token"`
	ContactText      string `json:"contact_text"`
}

func newPolicyJSON(p models.Policy) policyJSON {
	return policyJSON{AllowNever: p.AllowNever, MaxLifetimeDays: p.MaxLifetimeDays, MaxTokensPerUser: p.MaxTokensPerUser,
		TokensByToken: p.TokensByToken, ContactText: p.ContactText}
}

// Policy answers GET /policy.
func (API) Policy(ctx context.Context, a *models.Access, _ struct{}) (policyJSON, error) {
	p, err := a.TenantPolicy(ctx)
	return newPolicyJSON(p), err
}

// policyChange is the body of PATCH /policy. Only the lifetime can be null.
type policyChange struct {
	AllowNever       field[bool]   `json:"allow_never"`
	MaxLifetimeDays  field[*int]   `json:"max_lifetime_days"`
	MaxTokensPerUser field[int]    `json:"max_tokens_per_user"`
	TokensByToken    field[bool]   `json:"tokens_by_token"`
	ContactText      field[string] `json:"contact_text"`
}

// ChangePolicy answers PATCH /policy.
func (API) ChangePolicy(ctx context.Context, a *models.Access, in policyChange) (policyJSON, error) {
	p, err := a.ChangePolicy(ctx, models.PolicyChange{AllowNever: in.AllowNever.change(),
		MaxLifetimeDays: in.MaxLifetimeDays.change(), MaxTokensPerUser: in.MaxTokensPerUser.change(),
		TokensByToken: in.TokensByToken.change(), ContactText: in.ContactText.change()})
	return newPolicyJSON(p), err
}
