package models

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"latchkey/migrations"
)

// A known token is a token with all that decides about it. It never changes
// but for its use, so that many requests may share it.
type known struct {
	identity
	presented Presented
	mark      mark // of the token
	counted   use
}

// AccessByToken proves a token that a client presented. Why a token does not
// work is told only to who knew the secret.
func (s *Store) AccessByToken(ctx context.Context, secret Secret, from Client) (*Access, error) {
	hash := s.keys.presented.token(secret)
	k := s.memory.token(hash)
	if k == nil {
		var err error
		if k, err = s.lookUp(ctx, hash); err != nil {
			return nil, err
		}
	}
	if why := k.refusal(s.now(), from); why != "" {
		s.refusals.noteToken(k, why, from, s.now())
		s.usage.note(k.use, 0, from)
		return nil, errorf(InvalidToken, "%s", why)
	}
	return &Access{identity: &k.identity, client: from}, nil
}

// lookUp asks the database about a token, and remembers one that works. What
// does not work is not remembered: a flood of it must not push out what does.
func (s *Store) lookUp(ctx context.Context, hash tokenHash) (*known, error) {
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
	k, err := s.readToken(ctx, hash)
	if isMissing(err) {
		return nil, errBadToken
	}
	if err != nil {
		return nil, err
	}
	if k.works(s.now()) {
		s.memory.keepToken(hash, k, applied)
	}
	return k, nil
}

// readToken reads a token, and its owner's standing unless memory has it.
func (s *Store) readToken(ctx context.Context, hash tokenHash) (*known, error) {
	v, err := s.lookup.fields(s.lookup.token.row(ctx, hash[:]), tokenFields)
	if err != nil {
		return nil, err
	}
	st, err := s.standingOf(ctx, v[4], v[5])
	if err != nil {
		return nil, err
	}
	k := &known{presented: newPresented(v[0], v[1], v[2], v[3]), mark: s.memory.markOf(v[0])}
	k.presented.AllowedCIDRs = prefixes(strings.Fields(v[7]))
	k.presented.lifespan = lifespan{s.lookup.instant(v[8], &err), s.lookup.instant(v[9], &err), s.lookup.instant(v[10], &err), v[11] != ""}
	k.identity = identity{standing: st, rights: st.narrowedTo(v[6]), token: &k.presented}
	k.use = s.usage.of(k)
	return k, err
}

// lookupContext bounds the wait for a server that is away. A SQLite file is
// never away.
func (s *Store) lookupContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.dialect == migrations.SQLite {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, 2*time.Second)
}

// works reports whether the token does, from the right address.
func (k *known) works(now time.Time) bool {
	return k.presented.status(&k.policy, now.UnixMicro()) == Active && !k.stopped && !k.suspended
}

// refusal says why the token does not work now, or nothing when it does.
func (k *known) refusal(now time.Time, from Client) string {
	switch status := k.presented.status(&k.policy, now.UnixMicro()); {
	case status == Revoked:
		return "The token was revoked."
	case status == Expired && k.presented.expires == 0 && !k.policy.AllowNever:
		return "Tokens that never expire are not allowed by the tenant's policy."
	case status == Expired:
		return "The token has expired."
	case status == Pending:
		return "The token is not valid yet."
	case k.stopped:
		return "The owner of the token is disabled."
	case k.suspended:
		return "The tenant is suspended."
	case !allowedFrom(k.presented.AllowedCIDRs, from.IP):
		return "The token may not be used from this address."
	}
	return ""
}

// allowedFrom reports whether an address is in one of the ranges, or there are
// none. No address is in no range.
func allowedFrom(ranges []netip.Prefix, ip netip.Addr) bool {
	for _, p := range ranges {
		if p.Contains(ip.Unmap()) {
			return true
		}
	}
	return len(ranges) == 0
}
