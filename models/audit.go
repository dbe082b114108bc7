package models

import "time"

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

	withdrawn []string // see withdraw
}
