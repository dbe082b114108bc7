package migrations_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"slices"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/mattn/go-sqlite3"

	"latchkey/migrations"
	"latchkey/models/modelstest"
)

// Both databases get the same files, under the same names.
func TestDialectsHaveTheSameMigrations(t *testing.T) {
	names := func(d migrations.Dialect) (names []string) {
		dir, err := migrations.Files(d)
		if err != nil {
			t.Fatal(err)
		}
		if names, err = fs.Glob(dir, "[0-9][0-9][0-9][0-9]_*.sql"); err != nil {
			t.Fatal(err)
		}
		return names
	}
	lite, pg := names(migrations.SQLite), names(migrations.Postgres)
	if len(lite) == 0 || !slices.Equal(lite, pg) {
		t.Errorf("sqlite has %v\npostgres has %v", lite, pg)
	}
}

// each runs f on a new, empty database of each kind.
func each(t *testing.T, f func(t *testing.T, db *sql.DB, d migrations.Dialect)) {
	for d, open := range map[migrations.Dialect]func() (*sql.DB, error){
		migrations.SQLite:   func() (*sql.DB, error) { return sql.Open("sqlite3", modelstest.SQLite(t)[len("sqlite:"):]) },
		migrations.Postgres: func() (*sql.DB, error) { return sql.Open("pgx", modelstest.Postgres(t)) },
	} {
		t.Run(string(d), func(t *testing.T) {
			db, err := open()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			f(t, db, d)
		})
	}
}

func TestApplyingTwiceIsApplyingOnce(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB, d migrations.Dialect) {
		list, err := migrations.List(t.Context(), db, d)
		if err != nil || len(list) == 0 || list[0].Applied {
			t.Fatalf("before: %+v, %v", list, err)
		}
		for range 2 {
			if err := migrations.Apply(t.Context(), db, d); err != nil {
				t.Fatal(err)
			}
			if ok, err := migrations.Current(t.Context(), db, d); !ok || err != nil {
				t.Fatalf("after: current %v, %v", ok, err)
			}
		}
	})
}

// An older program must not run on what a newer one has changed.
func TestANewerDatabaseIsRefused(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB, d migrations.Dialect) {
		if err := migrations.Apply(t.Context(), db, d); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)"); err != nil {
			t.Fatal(err)
		}
		if err := migrations.Apply(t.Context(), db, d); !errors.Is(err, migrations.ErrNewer) {
			t.Errorf("got %v, want %v", err, migrations.ErrNewer)
		}
		if ok, err := migrations.Current(t.Context(), db, d); ok || err == nil {
			t.Errorf("current %v, %v", ok, err)
		}
	})
}
