package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

const (
	password = "correct horse battery staple"
	another  = "another horse battery staple"
)

// member makes a tenant and a machine in it, and returns its token.
func (i installation) member(username string, roles ...string) (token string) {
	i.t.Helper()
	i.must("", "tenant", "create", "acme")
	args := []string{"user", "create", username, "--service", "--tenant", "acme"}
	for _, r := range roles {
		args = append(args, "--role", r)
	}
	i.must("", args...)
	out := i.must("", "token", "create", "--tenant", "acme", "--username", username, "--name", "first", "--expires", "never",
		"--scope", "*", "--scope", "tokens:write")
	return strings.TrimSpace(out)
}

// listed runs a listing command and reads its JSON.
func listed[T any](i installation, args ...string) (rows []T) {
	i.t.Helper()
	out := i.must("", append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		i.t.Fatalf("%v in %s", err, out)
	}
	return rows
}

func (i installation) tokens() []tokenRow {
	return listed[tokenRow](i, "token", "list", "--tenant", "acme")
}

// The story that the whole product is about, told on the command line while a
// server runs on the same database.
func TestTheStoryOnTheCommandLine(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		i := install(t, database)
		s := i.serve()
		me, members := s.url+"/api/v1/me", s.url+"/api/v1/members"

		i.must(password+"\n", "setup", "--tenant", "acme", "--tenant-name", "Acme Ltd", "--username", "ada",
			"--email", "ada@example.com", "--password-stdin")
		i.must(password+"\r\n", "user", "create", "grace", "--tenant", "acme", "--password-stdin")
		never := i.must("", "token", "create", "--username", "grace", "--tenant", "acme", "--name", "ci", "--expires", "never")
		dated := i.must("", "token", "create", "--username", "grace", "--tenant", "acme", "--name", "trial", "--expires", "2999-12-31",
			"--scope", "profile:read", "--scope", "members:read")
		never, dated = alone(t, never), alone(t, dated)
		expect(t, "a new token", status(t, me, never), http.StatusOK)
		expect(t, "a dated token", status(t, me, dated), http.StatusOK)

		expect(t, "before the role", status(t, members, dated), http.StatusForbidden)
		i.must("", "role", "assign", "grace", "ROLE_ADMIN", "--tenant", "acme")
		expect(t, "with the role", status(t, members, dated), http.StatusOK)
		i.must("", "role", "unassign", "grace", "ROLE_ADMIN", "--tenant", "acme")
		expect(t, "after the role", status(t, members, dated), http.StatusForbidden)

		rows := i.tokens()
		if len(rows) != 2 || rows[1].ExpiresAt != nil || rows[0].ExpiresAt == nil || *rows[0].ExpiresAt != "3000-01-01T00:00:00Z" {
			t.Fatalf("listed %+v", rows)
		}
		i.must("", "token", "revoke", rows[1].ID, "--tenant", "acme")
		expect(t, "a revoked token", status(t, me, never), http.StatusUnauthorized)
		i.must("", "token", "revoke", rows[1].ID, "--tenant", "acme") // again is no mistake
		if got := i.tokens()[1]; got.Status != "revoked" || got.RevokedAt == nil {
			t.Errorf("listed as %+v", got)
		}

		i.must("", "user", "disable", "grace")
		expect(t, "while the owner is disabled", status(t, me, dated), http.StatusUnauthorized)
		i.must("", "user", "enable", "grace")
		i.must("", "tenant", "suspend", "acme")
		expect(t, "while the tenant is suspended", status(t, me, dated), http.StatusUnauthorized)
		i.must("", "tenant", "resume", "acme")
		expect(t, "afterwards", status(t, me, dated), http.StatusOK)
		i.must("", "member", "remove", "grace", "--tenant", "acme")
		expect(t, "when the owner has left", status(t, me, dated), http.StatusUnauthorized)

		for _, secret := range []string{never, dated, password} {
			if strings.Contains(s.log.String()+s.out.String(), secret) {
				t.Error("the server wrote a secret down")
			}
		}
	})
}

// alone checks that a token is all that was printed.
func alone(t *testing.T, out string) string {
	t.Helper()
	token := strings.TrimSuffix(out, "\n")
	if len(token) != len("lkpat")+38 || strings.ContainsAny(token, " \n") {
		t.Fatalf("printed %q, want a token and nothing else", out)
	}
	return token
}

func expect(t *testing.T, when string, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %d, want %d", when, got, want)
	}
}

func TestListsAreForPeopleAndForPrograms(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	for _, args := range [][]string{{"tenant", "list"}, {"user", "list"}} {
		if out := i.must("", append(args, "--json")...); out != "[]\n" {
			t.Errorf("%v of nothing: %q", args, out)
		}
	}
	token := i.member("robot", "ROLE_ADMIN", "ROLE_API_SECURITY")

	tenants := listed[tenantRow](i, "tenant", "list")
	if len(tenants) != 1 || tenants[0].Slug != "acme" || tenants[0].SuspendedAt != nil {
		t.Errorf("tenants: %+v", tenants)
	}
	users := listed[userRow](i, "user", "list")
	if len(users) != 1 || users[0].Kind != "service" || !slices.Equal(users[0].Tenants, []string{"acme"}) {
		t.Errorf("users: %+v", users)
	}
	roles := listed[roleRow](i, "role", "list", "--tenant", "acme")
	at := slices.IndexFunc(roles, func(r roleRow) bool { return r.Name == "ROLE_ADMIN" })
	if at < 0 || !roles[at].BuiltIn || roles[at].Members != 1 || !slices.Equal(roles[at].Scopes, []string{"*"}) {
		t.Errorf("roles: %+v", roles)
	}
	tokens := i.tokens()
	if len(tokens) != 1 || tokens[0].Username != "robot" || tokens[0].Hint != token[:5]+"…"+token[len(token)-4:] {
		t.Errorf("tokens: %+v", tokens)
	}
	for want, args := range map[string][]string{
		"acme": {"tenant", "list"}, "robot": {"user", "list"}, "ROLE_API_SECURITY": {"role", "list", "--tenant", "acme"},
		"first": {"token", "list", "--tenant", "acme", "--username", "robot"}, "applied": {"migrate", "status"},
	} {
		if out := i.must("", args...); !strings.Contains(out, want) || strings.Contains(out, token) {
			t.Errorf("%v:\n%s", args, out)
		}
	}
}

// The fields of a token are those of the API, which programs know already.
func TestATokenIsListedWithEveryField(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	i.member("robot")
	row := listed[map[string]any](i, "token", "list", "--tenant", "acme")[0]
	for _, field := range []string{"id", "name", "description", "hint", "scopes", "allowed_cidrs", "status", "created_at", "not_before",
		"expires_at", "last_used_at", "last_used_ip", "revoked_at", "parent_id", "username"} {
		if _, ok := row[field]; !ok {
			t.Errorf("no %s in %v", field, row)
		}
	}
	if cidrs, ok := row["allowed_cidrs"].([]any); !ok || len(cidrs) != 0 {
		t.Errorf("allowed_cidrs: %v", row["allowed_cidrs"])
	}
}

func TestALongListIsWhole(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	i.member("robot")
	secret, err := readSecret(i.secret, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	store, err := models.Open(t.Context(), models.Config{Database: i.database, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	robot := modelstest.As(t, store, "acme", "robot")
	for range 250 {
		modelstest.Token(t, robot, models.NewToken{})
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(i.tokens()); got != 251 {
		t.Errorf("listed %d tokens, want 251", got)
	}
}

func TestRefusalsAreOneClearLine(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	i.must(password, "setup", "--tenant", "acme", "--username", "ada", "--password-stdin")
	create := []string{"token", "create", "--tenant", "acme", "--username", "ada"}
	tests := []struct {
		want string
		args []string
	}{
		{"set up already", []string{"setup", "--tenant", "other", "--username", "eve", "--password-stdin"}},
		{"no tenant", []string{"token", "list", "--tenant", "nowhere"}},
		{"no such member", []string{"token", "list", "--tenant", "acme", "--username", "nobody"}},
		{"no such token", []string{"token", "revoke", "tok_nothing", "--tenant", "acme"}},
		{"--expires: ", append(create, "--name", "x", "--expires", "2020-01-01")},
		{"--expires: ", append(create, "--name", "x", "--expires", "tomorrow")},
		{"--expires: ", append(create, "--name", "x", "--expires", "")},
		{"--name: ", append(create, "--name", " ", "--expires", "never")},
		{"--scope: ", append(create, "--name", "x", "--expires", "never", "--scope", "all")},
		{"tenant: ", []string{"tenant", "create", "No Slug"}},
		{"tenant", []string{"tenant", "create", "acme"}},
		{"--role", []string{"role", "assign", "ada", "ROLE_UNKNOWN", "--tenant", "acme"}},
		{"last administrator", []string{"role", "unassign", "ada", "ROLE_ADMIN", "--tenant", "acme"}},
		{"last administrator", []string{"member", "remove", "ada", "--tenant", "acme"}},
		{"already a member", []string{"member", "add", "ada", "--tenant", "acme"}},
		{"no user", []string{"user", "disable", "nobody"}},
		{"no such file", []string{"backup", "copy.db", "--database", "sqlite:" + filepath.Join(t.TempDir(), "none.db")}},
	}
	for _, test := range tests {
		got := i.do(password, test.args...)
		if got.code != failed || got.out != "" {
			t.Errorf("%v: ended with %d and wrote %q", test.args, got.code, got.out)
		}
		if !strings.HasPrefix(got.err, "latchkey: ") || strings.Count(got.err, "\n") != 1 || !strings.Contains(got.err, test.want) {
			t.Errorf("%v: %q, want one line with %q", test.args, got.err, test.want)
		}
	}
	if n := len(i.tokens()); n != 0 {
		t.Errorf("there are %d tokens now", n)
	}
}

func TestAWeakPasswordIsNeitherTakenNorShown(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	i.must(password, "setup", "--tenant", "acme", "--username", "ada", "--password-stdin")
	for _, weak := range []string{"", "hunter2", "password1234", strings.Repeat("x", 2000)} {
		for _, args := range [][]string{{"user", "create", "eve", "--password-stdin"}, {"user", "set-password", "ada", "--password-stdin"}} {
			got := i.do(weak+"\n", args...)
			if got.code != failed || !strings.Contains(got.err, "password: ") || weak != "" && strings.Contains(got.err, weak) {
				t.Errorf("%q for %v: ended with %d: %s", weak, args, got.code, got.err)
			}
		}
	}
	if got := i.must(another, "user", "set-password", "ada", "--password-stdin"); strings.Contains(got, another) {
		t.Error("the new password is in the output")
	}
}

func TestWrongUsageIsTold(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	for _, test := range []struct {
		want string
		args []string
	}{
		{"unexpected argument", []string{"bogus"}},
		{"expected one of", []string{"token"}},
		{"unknown flag", []string{"tenant", "list", "--bogus"}},
		{"--expires", []string{"token", "create", "--tenant", "a", "--username", "b", "--name", "c"}},
		{"--password-stdin", []string{"setup", "--tenant", "a", "--username", "b"}},
		{"--password-stdin", []string{"user", "create", "b"}},
		{"--password-stdin", []string{"user", "set-password", "b"}},
		{"--tenant", []string{"user", "create", "b", "--service", "--role", "ROLE_ADMIN"}},
		{"--database", []string{"tenant", "list", "--database", "mysql://root:hunter2@db/x"}},
	} {
		got := i.do(password, test.args...)
		if got.code != misuse || got.out != "" || !strings.Contains(got.err, test.want) || strings.Contains(got.err, "hunter2") {
			t.Errorf("%v: ended with %d: %q, want %q", test.args, got.code, got.err, test.want)
		}
	}
	if _, err := os.Stat(i.secret); err == nil {
		t.Error("wrong usage made a secret")
	}
}

func TestHelpIsNoMistake(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	for _, args := range [][]string{{"--help"}, {"-h"}, {"serve", "--help"}, {"token", "create", "--help"}} {
		if got := i.do("", args...); got.code != done || !strings.Contains(got.out, "LATCHKEY_DATABASE") || got.err != "" {
			t.Errorf("%v: ended with %d: %s", args, got.code, got.err)
		}
	}
	if got := i.must("", "version"); !strings.HasPrefix(got, "latchkey ") {
		t.Errorf("version: %q", got)
	}
}

func TestFlagsStandBeforeOrAfterTheCommand(t *testing.T) {
	i := install(t, "sqlite:unused.db")
	database := modelstest.SQLite(t)
	i.must("", "--database", database, "tenant", "create", "acme", "--secret-file", i.secret)
	i.must("", "tenant", "create", "--database="+database, "--name", "Beta", "beta")
	if out := i.must("", "tenant", "list", "--database", database); !strings.Contains(out, "acme") || !strings.Contains(out, "beta") {
		t.Errorf("listed:\n%s", out)
	}
}

func TestMigrateStatusChangesNothing(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		i := install(t, database)
		for _, want := range []bool{false, true} {
			for _, m := range listed[migrationRow](i, "migrate", "status") {
				if m.Applied != want {
					t.Errorf("%s applied: %v, want %v", m.Name, m.Applied, want)
				}
			}
			if _, err := os.Stat(i.secret); (err == nil) != want {
				t.Errorf("the secret: %v", err)
			}
			i.must("", "migrate", "up")
		}
	})
}

func TestABackupHoldsEverything(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	token := i.member("robot")
	s := i.serve()
	expect(t, "before", status(t, s.url+"/api/v1/me", token), http.StatusOK)
	file := filepath.Join(t.TempDir(), "copy.db")
	i.must("", "backup", file)
	if got := i.do("", "backup", file); got.code != failed {
		t.Error("a second backup wrote over the first")
	}
	s.end()
	restored := installation{t, "sqlite:" + file, i.secret}
	expect(t, "on the copy", status(t, restored.serve().url+"/api/v1/me", token), http.StatusOK)
}

func TestABackupOfPostgresIsRefused(t *testing.T) {
	i := install(t, modelstest.Postgres(t))
	if got := i.do("", "backup", filepath.Join(t.TempDir(), "copy.db")); got.code != failed || !strings.Contains(got.err, "pg_dump") {
		t.Errorf("ended with %d: %s", got.code, got.err)
	}
}
