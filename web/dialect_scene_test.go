package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// The addresses where other systems' clients get their tokens.
const (
	apinizerURL = "/apiops/auth/token"
	purewlURL   = "/auth/v1/accessToken"
	passwordURL = "/authorization"
	helloURL    = "/apiops/test/hello/you"
)

// secretString is any secret that Latchkey gives, with what it is for.
var secretString = regexp.MustCompile(`\blk(pat|acc|ref|sec)[0-9A-Za-z]{38}\b`)

// posts sends a form, given as name, value, name, value …
func posts(t testing.TB, h http.Handler, path string, pairs ...string) *httptest.ResponseRecorder {
	t.Helper()
	return postsBody(t, h, path, encoded(pairs...))
}

func encoded(pairs ...string) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		parts = append(parts, url.QueryEscape(pairs[i])+"="+url.QueryEscape(pairs[i+1]))
	}
	return strings.Join(parts, "&")
}

const isForm = "Content-Type: application/x-www-form-urlencoded"

// postsBody sends a body as a form, unless the headers say otherwise.
func postsBody(t testing.TB, h http.Handler, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	if len(headers) == 0 {
		headers = []string{isForm}
	}
	return do(t, h, "POST", path, "", body, append([]string{"Content-Type: "}, headers...)...)
}

// person makes somebody in acme who has a password.
func (sc *scene) person(t testing.TB, username string, roles ...string) {
	t.Helper()
	modelstest.Person(t, sc.store, "acme", username, passphrase, roles...)
}

// apinizer sends what a client of Apinizer signs in with.
func (sc *scene) apinizer(t testing.TB, username, password string) *httptest.ResponseRecorder {
	t.Helper()
	return posts(t, sc.server, apinizerURL, "grant_type", "client_credentials", "client_id", username, "client_secret", password)
}

// password sends what a client of the password platform signs in with.
func (sc *scene) password(t testing.TB, username, password string) *httptest.ResponseRecorder {
	t.Helper()
	return posts(t, sc.server, passwordURL, "username", username, "password", password)
}

// token is who has the access token of an answer.
func (sc *scene) token(t testing.TB, w *httptest.ResponseRecorder) caller {
	t.Helper()
	if w.Code != 200 {
		t.Fatalf("no token: %d %s", w.Code, w.Body)
	}
	token, _ := decode[object](t, w)["access_token"].(string)
	c := caller{t, sc.server, token, ""}
	c.id = c.gets("/me")["token"].(object)["id"].(string)
	return c
}

// partner makes a partner application and returns its id and its secret key.
func (sc *scene) partner(t testing.TB, name string, scopes ...string) (id, key string) {
	t.Helper()
	return sc.application(t, models.NewApplication{Name: name, Kind: models.Partner, Scopes: scopes})
}

func (sc *scene) application(t testing.TB, in models.NewApplication) (id, key string) {
	t.Helper()
	app, secret, err := modelstest.In(t, sc.store, "acme").CreateApplication(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return app.ID, secret.Reveal()
}

// switches turns a dialect or a grant of acme on or off.
func (sc *scene) switches(t testing.TB, what string, on bool) {
	t.Helper()
	_, err := modelstest.In(t, sc.store, "acme").ChangePolicy(t.Context(), models.PolicyChange{On: map[string]bool{what: on}})
	if err != nil {
		t.Fatal(err)
	}
}

// minted counts everything that a token endpoint makes.
func (sc *scene) minted(t testing.TB) (n int) {
	t.Helper()
	const count = "SELECT (SELECT count(*) FROM tokens) + (SELECT count(*) FROM grants) + (SELECT count(*) FROM refresh_tokens)"
	if err := sc.db.QueryRowContext(t.Context(), count).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// told fails the test unless the answer is exactly that, with every secret in
// it as its kind.
func told(t testing.TB, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	got := secretString.ReplaceAllString(w.Body.String(), "lk$1…")
	if w.Code != status || got != body {
		t.Errorf("got %d %s\nwant %d %s", w.Code, got, status, body)
	}
	if cache := w.Header().Get("Cache-Control"); cache != "no-store" {
		t.Errorf("%s may be kept: %q", got, cache)
	}
}

// failsShortly fails the test unless the answer is an error of two fields, with
// that code and a description.
func failsShortly(t testing.TB, w *httptest.ResponseRecorder, status int, code string) string {
	t.Helper()
	said := decode[map[string]string](t, w)
	if w.Code != status || said["error"] != code || said["error_description"] == "" || len(said) != 2 {
		t.Errorf("got %d %s, want %d %s", w.Code, w.Body, status, code)
	}
	isJSON(t, w)
	return said["error_description"]
}

func isJSON(t testing.TB, w *httptest.ResponseRecorder) {
	t.Helper()
	if kind := w.Header().Get("Content-Type"); kind != "application/json" {
		t.Errorf("%s has the type %q", w.Body, kind)
	}
	if cache := w.Header().Get("Cache-Control"); cache != "no-store" {
		t.Errorf("%s may be kept: %q", w.Body, cache)
	}
}

// hello tries a token where clients of Apinizer do.
func (c caller) hello(headers ...string) *httptest.ResponseRecorder {
	c.t.Helper()
	return do(c.t, c.server, "GET", helloURL, c.token, "", headers...)
}

// works fails the test unless the token does.
func (c caller) works() {
	c.t.Helper()
	want(c.t, c.hello(), 200, "")
}

// happened fails the test unless the audit log has events of that kind, in
// number.
func (sc *scene) happened(t testing.TB, action string, times int) {
	t.Helper()
	n := 0
	for _, got := range sc.root.lists("/audit-events?limit=100").column("action") {
		if got == action {
			n++
		}
	}
	if n != times {
		t.Errorf("the audit log has %s %d times, want %d", action, n, times)
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
