package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that makes and drops the schema
)

// A schema is a place of the proof's own in a PostgreSQL server.
type schema struct {
	address string // of the database, with the schema as its search path
	name    string
	server  *sql.DB
}

func newSchema(ctx context.Context, server string) (s *schema, err error) {
	s = &schema{name: fmt.Sprintf("prove_%d_%d", os.Getpid(), time.Now().UnixNano())}
	if s.server, err = sql.Open("pgx", server); err != nil {
		return nil, errors.New("the address of the database is not valid") // err may hold the password
	}
	if _, err := s.server.ExecContext(ctx, "CREATE SCHEMA "+s.name); err != nil {
		return nil, errors.Join(err, s.server.Close())
	}
	u, err := url.Parse(server)
	if err != nil {
		return nil, errors.New("write the database as postgres://…")
	}
	q := u.Query()
	q.Set("search_path", s.name)
	u.RawQuery = q.Encode()
	s.address = u.String()
	return s, nil
}

// drop removes the schema, even when ctx has ended.
func (s *schema) drop(ctx context.Context) error {
	_, err := s.server.ExecContext(context.WithoutCancel(ctx), "DROP SCHEMA "+s.name+" CASCADE")
	return errors.Join(err, s.server.Close())
}

// hostOf is where a database listens.
func hostOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "", errors.New("write the database as postgres://USER@HOST:PORT/NAME")
	}
	if u.Port() == "" {
		return u.Hostname() + ":5432", nil
	}
	return u.Host, nil
}

// by is the same database, reached through a proxy.
func by(address string, p *proxy) string {
	u, _ := url.Parse(address) // hostOf has read it
	u.Host = p.address()
	return u.String()
}
