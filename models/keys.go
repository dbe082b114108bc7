package models

import (
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash"
	"sync"
	"time"

	"gorm.io/gorm/clause"
)

// keys are derived from the installation's secret, one for each purpose, so
// that what is computed for one can never pass for another.
type keys struct {
	tokens      []byte      // hashes of tokens, sessions, invitations and setup codes
	cursors     []byte      // signs the place in a list
	followers   []byte      // makes what takes the place of a refresh token
	devices     []byte      // signs the cookie of a device that has signed in before
	fingerprint []byte      // tells whether a database belongs to this secret
	presented   *macs       // with the key tokens, for every request
	sealer      cipher.AEAD // for secrets that must be read again
}

// ErrOtherSecret says that the database was made with another secret.
var ErrOtherSecret = errors.New("the database was made with another secret: give the secret file that belongs to it")

// NewSecret makes the secret of a new installation.
func NewSecret() []byte {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails: crypto/rand ends the program instead
	return secret
}

func deriveKeys(secret []byte) (k keys, err error) {
	if len(secret) < 32 {
		return k, fmt.Errorf("the secret has %d bytes, and must have at least 32", len(secret))
	}
	var sealing []byte
	for purpose, key := range map[string]*[]byte{
		"tokens": &k.tokens, "cursors": &k.cursors, "followers": &k.followers, "devices": &k.devices, "fingerprint": &k.fingerprint,
		"sealing": &sealing,
	} {
		if *key, err = hkdf.Key(sha256.New, secret, nil, "latchkey "+purpose, sha256.Size); err != nil {
			return k, err
		}
	}
	k.presented = newMacs(k.tokens)
	k.sealer, err = newSealer(sealing)
	return k, err
}

// sum is the HMAC-SHA-256 of s: all that is ever stored of a secret.
func sum(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return h.Sum(nil)
}

// A mac computes sums with one key. It keeps what it needs to begin, so that it
// costs no memory and half the time.
type mac struct {
	hash    hash.Hash
	in, out []byte
}

// macs are kept for the next request.
type macs struct{ sync.Pool }

func newMacs(key []byte) *macs {
	return &macs{sync.Pool{New: func() any { return &mac{hash: hmac.New(sha256.New, key)} }}}
}

// token is the sum of a token's secret.
func (m *macs) token(secret Secret) (sum tokenHash) {
	c := m.Get().(*mac)
	c.hash.Reset()
	c.in = append(c.in[:0], secret.value...)
	c.hash.Write(c.in)
	c.out = c.hash.Sum(c.out[:0])
	copy(sum[:], c.out)
	clear(c.in) // no secret stays in memory longer than its request
	m.Put(c)
	return sum
}

// An installation is the one row that ties a database to its secret.
type installation struct {
	ID          int `gorm:"primaryKey"`
	Fingerprint []byte
	CreatedAt   time.Time
}

// checkSecret claims a new database for the secret, and refuses one that
// another secret has claimed.
func (s *Store) checkSecret(ctx context.Context) error {
	db := s.acrossTenants(ctx, "the installation belongs to no tenant")
	claim := installation{ID: 1, Fingerprint: s.keys.fingerprint}
	if err := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&claim).Error; err != nil {
		return err
	}
	var kept installation
	if err := db.Where("id = 1").Take(&kept).Error; err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(kept.Fingerprint, s.keys.fingerprint) != 1 {
		return ErrOtherSecret
	}
	return nil
}
