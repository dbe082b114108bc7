package web_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// pageRoutes is who may open which page, written down a second time. answer is
// the status for an administrator who sends nothing, or asks for what is not
// there.
var pageRoutes = []struct {
	method, path, scope string
	answer              int
}{
	{"GET", "", "profile:read", 303},
	{"GET", "/profile", "profile:read", 200},
	{"POST", "/profile/account", "", 422},
	{"POST", "/profile/password", "", 422},
	{"POST", "/sessions/revoke-others", "", 303},
	{"POST", "/sessions/ses_none/revoke", "", 404},
	{"GET", "/tokens", "profile:read", 303},
	{"GET", "/tokens/new", "tokens:write", 200},
	{"POST", "/tokens", "tokens:write", 422},
	{"POST", "/tokens/revoke", "tokens:write", 303},
	{"GET", "/tokens/" + noToken, "tokens:read", 404},
	{"POST", "/tokens/" + noToken, "tokens:write", 404},
	{"GET", "/tokens/" + noToken + "/edit", "tokens:write", 404},
	{"GET", "/tokens/" + noToken + "/revoke", "tokens:write", 404},
	{"POST", "/tokens/" + noToken + "/revoke", "tokens:write", 404},
	{"GET", "/members", "members:read", 200},
	{"POST", "/members", "members:write", 201},
	{"GET", "/members/invite", "members:write", 200},
	{"GET", "/members/access", "members:read", 200},
	{"GET", "/members/nobody", "members:read", 404},
	{"POST", "/members/nobody", "members:write", 404},
	{"POST", "/members/nobody/disable", "members:write", 404},
	{"POST", "/members/nobody/enable", "members:write", 404},
	{"GET", "/members/nobody/remove", "members:write", 404},
	{"POST", "/members/nobody/remove", "members:write", 404},
	{"POST", "/invitations/inv_none/withdraw", "members:write", 404},
	{"GET", "/roles", "roles:read", 200},
	{"POST", "/roles", "roles:write", 422},
	{"GET", "/roles/new", "roles:write", 200},
	{"GET", "/roles/ROLE_NONE", "roles:read", 404},
	{"POST", "/roles/ROLE_NONE", "roles:write", 404},
	{"GET", "/roles/ROLE_NONE/delete", "roles:write", 404},
	{"POST", "/roles/ROLE_NONE/delete", "roles:write", 404},
	{"GET", "/tenant-tokens", "tenant-tokens:read", 200},
	{"GET", "/tenant-tokens/" + noToken + "/revoke", "tenant-tokens:write", 404},
	{"POST", "/tenant-tokens/" + noToken + "/revoke", "tenant-tokens:write", 404},
	{"GET", "/token-requests", "tokens:read", 200},
	{"POST", "/token-requests", "", 409},
	{"GET", "/token-requests/new", "", 303},
	{"GET", "/token-requests/" + noRequest, "tokens:read", 404},
	{"POST", "/token-requests/" + noRequest + "/withdraw", "", 404},
	{"POST", "/token-requests/" + noRequest + "/pick-up", "", 404},
	{"GET", "/review", "tenant-tokens:read", 200},
	{"GET", "/review/" + noRequest, "tenant-tokens:read", 404},
	{"POST", "/review/" + noRequest + "/approve", "tenant-tokens:write", 404},
	{"POST", "/review/" + noRequest + "/deny", "tenant-tokens:write", 404},
	{"GET", "/applications", "applications:read", 200},
	{"POST", "/applications", "applications:write", 422},
	{"GET", "/applications/new", "applications:write", 200},
	{"GET", "/applications/" + noApp, "applications:read", 404},
	{"POST", "/applications/" + noApp, "applications:write", 404},
	{"GET", "/applications/" + noApp + "/edit", "applications:write", 404},
	{"GET", "/applications/" + noApp + "/delete", "applications:write", 404},
	{"POST", "/applications/" + noApp + "/delete", "applications:write", 404},
	{"GET", "/applications/" + noApp + "/keys", "applications:read", 404},
	{"POST", "/applications/" + noApp + "/keys", "applications:write", 404},
	{"GET", "/applications/" + noApp + "/keys/sec_none/revoke", "applications:write", 404},
	{"POST", "/applications/" + noApp + "/keys/sec_none/revoke", "applications:write", 404},
	{"GET", "/applications/" + noApp + "/users", "applications:read", 404},
	{"GET", "/applications/" + noApp + "/users/nobody/revoke", "applications:write", 404},
	{"POST", "/applications/" + noApp + "/users/nobody/revoke", "applications:write", 404},
	{"GET", "/profile/applications/" + noApp + "/revoke", "tokens:write", 404},
	{"POST", "/profile/applications/" + noApp + "/revoke", "tokens:write", 404},
	{"GET", "/policy", "policy:read", 200},
	{"POST", "/policy", "policy:write", 422},
	{"GET", "/audit", "audit:read", 200},
	{"GET", "/audit.csv", "audit:read", 200},
	{"GET", "/forward-auth", "profile:read", 200},
}

// noRequest is the id of a request for a token that does not exist.
const noRequest = "req_01k7c3x9vqf4m8s2e0d6hj5ntb"

// noApp is the id of an application that does not exist.
const noApp = "app_01k7c3x9vqf4m8s2e0d6hj5ntb"

// openRoutes are the pages that need nobody to be signed in.
var openRoutes = []string{
	"GET /", "GET /login", "POST /login", "POST /logout", "POST /theme", "GET /setup", "POST /setup",
	"GET /invite/:code", "POST /invite/:code", "GET /api/docs",
	"GET /device", "POST /device", "GET /oauth2/authorize", "POST /oauth2/authorize",
}

func TestThePageMatrixHasEveryRoute(t *testing.T) {
	matches := func(path, sent string) bool {
		a, b := strings.Split(path, "/"), strings.Split("/t/acme"+sent, "/")
		return slices.EqualFunc(a, b, func(x, y string) bool {
			return x == y || strings.HasPrefix(x, ":") && y != "new" && y != "revoke" && y != "invite" && y != "access"
		})
	}
	for _, r := range newServer(t, modelstest.Open(t)).Routes() {
		switch r.Surface {
		case "open":
			if !slices.Contains(openRoutes, r.Method+" "+r.Path) {
				t.Errorf("%s %s is open to everybody", r.Method, r.Path)
			}
		case "page":
			tried := false
			for _, p := range pageRoutes {
				tried = tried || p.method == r.Method && matches(r.Path, p.path)
			}
			if !tried {
				t.Errorf("%s %s is not tried", r.Method, r.Path)
			}
		}
	}
}

// A page opens for who may, and for nobody else: whoever is signed out goes to
// sign in and back, and another tenant is not there.
func TestEveryPageForEveryVisitor(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		server := newServer(t, s)
		modelstest.Tenant(t, s, "acme")
		modelstest.Tenant(t, s, "birch")
		if _, err := modelstest.In(t, s, "acme").CreateRole(t.Context(), models.NewRole{Name: "ROLE_AUDITOR", Scopes: []string{"*:read"}}); err != nil {
			t.Fatal(err)
		}
		patterns := map[string][]string{"admin": {"*"}, "plain": nil, "auditor": {"*:read"}}
		modelstest.Person(t, s, "acme", "admin", passphrase, models.Admin)
		modelstest.Person(t, s, "acme", "plain", passphrase)
		modelstest.Person(t, s, "acme", "auditor", passphrase, "ROLE_AUDITOR")
		modelstest.Person(t, s, "birch", "eve", passphrase, models.Admin)
		nobody, eve := visits(t, server), hasSession(t, s, server, "eve")
		for _, r := range pageRoutes {
			back := url.QueryEscape("/t/acme" + r.path)
			if r.method == "POST" {
				back = url.QueryEscape("/t/acme/members")
			}
			p := nobody.ask(r.method, "/t/acme"+r.path, nil, "Referer", "http://localhost:8080/t/acme/members")
			if to := p.is(303).header.Get("Location"); to != "/login?next="+back {
				t.Errorf("%s %s signed out leads to %q", r.method, r.path, to)
			}
			eve.ask(r.method, "/t/acme"+r.path, nil).is(404)
			eve.ask(r.method, "/t/nowhere"+r.path, nil).is(404)
		}
		for username, gives := range patterns {
			v := hasSession(t, s, server, username)
			for _, r := range pageRoutes {
				p := v.ask(r.method, "/t/acme"+r.path, nil)
				if r.scope == "" || allows(slices.Concat(everyMember, gives), r.scope) {
					p.is(r.answer)
				} else {
					p.is(403).says("main", "It needs the scope "+r.scope, "ask admin")
				}
			}
		}
	})
}

// What is not there, and what is another tenant's, are the same page.
func TestNothingTellsThatAnotherTenantHasSomething(t *testing.T) {
	s := modelstest.Open(t)
	server := newServer(t, s)
	modelstest.Tenant(t, s, "acme")
	modelstest.Tenant(t, s, "birch")
	modelstest.Person(t, s, "acme", "ada", passphrase, models.Admin)
	modelstest.Person(t, s, "birch", "eve", passphrase, models.Admin)
	theirs, _ := modelstest.Token(t, modelstest.As(t, s, "birch", "eve"), models.NewToken{Name: "theirs"})
	app, _ := registers(t, modelstest.As(t, s, "birch", "eve"), models.NewApplication{Name: "theirs", Kind: models.Confidential})
	ada := hasSession(t, s, server, "ada")
	for there, nowhere := range map[string]string{
		"/t/birch/profile":                               "/t/nowhere/profile",
		"/t/birch/tokens/" + theirs.ID:                   "/t/nowhere/tokens/" + noToken,
		"/t/acme/tokens/" + theirs.ID:                    "/t/acme/tokens/" + noToken,
		"/t/acme/tenant-tokens/" + theirs.ID + "/revoke": "/t/acme/tenant-tokens/" + noToken + "/revoke",
		"/t/acme/members/eve":                            "/t/acme/members/nobody",
		"/t/birch/applications/" + app.ID:                "/t/nowhere/applications/" + noApp,
		"/t/acme/applications/" + app.ID:                 "/t/acme/applications/" + noApp,
		"/t/acme/applications/" + app.ID + "/keys":       "/t/acme/applications/" + noApp + "/keys",
		"/t/acme/applications/" + app.ID + "/users":      "/t/acme/applications/" + noApp + "/users",
	} {
		a, b := ada.get(there).is(404), ada.get(nowhere).is(404)
		if strip(a) != strip(b) {
			t.Errorf("%s and %s differ:\n%s\n%s", there, nowhere, strip(a), strip(b))
		}
	}
}

// strip is a page without what is different each time it is asked for.
func strip(p *page) string {
	return strings.NewReplacer(p.header.Get("X-Request-Id"), "", p.path, "").Replace(p.body)
}

// A form of another site is refused before anything is read from it.
func TestAnotherSiteSendsNothing(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		s := modelstest.OpenAt(t, database, modelstest.NewClock(start).Now)
		server := newServer(t, s)
		modelstest.Tenant(t, s, "acme")
		modelstest.Person(t, s, "acme", "ada", passphrase, models.Admin)
		ada := hasSession(t, s, server, "ada")
		db := connect(t, database)
		before := kept(t, db)
		fields := url.Values{"name": {"x"}, "expiration": {"never"}, "may": {"all"}, "username": {"ada"}, "password": {passphrase},
			"max_tokens_per_user": {"1"}, "time_zone": {"UTC"}, "theme": {"dark"}}
		for _, r := range newServer(t, s).Routes() {
			if r.Method != "POST" || r.Surface != "open" && r.Surface != "page" {
				continue // no cookie counts there
			}
			path := pathParameter.ReplaceAllString(strings.Replace(r.Path, ":tenant", "acme", 1), "ada")
			for _, headers := range [][]string{
				{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
				{"Sec-Fetch-Site", "", "Origin", "https://evil.example"}, {"Sec-Fetch-Site", "", "Origin", "null"},
			} {
				p := ada.ask("POST", path, fields, headers...)
				if p.is(403).header.Values("Set-Cookie") != nil {
					t.Errorf("%s %v sets a cookie", path, headers)
				}
				p.says("main", "This form was sent from another site.")
			}
		}
		same(t, "what is kept", kept(t, db), before)
	})
}
