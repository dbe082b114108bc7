package models

import "time"

// A Tenant is an isolated organisation.
type Tenant struct {
	ID          string
	Slug        string // in addresses; never changes
	Name        string
	SuspendedAt *time.Time
	CreatedAt   time.Time
}

// A Policy is what a tenant demands of its tokens. A stricter one holds for
// tokens that exist, when they are used.
type Policy struct {
	TenantID         string `gorm:"primaryKey"`
	AllowNever       bool   // may a token never expire
	MaxLifetimeDays  *int   // nil for no limit
	MaxTokensPerUser int    // live ones
	TokensByToken    bool   // may a token make tokens
	ContactText      string // shown to members who are refused something

	ReviewedIssue       bool  // a member asks for a token, and an administrator approves it
	AdminOnlyRevocation bool  // an owner cannot revoke their token
	SwitchedOff         Words // dialects and grants that the tenant does without
}

// MaxTokensPerUser is how many live tokens a user may hold in a tenant unless
// its policy says less.
const MaxTokensPerUser = 5000

func newPolicy(tenantID string) Policy {
	return Policy{TenantID: tenantID, AllowNever: true, MaxTokensPerUser: MaxTokensPerUser, TokensByToken: true}
}

// ends is the instant at which a token stops under the policy, 0 for never.
func (p *Policy) ends(l lifespan) int64 {
	switch {
	case l.expires == 0 && !p.AllowNever:
		return l.created // such a token may not be, so it has ended already
	case p.MaxLifetimeDays == nil:
		return l.expires
	}
	limit := l.created + p.lifetime().Microseconds()
	if l.expires != 0 && l.expires < limit {
		return l.expires
	}
	return limit
}

// lifetime is how long a token may live: the last day counts to its end,
// wherever the owner lives.
func (p Policy) lifetime() time.Duration {
	return time.Duration(*p.MaxLifetimeDays+1) * 24 * time.Hour
}
