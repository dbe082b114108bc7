package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"latchkey/migrations"
)

// A withdrawal says that what was known of Ref before it is void.
type withdrawal struct {
	Seq int64
	Ref string
}

// withdraw notes that what is known of refs is void once the change is
// committed: tokens, users and tenants by their ids, members by memberRef, what
// is live in an environment by liveRef.
// Whatever a request may remember, and a change touches, is withdrawn; and it
// is withdrawn again when somebody asks again, so that the second answer
// promises as much as the first.
func (e *AuditEvent) withdraw(refs ...string) { e.withdrawn = append(e.withdrawn, refs...) }

// transact runs f in a transaction. When f withdraws something, transact
// returns only after no process can answer from what it knew before.
func (s *Store) transact(ctx context.Context, db *gorm.DB, e *AuditEvent, f func(tx *gorm.DB) error) error {
	var seq int64
	err := db.Transaction(func(tx *gorm.DB) (err error) {
		e.withdrawn = nil
		if err := f(tx); err != nil || len(e.withdrawn) == 0 {
			return err
		}
		seq, err = s.number(across(tx, "memory knows no tenants"), e.withdrawn)
		return err
	})
	if err != nil || seq == 0 {
		return err
	}
	committed := s.memory.lease.now()
	s.memory.forget(e.withdrawn...)
	if s.memory.lease.replicaID() != "" { // else nobody passes over it
		s.memory.lease.own.add(seq)
	}
	s.awaitReplicas(context.WithoutCancel(ctx), seq, committed+leaseTerm)
	return nil
}

// number gives a withdrawal its number. It comes last in its transaction: the
// counter's row is locked from here to the commit, so that numbers come in the
// order of the commits.
func (s *Store) number(tx *gorm.DB, refs []string) (seq int64, err error) {
	err = tx.Raw("UPDATE withdrawal_counter SET seq = seq + 1 WHERE id = 1 RETURNING seq").Scan(&seq).Error
	if err != nil {
		return 0, err
	}
	var list []withdrawal
	seen := map[string]bool{}
	for _, ref := range refs {
		if !seen[ref] {
			seen[ref], list = true, append(list, withdrawal{seq, ref})
		}
	}
	if err := tx.CreateInBatches(list, batch).Error; err != nil {
		return 0, err
	}
	if s.dialect == migrations.Postgres {
		err = tx.Exec("SELECT pg_notify(?, '')", wakeChannel).Error
	}
	return seq, err
}

// awaitReplicas returns when every other process that serves from memory has
// forgotten what was withdrawn up to seq, or none that has not can hold a lease
// any more. The latter are struck out, so that nobody waits for them again.
func (s *Store) awaitReplicas(ctx context.Context, seq int64, limit time.Duration) {
	l := &s.memory.lease
	for pause := time.Millisecond / 2; ; pause = min(2*pause, renewEvery/4) {
		left := limit - l.now()
		if left <= 0 {
			break
		}
		if n, err := s.behind(ctx, seq, left); err == nil && n == 0 {
			return
		}
		pause = min(pause, max(0, limit-l.now()))
		<-time.After(pause)
	}
	ctx, cancel := context.WithTimeout(ctx, leaseTerm)
	defer cancel()
	_ = s.replicas(ctx).Where("seen_seq < ? AND id <> ?", seq, s.memory.lease.replicaID()).Delete(&replica{}).Error // or the next one waits as long
}

// behind counts the other processes that have not forgotten yet.
func (s *Store) behind(ctx context.Context, seq int64, patience time.Duration) (n int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = s.replicas(ctx).Model(&replica{}).Where("seen_seq < ? AND id <> ?", seq, s.memory.lease.replicaID()).Count(&n).Error
	return n, err
}

// acknowledge tells the withdrawers up to where this process has forgotten. It
// is false when they do not know the process any more. It takes nothing back: a
// statement that was given up may still be done, and late. And it is kept like
// any other commit: a crash that lost it would let a process be struck out that
// holds its lease.
func (s *Store) acknowledge(ctx context.Context, seq int64) (known bool, err error) {
	res, err := s.sql().ExecContext(ctx, s.dialectSQL("UPDATE replicas SET seen_seq = ? WHERE id = ? AND seen_seq <= ?"),
		seq, s.memory.lease.replicaID(), seq)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// sweepWithdrawals deletes what every process has forgotten.
func sweepWithdrawals(tx *gorm.DB) (int, error) {
	res := tx.Where(`seq <= coalesce((SELECT min(seen_seq) FROM replicas), (SELECT seq FROM withdrawal_counter WHERE id = 1))`).
		Delete(&withdrawal{})
	return 0, res.Error
}

// replicas is the way to the tables of this file, which no tenant owns.
func (s *Store) replicas(ctx context.Context) *gorm.DB {
	return s.acrossTenants(ctx, "processes serve all tenants")
}
