package models

import (
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
)

// memory is what a process remembers, so that a request need not ask the
// database. It may answer only while the lease is held, and what is withdrawn
// is never answered again: docs/revocation.md says why that holds.
//
// Nothing is searched for to be forgotten. Whatever is remembered carries the
// marks of the token, user, tenant, member, application or environment that it rests on, as they were
// when it was read; to withdraw is to move a mark on. Two that share a mark by
// chance are forgotten together, which costs one question to the database.
type memory struct {
	tokens    *otter.Cache[tokenHash, *Presented] // nil when nothing shall be remembered
	standings *otter.Cache[memberKey, *standing]
	servings  *otter.Cache[servingKey, *Serving]
	lease     lease
	applied   atomic.Uint64 // how often something was forgotten
	marks     [1 << 16]atomic.Uint32
	seed      maphash.Seed
}

// fewestStandings are remembered even where few tokens are: one serves all the
// tokens of a member.
const fewestStandings = 10_000

type (
	tokenHash [32]byte
	memberKey struct{ tenantID, userID, applicationID string } // one of the last two may be empty
)

// A mark is how far a place in memory.marks had moved on.
type mark struct{ place, count uint32 }

// newMemory returns a memory for so many tokens.
func newMemory(tokens int) *memory {
	m := &memory{seed: maphash.MakeSeed(), lease: lease{start: time.Now()}}
	if tokens > 0 {
		m.tokens = otter.Must(&otter.Options[tokenHash, *Presented]{MaximumSize: tokens})
		m.standings = otter.Must(&otter.Options[memberKey, *standing]{MaximumSize: max(tokens, fewestStandings)})
		m.servings = newServings()
	}
	return m
}

// token returns what is remembered of a token, nil when the database must be
// asked. The lease is asked first: one that is held says that every withdrawal
// which has returned has moved its mark on already. The other way round, a
// process that stood still between the two would answer from the past.
func (m *memory) token(hash tokenHash) *Presented {
	if !m.lease.held() {
		return nil
	}
	t, ok := m.tokens.GetIfPresent(hash)
	if !ok || !m.fresh(t.mark) || !m.freshStanding(t.standing) {
		return nil
	}
	return t
}

// standing returns what is remembered of a member, nil as with token.
func (m *memory) standing(who memberKey) *standing {
	if !m.lease.held() {
		return nil
	}
	st, ok := m.standings.GetIfPresent(who)
	if !ok || !m.freshStanding(st) {
		return nil
	}
	return st
}

func (m *memory) freshStanding(st *standing) bool {
	return m.fresh(st.marks[0]) && m.fresh(st.marks[1]) && m.fresh(st.marks[2]) && m.fresh(st.marks[3])
}

func (m *memory) fresh(at mark) bool { return m.marks[at.place].Load() == at.count }

// keepToken remembers a token that was read after applied was noted, unless
// something was withdrawn meanwhile: it may have been this.
func (m *memory) keepToken(hash tokenHash, t *Presented, applied uint64) {
	if m.applied.Load() == applied && m.lease.held() {
		m.tokens.Set(hash, t)
	}
}

// keepStanding is keepToken for a member.
func (m *memory) keepStanding(who memberKey, st *standing, applied uint64) {
	if m.applied.Load() == applied && m.lease.held() {
		m.standings.Set(who, st)
	}
}

func (m *memory) place(ref string) uint32 {
	return uint32(maphash.String(m.seed, ref)) % uint32(len(m.marks))
}

func (m *memory) markOf(ref string) mark {
	at := m.place(ref)
	return mark{at, m.marks[at].Load()}
}

// forget withdraws what rests on refs. The count comes first: who has read the
// database and takes the new mark must see that something was withdrawn.
func (m *memory) forget(refs ...string) {
	m.applied.Add(1)
	for _, ref := range refs {
		m.marks[m.place(ref)].Add(1)
	}
}

// forgetAll withdraws everything.
func (m *memory) forgetAll() {
	m.applied.Add(1)
	for i := range m.marks {
		m.marks[i].Add(1)
	}
}

// A MemoryState tells how a process verifies tokens now.
type MemoryState struct {
	Tokens  int    // remembered
	Serving bool   // from memory; else every request asks the database
	Waking  bool   // withdrawals are heard of at once; else within a fourth of a second
	Asked   uint64 // lookups that asked the database, since the start
	Refused uint64 // lookups that were refused because too many waited
}

// Memory tells how the process verifies tokens now.
func (s *Store) Memory() MemoryState {
	state := MemoryState{Serving: s.memory.lease.held(), Waking: s.memory.lease.waking.Load(),
		Asked: s.gate.passed.Load(), Refused: s.gate.refused.Load()}
	if s.memory.tokens != nil {
		state.Tokens = s.memory.tokens.EstimatedSize()
	}
	return state
}
