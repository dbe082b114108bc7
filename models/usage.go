package models

import (
	"context"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
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

func (s *Store) writeUsage(ctx context.Context, batch map[string]use) error {
	db := s.acrossTenants(ctx, "one writer notes use for every tenant")
	return db.Transaction(func(tx *gorm.DB) error {
		for id, e := range batch {
			if err := e.write(tx, id, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e use) write(tx *gorm.DB, id string, now time.Time) error {
	day := TokenDay{TenantID: e.tenantID, TokenID: id, Day: now.Format(time.DateOnly), Allowed: e.allowed, Refused: e.refused}
	err := tx.Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "tenant_id"}, {Name: "token_id"}, {Name: "day"}},
		DoUpdates: clause.Assignments(map[string]any{
			"allowed": gorm.Expr("token_days.allowed + ?", e.allowed), "refused": gorm.Expr("token_days.refused + ?", e.refused),
		}),
	}).Create(&day).Error
	if err != nil || e.at.IsZero() {
		return err
	}
	err = tx.Model(&Token{}).Where("id = ? AND (last_used_at IS NULL OR last_used_at < ?)", id, e.at).
		Updates(map[string]any{"last_used_at": e.at, "last_used_ip": e.client.Address(), "last_used_agent": e.client.agent()}).Error
	if err != nil {
		return err
	}
	return tx.Model(&Member{}).Where("tenant_id = ? AND user_id = ? AND (last_seen_at IS NULL OR last_seen_at < ?)",
		e.tenantID, e.userID, e.at).Update("last_seen_at", e.at).Error
}

// A TokenDay is how often a token was let in and refused on one day (UTC).
type TokenDay struct {
	TenantID string `gorm:"primaryKey"`
	TokenID  string `gorm:"primaryKey"`
	Day      string `gorm:"primaryKey"` // YYYY-MM-DD
	Allowed  int
	Refused  int
}
