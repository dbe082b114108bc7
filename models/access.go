package models

import (
	"context"
	"database/sql"
	"log/slog"
	"slices"
	"time"

	"gorm.io/gorm"
)

// An Access is one caller inside one tenant. Only a Store can make one, and
// only from a credential it has checked, so holding an Access is proof of who
// is calling. It is immutable and safe for concurrent use.
type Access struct {
	identity
	client Client // of this request
	at     int64  // when the token was proved, in microseconds since 1970
}

// An identity is what a credential proves, whoever presents it from wherever.
type identity struct {
	*rights
	token     *Presented // nil for a session and for the command line
	sessionID string     // empty for a token and for the command line
	operator  bool       // the command line
}

// Tenant is where the caller acts.
func (a *Access) Tenant() Tenant { return a.tenant }

// User is whose rights the caller has. It has no ID when an application acts
// for itself.
func (a *Access) User() User { return a.user }

// Application is through which the caller acts, nil for none.
func (a *Access) Application() *Actor { return a.application }

// RolesHeld are the roles that the caller holds in the tenant now.
func (a *Access) RolesHeld() []string { return slices.Clone(a.roles) }

// Token is the token that the caller presented, nil for a session.
func (a *Access) Token() *Presented { return a.token }

// SessionID is the session of the caller, empty for a token.
func (a *Access) SessionID() string { return a.sessionID }

// Client is where the caller's request comes from.
func (a *Access) Client() Client { return a.client }

// Policy is the tenant's policy for tokens.
func (a *Access) Policy() Policy { return a.policy }

// Zone is the caller's time zone.
func (a *Access) Zone() *time.Location { return a.user.Zone() }

// Now is the instant by the store's clock.
func (a *Access) Now() time.Time { return a.store.now() }

// Scopes lists what the caller may do now, in order: what the roles give,
// narrowed to what the token's own patterns match.
func (a *Access) Scopes() []Scope { return slices.Clip(allScopes.Of(a)) }

var allScopes = NewMemo(func(a *Access) []Scope {
	list := make([]Scope, 0, len(inOrder))
	for _, s := range inOrder {
		if a.Can(s) {
			list = append(list, s)
		}
	}
	for _, named := range [][]Scope{a.named, a.granted, a.narrowed, a.allowance} {
		for _, s := range named {
			if catalogue[s] == "" && !s.IsPattern() && a.Can(s) {
				list = append(list, s)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
})

// Can reports whether the caller may do s, now.
func (a *Access) Can(s Scope) bool {
	switch {
	case s == Proved:
		return true
	case s == InPerson:
		return a.sessionID != "" || a.operator
	case s == TokensWrite && a.token != nil && !a.policy.TokensByToken:
		return false
	}
	return anyMatches(a.granted, s) && (a.narrowed == nil || anyMatches(a.narrowed, s)) && (a.allowance == nil || anyMatches(a.allowance, s))
}

// canGive reports whether the caller may give all these to somebody: nobody
// can give a scope that they lack. What every member has is no gift.
func (a *Access) canGive(list []Scope) bool { return a.holds(list, base) }

// holds reports whether the caller may do all these, but for what anybody may.
func (a *Access) holds(list, anybody []Scope) bool {
	for _, most := range [][]Scope{a.granted, a.narrowed, a.allowance} {
		if most != nil && !within(list, slices.Concat(most, anybody)) {
			return false
		}
	}
	return true
}

// Require refuses a caller who may not do s, and records the refusal.
func (a *Access) Require(s Scope) error {
	if a.Can(s) {
		return nil
	}
	a.store.refusals.note(a, s)
	a.refused()
	return a.forbidden(s)
}

func (a *Access) forbidden(s Scope) error {
	if s == InPerson {
		return errorf(Forbidden, "Sign in to the console for this: no token can do it.")
	}
	return &Error{Kind: Forbidden, Scope: s, Message: "This needs the scope " + string(s) + "."}
}

// patience is how long an operation may wait for the database before it is
// answered as unavailable.
const patience = 10 * time.Second

// read runs f on the tenant's data for a caller who may do s. f cannot write.
func (a *Access) read(ctx context.Context, s Scope, f func(tx *gorm.DB) error) error {
	if err := a.Require(s); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return a.db(ctx, reading).Transaction(f, &sql.TxOptions{ReadOnly: true})
}

// change runs f for a caller who may do s. The change and the record of it are
// kept together or not at all. f fills in the record; without an action there
// was nothing to change, and nothing is recorded. When change returns, no
// process answers from what it knew before of what f withdraws.
func (a *Access) change(ctx context.Context, s Scope, f func(tx *gorm.DB, e *AuditEvent) error) error {
	if err := a.Require(s); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	e := a.event()
	return a.store.transact(ctx, a.db(ctx, writing), &e, func(tx *gorm.DB) error {
		if err := f(tx, &e); err != nil || e.Action == "" {
			return err
		}
		return tx.Create(&e).Error
	})
}

// event begins the record of something that the caller does now.
func (a *Access) event() AuditEvent {
	id, name := a.actor()
	e := AuditEvent{ID: newID("aud"), TenantID: a.tenant.ID, At: a.store.now(), Outcome: Allowed, Count: 1,
		ActorID: id, Actor: name, ClientIP: a.client.Address()}
	if a.operator {
		e.ActorID, e.Actor = "", CommandLine
	}
	if a.token != nil {
		e.TokenID, e.TokenHint = a.token.ID(), a.token.Hint()
	}
	return e
}

// LogValue implements slog.LogValuer. Nobody is logged as nobody.
func (a *Access) LogValue() slog.Value {
	if a == nil {
		return slog.StringValue("")
	}
	attrs := []slog.Attr{slog.String("tenant", a.tenant.Slug), slog.String("user", a.user.Username)}
	if a.application != nil {
		attrs = append(attrs, slog.String("application", a.application.ID))
	}
	if a.token != nil {
		attrs = append(attrs, slog.String("token", a.token.ID()))
	}
	return slog.GroupValue(attrs...)
}
