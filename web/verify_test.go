package web_test

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// asks is what a proxy asks of /verify, and how it is answered.
type asks struct {
	name    string
	method  string
	query   string
	headers []string // name, value, name, value …
	status  int
	code    string
	needs   string // in WWW-Authenticate
}

func basic(password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte("anybody:"+password))
}

func TestWhomAProxyLetsThrough(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		server := newServer(t, s)
		modelstest.Tenant(t, s, "acme")
		modelstest.Tenant(t, s, "birch")
		bob := modelstest.Member(t, s, "acme", "bob", "ROLE_MANAGE_PROXIES")
		token, other := aToken(t, bob), aToken(t, bob, "proxies:read")
		revoked, dead := modelstest.Token(t, bob, models.NewToken{})
		if err := bob.RevokeToken(t.Context(), revoked.ID); err != nil {
			t.Fatal(err)
		}
		bearer := []string{"Authorization", "Bearer " + token}
		for _, a := range []asks{
			{"a bearer token", "GET", "", bearer, 200, "", ""},
			{"any method", "DELETE", "", bearer, 200, "", ""},
			{"a method of WebDAV", "PROPFIND", "", bearer, 200, "", ""},
			{"the password of Basic", "GET", "", []string{"Authorization", basic(token)}, 200, "", ""},
			{"X-AccessToken", "GET", "", []string{"X-AccessToken", token}, 200, "", ""},
			{"the same twice", "GET", "", append([]string{"X-AccessToken", token}, bearer...), 200, "", ""},
			{"scopes that are held", "GET", "?scope=proxies:read+proxies:write", bearer, 200, "", ""},
			{"a role that is held", "GET", "?role=ROLE_MANAGE_PROXIES", bearer, 200, "", ""},
			{"the tenant", "GET", "?tenant=acme", bearer, 200, "", ""},

			{"nothing", "GET", "", nil, 401, "missing_token", ""},
			{"another scheme", "GET", "", []string{"Authorization", "Digest x"}, 401, "missing_token", ""},
			{"a cookie", "GET", "", []string{"Cookie", "latchkey=" + token}, 401, "missing_token", ""},
			{"garbage", "GET", "", []string{"Authorization", "Bearer x"}, 401, "invalid_token", `error="invalid_token"`},
			{"an empty password", "GET", "", []string{"Authorization", basic("")}, 401, "invalid_token", `error="invalid_token"`},
			{"a revoked token", "GET", "", []string{"X-AccessToken", dead}, 401, "invalid_token", "was revoked"},
			{"two different ones", "GET", "", append([]string{"X-AccessToken", other}, bearer...), 400, "invalid_request", ""},
			{"two headers", "GET", "", append([]string{"Authorization", "Bearer " + token}, bearer...), 400, "invalid_request", ""},
			{"in the address", "GET", "?access_token=" + token, nil, 400, "invalid_request", ""},
			{"a scope that is missing", "GET", "?scope=proxies:read+orders:write", bearer, 403, "insufficient_scope", `scope="proxies:read orders:write"`},
			{"a narrower token", "GET", "?scope=proxies:write", []string{"X-AccessToken", other}, 403, "insufficient_scope", `scope="proxies:write"`},
			{"a role that is missing", "GET", "?role=ROLE_ADMIN", bearer, 403, "forbidden", `error="insufficient_scope"`},
			{"another tenant", "GET", "?tenant=birch", bearer, 403, "forbidden", ""},
			{"a tenant that is not", "GET", "?tenant=nowhere", bearer, 403, "forbidden", ""},
			{"a pattern", "GET", "?scope=proxies:*", bearer, 400, "invalid_request", ""},
			{"no scope", "GET", "?scope=proxies", bearer, 400, "invalid_request", ""},
			{"no role", "GET", "?role=admin", bearer, 400, "invalid_request", ""},
			{"a demand twice", "GET", "?scope=proxies:read&scope=proxies:write", bearer, 400, "invalid_request", ""},
		} {
			w := ask(server, a)
			if w.Code != a.status || !strings.Contains(w.Header().Get("WWW-Authenticate"), a.needs) {
				t.Errorf("%s: %d with %q, want %d with %q", a.name, w.Code, w.Header().Get("WWW-Authenticate"), a.status, a.needs)
			}
			if a.status != 200 && problemOf(w).Code != a.code {
				t.Errorf("%s: %s, want the code %s", a.name, w.Body, a.code)
			}
			if w.Header().Get("Location") != "" || a.status == 200 && w.Body.Len() > 0 {
				t.Errorf("%s: answered %v %q", a.name, w.Header(), w.Body)
			}
		}
	})
}

func ask(server http.Handler, a asks) *httptest.ResponseRecorder {
	r := httptest.NewRequest(a.method, "/verify"+a.query, strings.NewReader("a=b"))
	for i := 0; i+1 < len(a.headers); i += 2 {
		r.Header.Add(a.headers[i], a.headers[i+1])
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	return w
}

// A proxy copies the headers over what the client sent: all must be there.
func TestAProxyIsToldWhoIsCalling(t *testing.T) {
	s := modelstest.Open(t)
	server := newServer(t, s)
	modelstest.Tenant(t, s, "acme")
	bob := modelstest.Member(t, s, "acme", "bob", "ROLE_MANAGE_PROXIES", "ROLE_DEPLOY_UNDEPLOY_PROXIES")
	token, secret := modelstest.Token(t, bob, models.NewToken{Scopes: []string{"*:read"}})
	w := ask(server, asks{method: "GET", headers: []string{"Authorization", "Bearer " + secret, "X-Latchkey-Roles", "ROLE_ADMIN"}})
	got := map[string]string{}
	for name, values := range w.Header() {
		if strings.HasPrefix(name, "X-Latchkey-") {
			got[name] = strings.Join(values, "|")
		}
	}
	same(t, "the headers", got, map[string]string{
		"X-Latchkey-User": "bob", "X-Latchkey-User-Id": bob.User().ID, "X-Latchkey-Tenant": "acme",
		"X-Latchkey-Roles":    "ROLE_DEPLOY_UNDEPLOY_PROXIES,ROLE_MANAGE_PROXIES",
		"X-Latchkey-Scopes":   "deployments:read,profile:read,projects:read,proxies:read,tokens:read",
		"X-Latchkey-Token-Id": token.ID, "X-Latchkey-Application": "",
	})
	if names := slices.Collect(maps.Keys(got)); len(names) != 7 {
		t.Errorf("headers %v", names)
	}
}
