package models

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"latchkey/migrations"
)

// Backup writes a consistent copy of a SQLite database to file, which must not
// exist, while servers go on serving. Only its owner can read it.
func (s *Store) Backup(ctx context.Context, file string) (err error) {
	if s.dialect != migrations.SQLite {
		return errorf(Conflict, "This copies SQLite databases only. Use pg_dump for PostgreSQL.")
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return errorf(Conflict, "%s exists already. Name a new file.", file)
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(file)) // half a copy is worse than none
		}
	}()
	if err := s.copyTo(ctx, file); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return f.Sync()
}

// copyTo reads in one snapshot, beside the writers, so that none needs to wait.
func (s *Store) copyTo(ctx context.Context, file string) error {
	db, err := s.reader.DB()
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	// It may write from here on, so it must not go back to those that only read.
	defer func() {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		_ = conn.Close()
	}()
	if _, err := conn.ExecContext(ctx, "PRAGMA query_only = 0"); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "VACUUM INTO ?", file)
	return err
}
