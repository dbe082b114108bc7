package models

import (
	"context"
	"sync"
	"time"

	"gorm.io/gorm"
)

// maxRefusals is how many different refusals are told apart between two
// flushes. Beyond it they are only counted, under one entry for the tenant.
const maxRefusals = 1000

// refusals collects what was refused, so that a flood of refusals becomes a
// few rows with a count and not a flood of writes.
type refusals struct {
	mu      sync.Mutex
	pending map[refusal]*refused
}

// A refusal is what makes two of them the same.
type refusal struct {
	tenant, action, actorID, actor, tokenID, hint, ip, subject string
}

type refused struct {
	first time.Time
	count int
}

// note records that a proved caller lacked a scope.
func (r *refusals) note(a *Access, s Scope) {
	id, name := a.actor()
	key := refusal{tenant: a.tenant.ID, action: "request.refused", actorID: id, actor: name,
		ip: a.client.Address(), subject: string(s)}
	if a.token != nil {
		key.tokenID, key.hint = a.token.ID(), a.token.Hint()
	}
	r.add(key, a.store.now())
}

// noteToken records that a token was presented that does not work.
func (r *refusals) noteToken(t *Presented, why string, from Client, now time.Time) {
	id, name := t.actor()
	r.add(refusal{tenant: t.tenant.ID, action: "token.refused", actorID: id, actor: name,
		tokenID: t.ID(), hint: t.Hint(), ip: from.Address(), subject: why}, now)
}

// noteSignIn records a wrong password in each tenant of the user, or in that
// of the installation when there is none.
func (r *refusals) noteSignIn(tenants []string, userID, username string, from Client, now time.Time) {
	if len(tenants) == 0 {
		tenants = []string{""}
	}
	for _, t := range tenants {
		r.add(refusal{tenant: t, action: "password.refused", actorID: userID, actor: username,
			ip: from.Address(), subject: username}, now)
	}
}

func (r *refusals) add(key refusal, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending == nil {
		r.pending = make(map[refusal]*refused)
	}
	e := r.pending[key]
	if e == nil && len(r.pending) >= maxRefusals {
		key = refusal{tenant: key.tenant, action: key.action, subject: "many others"}
		e = r.pending[key]
	}
	if e == nil {
		e = &refused{first: now}
		r.pending[key] = e
	}
	e.count++
}

// flushRefusals writes what was collected. What cannot be written is kept for
// the next time.
func (s *Store) flushRefusals(ctx context.Context) error {
	s.refusals.mu.Lock()
	pending := s.refusals.pending
	s.refusals.pending = nil
	s.refusals.mu.Unlock()
	if len(pending) == 0 {
		return nil
	}
	events := make([]AuditEvent, 0, len(pending))
	for k, v := range pending {
		events = append(events, AuditEvent{ID: newID("aud"), TenantID: k.tenant, At: v.first, Action: k.action, Outcome: Refused,
			ActorID: k.actorID, Actor: k.actor, TokenID: k.tokenID, TokenHint: k.hint, ClientIP: k.ip, Subject: k.subject, Count: v.count})
	}
	err := s.acrossTenants(ctx, "one writer records refusals for every tenant").Transaction(func(tx *gorm.DB) error {
		return tx.CreateInBatches(&events, 100).Error
	})
	if err != nil {
		s.refusals.restore(pending)
	}
	return err
}

func (r *refusals) restore(pending map[refusal]*refused) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, v := range r.pending {
		if e := pending[k]; e != nil {
			e.count += v.count
		} else if len(pending) < maxRefusals {
			pending[k] = v
		}
	}
	r.pending = pending
}
