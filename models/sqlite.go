package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

// pragmas are what a revocation that was acknowledged rests on. A driver
// ignores a setting that it cannot spell, so each is read back at open.
var pragmas = map[string]string{
	"journal_mode": "wal",
	"synchronous":  "2", // FULL: with NORMAL a power cut loses acknowledged commits
	"foreign_keys": "1",
	"busy_timeout": "5000",
}

// openSQLite opens path twice: one connection that writes, so that writers
// queue in order instead of colliding, and a pool that only reads.
func openSQLite(ctx context.Context, path string, now func() time.Time) (writer, reader *gorm.DB, err error) {
	if path == "" || strings.ContainsAny(path, "?#") {
		return nil, nil, fmt.Errorf("database: %q is not the path of a SQLite file", path)
	}
	if err := private(path); err != nil {
		return nil, nil, err
	}
	if writer, err = sqlitePool(ctx, path, "immediate", 1, now); err != nil {
		return nil, nil, err
	}
	readers := max(4, runtime.NumCPU())
	if reader, err = sqlitePool(ctx, path+readOnly, "deferred", readers, now); err != nil {
		db, _ := writer.DB()
		return nil, nil, errors.Join(err, db.Close())
	}
	return writer, reader, nil
}

// private makes the file so that only its owner can read it; SQLite gives the
// files beside it the same mode.
func private(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return f.Close()
}

func sqlitePool(ctx context.Context, path, lock string, size int, now func() time.Time) (*gorm.DB, error) {
	file, query, _ := strings.Cut(path, "?")
	dsn := "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + query + sqliteOptions + "&_txlock=" + lock
	pool, err := sql.Open(sqliteDriver, dsn)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	err = checkPragmas(ctx, pool)
	for try := 0; try < 100 && err != nil && sqliteOutage(err.Error()); try++ {
		// SQLite does not wait by itself while another process that starts at
		// the same time turns the new file to WAL.
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
		err = checkPragmas(ctx, pool)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", file, err), pool.Close())
	}
	return gorm.Open(sqlite.Dialector{Conn: pool, DriverName: sqliteDriver}, gormConfig(now))
}

func checkPragmas(ctx context.Context, db *sql.DB) error {
	for name, want := range pragmas {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+name).Scan(&got); err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("SQLite runs with %s=%s, and must run with %s", name, got, want)
		}
	}
	return nil
}
