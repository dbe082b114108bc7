package models

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"latchkey/migrations"
)

const (
	wakeChannel = "latchkey_withdrawals" // of LISTEN and NOTIFY
	lookEvery   = 20 * time.Millisecond  // how often SQLite is asked whether another connection wrote
	silence     = 15 * time.Second       // after which the connection that listens is tried
	watchAgain  = time.Second            // after a failure
)

// watch wakes the lease whenever something may have been withdrawn. Without it
// the lease finds out by itself, a fourth of a second later.
func (s *Store) watch(ctx context.Context, wake chan<- struct{}, log *slog.Logger) {
	watching := s.listen
	if s.dialect == migrations.SQLite {
		watching = s.look
	}
	for told := false; ctx.Err() == nil; {
		err := watching(ctx, wake)
		if s.memory.lease.waking.Swap(false) {
			told = false // it had worked
		}
		if !told && ctx.Err() == nil {
			told = true
			log.Warn("withdrawals are heard of late, within a fourth of a second", "err", err)
		}
		select {
		case <-time.After(watchAgain):
		case <-ctx.Done():
		}
	}
}

func nudge(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default: // it is to wake already
	}
}

// listen waits for PostgreSQL to notify, on a connection of its own: a pooler
// would give it to somebody else.
func (s *Store) listen(ctx context.Context, wake chan<- struct{}) error {
	cfg, err := parsePostgres(cmp.Or(s.direct, s.database))
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it is over either way
	if _, err := conn.Exec(ctx, "LISTEN "+wakeChannel); err != nil {
		return err
	}
	s.memory.lease.waking.Store(true)
	for {
		nudge(wake)
		if err := heard(ctx, conn); err != nil {
			return err
		}
	}
}

// heard returns when there was a notification. A connection that is silent for
// long is tried: one that a network dropped would stay silent for ever.
func heard(ctx context.Context, conn *pgx.Conn) error {
	for {
		quiet, cancel := context.WithTimeout(ctx, silence)
		_, err := conn.WaitForNotification(quiet)
		late := errors.Is(quiet.Err(), context.DeadlineExceeded)
		cancel()
		if err == nil || !late {
			return err
		}
		try, cancel := context.WithTimeout(ctx, leaseTerm)
		err = conn.Ping(try)
		cancel()
		if err != nil {
			return err
		}
	}
}

// look asks SQLite again and again whether another connection has written.
func (s *Store) look(ctx context.Context, wake chan<- struct{}) error {
	pool, err := s.reader.DB()
	if err != nil {
		return err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for last := int64(-1); ; {
		var version int64
		if err := conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version); err != nil {
			return err
		}
		s.memory.lease.waking.Store(true)
		if version != last {
			last = version
			nudge(wake)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
