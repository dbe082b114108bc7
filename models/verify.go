package models

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"latchkey/migrations"
)

// AccessByToken proves a token that a client presented. Why a token does not
// work is told only to who knew the secret.
func (s *Store) AccessByToken(ctx context.Context, secret Secret, from Client) (*Access, error) {
	ctx, cancel := s.lookupContext(ctx)
	defer cancel()
	f, err := s.lookup.find(ctx, sum(s.keys.tokens, secret.value))
	if isMissing(err) {
		return nil, errBadToken
	}
	if err != nil {
		return nil, err
	}
	if why := f.refusal(s.now(), from); why != "" {
		s.refusals.noteToken(&f, why, from, s.now())
		s.usage.noteRefused(&f.token)
		return nil, errorf(InvalidToken, "%s", why)
	}
	id, err := s.newIdentity(ctx, f.tenant, f.policy, f.user, strings.Fields(f.roles))
	if err != nil {
		return nil, err
	}
	id.token, id.narrowed = &f.token, scopes(f.token.Scopes)
	return &Access{identity: id, client: from}, nil
}

// lookupContext bounds the wait for a server that is away. A SQLite file is
// never away, and what can be cancelled there costs two goroutines a request.
func (s *Store) lookupContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.dialect == migrations.SQLite {
		return context.WithoutCancel(ctx), func() {}
	}
	return context.WithTimeout(ctx, 2*time.Second)
}

// refusal says why the token does not work now, or nothing when it does.
func (f *found) refusal(now time.Time, from Client) string {
	switch status := f.token.Status(f.policy, now); {
	case status == Revoked:
		return "The token was revoked."
	case status == Expired && f.token.ExpiresAt == nil && !f.policy.AllowNever:
		return "Tokens that never expire are not allowed by the tenant's policy."
	case status == Expired:
		return "The token has expired."
	case status == Pending:
		return "The token is not valid yet."
	case f.stopped:
		return "The owner of the token is disabled."
	case f.suspended:
		return "The tenant is suspended."
	case !allowedFrom(f.token.AllowedCIDRs, from.IP):
		return "The token may not be used from this address."
	}
	return ""
}

// allowedFrom reports whether an address is in one of the ranges, or there are
// none. No address is in no range.
func allowedFrom(cidrs Words, ip netip.Addr) bool {
	for _, c := range cidrs {
		if p, err := netip.ParsePrefix(c); err == nil && p.Contains(ip.Unmap()) {
			return true
		}
	}
	return len(cidrs) == 0
}
