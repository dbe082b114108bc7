package web_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/google/go-cmp/cmp"

	"latchkey/models"
	"latchkey/models/modelstest"
	"latchkey/web"
)

var update = flag.Bool("update", false, "rewrite golden files")

// learnMore ends every demand for a token (RFC 9728 5.1).
const learnMore = `resource_metadata="http://localhost:8080/.well-known/oauth-protected-resource"`

// newServer returns a server for tests, which serves from memory as one in use
// does. change may set other things than usual.
func newServer(t testing.TB, s *models.Store, change ...func(*web.Config)) *web.Server {
	t.Helper()
	base, err := url.Parse("http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	cfg := web.Config{Store: s, Tokens: s, BaseURL: base, Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&cfg)
	}
	if !s.Memory().Serving {
		modelstest.Serve(t, s)
	}
	return web.New(cfg)
}

// do sends a request with a token, or with none when it is empty. A body is
// sent as JSON. More headers are given as "Name: value". Whatever the API
// answers is held to its description.
func do(t testing.TB, h http.Handler, method, path, token, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "localhost:8080"
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if value == "" {
			r.Header.Del(name)
			continue
		}
		r.Header.Add(name, value)
	}
	w := send(t, h, r)
	if described(r) && w.Code < 300 {
		checkRequest(t, r, body)
	}
	return w
}

// send sends a request, and holds what the API answers to its description.
func send(t testing.TB, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if described(r) {
		checkResponse(t, r, w.Code, w.Header(), w.Body.Bytes())
	}
	return w
}

// described reports whether the document tells of such requests.
func described(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") && r.URL.Path != "/api/docs" &&
		r.Method != http.MethodHead && r.Method != http.MethodOptions
}

// checkRequest fails the test unless the document allows a request that the
// server has answered: what works must be written down.
func checkRequest(t testing.TB, r *http.Request, body string) {
	t.Helper()
	router, err := documentRouter()
	if err != nil {
		t.Fatal(err)
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(strings.NewReader(body))
	route, params, err := router.FindRoute(r)
	if err != nil {
		t.Errorf("%s %s is not in the document: %v", r.Method, r.URL.Path, err)
		return
	}
	err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{Request: r, Route: route, PathParams: params,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}})
	if err != nil {
		t.Errorf("%s %s %s was answered, but the document forbids it: %v", r.Method, r.URL, body, err)
	}
}

// want fails the test unless the answer has the status and, when code is not
// empty, is a problem of that code.
func want(t testing.TB, w *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	if w.Code != status || code != "" && problemOf(w).Code != code {
		t.Errorf("got %d %s, want %d %s", w.Code, w.Body, status, code)
	}
}

// A problem is an error as the API tells it.
type problem struct {
	Type, Title, Detail, Code string
	Status                    int
	Errors                    []struct{ Field, Detail string }
}

func (p problem) fields() []string {
	var names []string
	for _, e := range p.Errors {
		names = append(names, e.Field)
	}
	return names
}

func problemOf(w *httptest.ResponseRecorder) (p problem) {
	_ = json.Unmarshal(w.Body.Bytes(), &p) // what is no problem has no code
	return p
}

// decode reads the JSON of an answer.
func decode[T any](t testing.TB, w *httptest.ResponseRecorder) (out T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return out
}

// object is a JSON object of which a test looks at a few fields.
type object = map[string]any

// A listing is a page of a list.
type listing struct {
	Items      []object `json:"items"`
	NextCursor *string  `json:"next_cursor"`
}

// column is one field of all items.
func (l listing) column(field string) []string {
	var values []string
	for _, item := range l.Items {
		values = append(values, fmt.Sprint(item[field]))
	}
	return values
}

// same fails the test unless got is want.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// flush writes down what the store has collected in memory, as its end would.
func flush(t testing.TB, s *models.Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Run(ctx, slog.New(slog.NewTextHandler(testLog{t}, nil)))
}

// testLog fails the test with whatever is logged.
type testLog struct{ t testing.TB }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Errorf("logged: %s", line)
	return len(line), nil
}

// golden compares got with a file that reviewers read.
func golden(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is out of date: run make golden and read the difference (-file +now)\n%s", path, diff)
	}
}

// connect opens a database beside the store, to look at what is kept there.
func connect(t testing.TB, database string) *sql.DB {
	t.Helper()
	driver, name := "pgx", database
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, name = "sqlite", path
		if slices.Contains(sql.Drivers(), "sqlite3") {
			driver = "sqlite3"
		}
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// kept lists what is in the database, so that a test can tell that nothing has
// changed. When and how often tokens are used is left out.
func kept(t testing.TB, db *sql.DB) string {
	t.Helper()
	var b strings.Builder
	for _, table := range []string{
		"tenants", "policies", "users", "roles", "invitations", "sessions", "audit_events",
		"projects", "environments", "connections", "credentials", "certificates", "proxies", "deployments", "deployment_events",
		"(SELECT tenant_id, user_id, username, roles, disabled_at, created_at FROM members) AS members",
		"(SELECT id, name, name_key, description, scopes, allowed_cidrs, hint, parent_id, not_before, expires_at, revoked_at FROM tokens) AS tokens",
	} {
		writeRows(t, &b, db, table)
	}
	return b.String()
}

func writeRows(t testing.TB, b *strings.Builder, db *sql.DB, table string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table+" ORDER BY 1, 2")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(b, append([]any{table}, values...)...)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// aToken makes a token for a member and returns only its secret.
func aToken(t testing.TB, a *models.Access, scopes ...string) string {
	t.Helper()
	_, secret := modelstest.Token(t, a, models.NewToken{Scopes: scopes})
	return secret
}

// sorted puts a list in a header in order.
func sorted(list string) string {
	items := strings.Split(list, ", ")
	slices.Sort(items)
	return strings.Join(items, ", ")
}
