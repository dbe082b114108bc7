package models

import (
	"context"
	"strings"
	"testing"

	"gorm.io/gorm"

	"latchkey/migrations"
)

// Statements are what f asks of a table, with its values written out.
func (s *Store) Statements(t testing.TB, table string, f func()) (list []string) {
	t.Helper()
	const name = "test:statements"
	query := s.reader.Callback().Query()
	err := query.After("gorm:query").Register(name, func(db *gorm.DB) {
		if db.Statement.Table == table {
			list = append(list, db.Dialector.Explain(db.Statement.SQL.String(), db.Statement.Vars...))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	f()
	if err := query.Remove(name); err != nil {
		t.Fatal(err)
	}
	return list
}

// After does something after each statement on a table, as long as f runs.
func (s *Store) After(t testing.TB, table string, do, f func()) {
	t.Helper()
	const name = "test:after"
	query := s.reader.Callback().Query()
	err := query.After("gorm:query").Register(name, func(db *gorm.DB) {
		if db.Statement.Table == table {
			do()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	f()
	if err := query.Remove(name); err != nil {
		t.Fatal(err)
	}
}

// Plan is how the database answers a statement. PostgreSQL looks at how much
// there is, and a test has little: it does what it is without only where there
// is no other way.
func (s *Store) Plan(t testing.TB, statement string, without ...string) string {
	t.Helper()
	explain, prepare := "EXPLAIN QUERY PLAN ", ""
	if s.dialect == migrations.Postgres {
		explain = "EXPLAIN (COSTS OFF) "
		for _, way := range append(without, "seqscan", "bitmapscan") {
			prepare += "SET LOCAL enable_" + way + " = off;"
		}
	}
	tx, err := s.sql().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // it changed nothing
	if _, err := tx.ExecContext(t.Context(), prepare); err != nil {
		t.Fatal(err)
	}
	rows, err := tx.QueryContext(t.Context(), explain+statement)
	if err != nil {
		t.Fatalf("%v: %s", err, statement)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var plan []string
	for rows.Next() {
		into := make([]any, len(columns))
		for i := range into {
			into[i] = new(any)
		}
		var line string
		into[len(into)-1] = &line
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "\n")
}

// Analyze lets PostgreSQL look at a table, as it does by itself now and then.
// SQLite never does.
func (s *Store) Analyze(ctx context.Context, table string) error {
	if s.dialect == migrations.SQLite {
		return nil
	}
	_, err := s.sql().ExecContext(ctx, "ANALYZE "+table)
	return err
}

// Dialect is the kind of the database.
func (s *Store) Dialect() migrations.Dialect { return s.dialect }

// Fill stores rows as they are, without asking anything about them.
func Fill[T any](ctx context.Context, s *Store, rows []T) error {
	return s.Across(ctx).Transaction(func(tx *gorm.DB) error { return tx.CreateInBatches(rows, seedBatch).Error })
}

// FewMembers is how many members are sorted rather than gone through.
const FewMembers = fewMembers
