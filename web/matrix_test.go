package web_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// An apiRoute is a route as the contract has it. answer is the status for who is
// let in and asks for something that is not there.
type apiRoute struct {
	method, path, scope, body string
	answer                    int
}

// apiRoutes is the contract written down a second time: what the tests expect
// comes from here, and never from the code that is tested.
var apiRoutes = []apiRoute{
	{"GET", "/me", "", "", 200},
	{"GET", "/tokens", "tokens:read", "", 200},
	{"POST", "/tokens", "tokens:write", "{}", 422},
	{"GET", "/tokens/current", "", "", 200},
	{"DELETE", "/tokens/current", "", "", 204},
	{"GET", "/tokens/" + noToken, "tokens:read", "", 404},
	{"PATCH", "/tokens/" + noToken, "tokens:write", "{}", 404},
	{"DELETE", "/tokens/" + noToken, "tokens:write", "", 404},
	{"GET", "/members", "members:read", "", 200},
	{"POST", "/members", "members:write", "{}", 422},
	{"GET", "/members/nobody", "members:read", "", 404},
	{"PATCH", "/members/nobody", "members:write", "{}", 404},
	{"DELETE", "/members/nobody", "members:write", "", 404},
	{"GET", "/roles", "roles:read", "", 200},
	{"POST", "/roles", "roles:write", "{}", 422},
	{"GET", "/roles/ROLE_NONE", "roles:read", "", 404},
	{"PATCH", "/roles/ROLE_NONE", "roles:write", "{}", 404},
	{"DELETE", "/roles/ROLE_NONE", "roles:write", "", 404},
	{"GET", "/tenant-tokens", "tenant-tokens:read", "", 200},
	{"DELETE", "/tenant-tokens/" + noToken, "tenant-tokens:write", "", 404},
	{"GET", "/applications", "applications:read", "", 200},
	{"POST", "/applications", "applications:write", "{}", 422},
	{"GET", "/applications/" + noApplication, "applications:read", "", 404},
	{"PATCH", "/applications/" + noApplication, "applications:write", "{}", 404},
	{"DELETE", "/applications/" + noApplication, "applications:write", "", 404},
	{"GET", "/applications/" + noApplication + "/secrets", "applications:read", "", 404},
	{"POST", "/applications/" + noApplication + "/secrets", "applications:write", "", 404},
	{"DELETE", "/applications/" + noApplication + "/secrets/" + noSecret, "applications:write", "", 404},
	{"GET", "/policy", "policy:read", "", 200},
	{"PATCH", "/policy", "policy:write", "{}", 200},
	{"GET", "/audit-events", "audit:read", "", 200},

	{"GET", "/projects", "projects:read", "", 200},
	{"POST", "/projects", "projects:write", "{}", 422},
	{"GET", "/projects/none", "projects:read", "", 404},
	{"PATCH", "/projects/none", "projects:write", "{}", 404},
	{"DELETE", "/projects/none", "projects:write", "", 404},
	{"GET", "/environments", "projects:read", "", 200},
	{"POST", "/environments", "environments:write", "{}", 422},
	{"GET", "/environments/none", "projects:read", "", 404},
	{"PATCH", "/environments/none", "environments:write", "{}", 404},
	{"DELETE", "/environments/none", "environments:write", "", 404},
	{"GET", "/projects/none/connections", "connections:read", "", 404},
	{"POST", "/projects/none/connections", "connections:write", "{}", 404},
	{"GET", "/projects/none/connections/none", "connections:read", "", 404},
	{"PATCH", "/projects/none/connections/none", "connections:write", "{}", 404},
	{"DELETE", "/projects/none/connections/none", "connections:write", "", 404},
	{"GET", "/projects/none/credentials", "credentials:read", "", 404},
	{"POST", "/projects/none/credentials", "credentials:write", "{}", 404},
	{"GET", "/projects/none/credentials/none", "credentials:read", "", 404},
	{"PATCH", "/projects/none/credentials/none", "credentials:write", "{}", 404},
	{"DELETE", "/projects/none/credentials/none", "credentials:write", "", 404},
	{"GET", "/projects/none/certificates", "certificates:read", "", 404},
	{"POST", "/projects/none/certificates", "certificates:write", "{}", 404},
	{"GET", "/projects/none/certificates/none", "certificates:read", "", 404},
	{"PATCH", "/projects/none/certificates/none", "certificates:write", "{}", 404},
	{"DELETE", "/projects/none/certificates/none", "certificates:write", "", 404},
	{"GET", "/projects/none/proxies", "proxies:read", "", 404},
	{"POST", "/projects/none/proxies", "proxies:write", "{}", 404},
	{"GET", "/projects/none/proxies/none", "proxies:read", "", 404},
	{"PATCH", "/projects/none/proxies/none", "proxies:write", "{}", 404},
	{"DELETE", "/projects/none/proxies/none", "proxies:write", "", 404},
	{"GET", "/projects/none/proxies/none/deployments", "deployments:read", "", 404},
	{"GET", "/projects/none/proxies/none/deployments/none", "deployments:read", "", 404},
	{"PUT", "/projects/none/proxies/none/deployments/none", "deployments:write", "", 404},
	{"DELETE", "/projects/none/proxies/none/deployments/none", "deployments:write", "", 404},
	{"GET", "/projects/none/proxies/none/deployments/none/history", "deployments:read", "", 404},
	{"POST", "/projects/none/proxies/none/deployments/none/restore", "deployments:write", "{}", 422},
}

// noToken is the id of a token that does not exist.
const noToken = "tok_01k7c3x9vqf4m8s2e0d6hj5ntb"

// noApplication and noSecret are the same for an application and its secret.
const (
	noApplication = "app_01k7c3x9vqf4m8s2e0d6hj5ntb"
	noSecret      = "sec_01k7c3x9vqf4m8s2e0d6hj5ntb"
)

// rolesGive is the contract's table of roles, with two of a tenant's own.
var rolesGive = map[string][]string{
	"":                             {},
	"ROLE_MANAGE_PROXIES":          {"projects:write", "proxies:read", "proxies:write"},
	"ROLE_DEPLOY_UNDEPLOY_PROXIES": {"proxies:read", "deployments:read", "deployments:write"},
	"ROLE_API_SECURITY":            {"connections:*", "credentials:*", "certificates:*"},
	"ROLE_ADMIN":                   {"*"},
	"ROLE_HELPDESK":                {"members:*", "tenant-tokens:read"},
	"ROLE_AUDITOR":                 {"*:read"},
}

var everyMember = []string{"profile:read", "tokens:read", "tokens:write", "projects:read"}

// allows is the contract's rule of what a pattern matches.
func allows(patterns []string, scope string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		switch {
		case p == scope:
			return true
		case scope == "tokens:write":
			return false
		case p == "*":
			return true
		}
		resource, action, _ := strings.Cut(p, ":")
		wantResource, wantAction, _ := strings.Cut(scope, ":")
		return (resource == "*" || resource == wantResource) && (action == "*" || action == wantAction)
	})
}

func TestTheMatrixHasEveryRoute(t *testing.T) {
	matches := func(path, sent string) bool {
		a, b := strings.Split(path, "/"), strings.Split("/api/v1"+sent, "/")
		return slices.EqualFunc(a, b, func(x, y string) bool { return x == y || strings.HasPrefix(x, ":") && y != "current" })
	}
	for _, r := range newServer(t, modelstest.Open(t)).Routes() {
		tried := slices.ContainsFunc(apiRoutes, func(a apiRoute) bool { return a.method == r.Method && matches(r.Path, a.path) })
		if r.Surface == "api" && !tried {
			t.Errorf("%s %s is not tried", r.Method, r.Path)
		}
	}
}

// A token may do what its owner's roles give, narrowed to its own patterns.
func TestEveryRouteForEveryRoleAndEveryPattern(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		operator, srv := modelstest.In(t, s, "acme"), newServer(t, s)
		for _, role := range []string{"ROLE_HELPDESK", "ROLE_AUDITOR"} {
			if _, err := operator.CreateRole(t.Context(), models.NewRole{Name: role, Scopes: rolesGive[role]}); err != nil {
				t.Fatal(err)
			}
		}
		modelstest.Member(t, s, "acme", "root", models.Admin)
		for role, gives := range rolesGive {
			roles := []string{}
			if role != "" {
				roles = append(roles, role)
			}
			owner := modelstest.Member(t, s, "acme", "u"+strings.ToLower(role), roles...)
			tokens := map[string]string{}
			for _, r := range apiRoutes {
				resource, _, _ := strings.Cut(r.scope, ":")
				patterns := []string{"*", "*:read", "*:write", "invoices:read"}
				if r.scope != "" {
					patterns = append(patterns, r.scope, resource+":*")
				}
				for _, pattern := range patterns {
					token := tokens[pattern]
					if token == "" || r.path == "/tokens/current" {
						token = aToken(t, owner, pattern)
						tokens[pattern] = token
					}
					if r.method == "DELETE" && r.path == "/tokens/current" {
						delete(tokens, pattern)
					}
					w := do(t, srv, r.method, "/api/v1"+r.path, token, r.body)
					let := r.scope == "" || allows(slices.Concat(everyMember, gives), r.scope) && allows([]string{pattern}, r.scope)
					header := w.Header().Get("WWW-Authenticate")
					switch {
					case let && (w.Code != r.answer || header != ""):
						t.Errorf("%s %s of %q with %s: %d %s, want %d", r.method, r.path, role, pattern, w.Code, w.Body, r.answer)
					case !let && (w.Code != 403 || problemOf(w).Code != "insufficient_scope" ||
						header != `Bearer realm="latchkey", error="insufficient_scope", scope="`+r.scope+`"`):
						t.Errorf("%s %s of %q with %s: %d %s %s, want 403", r.method, r.path, role, pattern, w.Code, header, w.Body)
					}
				}
			}
		}
	})
}

// A credential is what a request shows, and what it is told for it.
type credential struct {
	name, header string // of the header
	value        string
	description  string // empty when it counts as none at all
}

// Whatever does not work, does not work on any route, and says so in the words
// of RFC 6750.
func TestEveryRouteRefusesWhatProvesNobody(t *testing.T) {
	clock := modelstest.NewClock(time.Date(2026, 10, 12, 14, 20, 0, 0, time.UTC))
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		srv := newServer(t, s)
		for _, c := range worthless(t, s, clock) {
			header, code := `Bearer realm="latchkey", `, "missing_token"
			if c.description != "" {
				header, code = header+`error="invalid_token", error_description="`+c.description+`", `, "invalid_token"
			}
			header += learnMore
			for _, r := range apiRoutes {
				var headers []string
				if c.value != "" {
					headers = []string{c.header + ": " + c.value}
				}
				w := do(t, srv, r.method, "/api/v1"+r.path, "", r.body, headers...)
				if w.Code != 401 || problemOf(w).Code != code || w.Header().Get("WWW-Authenticate") != header {
					t.Errorf("%s: %s %s: %d %s %s, want 401 %s", c.name, r.method, r.path, w.Code, w.Header().Get("WWW-Authenticate"), w.Body, header)
				}
			}
		}
	})
}

// worthless makes one credential of each kind that must not work.
func worthless(t *testing.T, s *models.Store, clock *modelstest.Clock) []credential {
	t.Helper()
	for _, slug := range []string{"acme", "closed"} {
		modelstest.Tenant(t, s, slug)
	}
	owner := func(slug, name string) *models.Access { return modelstest.Member(t, s, slug, name, models.Admin) }
	good, end := owner("acme", "ada"), clock.Now().Add(time.Hour).Format(time.RFC3339)
	all := []string{"*", "tokens:write"}
	dated := func(in models.NewToken) string {
		in.Scopes = all
		_, secret := modelstest.Token(t, good, in)
		return secret
	}
	works := dated(models.NewToken{})
	revoked, revokedSecret := modelstest.Token(t, good, models.NewToken{Scopes: all})
	expired, pending := dated(models.NewToken{Expires: models.ExpiresOn(end)}), dated(models.NewToken{NotBefore: "2027-01-01"})
	elsewhere := dated(models.NewToken{AllowedCIDRs: []string{"198.51.100.0/24", "2001:db8::/32"}})
	gone, shut, out := aToken(t, owner("acme", "gone"), all...), aToken(t, owner("acme", "shut"), all...), aToken(t, owner("acme", "out"), all...)
	suspended := aToken(t, owner("closed", "sue"), all...)

	yes, operator, ctx := true, modelstest.In(t, s, "acme"), t.Context()
	_, err := operator.ChangeMember(ctx, "shut", models.MemberChange{Disabled: &yes})
	for _, err := range []error{err, good.RevokeToken(ctx, revoked.ID), operator.RemoveMember(ctx, "out"),
		s.Operator().DisableUser(ctx, "gone"), s.Operator().SuspendTenant(ctx, "closed")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	clock.Add(time.Hour)

	const invalid = "The token is not valid."
	bearer := func(name, token, description string) credential {
		return credential{name, "Authorization", "Bearer " + token, description}
	}
	return []credential{
		{"nothing", "", "", ""},
		{"a session", "Cookie", "latchkey=" + session(t, s), ""},
		{"Basic with a token", "Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("x:"+works)), ""},
		{"another header", "X-Api-Key", works, ""},
		{"a cookie with a token", "Cookie", "latchkey=" + works + "; access_token=" + works, ""},
		bearer("garbage", "garbage", invalid),
		bearer("a bad checksum", works[:len(works)-1]+other(works[len(works)-1:]), invalid),
		bearer("an unknown one", "lkpat000000000000000000000000000000004PbHcn", invalid),
		bearer("an expired one", expired, "The token has expired."),
		bearer("a revoked one", revokedSecret, "The token was revoked."),
		bearer("a pending one", pending, "The token is not valid yet."),
		bearer("one of a disabled user", gone, "The owner of the token is disabled."),
		bearer("one of a disabled member", shut, "The owner of the token is disabled."),
		bearer("one of a removed member", out, "The token was revoked."),
		bearer("one of a suspended tenant", suspended, "The tenant is suspended."),
		bearer("one from a wrong address", elsewhere, "The token may not be used from this address."),
	}
}

// other is a character that differs from c.
func other(c string) string {
	if c == "0" {
		return "1"
	}
	return "0"
}

// session signs somebody in and returns the secret of the browser.
func session(t *testing.T, s *models.Store) string {
	t.Helper()
	const password = "a lantern by the quay"
	modelstest.Person(t, s, "acme", "grace", password, models.Admin)
	in, err := s.SignIn(t.Context(), "grace", password, models.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest("GET", "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "latchkey", Value: in.SessionSecret})
	if _, err := s.AccessBySession(t.Context(), in.SessionSecret, "acme", models.Client{}); err != nil {
		t.Fatalf("the session does not work: %v", err)
	}
	return in.SessionSecret
}
