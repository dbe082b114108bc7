package models

import (
	"context"
	"crypto/hmac"
	"net/netip"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// How often a password may be wrong. None of it keeps anybody out for longer
// than maxDelay, and a device that has signed in before is not held up by what
// others try.
const (
	addressFailures = 30 // from one address in one addressWindow
	addressWindow   = time.Minute
	accountFailures = 5 // in a row, before the next has to wait
	firstDelay      = time.Second
	maxDelay        = time.Minute
	deviceFailures  = 10 // in a row; then the device counts as unknown
	throttleMemory  = time.Hour
	deviceMemory    = 400 * 24 * time.Hour // no browser keeps a cookie for longer
)

// A throttle counts failures. Of what it counts only an HMAC is kept, so that
// the table tells nobody which names and addresses were tried.
type throttle struct {
	Hash         []byte `gorm:"primaryKey"`
	Failures     int
	LastAt       time.Time // of an address: when its window began
	BlockedUntil *time.Time
}

// wait is how long t still holds up, zero when it does not. A block that
// seems longer than any is the work of a clock that was set back.
func (t throttle) wait(now time.Time) time.Duration {
	if t.BlockedUntil == nil {
		return 0
	}
	left := t.BlockedUntil.Sub(now)
	if left > maxDelay {
		return 0
	}
	return max(left, 0)
}

// An attempt is one try at a password. It is counted as a failure before the
// password is looked at, or many at once would slip through together, and
// given back when the password was right.
type attempt struct {
	device, address, account []byte // device is nil for one that is not known
	byDevice                 bool   // the device's counter is the one that counts
}

func (s *Store) newAttempt(name, userID string, from Visitor) *attempt {
	try := &attempt{
		address: sum(s.keys.tokens, "throttle address "+addressKey(from.IP)),
		account: s.accountKey(name),
	}
	if id, ok := s.knownDevice(from.Device, userID); ok {
		try.device = sum(s.keys.tokens, "throttle device "+userID+"\n"+id)
	}
	return try
}

// accountKey takes a canonical name, of a user or of nobody.
func (s *Store) accountKey(name string) []byte {
	return sum(s.keys.tokens, "throttle account "+name)
}

// addressKey is what one client can hardly have many of: an IPv4 address, or
// the /64 that an IPv6 client is given as a whole.
func addressKey(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if !ip.Is6() {
		return ip.String()
	}
	prefix, _ := ip.Prefix(64) // fails only for more bits than there are
	return prefix.String()
}

// allowed looks, without counting or writing anything, whether the attempt may
// go on: a flood of refused attempts must not become a flood of writes.
func (s *Store) allowed(ctx context.Context, try *attempt) error {
	keys := [][]byte{try.address, try.account}
	if try.device != nil {
		keys = append(keys, try.device)
	}
	var rows []throttle
	if err := s.readingAcross(ctx, "nobody is signed in yet").Where("hash IN ?", keys).Find(&rows).Error; err != nil {
		return err
	}
	now := s.now()
	var left time.Duration
	for _, t := range rows {
		if hmac.Equal(t.Hash, try.device) {
			if t.Failures >= deviceFailures {
				try.device = nil // void: it counts as any other
			}
			continue
		}
		left = max(left, t.wait(now))
	}
	if try.device != nil {
		return nil
	}
	return heldUp(left)
}

// heldUp is the refusal of an attempt that has to wait, nil if it has not.
func heldUp(left time.Duration) error {
	if left <= 0 {
		return nil
	}
	seconds := (left + time.Second - 1).Truncate(time.Second)
	return &Error{Kind: TooMany, RetryAfter: min(seconds, maxDelay),
		Message: "Too many attempts failed. Wait a minute at most, then try again."}
}

// reserve counts the attempt as a failure, unless it has to wait.
func (s *Store) reserve(ctx context.Context, try *attempt) error {
	now := s.now()
	return s.acrossTenants(ctx, "nobody is signed in yet").Transaction(func(tx *gorm.DB) error {
		if try.device != nil {
			known, err := lockThrottle(tx, try.device)
			if err != nil {
				return err
			}
			if try.byDevice = known.Failures < deviceFailures; try.byDevice {
				return known.keep(tx, known.Failures+1, now, voidAfter(known.Failures+1, now))
			}
		}
		return try.reserveUnknown(tx, now)
	})
}

// reserveUnknown locks the address before the account, always, so that two
// attempts never wait for each other.
func (try *attempt) reserveUnknown(tx *gorm.DB, now time.Time) error {
	address, err := lockThrottle(tx, try.address)
	if err != nil {
		return err
	}
	account, err := lockThrottle(tx, try.account)
	if err != nil {
		return err
	}
	if err := heldUp(max(address.wait(now), account.wait(now))); err != nil {
		return err
	}
	if age := now.Sub(address.LastAt); age < 0 || age >= addressWindow {
		address.Failures, address.LastAt = 0, now
	}
	n := address.Failures + 1
	if err := address.keep(tx, n, address.LastAt, fullUntil(n, address.LastAt)); err != nil {
		return err
	}
	n = account.Failures + 1
	return account.keep(tx, n, now, delayedUntil(n, now))
}

// succeed gives the attempt back and clears what led to it. The address keeps
// its other failures: one known password must not pay for guessing others.
func (try *attempt) succeed(tx *gorm.DB) error {
	if try.byDevice {
		return forgetThrottle(tx, try.device)
	}
	address, err := lockThrottle(tx, try.address)
	if err != nil {
		return err
	}
	n := max(address.Failures-1, 0)
	if err := address.keep(tx, n, address.LastAt, fullUntil(n, address.LastAt)); err != nil {
		return err
	}
	return forgetThrottle(tx, try.account)
}

func fullUntil(failures int, began time.Time) *time.Time {
	if failures < addressFailures {
		return nil
	}
	return new(began.Add(addressWindow))
}

// delayedUntil doubles the delay with every failure: 1, 2, 4 … 60 seconds.
func delayedUntil(failures int, now time.Time) *time.Time {
	if failures < accountFailures {
		return nil
	}
	doublings := min(failures-accountFailures, 6) // more is past maxDelay anyway
	return new(now.Add(min(firstDelay<<doublings, maxDelay)))
}

// voidAfter keeps the count of a device that is void for as long as its cookie
// can live.
func voidAfter(failures int, now time.Time) *time.Time {
	if failures < deviceFailures {
		return nil
	}
	return new(now.Add(deviceMemory))
}

// lockThrottle reads a counter, making it if need be, and lets nobody else
// change it before tx ends.
func lockThrottle(tx *gorm.DB, key []byte) (t throttle, err error) {
	db := across(tx, "nobody is signed in yet")
	fresh := throttle{Hash: key, LastAt: tx.NowFunc()}
	if err := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&fresh).Error; err != nil {
		return t, err
	}
	err = db.Clauses(clause.Locking{Strength: "UPDATE"}).Where("hash = ?", key).Take(&t).Error
	return t, err
}

func (t throttle) keep(tx *gorm.DB, failures int, last time.Time, until *time.Time) error {
	return across(tx, "nobody is signed in yet").Model(&throttle{}).Where("hash = ?", t.Hash).
		Updates(map[string]any{"failures": failures, "last_at": last, "blocked_until": until}).Error
}

func forgetThrottle(tx *gorm.DB, key []byte) error {
	return across(tx, "nobody is signed in yet").Where("hash = ?", key).Delete(&throttle{}).Error
}
