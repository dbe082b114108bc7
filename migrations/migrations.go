// Package migrations holds the schema, written once for each database, and
// brings a database up to it. Files only ever go forward: a mistake is mended
// by the next one.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// A Dialect is one of the databases that the schema is written for.
type Dialect string

// The dialects; each names the folder of its files.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// ErrNewer says that the database was migrated by a later release. Running on
// it could undo what that release relies on.
var ErrNewer = errors.New("the database belongs to a newer release of Latchkey: run that one, or restore a backup")

// A Status is one migration and whether the database has it.
type Status struct {
	Name    string
	Applied bool
}

// Files returns the SQL files of a dialect, at the top level.
func Files(d Dialect) (fs.FS, error) { return fs.Sub(files, string(d)) }

// Apply brings the database up to date. Several processes may call it at once:
// one does the work and the others wait for it.
func Apply(ctx context.Context, db *sql.DB, d Dialect) error {
	list, err := List(ctx, db, d)
	if err != nil {
		return err
	}
	if current(list) {
		return nil // taking the lock would make every start wait for every other
	}
	for attempt := 0; ; attempt++ {
		p, err := provider(db, d)
		if err != nil {
			return err
		}
		if _, err = p.Up(ctx); err == nil {
			return nil
		}
		// SQLite has no lock that spans several transactions. Another process may
		// have applied the migration between our look and our write, and then
		// ours failed whole; what is left to do shows when looking again.
		if ok, lerr := Current(ctx, db, d); lerr == nil && ok {
			return nil
		}
		if d != SQLite || attempt == 5 {
			return err
		}
	}
}

// List tells which migrations there are and which the database has. It is
// ErrNewer when the database has one that this program does not know.
func List(ctx context.Context, db *sql.DB, d Dialect) ([]Status, error) {
	p, err := provider(db, d)
	if err != nil {
		return nil, err
	}
	have, err := version(ctx, db, d)
	if err != nil {
		return nil, err
	}
	var list []Status
	var known int64
	for _, s := range p.ListSources() {
		list = append(list, Status{Name: s.Path, Applied: s.Version <= have})
		known = max(known, s.Version)
	}
	if have > known {
		return nil, ErrNewer
	}
	return list, nil
}

// Current reports whether the database has every migration.
func Current(ctx context.Context, db *sql.DB, d Dialect) (bool, error) {
	list, err := List(ctx, db, d)
	return err == nil && current(list), err
}

func current(list []Status) bool {
	return len(list) > 0 && list[len(list)-1].Applied
}

// version reads the last applied migration without creating goose's table, so
// that asking leaves an empty database empty.
func version(ctx context.Context, db *sql.DB, d Dialect) (v int64, err error) {
	exists := "SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'"
	if d == Postgres {
		exists = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'goose_db_version' AND table_schema = current_schema()"
	}
	var n int
	if err := db.QueryRowContext(ctx, exists).Scan(&n); err != nil || n == 0 {
		return 0, err
	}
	err = db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&v)
	return v, err
}

func provider(db *sql.DB, d Dialect) (*goose.Provider, error) {
	dir, err := Files(d)
	if err != nil {
		return nil, err
	}
	if d == SQLite {
		return goose.NewProvider(goose.DialectSQLite3, db, dir)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return nil, fmt.Errorf("migration lock: %w", err)
	}
	return goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithSessionLocker(locker))
}
