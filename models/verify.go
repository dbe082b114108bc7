package models

import (
	"context"
	"strings"
	"time"

	"latchkey/migrations"
)

// AccessByToken proves a token that a client presented. Why a token does not
// work is told only to who knew the secret. One of a kind that lets no request
// in is refused unasked, as if it were unknown.
func (s *Store) AccessByToken(ctx context.Context, secret Secret, from Client) (*Access, error) {
	if !secret.proves() {
		return nil, errBadToken
	}
	hash := s.keys.presented.token(secret)
	t := s.memory.token(hash)
	if t == nil {
		var err error
		if t, err = s.lookUp(ctx, hash); err != nil {
			return nil, err
		}
	}
	now := s.now()
	if why := t.refusal(now, from); why != "" {
		s.refusals.noteToken(t, why, from, now)
		s.usage.note(t, 0, from)
		return nil, errorf(InvalidToken, "%s", why)
	}
	return &Access{identity: identity{rights: t.rights, token: t}, client: from, at: now.UnixMicro()}, nil
}

// lookUp asks the database about a token, and remembers one that works. What
// does not work is not remembered: a flood of it must not push out what does.
func (s *Store) lookUp(ctx context.Context, hash tokenHash) (*Presented, error) {
	ctx, cancel := s.lookupContext(ctx)
	defer cancel()
	if err := s.gate.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.leave()
	if s.dialect == migrations.SQLite {
		ctx = context.WithoutCancel(ctx) // what can be cancelled there costs two goroutines a request
	}
	applied := s.memory.applied.Load()
	t, err := s.readToken(ctx, hash)
	if isMissing(err) {
		return nil, errBadToken
	}
	if err != nil {
		return nil, err
	}
	if t.works(s.now()) {
		s.memory.keepToken(hash, t, applied)
	}
	return t, nil
}

// readToken reads a token, and its owner's standing unless memory has it.
func (s *Store) readToken(ctx context.Context, hash tokenHash) (*Presented, error) {
	v, err := s.lookup.fields(s.lookup.token.row(ctx, hash[:]), tokenFields)
	if err != nil {
		return nil, err
	}
	st, err := s.standingOf(ctx, memberKey{v[4], v[5], v[12]})
	if err != nil {
		return nil, err
	}
	t := &Presented{rights: st.narrowedTo(v[6]), mark: s.memory.markOf(v[0]), revoked: v[11] != ""}
	t.setWords(v[0], v[2], v[3], v[1])
	if cidrs := prefixes(strings.Fields(v[7])); cidrs != nil {
		t.ranges = &cidrs
	}
	t.lifespan = lifespan{s.lookup.instant(v[8], &err), s.lookup.instant(v[9], &err), s.lookup.instant(v[10], &err)}
	t.counter = s.usage.listed(t)
	return t, err
}

// lookupContext bounds the wait for a server that is away. A SQLite file is
// never away.
func (s *Store) lookupContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.dialect == migrations.SQLite {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, 2*time.Second)
}
