package models

import (
	"context"
	"time"
)

// Outcomes of an audit event.
const (
	Allowed = "allowed"
	Refused = "refused"
)

// CommandLine is the actor of what an operator does with the command line.
const CommandLine = "command line"

// An AuditEvent records a change, or refusals to make one. It never holds a
// secret, and nothing changes it afterwards.
type AuditEvent struct {
	ID        string
	TenantID  string // empty for what concerns the installation as a whole
	At        time.Time
	Action    string // noun.verb, such as token.revoked
	Outcome   string
	ActorID   string
	Actor     string // the user name at that time
	TokenID   string // the token that the actor presented, if any
	TokenHint string
	ClientIP  string
	Subject   string         // what it happened to: an id or a name
	Count     int            // how often, for refusals told together
	Before    map[string]any `gorm:"serializer:json"`
	After     map[string]any `gorm:"serializer:json"`
}

// An AuditQuery says which events are wanted. What is empty does not narrow.
type AuditQuery struct {
	Paging
	Action  string
	Actor   string // a user name, or CommandLine
	Subject string
	Since   *time.Time
	Until   *time.Time // up to, and without, this instant
}

// AuditActions lists every action that can be in the audit log, in order.
func AuditActions() []string { panic("being written") }

// AuditEvents lists what happened in the tenant, newest first.
func (a *Access) AuditEvents(ctx context.Context, q AuditQuery) (List[AuditEvent], error) {
	panic("being written")
}

// EachAuditEvent hands every event that q describes to f, newest first, without
// holding them all. It ends with the first error of f.
func (a *Access) EachAuditEvent(ctx context.Context, q AuditQuery, f func(AuditEvent) error) error {
	panic("being written")
}

// TokenEvents tells the owner of a token what happened to it, newest first.
func (a *Access) TokenEvents(ctx context.Context, tokenID string) ([]AuditEvent, error) {
	panic("being written")
}
