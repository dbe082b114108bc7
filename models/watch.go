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

var (
	errPooled = errors.New("--database leads through a pooler: name PostgreSQL itself with --direct-database")
	errDeaf   = errors.New("no notification arrives: a --direct-database must lead to PostgreSQL itself, and to the same database")
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
		pause := watchAgain
		if errors.Is(err, errPooled) {
			pause = silence // it is meant to be so
		}
		select {
		case <-time.After(pause):
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
	conn, err := s.connectToListen(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it is over either way
	if _, err := conn.Exec(ctx, "LISTEN "+wakeChannel); err != nil {
		return err
	}
	for {
		if err := s.echo(ctx, conn, wake); err != nil {
			return err
		}
		s.memory.lease.waking.Store(true)
		nudge(wake) // for what was withdrawn before anybody listened
		if err := heard(ctx, conn, wake); err != nil {
			return err
		}
	}
}

// connectToListen refuses a pooler unless it was named as the direct address:
// LISTEN would stay behind on a connection that others get. A pooler gives
// itself away because it cannot tell the backend that a statement will run on.
func (s *Store) connectToListen(ctx context.Context) (*pgx.Conn, error) {
	cfg, err := parsePostgres(cmp.Or(s.direct, s.database))
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil || s.direct != "" {
		return conn, err
	}
	var backend uint32
	err = conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend)
	if err == nil && backend != conn.PgConn().PID() {
		err = errPooled
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	return conn, nil
}

// echo makes sure that conn hears what the process notifies. Nothing less
// tells: a pooler takes LISTEN and passes nothing on, the direct address may
// lead to another database, and a network may have dropped the connection. The
// notification takes the way of a withdrawal, and conn itself sends nothing
// meanwhile: a pooler would hand out with the answer what it keeps back else.
func (s *Store) echo(ctx context.Context, conn *pgx.Conn, wake chan<- struct{}) error {
	within, cancel := context.WithTimeout(ctx, leaseTerm)
	defer cancel()
	word := newID("echo")
	if _, err := s.sql().ExecContext(within, "SELECT pg_notify($1, $2)", wakeChannel, word); err != nil {
		return err
	}
	for {
		n, err := conn.WaitForNotification(within)
		switch {
		case err != nil && ctx.Err() == nil && within.Err() != nil:
			return errDeaf
		case err != nil:
			return err
		case n.Payload == word:
			return nil
		}
		nudge(wake)
	}
}

// heard wakes the lease for each notification, until there was none for long.
func heard(ctx context.Context, conn *pgx.Conn, wake chan<- struct{}) error {
	for {
		quiet, cancel := context.WithTimeout(ctx, silence)
		_, err := conn.WaitForNotification(quiet)
		late := errors.Is(quiet.Err(), context.DeadlineExceeded)
		cancel()
		switch {
		case err == nil:
			nudge(wake)
		case late:
			return nil
		default:
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
