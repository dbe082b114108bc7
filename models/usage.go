package models

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	usageEvery  = time.Minute // a token's use is written at most this often
	usageBatch  = 500         // tokens written in one transaction, so that others get their turn
	usageShards = 64          // so that requests with different tokens do not wait for each other
)

// usage knows which tokens were used, and Run writes it down now and then:
// never a write for a request, and a crash loses a minute at worst.
type usage struct {
	seed    maphash.Seed
	shards  [usageShards]usageShard
	clients knownClients
	writing sync.Mutex   // one at a time
	due     []*Presented // what is being written, in the order of their ids
}

type usageShard struct {
	mu     sync.Mutex
	tokens map[string]*Presented // by id; those of which something is to be written, or was in the last minute
}

func newUsage() *usage {
	u := &usage{seed: maphash.MakeSeed()}
	for i := range u.shards {
		u.shards[i].tokens = map[string]*Presented{}
	}
	return u
}

// A use is what is known of a token's use and not written yet.
type use struct {
	mu sync.Mutex
	noted
}

// noted is the part of a use that is written.
type noted struct {
	at               int64   // microseconds since 1970; 0 when it was only refused
	client           *Client // nobody changes it
	allowed, refused uint32
	written          int64 // when it was last written down
}

// Used records that the caller's token was let in. It writes nothing.
func (a *Access) Used() { a.note(a.at) }

// refused records that the caller's token was not.
func (a *Access) refused() { a.note(0) }

func (a *Access) note(at int64) {
	if a.token != nil {
		a.store.usage.note(a.token, at, a.client)
	}
}

// listed returns what is listed of a token already, nil when nothing is: one
// that is not remembered is read anew by each request.
func (u *usage) listed(t *Presented) *Presented {
	shard := u.shard(t.ID())
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return shard.tokens[t.ID()]
}

// note counts one request, let in at an instant or, at 0, refused.
func (u *usage) note(t *Presented, at int64, from Client) {
	if t.counter != nil {
		t = t.counter
	}
	e := &t.use
	e.mu.Lock()
	if at == 0 {
		e.refused++
	} else {
		e.allowed++
		e.at = at
		if e.client == nil || *e.client != from {
			e.client = u.clients.one(from)
		}
	}
	listed := t.listed
	t.listed = true
	e.mu.Unlock()
	if !listed {
		u.list(t)
	}
}

// knownClients are kept once, not for each token: most come from few.
type knownClients struct {
	seen sync.Map // Client to *Client
	n    atomic.Int32
}

// maxClients are told apart between two times that all are forgotten.
const maxClients = 4096

func (k *knownClients) one(c Client) *Client {
	if kept, ok := k.seen.Load(c); ok {
		return kept.(*Client)
	}
	if k.n.Add(1) > maxClients {
		k.seen.Clear()
		k.n.Store(0)
	}
	c.UserAgent = strings.Clone(c.UserAgent)
	kept, _ := k.seen.LoadOrStore(c, &c)
	return kept.(*Client)
}

func (u *usage) shard(id string) *usageShard {
	return &u.shards[maphash.String(u.seed, id)%usageShards]
}

// list makes sure that a use is written down. Where another of the same token
// is listed, because two requests read it at once, that one takes the counts.
func (u *usage) list(t *Presented) {
	shard := u.shard(t.ID())
	shard.mu.Lock()
	defer shard.mu.Unlock()
	other := shard.tokens[t.ID()]
	if other != nil && other != t {
		other.use.add(t.unlist())
		return
	}
	shard.tokens[t.ID()] = t
	t.use.mu.Lock()
	defer t.use.mu.Unlock()
	t.listed = true
}

// unlist takes what is noted. Whoever notes something from then on lists anew:
// in two steps, what is noted between them would be counted nowhere.
func (t *Presented) unlist() noted {
	t.use.mu.Lock()
	defer t.use.mu.Unlock()
	n := t.use.noted
	t.use.noted, t.listed = noted{written: n.written}, false
	return n
}

// empty takes what is noted, and says when it was written.
func (e *use) empty(written int64) noted {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.noted
	e.noted = noted{written: max(n.written, written)}
	return n
}

func (e *use) add(n noted) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.allowed += n.allowed
	e.refused += n.refused
	if e.at < n.at {
		e.at, e.client = n.at, n.client
	}
}

// restore gives back what could not be written.
func (u *usage) restore(t *Presented, n noted) {
	t.use.add(n)
	u.list(t)
}

// due reports whether the use is to be written, and whether it is silent: it
// was not used since it was written, and no longer needs a place in the list.
func (t *Presented) due(now int64, all bool) (write, silent bool) {
	e := &t.use
	e.mu.Lock()
	defer e.mu.Unlock()
	if !all && now-e.written < usageEvery.Microseconds() {
		return false, false
	}
	silent = e.allowed == 0 && e.refused == 0
	t.listed = !silent
	return !silent, silent
}

// take removes what is due, and forgets tokens that fell silent.
func (u *usage) take(now time.Time, all bool) (due []*Presented) {
	for i := range u.shards {
		shard := &u.shards[i]
		shard.mu.Lock()
		for id, t := range shard.tokens {
			write, silent := t.due(now.UnixMicro(), all)
			if write {
				due = append(due, t)
			}
			if silent {
				delete(shard.tokens, id)
			}
		}
		shard.mu.Unlock()
	}
	return due
}

// A TokenDay is how often a token was let in and refused on one day (UTC).
type TokenDay struct {
	TenantID string `gorm:"primaryKey"`
	TokenID  string `gorm:"primaryKey"`
	Day      string `gorm:"primaryKey"` // YYYY-MM-DD
	Allowed  int
	Refused  int
}
