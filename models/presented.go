package models

import (
	"net/netip"
	"time"
)

// A Presented token is what a request needs to know of the token that came
// with it. It is kept small: memory holds one for each token in use.
type Presented struct {
	ID, Name, Hint, Kind string
	AllowedCIDRs         []netip.Prefix // empty for anywhere
	lifespan
}

// newPresented keeps the words in one piece of their own: they are parts of a
// longer text, which would stay in memory with them.
func newPresented(id, name, hint, kind string) Presented {
	text := id + name + hint + kind
	name, hint = text[len(id):len(id)+len(name)], text[len(id)+len(name):len(id)+len(name)+len(hint)]
	return Presented{ID: text[:len(id)], Name: name, Hint: hint, Kind: text[len(text)-len(kind):]}
}

// ExpiresAt is when the token ends by itself, nil for never.
func (t *Presented) ExpiresAt() *time.Time { return fromMicros(t.expires) }

// A lifespan is all that decides when a token works: instants in microseconds
// since 1970, 0 for none.
type lifespan struct {
	created, notBefore, expires int64
	revoked                     bool
}

func (t *Token) lifespan() lifespan {
	return lifespan{t.CreatedAt.UnixMicro(), micros(t.NotBefore), micros(t.ExpiresAt), t.RevokedAt != nil}
}

// status is the state of a token at an instant, under a policy.
func (l lifespan) status(p *Policy, now int64) string {
	end := p.ends(l)
	switch {
	case l.revoked:
		return Revoked
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
