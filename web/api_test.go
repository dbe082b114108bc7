package web_test

import (
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
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

func TestMe(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		me := sc.bo.gets("/me")
		same(t, "user", me["user"], object{"id": sc.as(t, "bo").User().ID, "username": "bo", "display_name": "", "email": nil})
		same(t, "tenant", me["tenant"], object{"id": sc.as(t, "bo").Tenant().ID, "slug": "acme", "name": "acme"})
		same(t, "application", me["application"], nil)
		same(t, "roles", me["roles"], []any{"ROLE_MANAGE_PROXIES"})
		same(t, "scopes", me["scopes"], []any{"profile:read", "projects:read", "projects:write", "proxies:read", "proxies:write", "tokens:read", "tokens:write"})
		same(t, "token", me["token"], object{"id": sc.bo.id, "name": "bo's token", "kind": "pat", "expires_at": nil})

		none := sc.ada.gets("/me")
		same(t, "roles of nobody special", none["roles"], []any{})
		useless := sc.caller(t, sc.as(t, "ada"), models.NewToken{Scopes: []string{"invoices:read"}})
		same(t, "scopes that the owner lacks", useless.gets("/me")["scopes"], []any{})
		for _, name := range []string{"root", "ada"} {
			if w := sc.root.send("GET", "/me", ""); strings.Contains(w.Body.String(), "other") && name == "root" {
				t.Errorf("/me tells of another tenant: %s", w.Body)
			}
		}
	})
}

func TestPing(t *testing.T) {
	srv := newServer(t, modelstest.Open(t))
	w := do(t, srv, "GET", "/api/v1/ping", "", "")
	if want(t, w, 200, ""); strings.TrimSpace(w.Body.String()) != `{"status":"ok"}` {
		t.Errorf("ping says %s", w.Body)
	}
	w = do(t, srv, "GET", "/api/openapi.json", "", "")
	want(t, w, 200, "")
	same(t, "the version", decode[object](t, w)["openapi"], any("3.1.0"))
}

var tokenString = regexp.MustCompile(`^lkpat[0-9A-Za-z]{38}$`)

func TestCreatingATokenAnswersItsRecordAndTheSecretOnce(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		w := sc.ada.send("POST", "/tokens", `{"name":"  nightly  ","expires_at":null,"description":"Copies.","scopes":["tokens:read","*:read","*:read"],`+
			`"allowed_cidrs":["192.0.2.1","192.0.2.77/24","2001:DB8::1/64"],"not_before":"2026-10-12T14:00:00+03:00"}`)
		want(t, w, 201, "")
		made := decode[object](t, w)
		secret, _ := made["token"].(string)
		if !tokenString.MatchString(secret) {
			t.Errorf("the token is %q", secret)
		}
		id, _ := made["id"].(string)
		same(t, "Location", w.Header().Get("Location"), "/api/v1/tokens/"+id)
		same(t, "Cache-Control", w.Header().Get("Cache-Control"), "no-store")
		delete(made, "token")
		record := object{"id": id, "name": "nightly", "description": "Copies.", "hint": "lkpat…" + secret[39:], "scopes": []any{"*:read", "tokens:read"},
			"allowed_cidrs": []any{"192.0.2.0/24", "192.0.2.1/32", "2001:db8::/64"}, "status": "active",
			"created_at": "2026-10-12T14:20:00.123456Z", "not_before": "2026-10-12T11:00:00Z", "expires_at": nil,
			"last_used_at": nil, "last_used_ip": nil, "revoked_at": nil, "parent_id": sc.ada.id}
		same(t, "the record", made, record)

		for _, path := range []string{"/tokens/" + id, "/tokens", "/tokens/current"} {
			w := sc.ada.with(secret).send("GET", path, "")
			sum := "" // nothing that the secret could be found by
			for _, leak := range []string{secret, secret[5:37], hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret)), "hash" + sum} {
				if strings.Contains(w.Body.String(), leak) {
					t.Errorf("GET %s tells %q", path, leak)
				}
			}
		}
		same(t, "the record read back", sc.ada.gets("/tokens/"+id), record)
		same(t, "the record of itself", sc.ada.with(secret).gets("/tokens/current"), record)
	})
}

func TestWhenATokenExpires(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for sent, want := range map[string]any{
			`null`:                            nil,
			`"2026-12-31"`:                    "2027-01-01T00:00:00Z",
			`"2028-02-29"`:                    "2028-03-01T00:00:00Z",
			`"2026-10-12"`:                    "2026-10-13T00:00:00Z",
			`"2026-10-12T14:20:00.123457Z"`:   "2026-10-12T14:20:00.123457Z",
			`"2027-06-01T12:00:00+03:00"`:     "2027-06-01T09:00:00Z",
			`"2027-06-01T12:00:00-00:00"`:     "2027-06-01T12:00:00Z",
			`"2027-06-01T12:00:00.12345678Z"`: "2027-06-01T12:00:00.123456Z",
			`"9999-12-31"`:                    "9999-12-31T23:59:59.999999Z",
			`"9999-12-31T23:59:59Z"`:          "9999-12-31T23:59:59Z",
		} {
			made, _ := sc.ada.creates(`{"name":` + fmt.Sprintf("%q", "until "+strings.Trim(sent, `"`)) + `,"expires_at":` + sent + `}`)
			same(t, "sent "+sent, made["expires_at"], want)
			same(t, "read back "+sent, sc.ada.gets("/tokens/" + made["id"].(string))["expires_at"], want)
		}
	})
}

// A date means the end of that day where the owner lives.
func TestADateEndsInTheOwnersTimeZone(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		in := models.NewUser{Username: "zeynep", Kind: models.Service, TimeZone: "Europe/Istanbul"}
		if _, err := sc.store.Operator().CreateUser(t.Context(), in, "acme", nil); err != nil {
			t.Fatal(err)
		}
		zeynep := sc.caller(t, sc.as(t, "zeynep"), models.NewToken{Scopes: []string{"tokens:write"}})
		made, _ := zeynep.creates(`{"name":"n","expires_at":"2026-12-31","scopes":["tokens:write"]}`)
		same(t, "the end of the year in Istanbul", made["expires_at"], any("2026-12-31T21:00:00Z"))
	})
}

func TestTokensAreReadChangedAndRevoked(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		made, other := sc.ada.creates(`{"name":"deploy","expires_at":null}`)
		path := "/tokens/" + made["id"].(string)

		changed := sc.ada.succeeds("PATCH", path, `{"name":"deploy 2","description":"Two\nlines."}`, 200)
		same(t, "name", changed["name"], any("deploy 2"))
		same(t, "description", changed["description"], any("Two\nlines."))
		same(t, "a change of nothing", sc.ada.succeeds("PATCH", path, `{}`, 200), changed)
		same(t, "an empty description", sc.ada.succeeds("PATCH", path, `{"description":""}`, 200)["description"], any(""))
		same(t, "the name is still there", sc.ada.gets(path)["name"], any("deploy 2"))
		sc.ada.fails("PATCH", path, `{"name":"ada's token"}`, 409, "conflict")
		sc.ada.fails("PATCH", path, `{"scopes":["*"]}`, 400, "invalid_json")
		sc.ada.fails("PATCH", path, `{"name":null}`, 422, "invalid")

		other.gets("/me")
		sc.ada.succeeds("DELETE", path, "", 204)
		same(t, "why it does not work", other.dead(), "The token was revoked.")
		sc.ada.succeeds("DELETE", path, "", 204)
		revoked := sc.ada.gets(path)
		same(t, "status", revoked["status"], any("revoked"))
		same(t, "revoked_at", revoked["revoked_at"], any("2026-10-12T14:20:00.123456Z"))
		sc.ada.fails("PATCH", path, `{"name":"back again"}`, 409, "conflict")
	})
}

// Neither a colleague's token nor another tenant's can be told from one that
// never was.
func TestAnothersTokenIsNotThere(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		before := kept(t, sc.db)
		for _, id := range []string{sc.bo.id, sc.eve.id, noToken} {
			for _, r := range []struct{ method, body string }{{"GET", ""}, {"PATCH", `{"name":"mine now"}`}, {"DELETE", ""}} {
				never := sc.ada.send(r.method, "/tokens/"+noToken, r.body).Body.String()
				w := sc.ada.send(r.method, "/tokens/"+id, r.body)
				if want(t, w, 404, "not_found"); w.Body.String() != never {
					t.Errorf("%s of another's: %s, of none: %s", r.method, w.Body, never)
				}
			}
			never := sc.root.send("DELETE", "/tenant-tokens/"+noToken, "").Body.String()
			if w := sc.root.send("DELETE", "/tenant-tokens/"+id, ""); id != sc.bo.id && (w.Code != 404 || w.Body.String() != never) {
				t.Errorf("revoking %s: %d %s", id, w.Code, w.Body)
			} else if id == sc.bo.id {
				before = kept(t, sc.db) // an administrator may
			}
		}
		same(t, "the database", kept(t, sc.db), before)
		sc.eve.gets("/me")
	})
}

func TestListsOfTokens(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		ada := sc.as(t, "ada")
		add := func(in models.NewToken) models.Token {
			sc.clock.Add(time.Minute)
			token, _ := modelstest.Token(t, ada, in)
			return token
		}
		add(models.NewToken{Name: "Alpha_1"})
		add(models.NewToken{Name: "beta%", Expires: models.ExpiresOn("2026-10-20")})
		over := add(models.NewToken{Name: "gamma", Expires: models.ExpiresOn("2026-10-13")})
		add(models.NewToken{Name: "delta", NotBefore: "2027-01-01"})
		ended := add(models.NewToken{Name: "epsilon"})
		if err := ada.RevokeToken(t.Context(), ended.ID); err != nil {
			t.Fatal(err)
		}
		sc.clock.Set(*over.ExpiresAt)
		sc.ada.gets("/me")
		flush(t, sc.store)
		for query, names := range map[string]string{
			"":                         "epsilon delta gamma beta% Alpha_1 ada's token",
			"?sort=-created":           "epsilon delta gamma beta% Alpha_1 ada's token",
			"?sort=created":            "ada's token Alpha_1 beta% gamma delta epsilon",
			"?sort=name":               "ada's token Alpha_1 beta% delta epsilon gamma",
			"?sort=-name":              "gamma epsilon delta beta% Alpha_1 ada's token",
			"?sort=expires&limit=2":    "gamma beta%",
			"?sort=-last_used&limit=1": "ada's token",
			"?q=pat":                   "",
			"?status=active":           "beta% Alpha_1 ada's token",
			"?status=pending":          "delta",
			"?status=expired":          "gamma",
			"?status=revoked":          "epsilon",
			"?q=ALPHA":                 "Alpha_1",
			"?q=%25":                   "beta%",
			"?q=_":                     "Alpha_1",
			"?q='%20OR%201=1--":        "",
			"?q=" + ended.Hint[8:]:     "epsilon",
			"?status=active&q=eta":     "beta%",
		} {
			if got := strings.Join(sc.ada.lists("/tokens"+query).column("name"), " "); got != names {
				t.Errorf("GET /tokens%s: %s, want %s", query, got, names)
			}
		}
		r := httptest.NewRequest("GET", "/api/v1/tokens?status=&q=&sort=&limit=&cursor=", nil)
		r.Header.Set("Authorization", "Bearer "+sc.ada.token)
		same(t, "what is empty does not narrow", len(decode[listing](t, send(t, sc.server, r)).Items), 6)
		for _, query := range []string{"status=live", "status=ACTIVE", "sort=hash", "sort=name,hash", "sort=-", "q=" + strings.Repeat("x", 101)} {
			field, _, _ := strings.Cut(query, "=")
			same(t, query, sc.ada.fails("GET", "/tokens?"+query, "", 422, "invalid").fields(), []string{field})
		}
	})
}

func TestPagesOfAListHoldEverythingOnce(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		ada := sc.as(t, "ada")
		for i := range 7 {
			modelstest.Token(t, ada, models.NewToken{Name: fmt.Sprintf("n%d", i)}) // all at one instant
		}
		for _, sort := range []string{"-created", "created", "name", "-name", "expires", "-expires", "last_used", "-last_used"} {
			seen, pages := map[string]bool{}, 0
			for cursor, more := "", true; more; pages++ {
				page := sc.ada.lists("/tokens?limit=3&sort=" + sort + "&cursor=" + cursor)
				for _, id := range page.column("id") {
					if seen[id] {
						t.Errorf("sort=%s: %s comes twice", sort, id)
					}
					seen[id] = true
				}
				if more = page.NextCursor != nil; more {
					cursor = *page.NextCursor
				}
				if pages > 9 {
					t.Fatalf("sort=%s: the list does not end", sort)
				}
			}
			if len(seen) != 8 || pages != 3 {
				t.Errorf("sort=%s: %d tokens on %d pages, want 8 on 3", sort, len(seen), pages)
			}
		}
		same(t, "one page with all", sc.ada.lists("/tokens?limit=8").NextCursor, (*string)(nil))
		for _, c := range []caller{sc.root} {
			for _, path := range []string{"/members", "/roles", "/tenant-tokens", "/audit-events"} {
				page := c.lists(path + "?limit=2")
				if len(page.Items) != 2 || page.NextCursor == nil {
					t.Fatalf("%s: %d items, next %v", path, len(page.Items), page.NextCursor)
				}
				next := c.lists(path + "?limit=100&cursor=" + *page.NextCursor)
				all := c.lists(path + "?limit=100")
				same(t, path, len(page.Items)+len(next.Items), len(all.Items))
				same(t, path+" goes on where it stopped", next.Items[0], all.Items[2])
			}
		}
	})
}

// A cursor is good for the list, the filters and the person that it was given
// to, and for nothing else.
func TestACursorIsGoodForItsOwnList(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for i := range 3 {
			for _, name := range []string{"ada", "root"} {
				modelstest.Token(t, sc.as(t, name), models.NewToken{Name: fmt.Sprint("t", i)})
			}
		}
		modelstest.Token(t, modelstest.As(t, sc.store, "other", "eve"), models.NewToken{})
		mine := *sc.root.lists("/tokens?limit=1").NextCursor
		foreign := *sc.eve.lists("/tokens?limit=1").NextCursor
		colleagues := *sc.ada.lists("/tokens?limit=1").NextCursor
		members := *sc.root.lists("/members?limit=1").NextCursor
		sc.root.lists("/tokens?cursor=" + mine)
		for _, path := range []string{
			"/tokens?cursor=" + foreign, "/tokens?cursor=" + colleagues, "/tokens?cursor=" + members,
			"/tokens?status=active&cursor=" + mine, "/tokens?q=t&cursor=" + mine, "/tokens?sort=name&cursor=" + mine,
			"/tenant-tokens?cursor=" + mine, "/roles?cursor=" + mine, "/members?cursor=" + mine, "/audit-events?cursor=" + mine,
			"/members?q=a&cursor=" + members, "/tokens?cursor=" + mine[1:], "/tokens?cursor=" + mine + mine, "/tokens?cursor=x",
			"/tokens?cursor=" + mine[:20] + other(mine[20:21]) + mine[21:], "/tokens?cursor=%F0%9F%97%9D", "/tokens?cursor=" + strings.Repeat("A", 5000),
		} {
			same(t, path, sc.root.fails("GET", path, "", 422, "invalid").fields(), []string{"cursor"})
		}
	})
}

func TestMembers(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		same(t, "the members", sc.root.lists("/members").column("username"), []string{"ada", "bo", "root"})
		same(t, "those with a role", sc.root.lists("/members?role=ROLE_ADMIN").column("username"), []string{"root"})
		same(t, "those with a name", sc.root.lists("/members?q=BO").column("username"), []string{"bo"})
		same(t, "nobody of another tenant", sc.root.lists("/members?q=eve").Items, []object{})
		same(t, "a strange role", sc.root.fails("GET", "/members?role=admin", "", 422, "invalid").fields(), []string{"role"})

		bo := object{"id": sc.as(t, "bo").User().ID, "username": "bo", "display_name": "", "email": nil, "kind": "service",
			"roles": []any{"ROLE_MANAGE_PROXIES"}, "disabled": false, "created_at": "2026-10-12T14:20:00.123456Z"}
		same(t, "one member", sc.root.gets("/members/bo"), bo)
		same(t, "one member, spelt otherwise", sc.root.gets("/members/BO"), bo)
		never := sc.root.send("GET", "/members/nobody", "").Body.String()
		for _, path := range []string{"/members/eve", "/members/%00", "/members/b%2Fo", "/members/bo%20or%201=1"} {
			if w := sc.root.send("GET", path, ""); w.Code != 404 || !strings.Contains(path, "%00") && w.Body.String() != never {
				t.Errorf("GET %s: %d %s", path, w.Code, w.Body)
			}
		}

		bo["roles"] = []any{"ROLE_API_SECURITY", "ROLE_MANAGE_PROXIES"}
		same(t, "with another role", sc.root.succeeds("PATCH", "/members/bo", `{"roles":["ROLE_MANAGE_PROXIES","ROLE_API_SECURITY","ROLE_API_SECURITY"]}`, 200), bo)
		same(t, "with nothing changed", sc.root.succeeds("PATCH", "/members/bo", `{}`, 200), bo)
		same(t, "with a strange role", sc.root.fails("PATCH", "/members/bo", `{"roles":["ROLE_NONE"]}`, 422, "invalid").fields(), []string{"roles"})
		bo["disabled"] = true
		same(t, "disabled", sc.root.succeeds("PATCH", "/members/bo", `{"disabled":true}`, 200), bo)
		same(t, "why the token does not work", sc.bo.dead(), "The owner of the token is disabled.")
		sc.root.succeeds("PATCH", "/members/bo", `{"disabled":false,"roles":[]}`, 200)
		same(t, "roles taken away", sc.bo.gets("/me")["roles"], []any{})

		sc.root.succeeds("DELETE", "/members/bo", "", 204)
		sc.root.fails("DELETE", "/members/bo", "", 404, "not_found")
		same(t, "why the token does not work", sc.bo.dead(), "The token was revoked.")
		sc.root.fails("DELETE", "/members/eve", "", 404, "not_found")
		sc.eve.gets("/me")
	})
}

func TestAUserNameMayHoldAnAt(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		sc.member(t, "acme", "kim+ops@example.com")
		for _, path := range []string{"/members/kim+ops@example.com", "/members/kim%2Bops%40example.com", "/members/KIM+ops@Example.com"} {
			same(t, path, sc.root.gets(path)["username"], any("kim+ops@example.com"))
		}
	})
}

func TestTheLastAdministratorStays(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		before := kept(t, sc.db)
		sc.root.fails("PATCH", "/members/root", `{"roles":[]}`, 409, "conflict")
		sc.root.fails("PATCH", "/members/root", `{"disabled":true}`, 409, "conflict")
		sc.root.fails("DELETE", "/members/root", "", 409, "conflict")
		same(t, "the database", kept(t, sc.db), before)

		sc.root.succeeds("PATCH", "/members/ada", `{"roles":["ROLE_ADMIN"]}`, 200)
		sc.root.succeeds("PATCH", "/members/ada", `{"disabled":true}`, 200)
		sc.root.fails("DELETE", "/members/root", "", 409, "conflict") // who is disabled does not count
		sc.root.succeeds("PATCH", "/members/ada", `{"disabled":false}`, 200)
		sc.root.succeeds("PATCH", "/members/root", `{"roles":["ROLE_MANAGE_PROXIES"]}`, 200)
		sc.root.fails("GET", "/members", "", 403, "insufficient_scope")
		sc.ada.succeeds("DELETE", "/members/root", "", 204)
		sc.root.dead()
	})
}

func TestInvitations(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		made := sc.root.succeeds("POST", "/members", `{"roles":["ROLE_MANAGE_PROXIES"],"email":"jo@example.com"}`, 201)
		same(t, "roles", made["roles"], []any{"ROLE_MANAGE_PROXIES"})
		same(t, "email", made["email"], any("jo@example.com"))
		same(t, "expires_at", made["expires_at"], any("2026-10-19T14:20:00.123456Z"))
		link, _ := made["invite_url"].(string)
		code, ok := strings.CutPrefix(link, "http://localhost:8080/invite/")
		if !ok || strings.ContainsAny(code, "/?#") {
			t.Fatalf("invite_url is %s", link)
		}
		if strings.Contains(kept(t, sc.db), code) {
			t.Error("the code of an invitation is stored")
		}

		// Who is already a member, has an account elsewhere or has none: the answer is alike.
		for _, email := range []string{`,"email":null`, `,"email":""`, ``} {
			same(t, email, sc.root.succeeds("POST", "/members", `{"roles":[]`+email+`}`, 201)["email"], any(nil))
		}

		joined, tenant, err := sc.store.JoinByInvitation(t.Context(), code,
			models.NewUser{Username: "jo", Password: "seven brass lanterns"}, models.Client{})
		if err != nil || tenant.Slug != "acme" {
			t.Fatalf("joining: %v %v", tenant, err)
		}
		jo := sc.root.gets("/members/jo")
		same(t, "the new member", []any{jo["id"], jo["kind"], jo["roles"], jo["email"]},
			[]any{joined.ID, "person", []any{"ROLE_MANAGE_PROXIES"}, "jo@example.com"})
		if _, _, err := sc.store.JoinByInvitation(t.Context(), code, models.NewUser{Username: "jo2", Password: "seven brass lanterns"}, models.Client{}); models.KindOf(err) != models.NotFound {
			t.Errorf("the invitation works twice: %v", err)
		}
	})
}

func TestRoles(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		builtIn := []string{"ROLE_ADMIN", "ROLE_API_SECURITY", "ROLE_DEPLOY_UNDEPLOY_PROXIES", "ROLE_MANAGE_PROXIES"}
		same(t, "the roles", sc.root.lists("/roles").column("name"), builtIn)
		for _, name := range builtIn {
			role := sc.root.gets("/roles/" + name)
			want := []any{}
			for _, scope := range rolesGive[name] {
				want = append(want, scope)
			}
			same(t, name, []any{role["scopes"], role["built_in"]}, []any{want, true})
			sc.root.fails("PATCH", "/roles/"+name, `{"scopes":["invoices:read"]}`, 409, "conflict")
			sc.root.fails("DELETE", "/roles/"+name, "", 409, "conflict")
			sc.root.fails("POST", "/roles", `{"name":"`+name+`","scopes":["invoices:read"]}`, 409, "conflict")
		}

		w := sc.root.send("POST", "/roles", `{"name":"ROLE_BILLING","description":"Reads invoices.","scopes":["invoices:read","invoices:read"]}`)
		want(t, w, 201, "")
		same(t, "Location", w.Header().Get("Location"), "/api/v1/roles/ROLE_BILLING")
		role := object{"name": "ROLE_BILLING", "description": "Reads invoices.", "scopes": []any{"invoices:read"}, "built_in": false}
		same(t, "the answer", decode[object](t, w), role)
		same(t, "read back", sc.root.gets("/roles/ROLE_BILLING"), role)
		same(t, "its own come last", sc.root.lists("/roles").column("name"), append(builtIn, "ROLE_BILLING"))
		sc.root.fails("POST", "/roles", `{"name":"ROLE_BILLING","scopes":["invoices:read"]}`, 409, "conflict")
		sc.eve.fails("GET", "/roles/ROLE_BILLING", "", 404, "not_found")
		sc.eve.fails("PATCH", "/roles/ROLE_BILLING", `{"scopes":["invoices:read"]}`, 404, "not_found")
		sc.eve.fails("DELETE", "/roles/ROLE_BILLING", "", 404, "not_found")
		same(t, "not in another tenant", sc.eve.lists("/roles").column("name"), builtIn)
		sc.eve.succeeds("POST", "/roles", `{"name":"ROLE_BILLING","scopes":["invoices:read"]}`, 201)
		sc.eve.fails("PATCH", "/members/eve", `{"roles":["ROLE_NONE"]}`, 422, "invalid")

		role["description"], role["scopes"] = "", []any{"*:read", "invoices:write"}
		same(t, "changed", sc.root.succeeds("PATCH", "/roles/ROLE_BILLING", `{"description":"","scopes":["invoices:write","*:read"]}`, 200), role)
		sc.root.succeeds("PATCH", "/members/ada", `{"roles":["ROLE_BILLING"]}`, 200)
		sc.ada.lists("/members")
		sc.root.succeeds("PATCH", "/roles/ROLE_BILLING", `{"scopes":["invoices:read"]}`, 200)
		sc.ada.fails("GET", "/members", "", 403, "insufficient_scope") // at once
		sc.root.fails("DELETE", "/roles/ROLE_BILLING", "", 409, "conflict")
		sc.root.succeeds("PATCH", "/members/ada", `{"roles":[]}`, 200)
		sc.root.succeeds("DELETE", "/roles/ROLE_BILLING", "", 204)
		sc.root.fails("DELETE", "/roles/ROLE_BILLING", "", 404, "not_found")
		same(t, "that of the other tenant stays", sc.eve.gets("/roles/ROLE_BILLING")["name"], any("ROLE_BILLING"))
	})
}

// Nobody can give a scope that they lack, whether their roles or their token
// lack it, and by whatever way they try.
func TestNobodyGivesWhatTheyLack(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for _, body := range []string{
			`{"name":"ROLE_HELPDESK","scopes":["members:*","roles:*","invoices:read"]}`,
			`{"name":"ROLE_READER","scopes":["*:read"]}`,
		} {
			sc.root.succeeds("POST", "/roles", body, 201)
		}
		sc.root.succeeds("PATCH", "/members/ada", `{"roles":["ROLE_HELPDESK"]}`, 200)
		narrow := sc.caller(t, sc.as(t, "root"), models.NewToken{Scopes: []string{"members:*", "roles:*", "invoices:read"}})
		before := kept(t, sc.db)
		for who, c := range map[string]caller{"by role": sc.ada, "by token": narrow} {
			for _, r := range []struct{ method, path, body, lacks string }{
				{"POST", "/roles", `{"name":"ROLE_BIG","scopes":["*"]}`, "*"},
				{"POST", "/roles", `{"name":"ROLE_BIG","scopes":["invoices:read","invoices:write"]}`, "invoices:write"},
				{"POST", "/roles", `{"name":"ROLE_BIG","scopes":["*:read"]}`, "*:read"},
				{"PATCH", "/roles/ROLE_READER", `{"scopes":["*:read","policy:write"]}`, "policy:write"},
				{"PATCH", "/roles/ROLE_HELPDESK", `{"scopes":["*"]}`, "*"},
				{"PATCH", "/members/ada", `{"roles":["ROLE_HELPDESK","ROLE_ADMIN"]}`, "*"},
				{"PATCH", "/members/bo", `{"roles":["ROLE_READER"]}`, "*:read"},
				{"POST", "/members", `{"roles":["ROLE_ADMIN"]}`, "*"},
			} {
				w := c.send(r.method, r.path, r.body)
				want(t, w, 403, "insufficient_scope")
				same(t, who+" "+r.path, w.Header().Get("WWW-Authenticate"), `Bearer realm="latchkey", error="insufficient_scope", scope="`+r.lacks+`"`)
			}
		}
		same(t, "the database", kept(t, sc.db), before)
		sc.ada.succeeds("POST", "/roles", `{"name":"ROLE_SMALL","scopes":["invoices:read","members:read","tokens:write"]}`, 201)
		sc.ada.succeeds("POST", "/members", `{"roles":["ROLE_HELPDESK","ROLE_SMALL"]}`, 201)
		sc.ada.succeeds("PATCH", "/roles/ROLE_READER", `{"description":"Reads.","scopes":["*:read"]}`, 200)
	})
}

func TestTenantTokens(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		same(t, "all of the tenant", sc.root.lists("/tenant-tokens?sort=name").column("username"), []string{"ada", "bo", "root"})
		same(t, "of one member", sc.root.lists("/tenant-tokens?username=BO").column("id"), []string{sc.bo.id})
		same(t, "of nobody here", sc.root.lists("/tenant-tokens?username=eve").Items, []object{})
		same(t, "of nobody at all", sc.root.lists("/tenant-tokens?username=%20").Items, []object{})
		same(t, "by name", sc.root.lists("/tenant-tokens?q=ada%27s&status=active").column("id"), []string{sc.ada.id})
		same(t, "not of another tenant", sc.root.lists("/tenant-tokens?q=eve").Items, []object{})

		sc.root.succeeds("DELETE", "/tenant-tokens/"+sc.bo.id, "", 204)
		sc.root.succeeds("DELETE", "/tenant-tokens/"+sc.bo.id, "", 204)
		same(t, "why it does not work", sc.bo.dead(), "The token was revoked.")
		same(t, "the revoked", sc.root.lists("/tenant-tokens?status=revoked").column("id"), []string{sc.bo.id})
		sc.root.fails("DELETE", "/tenant-tokens/"+sc.eve.id, "", 404, "not_found")
		sc.eve.gets("/me")
	})
}

func TestPolicy(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		policy := object{"allow_never": true, "max_lifetime_days": nil, "max_tokens_per_user": 5000.0, "tokens_by_token": true, "contact_text": ""}
		same(t, "the policy of a new tenant", sc.root.gets("/policy"), policy)
		same(t, "with nothing changed", sc.root.succeeds("PATCH", "/policy", `{}`, 200), policy)
		policy["max_lifetime_days"], policy["contact_text"] = 90.0, "Ask Rosa."
		same(t, "changed", sc.root.succeeds("PATCH", "/policy", `{"max_lifetime_days":90,"contact_text":" Ask Rosa. "}`, 200), policy)
		same(t, "read back", sc.root.gets("/policy"), policy)
		policy["max_lifetime_days"] = nil
		same(t, "without a limit again", sc.root.succeeds("PATCH", "/policy", `{"max_lifetime_days":null}`, 200), policy)
		policy = object{"allow_never": true, "max_lifetime_days": 36500.0, "max_tokens_per_user": 1.0, "tokens_by_token": false, "contact_text": ""}
		same(t, "all at once", sc.root.succeeds("PATCH", "/policy",
			`{"allow_never":true,"max_lifetime_days":36500,"max_tokens_per_user":1,"tokens_by_token":false,"contact_text":""}`, 200), policy)
		same(t, "another tenant keeps its own", sc.eve.gets("/policy")["max_lifetime_days"], any(nil))
	})
}

func TestAuditEvents(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		sc.clock.Add(time.Hour)
		_, child := sc.ada.creates(`{"name":"deploy","expires_at":null}`)
		sc.clock.Add(time.Hour)
		sc.ada.succeeds("DELETE", "/tokens/"+child.id, "", 204)
		for range 3 {
			sc.ada.fails("GET", "/audit-events", "", 403, "insufficient_scope")
		}
		child.dead()

		made := sc.root.lists("/audit-events?action=token.created&actor=Ada").Items
		if len(made) != 1 {
			t.Fatalf("%d tokens were created by ada with a token", len(made))
		}
		id, _ := made[0]["id"].(string)
		same(t, "the event", made[0], object{"id": id, "at": "2026-10-12T15:20:00.123456Z", "action": "token.created", "outcome": "allowed",
			"actor": "ada", "actor_id": sc.as(t, "ada").User().ID, "token_id": sc.ada.id, "client_ip": "192.0.2.1", "subject": child.id, "count": 1.0,
			"before": nil, "after": object{"name": "deploy", "hint": "lkpat…" + child.token[39:], "scopes": "*", "expires_at": "never", "parent_id": sc.ada.id}})

		refused := sc.root.lists("/audit-events?action=request.refused").Items
		if len(refused) != 1 || refused[0]["count"] != 3.0 || refused[0]["outcome"] != "refused" || refused[0]["subject"] != "audit:read" {
			t.Errorf("refusals alike: %v", refused)
		}
		same(t, "a token that did not work", sc.root.lists("/audit-events?action=token.refused").column("token_id"), []string{child.id})
		same(t, "newest first", sc.root.lists("/audit-events?actor=ada&since=2026-10-12T15:00:00Z&until=2026-10-12").column("action")[2:], []string{"token.revoked", "token.created"})
		same(t, "since then", len(sc.root.lists("/audit-events?actor=ada&action=token.revoked&since=2026-10-12T16:20:00.123456Z").Items), 1)
		same(t, "until then", len(sc.root.lists("/audit-events?action=token.revoked&until=2026-10-12T16:20:00.123456Z").Items), 0)
		same(t, "on that day", len(sc.root.lists("/audit-events?action=token.revoked&since=2026-10-12&until=2026-10-12").Items), 1)
		same(t, "the day before", sc.root.lists("/audit-events?until=2026-10-11").Items, []object{})
		same(t, "by the command line", sc.root.lists("/audit-events?actor=command%20line&limit=1").Items[0]["actor_id"], any(nil))

		all := sc.root.send("GET", "/audit-events?limit=100", "").Body.String()
		for _, leak := range []string{child.token, child.token[5:37], sc.eve.id, `"eve"`, `"other"`, "password"} {
			if strings.Contains(all, leak) {
				t.Errorf("the audit log tells %q: %s", leak, all)
			}
		}
	})
}

// The API tells of problems in one form, whatever they are.
func TestProblems(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for _, r := range []struct {
			method, path string
			status       int
			code, allow  string
		}{
			{"GET", "/nonsense", 404, "not_found", ""},
			{"GET", "/me/", 404, "not_found", ""},
			{"GET", "", 404, "not_found", ""},
			{"PUT", "/tokens", 405, "method_not_allowed", "GET, HEAD, OPTIONS, POST"},
			{"POST", "/me", 405, "method_not_allowed", "GET, HEAD, OPTIONS"},
			{"PUT", "/tokens/" + noToken, 405, "method_not_allowed", "DELETE, GET, HEAD, OPTIONS, PATCH"},
			{"DELETE", "/policy", 405, "method_not_allowed", "GET, HEAD, OPTIONS, PATCH"},
			{"GET", "/tenant-tokens/" + noToken, 405, "method_not_allowed", "DELETE, OPTIONS"},
			{"TRACE", "/me", 405, "method_not_allowed", "GET, HEAD, OPTIONS"},
			{"BREW", "/me", 405, "method_not_allowed", "GET, HEAD, OPTIONS"},
		} {
			w := sc.ada.send(r.method, r.path, "")
			if want(t, w, r.status, r.code); sorted(w.Header().Get("Allow")) != r.allow {
				t.Errorf("%s %s: Allow is %s, want %s", r.method, r.path, w.Header().Get("Allow"), r.allow)
			}
			p := problemOf(w)
			same(t, r.method+" "+r.path, []any{p.Type, p.Title, p.Status}, []any{"about:blank", http.StatusText(r.status), r.status})
			same(t, "content type", w.Header().Get("Content-Type"), "application/problem+json")
		}
	})
}
