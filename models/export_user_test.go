package models

import (
	"context"
	"fmt"
)

// What tests of people and passwords look at from inside.
var (
	CanonicalUsername = canonicalUsername
	CheckPassword     = checkPassword
	MatchesHash       = matchesHash
	CurrentHash       = currentHash
)

// SetHash stores another password hash, as an older release would have.
func (s *Store) SetHash(ctx context.Context, username, hash string) error {
	return s.acrossTenants(ctx, "a test").Model(&User{}).Where("username = ?", username).Update("password_hash", hash).Error
}

// Hash reads what is stored of a password.
func (s *Store) Hash(ctx context.Context, username string) (hash string, err error) {
	err = s.acrossTenants(ctx, "a test").Model(&User{}).Select("password_hash").Where("username = ?", username).Take(&hash).Error
	return hash, err
}

// Throttles counts the rows of the throttle and what they hold together, which
// changes with every write to it.
func (s *Store) Throttles(ctx context.Context) (rows int, all string, err error) {
	var list []throttle
	err = s.acrossTenants(ctx, "a test").Order("hash").Find(&list).Error
	for _, t := range list {
		all += fmt.Sprintf("%x %d %v %v\n", t.Hash, t.Failures, t.LastAt, t.BlockedUntil)
	}
	return len(list), all, err
}

// Flush writes what was collected.
func (s *Store) Flush(ctx context.Context) error { return s.flush(ctx, true) }

// EnterAll takes every place to hash in, and waiting passwords besides.
func (s *Store) EnterAll(ctx context.Context) (leave func()) {
	n := cap(s.passwords.queue)
	for range n {
		s.passwords.queue <- struct{}{}
	}
	return func() {
		for range n {
			<-s.passwords.queue
		}
	}
}
