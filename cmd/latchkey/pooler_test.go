package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"latchkey/models/modelstest"
)

// poolerSettings make every statement and transaction go to any of four
// connections. Those begin far from UTC, so that an instant comes out wrong if
// the pooler loses what a server asked for.
const poolerSettings = `[databases]
latchkey = host=%s port=%s dbname=%s user=%s%s connect_query='SET search_path TO %s; SET timezone TO "Asia/Kolkata"'
[pgbouncer]
unix_socket_dir = %s
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = 4
verbose = 1
`

// pooler runs PgBouncer in front of a database until the test is over, and
// returns the address that leads through it, and its log.
func pooler(t *testing.T, database string) (address string, log *lines) {
	t.Helper()
	dir, err := os.MkdirTemp("", "pooler") // nobody else may look into the folder of a test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		path = "/usr/sbin/pgbouncer" // where the path of users does not lead
	}
	cmd := exec.CommandContext(t.Context(), path, configurePooler(t, dir, database))
	unprivileged(t, cmd, dir)
	log = newLines()
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v; on Debian: apt-get install pgbouncer", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	log.find(t, "process up")
	return "postgres://latchkey@/latchkey?default_query_exec_mode=exec&sslmode=disable&port=6432&host=" + url.QueryEscape(dir), log
}

// configurePooler writes the settings of PgBouncer into dir.
func configurePooler(t *testing.T, dir, database string) (file string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	password, given := u.User.Password()
	if given { // PgBouncer takes no empty one
		password = " password='" + strings.ReplaceAll(password, "'", "''") + "'"
	}
	text := fmt.Sprintf(poolerSettings, u.Hostname(), cmp.Or(u.Port(), "5432"), strings.TrimPrefix(u.Path, "/"),
		u.User.Username(), password, u.Query().Get("search_path"), dir)
	file = filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// unprivileged gives dir and a program to nobody, for PgBouncer refuses to run
// as root.
func unprivileged(t *testing.T, cmd *exec.Cmd, dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.ParseUint(nobody.Uid, 10, 32)
	gid, _ := strconv.ParseUint(nobody.Gid, 10, 32)
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// ask sends a request with a token, and returns the status and what came back.
func (s server) ask(t *testing.T, method, path, token, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res.StatusCode, text
}

// ready waits until the server says how it verifies tokens.
func (s server) ready(t *testing.T, want string) {
	t.Helper()
	eventually(t, func() bool {
		code, text := s.ask(t, http.MethodGet, "/readyz", "", "")
		return code == http.StatusOK && strings.HasSuffix(string(text), want)
	})
}

const (
	atOnce    = "\ntokens: verified from memory\nwithdrawals: heard of at once\n"
	byRenewal = "\ntokens: verified from memory\nwithdrawals: heard of by renewal alone\n"
)

// lookups is how often a server has asked the database about a token.
func (s server) lookups(t *testing.T) string {
	t.Helper()
	res, err := http.Get(s.log.find(t, `metrics are on (http://[0-9.:]+/metrics)`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := bytes.Cut(text, []byte("\nlatchkey_token_lookups_total "))
	if !found {
		t.Fatalf("no lookups in:\n%s", text)
	}
	line, _, _ := bytes.Cut(after, []byte("\n"))
	return string(line)
}

// token is the row of the only token with that name.
func (i installation) token(name string) tokenRow {
	i.t.Helper()
	for _, row := range i.tokens() {
		if row.Name == name {
			return row
		}
	}
	i.t.Fatalf("no token is called %s", name)
	return tokenRow{}
}

// The pooler hands every transaction to another connection, so nothing that
// the program needs may stay behind on one.
func TestServesThroughAPoolerOfTransactions(t *testing.T) {
	began := time.Now().Truncate(time.Second)
	direct := modelstest.Postgres(t)
	pooled, log := pooler(t, direct)
	i := install(t, pooled)
	i.must("", "migrate", "--direct-database", direct)
	admin := i.member("robot", "ROLE_ADMIN")
	var s [2]server
	for n := range s {
		s[n] = i.serve("serve", "--direct-database", direct, "--metrics-listen", "127.0.0.1:0")
		s[n].ready(t, atOnce)
		s[n].remembers(t, admin)
	}
	var all sync.WaitGroup
	for worker := range 8 { // more than the pooler has connections
		all.Go(func() {
			for n := range 5 {
				comeAndGo(t, s[worker%2], s[1-worker%2], admin, fmt.Sprintf("token %d-%d", worker, n))
			}
		})
	}
	all.Wait()

	i.must("", "token", "revoke", i.token("first").ID, "--tenant", "acme", "--direct-database", direct)
	for n := range s {
		expect(t, "revoked by a command", status(t, s[n].url+"/api/v1/me", admin), http.StatusUnauthorized)
	}
	for n := range s { // what was collected in memory is written at the end
		if code := s[n].end(); code != done || strings.Contains(s[n].log.String(), "level=ERROR") {
			t.Errorf("ended with %d: %s", code, s[n].log)
		}
	}
	usedSince(t, i.token("first"), began)
	if text := log.String(); !strings.Contains(text, "SET TimeZone='UTC'") || strings.Contains(text, "SET DateStyle") {
		t.Error("the time zone should be all that the pooler sets; the style of dates would be set again for each transaction")
	}
}

// remembers checks that a token is verified without the database.
func (s server) remembers(t *testing.T, token string) {
	t.Helper()
	expect(t, "a token", status(t, s.url+"/api/v1/me", token), http.StatusOK)
	before := s.lookups(t)
	for range 10 {
		expect(t, "a remembered token", status(t, s.url+"/api/v1/me", token), http.StatusOK)
	}
	if after := s.lookups(t); after != before {
		t.Errorf("the database was asked about a remembered token: %s lookups before, %s after", before, after)
	}
}

func usedSince(t *testing.T, token tokenRow, began time.Time) {
	t.Helper()
	if token.LastUsedAt == nil {
		t.Fatalf("%+v was never used", token)
	}
	used, err := time.Parse(time.RFC3339, *token.LastUsedAt)
	if err != nil || used.Before(began) || used.After(time.Now()) {
		t.Errorf("last used at %v, %v; want an instant since %v", used, err, began)
	}
}

// comeAndGo makes a token at one server, lets both remember it, and revokes it
// at the first.
func comeAndGo(t *testing.T, here, there server, admin, name string) {
	code, text := here.ask(t, http.MethodPost, "/api/v1/tokens", admin,
		fmt.Sprintf(`{"name":%q,"expires_at":"2999-12-31","scopes":["profile:read"],"allowed_cidrs":["127.0.0.0/8"]}`, name))
	var made struct{ ID, Token string }
	if err := json.Unmarshal(text, &made); code != http.StatusCreated || err != nil {
		t.Errorf("making a token: %d: %s", code, text)
		return
	}
	for _, s := range []server{here, there} {
		for range 3 {
			expect(t, "a new token", status(t, s.url+"/api/v1/me", made.Token), http.StatusOK)
		}
	}
	code, text = here.ask(t, http.MethodDelete, "/api/v1/tokens/"+made.ID, admin, "")
	if code != http.StatusNoContent {
		t.Errorf("revoking a token: %d: %s", code, text)
	}
	for _, s := range []server{there, here} {
		expect(t, "revoked over the API", status(t, s.url+"/api/v1/me", made.Token), http.StatusUnauthorized)
	}
}

// A pooler of transactions takes LISTEN without complaint and passes nothing
// on. The server has to notice, and revoking has to hold all the same.
func TestRevokingHoldsWhereNotificationsDoNotPass(t *testing.T) {
	for name, try := range map[string]struct {
		direct  func(pooled string) []string
		because string
	}{
		"no direct address":      {func(string) []string { return nil }, "leads through a pooler"},
		"the pooler as a direct": {func(pooled string) []string { return []string{"--direct-database", pooled} }, "no notification arrives"},
	} {
		t.Run(name, func(t *testing.T) {
			direct := modelstest.Postgres(t)
			pooled, _ := pooler(t, direct)
			i := install(t, pooled)
			i.must("", "migrate", "--direct-database", direct)
			token := i.member("robot")
			s := i.serve(append([]string{"serve"}, try.direct(pooled)...)...)
			s.log.find(t, `level=WARN msg="withdrawals are heard of late[^\n]*`+try.because)
			s.ready(t, byRenewal)
			for range 3 {
				expect(t, "a token", status(t, s.url+"/api/v1/me", token), http.StatusOK)
			}
			i.must("", "token", "revoke", i.token("first").ID, "--tenant", "acme")
			expect(t, "revoked", status(t, s.url+"/api/v1/me", token), http.StatusUnauthorized)
		})
	}
}
