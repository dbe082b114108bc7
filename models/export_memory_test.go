package models

import (
	"context"
	"time"
)

// What tests of memory look at from inside, and what they do by hand.

// Renew renews the lease once, in place of Run.
func (s *Store) Renew(ctx context.Context) error { return s.renew(ctx) }

// HoldLease lets the store answer from memory for a minute, whoever knows of it.
func (s *Store) HoldLease() {
	s.memory.lease.until.Store(int64(s.memory.lease.now() + time.Minute))
}

// LoseLease takes the lease away.
func (s *Store) LoseLease() { s.memory.lease.until.Store(0) }

// ReplicaID is the row that the store has among the replicas.
func (s *Store) ReplicaID() string { return s.memory.lease.replicaID() }

// OwnWithdrawals counts the numbers that wait to be passed over.
func (s *Store) OwnWithdrawals() int {
	own := &s.memory.lease.own
	own.mu.Lock()
	defer own.mu.Unlock()
	return len(own.numbers)
}

// AddOwn is what a withdrawal does after it has forgotten.
func (s *Store) AddOwn(seq int64) { s.memory.lease.own.add(seq) }

// Forget withdraws in this store alone.
func (s *Store) Forget(refs ...string) { s.memory.forget(refs...) }

// Remembers reports whether a token would be answered from memory while the
// lease is held.
func (s *Store) Remembers(secret string) bool {
	k, ok := s.memory.tokens.GetIfPresent(s.keys.presented.token(Secret{value: secret}))
	return ok && s.memory.fresh(k.mark) && s.memory.freshStanding(k.standing)
}

// RemembersMember is Remembers for what a member may do.
func (s *Store) RemembersMember(tenantID, userID string) bool {
	st, ok := s.memory.standings.GetIfPresent(memberKey{tenantID, userID, ""})
	return ok && s.memory.freshStanding(st)
}

// ReadAround reads a token as a lookup does, with something that happens before
// and after, while nothing is kept yet.
func (s *Store) ReadAround(ctx context.Context, secret string, before, after func()) error {
	hash := s.keys.presented.token(Secret{value: secret})
	applied := s.memory.applied.Load()
	before()
	k, err := s.readToken(ctx, hash)
	after()
	if err == nil {
		s.memory.keepToken(hash, k, applied)
	}
	return err
}

// What tests of the gate do.

// MaxLookups is how many may wait.
const MaxLookups = maxLookups

// FillGate takes every place.
func (s *Store) FillGate() (leave func()) {
	for range cap(s.gate.inside) {
		s.gate.inside <- struct{}{}
	}
	return func() {
		for range cap(s.gate.inside) {
			s.gate.leave()
		}
	}
}

// EnterGate takes a place, and gives it back.
func (s *Store) EnterGate(ctx context.Context) error {
	err := s.gate.enter(ctx)
	if err == nil {
		s.gate.leave()
	}
	return err
}

// AtGate is how many wait.
func (s *Store) AtGate() int64 { return s.gate.waiting.Load() }
