package web_test

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// A scene is a server with two tenants, and people in them with a token each.
type scene struct {
	store  *models.Store
	clock  *modelstest.Clock
	db     *sql.DB // beside the store
	server http.Handler

	root caller // administers acme
	ada  caller // a member of acme without roles
	bo   caller // a member of acme who manages proxies
	eve  caller // administers another tenant
}

// start is when every scene begins.
var start = time.Date(2026, 10, 12, 14, 20, 0, 123456000, time.UTC)

// eachScene runs f in a scene on each database.
func eachScene(t *testing.T, f func(t *testing.T, sc *scene)) {
	t.Helper()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		clock := modelstest.NewClock(start)
		s := modelstest.OpenAt(t, database, clock.Now)
		sc := &scene{store: s, clock: clock, db: connect(t, database), server: newServer(t, s)}
		modelstest.Tenant(t, s, "acme")
		modelstest.Tenant(t, s, "other")
		sc.root = sc.member(t, "acme", "root", models.Admin)
		sc.ada = sc.member(t, "acme", "ada")
		sc.bo = sc.member(t, "acme", "bo", "ROLE_MANAGE_PROXIES")
		sc.eve = sc.member(t, "other", "eve", models.Admin)
		f(t, sc)
	})
}

// member makes a member with a token that may do whatever the member may.
func (sc *scene) member(t testing.TB, slug, username string, roles ...string) caller {
	t.Helper()
	a := modelstest.Member(t, sc.store, slug, username, roles...)
	return sc.caller(t, a, models.NewToken{Name: username + "'s token", Scopes: []string{"*", "tokens:write"}})
}

// caller makes a token for somebody and sends requests with it.
func (sc *scene) caller(t testing.TB, a *models.Access, in models.NewToken) caller {
	t.Helper()
	token, secret := modelstest.Token(t, a, in)
	return caller{t, sc.server, secret, token.ID}
}

// as is what an Access can do now, who is a member of acme.
func (sc *scene) as(t testing.TB, username string) *models.Access {
	t.Helper()
	return modelstest.As(t, sc.store, "acme", username)
}

// A caller sends requests to the API with one token.
type caller struct {
	t      testing.TB
	server http.Handler
	token  string // the secret
	id     string // of the token
}

// with is the caller with another token.
func (c caller) with(token string) caller { return caller{c.t, c.server, token, ""} }

func (c caller) send(method, path, body string) *httptest.ResponseRecorder {
	c.t.Helper()
	return do(c.t, c.server, method, "/api/v1"+path, c.token, body)
}

// gets reads one thing.
func (c caller) gets(path string) object {
	c.t.Helper()
	return c.succeeds("GET", path, "", 200)
}

// lists reads one page.
func (c caller) lists(path string) listing {
	c.t.Helper()
	w := c.send("GET", path, "")
	if w.Code != 200 {
		c.t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
	page := decode[listing](c.t, w)
	if page.Items == nil {
		c.t.Errorf("GET %s: items is null", path)
	}
	return page
}

// succeeds sends a request that has to be answered with that status.
func (c caller) succeeds(method, path, body string, status int) object {
	c.t.Helper()
	w := c.send(method, path, body)
	if w.Code != status {
		c.t.Fatalf("%s %s %s: %d %s, want %d", method, path, body, w.Code, w.Body, status)
	}
	if status == 204 {
		return nil
	}
	return decode[object](c.t, w)
}

// fails sends a request that has to be refused with that status and code.
func (c caller) fails(method, path, body string, status int, code string) problem {
	c.t.Helper()
	w := c.send(method, path, body)
	if w.Code != status || problemOf(w).Code != code {
		c.t.Errorf("%s %s %s: %d %s, want %d %s", method, path, body, w.Code, w.Body, status, code)
	}
	return problemOf(w)
}

// dead fails the test unless the token is refused, and returns why.
func (c caller) dead() string {
	c.t.Helper()
	return c.fails("GET", "/me", "", 401, "invalid_token").Detail
}

// creates makes a token and returns its record and a caller with it.
func (c caller) creates(body string) (object, caller) {
	c.t.Helper()
	made := c.succeeds("POST", "/tokens", body, 201)
	child := c.with(made["token"].(string))
	child.id = made["id"].(string)
	return made, child
}
