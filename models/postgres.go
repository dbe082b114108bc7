package models

import (
	"errors"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// openPostgres opens a pool. It connects with the first query, so that a
// server may start while its database is away.
func openPostgres(dsn string, now func() time.Time) (*gorm.DB, error) {
	cfg, err := parsePostgres(dsn)
	if err != nil {
		return nil, err
	}
	pool := stdlib.OpenDB(*cfg)
	pool.SetMaxOpenConns(postgresPool())
	pool.SetMaxIdleConns(postgresPool())
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return gorm.Open(postgres.New(postgres.Config{Conn: pool}), gormConfig(now))
}

// postgresPool is how many connections a process opens at most.
func postgresPool() int { return max(8, 4*runtime.NumCPU()) }

// parsePostgres reads an address. What it complains of never holds the address,
// which may hold a password.
func parsePostgres(dsn string) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("database: the postgres:// address is not valid")
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 2 * time.Second
	}
	// The style of dates is written as PostgreSQL tells it: a pooler takes anything
	// shorter for another one, and sets it again for each transaction.
	cfg.RuntimeParams["timezone"], cfg.RuntimeParams["datestyle"] = "UTC", "ISO, MDY"
	return cfg, nil
}
