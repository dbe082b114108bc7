package models

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	leaseTerm  = time.Second        // how long a withdrawal waits for a process that does not answer
	leaseHold  = leaseTerm * 9 / 10 // how long a process may serve from memory: clocks may differ by a tenth
	renewEvery = leaseTerm / 4
	ackEvery   = 256 // withdrawals of the process's own after which it acknowledges all the same
)

// A lease is the right of a process to serve from memory for a while. Time is
// the process's own, which nobody sets: it is never compared with another's.
type lease struct {
	start  time.Time      // what the other instants are counted from
	until  atomic.Int64   // nanoseconds since start; the lease is held before it
	waking atomic.Bool    // something wakes the loop when there is a withdrawal
	id     atomic.Value   // string: the row in replicas; without one, none
	own    ownWithdrawals // of this process, forgotten here already

	reached int64 // the last withdrawal that is forgotten here; only the loop knows it
	foreign int64 // the last of them that another process may wait for
}

func (l *lease) now() time.Duration { return time.Since(l.start) }

func (l *lease) held() bool { return int64(l.now()) < l.until.Load() }

func (l *lease) replicaID() string {
	id, _ := l.id.Load().(string)
	return id
}

// A replica is a process that serves from memory, as withdrawers see it.
type replica struct {
	ID      string
	SeenSeq int64
}

// ownWithdrawals are the numbers that nobody else waits for.
type ownWithdrawals struct {
	mu      sync.Mutex
	numbers map[int64]bool
}

func (o *ownWithdrawals) add(seq int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.numbers == nil {
		o.numbers = map[int64]bool{}
	}
	o.numbers[seq] = true
}

// empty drops all: another row has taken the place of the one that they were
// withdrawn beside, and somebody may wait for that.
func (o *ownWithdrawals) empty() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.numbers)
}

// pass drops the numbers up to seq, and returns them. They are dropped whether
// or not they were read: a renewal can be faster than add.
func (o *ownWithdrawals) pass(seq int64) map[int64]bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	passed := map[int64]bool{}
	for own := range o.numbers {
		if own <= seq {
			passed[own] = true
			delete(o.numbers, own)
		}
	}
	return passed
}

// keepLease renews the lease until ctx ends, four times in its term and at once
// when wake says that something was withdrawn. Then it gives the lease back.
func (s *Store) keepLease(ctx context.Context, wake <-chan struct{}, log *slog.Logger) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for failed := false; ctx.Err() == nil; {
		err := s.renew(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			log.Warn("the lease on memory cannot be renewed: the database verifies every token", "err", err)
		}
		if err == nil && failed {
			log.Info("tokens are verified from memory again")
		}
		failed = err != nil
		select {
		case <-tick.C:
		case <-wake:
		case <-ctx.Done():
		}
	}
	s.giveLeaseBack(context.WithoutCancel(ctx), log)
}

// giveLeaseBack stops serving from memory and then says so, so that nobody
// waits for a process that has ended.
func (s *Store) giveLeaseBack(ctx context.Context, log *slog.Logger) {
	l := &s.memory.lease
	l.until.Store(0)
	ctx, cancel := context.WithTimeout(ctx, leaseTerm)
	defer cancel()
	logFailure(log, "giving the lease back", s.replicas(ctx).Where("id = ?", l.replicaID()).Delete(&replica{}).Error)
}

// renew makes sure that everything withdrawn so far is forgotten here, tells
// whoever waits for that, and only then extends the lease: one that was
// extended before could still run when nobody waits for this process any more.
// The lease counts from before the database was asked.
func (s *Store) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaseHold)
	defer cancel()
	l, asked := &s.memory.lease, s.memory.lease.now()
	seen, last, err := s.seenAndLast(ctx)
	if err != nil {
		return err
	}
	if seen < 0 || last < l.reached {
		return s.register(ctx)
	}
	if err := s.catchUp(ctx, last); err != nil {
		return err
	}
	if seen < l.foreign || last-seen >= ackEvery {
		known, err := s.acknowledge(ctx, last)
		if err != nil {
			return err
		}
		if !known {
			return s.register(ctx)
		}
	}
	l.until.Store(int64(asked + leaseHold))
	return nil
}

// register takes a row among the replicas. What was read before the row was
// there may have been withdrawn without anybody waiting, so it is forgotten
// afterwards; and if it is not known whether the row is there, it is not used.
func (s *Store) register(ctx context.Context) error {
	l, id := &s.memory.lease, newID("rep")
	l.until.Store(0)
	var seen int64
	err := s.sql().QueryRowContext(ctx, s.dialectSQL(`INSERT INTO replicas (id, seen_seq)
		SELECT ?, seq FROM withdrawal_counter WHERE id = 1 RETURNING seen_seq`), id).Scan(&seen)
	if err != nil {
		return err
	}
	s.memory.forgetAll()
	l.reached, l.foreign = seen, seen
	l.id.Store(id)
	l.own.empty()
	return s.renew(ctx)
}

// seenAndLast reads, at one instant, up to where others believe that this
// process has forgotten, -1 when they do not know it, and the last withdrawal.
func (s *Store) seenAndLast(ctx context.Context) (seen, last int64, err error) {
	db, err := s.reader.DB() // a long write on SQLite must not cost the lease
	if err != nil {
		return -1, 0, err
	}
	var known sql.NullInt64
	err = db.QueryRowContext(ctx, s.dialectSQL(`SELECT r.seen_seq, c.seq FROM withdrawal_counter c
		LEFT JOIN replicas r ON r.id = ? WHERE c.id = 1`), s.memory.lease.replicaID()).Scan(&known, &last)
	if !known.Valid {
		known.Int64 = -1
	}
	return known.Int64, last, err
}

// catchUp forgets what was withdrawn up to last. Numbers have no gaps; where
// one is missing it was tidied away, and everything is forgotten.
func (s *Store) catchUp(ctx context.Context, last int64) error {
	l := &s.memory.lease
	if last == l.reached {
		return nil
	}
	var list []withdrawal
	if err := s.replicas(ctx).Where("seq > ? AND seq <= ?", l.reached, last).Find(&list).Error; err != nil {
		return err
	}
	numbers, refs := map[int64]bool{}, make([]string, len(list))
	for i, w := range list {
		numbers[w.Seq], refs[i] = true, w.Ref
	}
	if int64(len(numbers)) < last-l.reached {
		s.memory.forgetAll()
		l.foreign = last
	} else {
		s.memory.forget(refs...)
	}
	own := l.own.pass(last)
	for seq := range numbers {
		if !own[seq] {
			l.foreign = max(l.foreign, seq)
		}
	}
	l.reached = last
	return nil
}
