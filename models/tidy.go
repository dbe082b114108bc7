package models

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// batch is how many rows are deleted in one transaction.
const batch = 500

// Tidy deletes what is over: expired sessions, failures that nobody has to wait
// for any more, setup codes, what came of grants, and old figures of the
// gateway. Call it every few minutes.
func (s *Store) Tidy(ctx context.Context) error {
	now := s.now()
	sweeps := []func(tx *gorm.DB) (int, error){
		func(tx *gorm.DB) (int, error) { return sweepSessions(tx, now) },
		func(tx *gorm.DB) (int, error) { return sweepThrottles(tx, now) },
		func(tx *gorm.DB) (int, error) { return sweepSetupCodes(tx, now) },
		func(tx *gorm.DB) (int, error) { return sweepDevices(tx, now) },
		sweepWithdrawals,
		func(tx *gorm.DB) (int, error) { return sweepTraffic(tx, now) },
	}
	for _, sweep := range append(sweeps, grantSweeps(now)...) {
		for n := batch; n == batch; {
			err := s.acrossTenants(ctx, "what is over is over in every tenant").Transaction(func(tx *gorm.DB) (err error) {
				n, err = sweep(tx)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func sweepSessions(tx *gorm.DB, now time.Time) (int, error) {
	var ids []string
	err := tx.Model(&Session{}).Where("expires_at <= ? OR seen_at <= ?", now, now.Add(-sessionIdle)).
		Limit(batch).Pluck("id", &ids).Error
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	// Asked again: a session may have been used meanwhile.
	return len(ids), tx.Where("id IN ? AND (expires_at <= ? OR seen_at <= ?)", ids, now, now.Add(-sessionIdle)).Delete(&Session{}).Error
}

// sweepThrottles gives a guesser nothing: whoever waits for throttleMemory has
// fewer tries than who goes on at one a maxDelay.
func sweepThrottles(tx *gorm.DB, now time.Time) (int, error) {
	var hashes [][]byte
	const over = "last_at < ? AND (blocked_until IS NULL OR blocked_until <= ?)"
	err := tx.Model(&throttle{}).Where(over, now.Add(-throttleMemory), now).Limit(batch).Pluck("hash", &hashes).Error
	if err != nil || len(hashes) == 0 {
		return 0, err
	}
	return len(hashes), tx.Where("hash IN ?", hashes).Where(over, now.Add(-throttleMemory), now).Delete(&throttle{}).Error
}

func sweepSetupCodes(tx *gorm.DB, now time.Time) (int, error) {
	return 0, tx.Where("expires_at <= ?", now).Delete(&setupCode{}).Error
}

// sweepDevices lets a program that still asks hear that its code is over, for
// as long as the code has lived.
func sweepDevices(tx *gorm.DB, now time.Time) (int, error) {
	var hashes [][]byte
	err := tx.Model(&deviceCode{}).Where("expires_at <= ?", now.Add(-deviceLife)).Limit(batch).Pluck("hash", &hashes).Error
	if err != nil || len(hashes) == 0 {
		return 0, err
	}
	return len(hashes), tx.Where("hash IN ?", hashes).Delete(&deviceCode{}).Error
}
