package models

import (
	"hash/maphash"
	"sync"
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
	writing sync.Mutex // one at a time
}

type usageShard struct {
	mu   sync.Mutex
	uses map[string]*use // by token id; those of which something is to be written, or was in the last minute
}

func newUsage() *usage {
	u := &usage{seed: maphash.MakeSeed()}
	for i := range u.shards {
		u.shards[i].uses = map[string]*use{}
	}
	return u
}

// A use is what is known of a token's use and not written yet. A token that is
// remembered has its own, so that to count costs no search.
type use struct {
	mu     sync.Mutex
	of     *Presented
	by     *standing
	listed bool // in usage
	noted
}

// noted is the part of a use that is written.
type noted struct {
	at               int64 // microseconds since 1970; 0 when it was only refused
	client           Client
	allowed, refused uint32
	written          int64 // when it was last written down
}

// Used records that the caller's token was let in. It writes nothing.
func (a *Access) Used() { a.store.usage.note(a.use, a.store.now().UnixMicro(), a.client) }

// refused records that the caller's token was not.
func (a *Access) refused() { a.store.usage.note(a.use, 0, a.client) }

// of returns where the use of a token is counted: what is listed already, for
// a token that is not remembered is read anew by each request.
func (u *usage) of(k *known) *use {
	shard := u.shard(k.presented.ID)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if listed := shard.uses[k.presented.ID]; listed != nil {
		return listed
	}
	k.counted = use{of: &k.presented, by: k.standing}
	return &k.counted
}

// note counts one request, let in at an instant or, at 0, refused.
func (u *usage) note(e *use, at int64, from Client) {
	if e == nil {
		return // no token
	}
	e.mu.Lock()
	if at == 0 {
		e.refused++
	} else {
		e.at, e.client = at, from
		e.allowed++
	}
	listed := e.listed
	e.listed = true
	e.mu.Unlock()
	if !listed {
		u.list(e)
	}
}

func (u *usage) shard(id string) *usageShard {
	return &u.shards[maphash.String(u.seed, id)%usageShards]
}

// list makes sure that a use is written down. Where another of the same token
// is listed, because two requests read it at once, that one takes the counts.
func (u *usage) list(e *use) {
	shard := u.shard(e.of.ID)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	other := shard.uses[e.of.ID]
	if other != nil && other != e {
		other.add(e.unlist())
		return
	}
	shard.uses[e.of.ID] = e
	e.mu.Lock()
	defer e.mu.Unlock()
	e.listed = true
}

// unlist takes what is noted. Whoever notes something from then on lists anew:
// in two steps, what is noted between them would be counted nowhere.
func (e *use) unlist() noted {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.noted
	e.noted, e.listed = noted{written: n.written}, false
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
func (u *usage) restore(e *use, n noted) {
	e.add(n)
	u.list(e)
}

// due reports whether the use is to be written, and whether it is silent: it
// was not used since it was written, and no longer needs a place in the list.
func (e *use) due(now int64, all bool) (write, silent bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !all && now-e.written < usageEvery.Microseconds() {
		return false, false
	}
	silent = e.allowed == 0 && e.refused == 0
	e.listed = !silent
	return !silent, silent
}

// take removes what is due, and forgets tokens that fell silent.
func (u *usage) take(now time.Time, all bool) (due []*use) {
	for i := range u.shards {
		shard := &u.shards[i]
		shard.mu.Lock()
		for id, e := range shard.uses {
			write, silent := e.due(now.UnixMicro(), all)
			if write {
				due = append(due, e)
			}
			if silent {
				delete(shard.uses, id)
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
