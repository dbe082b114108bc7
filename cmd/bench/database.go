package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"latchkey/models"
)

// The kinds of databases.
const (
	sqlite   = "sqlite"
	postgres = "postgres"
)

var titles = map[string]string{sqlite: "SQLite", postgres: "PostgreSQL"}

// tenant is the slug of the tenant that holds the tokens.
const tenant = "bench"

// A database is one that was made for a measurement.
type database struct {
	*bench
	kind, address string
	name          string // of the PostgreSQL database
	secret        []byte
	size          int
	tokens        []string // what is presented, in no order
	revoked       []string // tokens that were revoked over the API
}

// create makes an empty database. On PostgreSQL it is a database of its own,
// for the server counts statements and carries notifications by database.
func (b *bench) create(ctx context.Context, kind string) (*database, error) {
	d := &database{bench: b, kind: kind, secret: []byte(fmt.Sprintf("%x", models.NewSecret()))}
	if err := os.WriteFile(d.secretFile(), d.secret, 0o600); err != nil {
		return nil, err
	}
	if kind == sqlite {
		d.address = "sqlite:" + d.file()
		return d, nil
	}
	u, err := url.Parse(os.Getenv("TEST_POSTGRES"))
	if err != nil {
		return nil, errors.New("TEST_POSTGRES is no address") // err may hold the password
	}
	d.name = fmt.Sprintf("latchkey_bench_%d_%d", os.Getpid(), time.Now().UnixNano())
	u.Path = "/" + d.name
	d.address = u.String()
	return d, atServer(func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, "CREATE DATABASE "+d.name)
		return err
	})
}

func (d *database) file() string       { return filepath.Join(d.dir, "bench.db") }
func (d *database) secretFile() string { return filepath.Join(d.dir, "secret") }

// atServer uses the PostgreSQL server without touching a database of ours.
func atServer(f func(*sql.DB) error) error {
	db, err := sql.Open("pgx", os.Getenv("TEST_POSTGRES"))
	if err != nil {
		return err
	}
	return errors.Join(f(db), db.Close())
}

func (d *database) drop() error {
	if d.kind == sqlite {
		return errors.Join(os.Remove(d.file()), removeIfThere(d.file()+"-wal"), removeIfThere(d.file()+"-shm"))
	}
	return atServer(func(db *sql.DB) error {
		_, err := db.Exec("DROP DATABASE " + d.name + " WITH (FORCE)")
		return err
	})
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// open opens the database as the command line would.
func (d *database) open(ctx context.Context) (*models.Store, error) {
	return models.Open(ctx, models.Config{Database: d.address, Secret: d.secret})
}

// within opens the database for f.
func (d *database) within(ctx context.Context, f func(*models.Store) error) error {
	s, err := d.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.Close())
}

// revocations is how many tokens are revoked before anything is measured.
const revocations = 500

// fill makes the tenant and its tokens, and keeps those that are presented: an
// even part of all, in no order, so that no page of an index is met twice in a
// row.
func (d *database) fill(ctx context.Context, size int) error {
	d.size = size
	revoked := min(revocations, size/10)
	kept := min(size, d.warm+revoked)
	seen, start := 0, time.Now()
	err := d.within(ctx, func(s *models.Store) error {
		if err := s.Migrate(ctx); err != nil {
			return err
		}
		if _, err := s.Operator().CreateTenant(ctx, tenant, ""); err != nil {
			return err
		}
		start = time.Now()
		return s.Operator().Seed(ctx, tenant, size, d.perUser, func(secret string) {
			if seen*kept/size != (seen+1)*kept/size {
				d.tokens = append(d.tokens, secret)
			}
			seen++
		})
	})
	if err != nil {
		return err
	}
	took := time.Since(start)
	rand.Shuffle(len(d.tokens), func(i, j int) { d.tokens[i], d.tokens[j] = d.tokens[j], d.tokens[i] })
	d.tokens, d.revoked = d.tokens[revoked:], d.tokens[:revoked]
	debug.FreeOSMemory() // the file of the database needs it more
	bytes, err := d.settle(ctx)
	fmt.Printf("Filled in %.1f s, %s tokens a second; %s on disk.\n", took.Seconds(), count(int(float64(size)/took.Seconds())), mebibytes(bytes))
	return err
}

// settle does at once what PostgreSQL would do by itself some minutes after
// so many rows, and tells how large the database is.
func (d *database) settle(ctx context.Context) (bytes int64, err error) {
	if d.kind == sqlite {
		info, err := os.Stat(d.file())
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	}
	db, err := sql.Open("pgx", d.address)
	if err != nil {
		return 0, err
	}
	defer db.Close() //nolint:errcheck // it was only read
	if _, err := db.ExecContext(ctx, "VACUUM ANALYZE"); err != nil {
		return 0, err
	}
	return bytes, db.QueryRowContext(ctx, "SELECT pg_database_size(current_database())").Scan(&bytes)
}

// strange makes tokens that are as they should be and in no database that is
// measured.
func (b *bench) strange(ctx context.Context) (secrets []string, err error) {
	path := filepath.Join(b.dir, "strangers.db")
	s, err := models.Open(ctx, models.Config{Database: "sqlite:" + path, Secret: models.NewSecret()})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close(), os.Remove(path)) }()
	if err := s.Migrate(ctx); err != nil {
		return nil, err
	}
	if _, err := s.Operator().CreateTenant(ctx, tenant, ""); err != nil {
		return nil, err
	}
	err = s.Operator().Seed(ctx, tenant, b.requests, b.requests, func(secret string) { secrets = append(secrets, secret) })
	rand.Shuffle(len(secrets), func(i, j int) { secrets[i], secrets[j] = secrets[j], secrets[i] })
	return secrets, err
}
