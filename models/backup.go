package models

import (
	"context"
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

// copyTo reads in one snapshot, through a connection that cannot write, so that
// writers need not wait.
func (s *Store) copyTo(ctx context.Context, file string) error {
	db, err := s.reader.DB()
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", file)
	return err
}
