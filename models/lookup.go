package models

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"latchkey/migrations"
)

// tokenQuery is what a request costs that is not answered from memory: one
// search by hash. Nothing of its owner's rights is copied into a token. All
// columns come as one text, because the drivers ask SQLite for the name and the
// type of each column anew every time, which costs more than the search.
const tokenQuery = `
SELECT format('TEMPLATE', id, name, hint, kind, tenant_id, user_id, scopes, allowed_cidrs, created_at, not_before, expires_at,
           CASE WHEN revoked_at IS NOT NULL THEN 'revoked' END, application_id)
FROM tokens WHERE hash = PARAMETER1`

const (
	tokenFields     = 13
	standingFields  = 18
	lookupSeparator = "\x1f" // no name and no address may hold a control character
)

// A lookup holds the statements that requests run when memory does not answer.
// GORM would build them anew each time.
type lookup struct {
	token, standing statement
	layout          string // of an instant, as the database writes it
}

// A statement is prepared once on SQLite. The driver of PostgreSQL prepares by
// itself, unless the address says that a pooler stands between.
type statement struct {
	db       *sql.DB
	query    string
	prepared *sql.Stmt
}

func (s *Store) prepareLookup(ctx context.Context) error {
	hash, id := "CAST(?%d AS BLOB)", "CAST(?%d AS TEXT)" // bare, the driver's clearing of ? makes SQLite plan anew each time
	s.lookup.layout = "2006-01-02 15:04:05.999999-07:00"
	if s.dialect == migrations.Postgres {
		hash, id, s.lookup.layout = "$%d", "$%d", "2006-01-02 15:04:05.999999-07"
	}
	for _, q := range []struct {
		to              *statement
		text, parameter string
		fields          int
	}{{&s.lookup.token, tokenQuery, hash, tokenFields}, {&s.lookup.standing, standingQuery, id, standingFields}} {
		if err := q.to.prepare(ctx, s, lookupSQL(q.text, q.fields, q.parameter)); err != nil {
			return err
		}
	}
	return nil
}

func (st *statement) prepare(ctx context.Context, s *Store, query string) (err error) {
	if st.db != nil {
		return nil
	}
	if st.db, err = s.reader.DB(); err == nil && s.dialect == migrations.SQLite {
		st.prepared, err = st.db.PrepareContext(ctx, query)
	}
	st.query = query
	return err
}

func (st *statement) row(ctx context.Context, args ...any) *sql.Row {
	if st.prepared != nil {
		return st.prepared.QueryRowContext(ctx, args...)
	}
	return st.db.QueryRowContext(ctx, st.query, args...)
}

func (st *statement) close() error {
	if st.prepared == nil {
		return nil
	}
	return st.prepared.Close()
}

func lookupSQL(query string, fields int, parameter string) string {
	return strings.NewReplacer("TEMPLATE", strings.Repeat("%s"+lookupSeparator, fields-1)+"%s",
		"PARAMETER1", fmt.Sprintf(parameter, 1), "PARAMETER2", fmt.Sprintf(parameter, 2),
		"PARAMETER3", fmt.Sprintf(parameter, 3)).Replace(query)
}

// fields reads the one column of a lookup.
func (l *lookup) fields(row *sql.Row, want int) ([]string, error) {
	var text string
	if err := row.Scan(&text); err != nil {
		return nil, err
	}
	v := strings.Split(text, lookupSeparator)
	if len(v) != want {
		return nil, fmt.Errorf("models: a lookup gave %d fields, not %d", len(v), want)
	}
	return v, nil
}

// instant reads an instant, 0 for none.
func (l *lookup) instant(text string, err *error) int64 {
	if text == "" {
		return 0
	}
	at, perr := time.Parse(l.layout, text)
	if perr != nil {
		*err = perr
	}
	return at.UnixMicro()
}

// number reads a number, nil for none.
func number(text string) (*int, error) {
	if text == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(text)
	return &n, err
}
