package models

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"sync"
	"time"

	"latchkey/migrations"
)

const (
	usageEvery = time.Minute // a token's use is written at most this often
	usageBatch = 500         // tokens written in one transaction, so that others get their turn
)

// usage remembers when tokens were used, and Run writes it down now and then:
// never a write for a request, and a crash loses a minute at worst.
type usage struct {
	mu     sync.Mutex
	tokens map[string]*use // by token id
}

// A use is what is known of a token and not written yet.
type use struct {
	tenantID, userID string
	at               time.Time // zero when it was only refused
	client           Client
	allowed, refused int
	written          time.Time
}

// Used records that the caller's token was let in. It writes nothing.
func (a *Access) Used() { a.store.usage.note(a, true) }

func (u *usage) note(a *Access, allowed bool) {
	if a.token == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	e := u.of(a.token)
	if !allowed {
		e.refused++
		return
	}
	e.at, e.client = a.store.now(), a.client
	e.allowed++
}

// noteRefused counts a presentation of a token that does not work.
func (u *usage) noteRefused(t *Token) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.of(t).refused++
}

// of returns the entry of a token; the caller holds the lock.
func (u *usage) of(t *Token) *use {
	if u.tokens == nil {
		u.tokens = make(map[string]*use)
	}
	e := u.tokens[t.ID]
	if e == nil {
		e = &use{tenantID: t.TenantID, userID: t.UserID}
		u.tokens[t.ID] = e
	}
	return e
}

// take removes what is due, and forgets tokens that fell silent.
func (u *usage) take(now time.Time, all bool) map[string]use {
	u.mu.Lock()
	defer u.mu.Unlock()
	due := make(map[string]use)
	for id, e := range u.tokens {
		quiet := e.allowed == 0 && e.refused == 0
		switch {
		case !all && now.Sub(e.written) < usageEvery:
		case quiet:
			delete(u.tokens, id)
		default:
			due[id] = *e
			e.at, e.allowed, e.refused, e.written = time.Time{}, 0, 0, now
		}
	}
	return due
}

// giveBack keeps what could not be written for the next time.
func (u *usage) giveBack(id string, e use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	kept := u.of(&Token{ID: id, TenantID: e.tenantID, UserID: e.userID})
	kept.allowed += e.allowed
	kept.refused += e.refused
	if kept.at.IsZero() {
		kept.at, kept.client = e.at, e.client
	}
}

// flushUsage writes the uses that are due, or all of them.
func (s *Store) flushUsage(ctx context.Context, all bool) (err error) {
	due := s.usage.take(s.now(), all)
	for len(due) > 0 {
		batch := make(map[string]use, usageBatch)
		for id, e := range due {
			batch[id] = e
			delete(due, id)
			if len(batch) == usageBatch {
				break
			}
		}
		if berr := s.writeUsage(ctx, batch); berr != nil {
			err = berr
			for id, e := range batch {
				s.usage.giveBack(id, e)
			}
		}
	}
	return err
}

// usageWrites note one token each. They are written out because they run for
// every token in use, every minute: GORM would take ten times as long.
var usageWrites = []string{
	`INSERT INTO token_days (tenant_id, token_id, day, allowed, refused) VALUES (?, ?, ?, ?, ?)
	 ON CONFLICT (tenant_id, token_id, day) DO UPDATE
	 SET allowed = token_days.allowed + excluded.allowed, refused = token_days.refused + excluded.refused`,
	`UPDATE tokens SET last_used_at = ?, last_used_ip = ?, last_used_agent = ?
	 WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)`,
	`UPDATE members SET last_seen_at = ?
	 WHERE tenant_id = ? AND user_id = ? AND (last_seen_at IS NULL OR last_seen_at < ?)`,
}

// writeUsage writes a batch, of all tenants: a token names its tenant.
func (s *Store) writeUsage(ctx context.Context, batch map[string]use) error {
	tx, err := s.sql().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	var writes [3]*sql.Stmt
	for i, query := range usageWrites {
		if writes[i], err = tx.PrepareContext(ctx, s.dialectSQL(query)); err != nil { //nolint:sqlclosecheck // closed below
			return err
		}
		defer writes[i].Close() //nolint:errcheck // ending the transaction closes it too
	}
	day, seen := s.now().Format(time.DateOnly), make(map[[2]string]time.Time)
	for id, e := range batch {
		if err := e.write(ctx, writes, id, day); err != nil {
			return err
		}
		if member := [2]string{e.tenantID, e.userID}; e.at.After(seen[member]) {
			seen[member] = e.at
		}
	}
	for member, at := range seen {
		if _, err := writes[2].ExecContext(ctx, at, member[0], member[1], at); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (e use) write(ctx context.Context, writes [3]*sql.Stmt, id, day string) error {
	_, err := writes[0].ExecContext(ctx, e.tenantID, id, day, e.allowed, e.refused)
	if err == nil && !e.at.IsZero() {
		_, err = writes[1].ExecContext(ctx, e.at, e.client.Address(), e.client.agent(), id, e.at)
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
