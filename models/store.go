// Package models is the application: what a tenant, a member, a role and a
// token are, who may do what to them, and how they are kept. It knows nothing
// about HTTP.
//
// Start at Access. A Store proves who is calling and hands out an Access;
// every operation on a tenant's data is a method of Access. An Operator is who
// holds the command line, and the way to what no tenant owns.
package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"latchkey/migrations"
)

// Config says which database to open and with which secret.
type Config struct {
	Database string           // "sqlite:PATH" or "postgres://…"; required
	Direct   string           // the same PostgreSQL without a pooler between, when there is one
	Secret   []byte           // the installation's secret, at least 32 bytes; required
	Brand    string           // how minted tokens begin; "lk" when empty
	Remember int              // how many tokens Run may keep in memory; none when 0
	Now      func() time.Time // the clock; that of the machine when nil
}

// A Store is the process's connection to the database.
type Store struct {
	writer    *gorm.DB // on SQLite a single connection, so that writers queue in order
	reader    *gorm.DB // on SQLite a pool that cannot write; on PostgreSQL the same as writer
	dialect   migrations.Dialect
	brand     string
	keys      keys
	now       func() time.Time
	database  string // its address
	direct    string // the same without a pooler; empty when there is none
	lookup    lookup
	memory    *memory
	gate      *gate
	refusals  refusals
	usage     *usage
	traffic   traffic
	passwords passwords
}

// Open connects to the database that cfg names. It changes nothing there: call
// Migrate before anything else.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	keys, err := deriveKeys(cfg.Secret)
	if err != nil {
		return nil, err
	}
	s := &Store{brand: cfg.Brand, keys: keys, now: clock(cfg.Now), database: cfg.Database, direct: cfg.Direct,
		memory: newMemory(cfg.Remember), usage: newUsage(), passwords: newPasswords()}
	if s.brand == "" {
		s.brand = "lk"
	}
	if !brandPattern.MatchString(s.brand) {
		return nil, fmt.Errorf("token brand %q: use 2 to 8 small letters", s.brand)
	}
	if err := s.connect(ctx, cfg.Database); err != nil {
		return nil, err
	}
	for _, db := range []*gorm.DB{s.writer, s.reader} {
		if _, guarded := db.Plugins[tenantGuard{}.Name()]; guarded {
			continue // PostgreSQL reads and writes through one handle
		}
		if err := db.Use(tenantGuard{}); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// connect opens the pools; the scheme names the database.
func (s *Store) connect(ctx context.Context, database string) (err error) {
	switch scheme, rest, _ := strings.Cut(database, ":"); scheme {
	case "sqlite":
		s.dialect, s.gate = migrations.SQLite, newGate(runtime.NumCPU())
		s.writer, s.reader, err = openSQLite(ctx, rest, s.now)
	case "postgres", "postgresql":
		s.dialect, s.gate = migrations.Postgres, newGate(postgresPool()/2)
		s.writer, err = openPostgres(database, s.now)
		s.reader = s.writer
	default:
		return fmt.Errorf("database %q: write sqlite:PATH or postgres://…", scheme)
	}
	return err
}

// Migrate applies pending migrations, then refuses to go on when the database
// was made with another secret: every token in it would be dead.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.applyMigrations(ctx); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	if err := s.checkSecret(ctx); err != nil {
		return err
	}
	return s.prepareLookup(ctx)
}

// applyMigrations goes past a pooler: the lock that lets one process migrate
// at a time belongs to a connection, and a pooler would hand that to others.
func (s *Store) applyMigrations(ctx context.Context) error {
	if s.direct == "" {
		return migrations.Apply(ctx, s.sql(), s.dialect)
	}
	direct := &Store{dialect: s.dialect}
	var err error
	if direct.writer, err = openPostgres(s.direct, s.now); err != nil {
		return err
	}
	return errors.Join(migrations.Apply(ctx, direct.sql(), s.dialect), direct.sql().Close())
}

// Migrations lists the migrations and whether the database has each.
func (s *Store) Migrations(ctx context.Context) ([]migrations.Status, error) {
	return migrations.List(ctx, s.sql(), s.dialect)
}

// Ready is nil when the database answers and has every migration.
func (s *Store) Ready(ctx context.Context) error {
	ok, err := migrations.Current(ctx, s.sql(), s.dialect)
	if err == nil && !ok {
		err = errorf(Unavailable, "The database is not migrated yet.")
	}
	return err
}

// Close writes what is still in memory and closes the database.
func (s *Store) Close() error {
	err := errors.Join(s.lookup.token.close(), s.lookup.standing.close())
	for _, db := range []*gorm.DB{s.reader, s.writer} {
		if db == nil {
			continue
		}
		if pool, perr := db.DB(); perr == nil {
			err = errors.Join(err, pool.Close())
		}
	}
	return err
}

func (s *Store) sql() *sql.DB {
	db, err := s.writer.DB()
	if err != nil {
		panic(err) // only a gorm handle without a pool answers so, and we opened it
	}
	return db
}

// clock makes every instant comparable as text and as a number, on both
// databases: UTC, whole microseconds.
func clock(now func() time.Time) func() time.Time {
	if now == nil {
		now = wallClock
	}
	return func() time.Time { return stamp(now()) }
}

func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func gormConfig(now func() time.Time) *gorm.Config {
	return &gorm.Config{
		Logger:                 logger.Discard, // statements may hold what must not be logged
		NowFunc:                now,
		SkipDefaultTransaction: true,
		TranslateError:         false,
	}
}
