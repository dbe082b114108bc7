package models

import (
	"cmp"
	"context"
	"database/sql"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"latchkey/migrations"
)

const (
	usageEvery  = time.Minute // a token's use is written at most this often
	usageBatch  = 500         // tokens written in one transaction, so that others get their turn
	usageShards = 64          // so that requests with different tokens do not wait for each other
)

// usage knows which tokens were used, and Run writes it down now and then:
// never a write for a request, and a crash loses a minute at worst.
type usage struct {
	seed   maphash.Seed
	shards [usageShards]usageShard
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
	if other == nil || other == e {
		shard.uses[e.of.ID] = e
		return
	}
	other.add(e.unlist())
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

// flushUsage writes the uses that are due, or all of them. What cannot be
// written is kept for the next time.
func (s *Store) flushUsage(ctx context.Context, all bool) (err error) {
	now := s.now()
	due := s.usage.take(now, all)
	slices.SortFunc(due, func(a, b *use) int { return cmp.Compare(a.of.ID, b.of.ID) })
	for batch := range slices.Chunk(due, usageBatch) {
		taken := make([]noted, len(batch))
		for i, e := range batch {
			taken[i] = e.empty(now.UnixMicro())
		}
		if werr := s.writeUsage(ctx, batch, taken); werr != nil {
			err = werr
			for i, e := range batch {
				e.add(taken[i])
			}
		}
	}
	return err
}

// useWrites note one token each, and seenWrites one member. They are written out
// because they run for every token in use, every minute: GORM would take ten
// times as long.
var (
	useWrites = []string{
		`INSERT INTO token_days (tenant_id, token_id, day, allowed, refused) VALUES (?, ?, ?, ?, ?)
		 ON CONFLICT (tenant_id, token_id, day) DO UPDATE
		 SET allowed = token_days.allowed + excluded.allowed, refused = token_days.refused + excluded.refused`,
		`UPDATE tokens SET last_used_at = ?, last_used_ip = ?, last_used_agent = ?
		 WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)`,
	}
	seenWrites = []string{`UPDATE members SET last_seen_at = ?
		 WHERE tenant_id = ? AND user_id = ? AND (last_seen_at IS NULL OR last_seen_at < ?)`}
)

// writeUsage writes a batch, of all tenants: a token names its tenant. Members
// are written apart from tokens, and each in order: who removes a member, or
// writes the same uses in another process, must not wait in a circle.
func (s *Store) writeUsage(ctx context.Context, batch []*use, taken []noted) error {
	seen := map[memberKey]int64{}
	for i, e := range batch {
		who := memberKey{e.by.tenant.ID, e.by.user.ID}
		seen[who] = max(seen[who], taken[i].at)
	}
	err := s.prepared(ctx, seenWrites, func(run []*sql.Stmt) error { return writeSeen(ctx, run[0], seen) })
	if err != nil {
		return err
	}
	day := s.now().Format(time.DateOnly)
	return s.prepared(ctx, useWrites, func(run []*sql.Stmt) error {
		for i, e := range batch {
			if err := e.write(ctx, run, day, taken[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// prepared runs f with statements in one transaction.
func (s *Store) prepared(ctx context.Context, queries []string, f func(run []*sql.Stmt) error) error {
	tx, err := s.sql().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	run := make([]*sql.Stmt, len(queries))
	for i, query := range queries {
		if run[i], err = tx.PrepareContext(ctx, s.dialectSQL(query)); err != nil { //nolint:sqlclosecheck // closed below
			return err
		}
		defer run[i].Close() //nolint:errcheck // ending the transaction closes it too
	}
	if err := f(run); err != nil {
		return err
	}
	return tx.Commit()
}

func writeSeen(ctx context.Context, run *sql.Stmt, seen map[memberKey]int64) error {
	order := func(a, b memberKey) int {
		return cmp.Or(cmp.Compare(a.tenantID, b.tenantID), cmp.Compare(a.userID, b.userID))
	}
	for _, who := range slices.SortedFunc(maps.Keys(seen), order) {
		if at := fromMicros(seen[who]); at != nil {
			if _, err := run.ExecContext(ctx, *at, who.tenantID, who.userID, *at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *use) write(ctx context.Context, run []*sql.Stmt, day string, n noted) error {
	_, err := run[0].ExecContext(ctx, e.by.tenant.ID, e.of.ID, day, n.allowed, n.refused)
	if at := fromMicros(n.at); err == nil && at != nil {
		_, err = run[1].ExecContext(ctx, *at, n.client.Address(), n.client.agent(), e.of.ID, *at)
	}
	return err
}

// dialectSQL writes the parameters as the database does.
func (s *Store) dialectSQL(query string) string {
	if s.dialect == migrations.SQLite {
		return query
	}
	parts := strings.Split(query, "?")
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(part)
	}
	return b.String()
}

// A TokenDay is how often a token was let in and refused on one day (UTC).
type TokenDay struct {
	TenantID string `gorm:"primaryKey"`
	TokenID  string `gorm:"primaryKey"`
	Day      string `gorm:"primaryKey"` // YYYY-MM-DD
	Allowed  int
	Refused  int
}
