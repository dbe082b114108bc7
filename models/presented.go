package models

import (
	"net/netip"
	"time"
)

// A Presented token is a token that came with a request, with all that decides
// about it. It never changes but for its use, so that many requests may share
// it. It is kept small, and holds few pointers: memory has one for each token
// in use, and the garbage collector looks through all of them.
type Presented struct {
	*rights // and through them the standing
	lifespan
	counter *Presented      // where its use is counted, when another of the same token is listed already
	ranges  *[]netip.Prefix // where it may be used; nil for anywhere
	text    string          // id, hint, kind and name, one behind the other
	mark    mark            // of the token
	use     use
	id      uint8 // where it ends in text
	hint    uint8
	kind    uint8
	revoked bool
	listed  bool // in usage
}

// setWords copies the words into one piece: they are parts of a longer text,
// which would stay in memory with them.
func (t *Presented) setWords(id, hint, kind, name string) {
	t.text = id + hint + kind + name
	t.id, t.hint, t.kind = uint8(len(id)), uint8(len(id)+len(hint)), uint8(len(id)+len(hint)+len(kind))
}

// ID is the token's.
func (t *Presented) ID() string { return t.text[:t.id] }

// Hint is how the token is recognised: its beginning and its end.
func (t *Presented) Hint() string { return t.text[t.id:t.hint] }

// Kind is what the token is for, as it stands behind the brand.
func (t *Presented) Kind() string { return t.text[t.hint:t.kind] }

// Name is what the token is called.
func (t *Presented) Name() string { return t.text[t.kind:] }

// ExpiresAt is when the token ends by itself, nil for never.
func (t *Presented) ExpiresAt() *time.Time { return fromMicros(t.expires) }

func (t *Presented) allowedCIDRs() []netip.Prefix {
	if t.ranges == nil {
		return nil
	}
	return *t.ranges
}

// status is the state of the token at an instant.
func (t *Presented) status(now int64) string {
	if t.revoked {
		return Revoked
	}
	return t.lifespan.status(&t.policy, now)
}

// works reports whether the token does, from the right address.
func (t *Presented) works(now time.Time) bool {
	return t.status(now.UnixMicro()) == Active && !t.stopped && !t.suspended
}

// refusal says why the token does not work now, or nothing when it does.
func (t *Presented) refusal(now time.Time, from Client) string {
	switch status := t.status(now.UnixMicro()); {
	case status == Revoked:
		return "The token was revoked."
	case status == Expired && t.expires == 0 && !t.policy.AllowNever:
		return "Tokens that never expire are not allowed by the tenant's policy."
	case status == Expired:
		return "The token has expired."
	case status == Pending:
		return "The token is not valid yet."
	case t.stopped && t.user.ID == "":
		return "The application of the token was removed."
	case t.stopped:
		return "The owner of the token is disabled."
	case t.suspended:
		return "The tenant is suspended."
	case !allowedFrom(t.allowedCIDRs(), from.IP):
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

// A lifespan is when a token works: instants in microseconds since 1970, 0 for
// none.
type lifespan struct{ created, notBefore, expires int64 }

func (t *Token) lifespan() lifespan {
	return lifespan{t.CreatedAt.UnixMicro(), micros(t.NotBefore), micros(t.ExpiresAt)}
}

// status is the state at an instant, under a policy, of a token that is not
// revoked.
func (l lifespan) status(p *Policy, now int64) string {
	end := p.ends(l)
	switch {
	case l.expires == 0 && !p.AllowNever, end != 0 && now >= end: // the first asks no clock, which may be behind
		return Expired
	case l.notBefore != 0 && now < l.notBefore:
		return Pending
	}
	return Active
}

func micros(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(micros int64) *time.Time {
	if micros == 0 {
		return nil
	}
	t := time.UnixMicro(micros).UTC()
	return &t
}
