// Package modelstest gives tests a real, migrated, empty database, and people
// to try it with.
package modelstest

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that makes and drops schemas

	"latchkey/models"
)

// Secret is the installation's secret in tests.
var Secret = bytes.Repeat([]byte("latchkey"), 4)

// Each runs f against SQLite and against PostgreSQL. TEST_POSTGRES names the
// server of the latter; without it the test fails, for a skipped database is
// an untested one.
func Each(t *testing.T, f func(t *testing.T, s *models.Store)) {
	t.Helper()
	EachAt(t, time.Now, f)
}

// EachAt is Each with a clock of the test's own.
func EachAt(t *testing.T, now func() time.Time, f func(t *testing.T, s *models.Store)) {
	t.Helper()
	EachDatabase(t, func(t *testing.T, database string) { f(t, OpenAt(t, database, now)) })
}

// EachDatabase runs f with the address of a new, empty database of each kind.
func EachDatabase(t *testing.T, f func(t *testing.T, database string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// Open returns a SQLite store, for tests that do not care which database.
func Open(t testing.TB) *models.Store {
	t.Helper()
	return OpenAt(t, SQLite(t), time.Now)
}

// OpenAt opens and migrates a database. Two stores on one database are two
// processes.
func OpenAt(t testing.TB, database string, now func() time.Time) *models.Store {
	t.Helper()
	return open(t, models.Config{Database: database, Secret: Secret, Remember: 10_000, Now: now})
}

// OpenRemembering is OpenAt for a store that can remember so many tokens.
func OpenRemembering(t testing.TB, database string, tokens int) *models.Store {
	t.Helper()
	return open(t, models.Config{Database: database, Secret: Secret, Remember: tokens})
}

func open(t testing.TB, cfg models.Config) *models.Store {
	t.Helper()
	s, err := models.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Serve lets a store do what it does beside requests, until the test ends. It
// returns when the store serves from memory.
func Serve(t testing.TB, s *models.Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(ctx, slog.New(slog.DiscardHandler))
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	Until(t, "the store serves from memory", func() bool { return s.Memory().Serving && s.Memory().Waking })
}

// Until returns when something has come to be, and fails when it does not
// within ten seconds.
func Until(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(10 * time.Second); !is(); <-tick.C {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// SQLite is the address of a new SQLite file.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}

var schemas atomic.Int64

// Postgres is the address of a new schema of the test's own, so that tests can
// run side by side.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("TEST_POSTGRES")
	if server == "" {
		t.Fatal("TEST_POSTGRES is not set: run the tests with make test, which starts a server")
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	schema := fmt.Sprintf("t%d_%d_%d", os.Getpid(), time.Now().UnixNano(), schemas.Add(1))
	if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.ExecContext(context.WithoutCancel(t.Context()), "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			t.Errorf("dropping the schema: %v", err)
		}
		_ = db.Close()
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// A Clock is a time that stands still until it is moved.
type Clock struct{ at atomic.Pointer[time.Time] }

// NewClock returns a clock that stands at an instant.
func NewClock(at time.Time) *Clock {
	c := &Clock{}
	c.at.Store(&at)
	return c
}

// Now reads the clock.
func (c *Clock) Now() time.Time { return *c.at.Load() }

// Set moves the clock to an instant.
func (c *Clock) Set(at time.Time) { c.at.Store(&at) }

// Add moves the clock on.
func (c *Clock) Add(d time.Duration) { c.Set(c.Now().Add(d)) }

// Tenant makes a tenant with that slug.
func Tenant(t testing.TB, s *models.Store, slug string) {
	t.Helper()
	if _, err := s.Operator().CreateTenant(t.Context(), slug, ""); err != nil {
		t.Fatal(err)
	}
}

// Member makes a machine that is a member of a tenant, and returns an Access
// for it. It has no password, which would take its time to hash.
func Member(t testing.TB, s *models.Store, slug, username string, roles ...string) *models.Access {
	t.Helper()
	in := models.NewUser{Username: username, Kind: models.Service}
	if _, err := s.Operator().CreateUser(t.Context(), in, slug, roles); err != nil {
		t.Fatal(err)
	}
	return As(t, s, slug, username)
}

// Person makes somebody who can sign in, as a member of a tenant.
func Person(t testing.TB, s *models.Store, slug, username, password string, roles ...string) *models.Access {
	t.Helper()
	in := models.NewUser{Username: username, Kind: models.Person, Password: password}
	if _, err := s.Operator().CreateUser(t.Context(), in, slug, roles); err != nil {
		t.Fatal(err)
	}
	return As(t, s, slug, username)
}

// As returns a member's Access with what they may do now.
func As(t testing.TB, s *models.Store, slug, username string) *models.Access {
	t.Helper()
	a, err := s.Operator().As(t.Context(), slug, username)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// In returns the command line's Access to a tenant.
func In(t testing.TB, s *models.Store, slug string) *models.Access {
	t.Helper()
	a, err := s.Operator().In(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Token makes a token for a caller and returns its secret string. A test that
// does not care when it expires gets one that never does.
func Token(t testing.TB, a *models.Access, in models.NewToken) (models.Token, string) {
	t.Helper()
	if in.Expires == (models.Expiry{}) {
		in.Expires = models.Never
	}
	if in.Name == "" {
		in.Name = fmt.Sprintf("token %d", schemas.Add(1))
	}
	token, secret, err := a.CreateToken(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return token, secret.Reveal()
}

// Prove proves a secret string as a client without an address would.
func Prove(t testing.TB, s *models.Store, secret string) (*models.Access, error) {
	t.Helper()
	parsed, err := models.ParseSecret(secret)
	if err != nil {
		return nil, err
	}
	return s.AccessByToken(t.Context(), parsed, models.Client{})
}
