package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/models/modelstest"
)

// makes makes an application of acme and returns what was printed.
func (i installation) makes(args ...string) (made map[string]any) {
	i.t.Helper()
	out := i.must("", append([]string{"application", "create", "--tenant", "acme"}, args...)...)
	if err := json.Unmarshal([]byte(out), &made); err != nil || len(made) != 2 {
		i.t.Fatalf("printed %q (%v)", out, err)
	}
	return made
}

func TestAnApplicationOnTheCommandLine(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		i := install(t, database)
		token := i.member("robot", "ROLE_ADMIN")
		s := i.serve()
		made := i.makes("--name", "Planner", "--kind", "confidential", "--redirect-uri", "https://planner.example/cb?a=1,2",
			"--redirect-uri", "http://127.0.0.1/cb", "--scope", "projects:read", "--scope", "*:read")
		id, _ := made["client_id"].(string)
		secret, _ := made["client_secret"].(string)
		if !strings.HasPrefix(id, "app_") || !strings.HasPrefix(secret, "lksec") || len(secret) != len("lksec")+38 {
			t.Errorf("made %v", made)
		}
		expect(t, "read over the API", status(t, s.url+"/api/v1/applications/"+id, token), http.StatusOK)
		public := i.makes("--name", "App", "--kind", "public")
		if public["client_secret"] != nil || public["client_id"] == "" {
			t.Errorf("made %v", public)
		}

		rows := listed[applicationRow](i, "application", "list", "--tenant", "acme")
		if len(rows) != 2 || rows[1].ID != id || rows[1].ClientID != id || rows[1].Owner != nil || rows[1].Kind != "confidential" ||
			!slices.Equal(rows[1].RedirectURIs, []string{"https://planner.example/cb?a=1,2", "http://127.0.0.1/cb"}) ||
			!slices.Equal(rows[1].Scopes, []string{"*:read", "projects:read"}) || !slices.Equal(rows[0].Scopes, []string{"profile:read", "projects:read", "tokens:read"}) {
			t.Errorf("listed %+v", rows)
		}
		table := i.must("", "application", "list", "--tenant", "acme")
		for _, word := range []string{"CLIENT ID", id, "Planner", "public"} {
			if !strings.Contains(table, word) {
				t.Errorf("no %s in\n%s", word, table)
			}
		}
		if basic := base64.StdEncoding.EncodeToString([]byte(id + ":" + secret)); strings.Contains(table, secret) || strings.Contains(s.log.String(), secret) || strings.Contains(s.log.String(), basic) {
			t.Error("a secret was written down")
		}
	})
}

func TestAnApplicationThatIsRefusedIsOneClearLine(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	i.member("robot")
	i.makes("--name", "Planner", "--kind", "public")
	create := []string{"application", "create", "--tenant", "acme"}
	for _, test := range []struct {
		code int
		want string
		args []string
	}{
		{failed, "no tenant", []string{"application", "list", "--tenant", "nowhere"}},
		{failed, "name", append(create, "--name", "planner", "--kind", "public")},
		{failed, "--redirect-uri: ", append(create, "--name", "x", "--kind", "public", "--redirect-uri", "http://app.example/")},
		{failed, "--scope: ", append(create, "--name", "x", "--kind", "public", "--scope", "all")},
		{failed, "--name: ", append(create, "--name", " ", "--kind", "public")},
		{misuse, "--kind", append(create, "--name", "x", "--kind", "robot")},
		{misuse, "--kind", append(create, "--name", "x")},
		{misuse, "--name", append(create, "--kind", "public")},
		{misuse, "--tenant", []string{"application", "create", "--name", "x", "--kind", "public"}},
	} {
		got := i.do("", test.args...)
		if got.code != test.code || got.out != "" || !strings.HasPrefix(got.err, "latchkey: ") || !strings.Contains(got.err, test.want) {
			t.Errorf("%v: ended with %d: %q, want %d with %q", test.args, got.code, got.err, test.code, test.want)
		}
	}
	if rows := listed[applicationRow](i, "application", "list", "--tenant", "acme"); len(rows) != 1 {
		t.Errorf("listed %+v", rows)
	}
}
