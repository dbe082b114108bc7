package web_test

import (
	"encoding/base64"
	"hash/crc32"
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
			{"a method that few know", "MKCALENDAR", "", bearer, 200, "", ""},
			{"small letters", "GET", "", []string{"Authorization", "basic " + basic(token)[6:]}, 200, "", ""},
			{"an empty X-AccessToken beside it", "GET", "", append([]string{"X-AccessToken", ""}, bearer...), 200, "", ""},
			{"X-AccessToken beside another scheme", "GET", "", []string{"X-AccessToken", token, "Authorization", "Digest x"}, 200, "", ""},
			{"the same as a password", "GET", "", []string{"X-AccessToken", token, "Authorization", basic(token)}, 200, "", ""},
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
			{"an empty X-AccessToken", "GET", "", []string{"X-AccessToken", ""}, 401, "missing_token", ""},
			{"Basic that is no base64", "GET", "", []string{"Authorization", "Basic !"}, 401, "invalid_token", `error="invalid_token"`},
			{"Basic without a colon", "GET", "", []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(token))}, 401, "invalid_token", `error="invalid_token"`},
			{"a token as the user", "GET", "", []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(token+":x"))}, 401, "invalid_token", `error="invalid_token"`},
			{"two with a comma", "GET", "", []string{"Authorization", "Bearer " + token + ", Bearer " + token}, 401, "invalid_token", `error="invalid_token"`},
			{"two in X-AccessToken", "GET", "", []string{"X-AccessToken", token + "," + token}, 401, "invalid_token", `error="invalid_token"`},
			{"quotes", "GET", "", []string{"Authorization", `Bearer "` + token + `"`}, 401, "invalid_token", `error="invalid_token"`},
			{"a revoked token", "GET", "", []string{"X-AccessToken", dead}, 401, "invalid_token", "was revoked"},
			{"two different ones", "GET", "", append([]string{"X-AccessToken", other}, bearer...), 400, "invalid_request", ""},
			{"two headers", "GET", "", append([]string{"Authorization", "Bearer " + token}, bearer...), 400, "invalid_request", ""},
			{"two X-AccessToken", "GET", "", []string{"X-AccessToken", token, "X-AccessToken", token}, 400, "invalid_request", ""},
			{"different ones in Basic", "GET", "", []string{"X-AccessToken", other, "Authorization", basic(token)}, 400, "invalid_request", ""},
			{"a bad one beside a good one", "GET", "", append([]string{"X-AccessToken", "x"}, bearer...), 400, "invalid_request", ""},
			{"in the address", "GET", "?access_token=" + token, nil, 400, "invalid_request", ""},
			{"a scope that is missing", "GET", "?scope=proxies:read+orders:write", bearer, 403, "insufficient_scope", `scope="proxies:read orders:write"`},
			{"a narrower token", "GET", "?scope=proxies:write", []string{"X-AccessToken", other}, 403, "insufficient_scope", `scope="proxies:write"`},
			{"a role that is missing", "GET", "?role=ROLE_ADMIN", bearer, 403, "forbidden", `error="insufficient_scope"`},
			{"another tenant", "GET", "?tenant=birch", bearer, 403, "forbidden", ""},
			{"a tenant that is not", "GET", "?tenant=nowhere", bearer, 403, "forbidden", ""},
			{"a pattern", "GET", "?scope=proxies:*", bearer, 400, "invalid_request", ""},
			{"no scope", "GET", "?scope=proxies", bearer, 400, "invalid_request", ""},
			{"no role", "GET", "?role=admin", bearer, 400, "invalid_request", ""},
			{"scopes with a comma", "GET", "?scope=proxies:read,proxies:write", bearer, 400, "invalid_request", ""},
			{"an empty scope", "GET", "?scope=", bearer, 400, "invalid_request", ""},
			{"an empty role", "GET", "?role=", bearer, 400, "invalid_request", ""},
			{"an empty tenant", "GET", "?tenant=", bearer, 400, "invalid_request", ""},
			{"the same demand twice", "GET", "?tenant=acme&tenant=acme", bearer, 400, "invalid_request", ""},
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

// Envoy appends the client's path and query to ours: nothing in them counts.
func TestAProxyThatAppendsTheRequestDemandsInAHeader(t *testing.T) {
	s := modelstest.Open(t)
	server := newServer(t, s)
	modelstest.Tenant(t, s, "acme")
	token := aToken(t, modelstest.Member(t, s, "acme", "bob", "ROLE_MANAGE_PROXIES"), "proxies:read")
	bearer := []string{"Authorization", "Bearer " + token}
	demand := func(values ...string) []string {
		headers := bearer
		for _, v := range values {
			headers = append(headers, "X-Latchkey-Demand", v)
		}
		return headers
	}
	for _, a := range []asks{
		{"no demand", "GET", "/orders/1", bearer, 200, "", ""},
		{"the root", "GET", "/", bearer, 200, "", ""},
		{"any method", "MKCALENDAR", "/orders", bearer, 200, "", ""},
		{"a scope that is held", "POST", "/orders?x=1", demand("scope=proxies:read&tenant=acme"), 200, "", ""},
		{"several of all", "GET", "/orders", demand("scope=proxies:read+profile:read"), 403, "insufficient_scope", `scope="proxies:read profile:read"`},
		{"a scope that is missing", "GET", "/orders?scope=proxies:read", demand("scope=proxies:write"), 403, "insufficient_scope", `scope="proxies:write"`},
		{"a role that is missing", "GET", "/orders?role=ROLE_MANAGE_PROXIES", demand("role=ROLE_ADMIN"), 403, "forbidden", `error="insufficient_scope"`},
		{"another tenant", "GET", "/", demand("tenant=birch"), 403, "forbidden", ""},
		{"the client's query", "GET", "/orders?scope=orders:write&role=ROLE_ADMIN&tenant=birch", bearer, 200, "", ""},
		{"the client's query, odd as it is", "GET", "/orders?id=1&id=2&q=%zz;&access_token=x&%00", bearer, 200, "", ""},
		{"the client's path, odd as it is", "GET", "/../a%00b%ff/..%2fverify//%3fscope=a:b", bearer, 200, "", ""},
		{"a token in the client's query", "GET", "/orders?access_token=" + token, nil, 401, "missing_token", ""},
		{"nothing", "GET", "/orders", nil, 401, "missing_token", ""},
		{"garbage", "GET", "/orders", []string{"X-AccessToken", "x"}, 401, "invalid_token", `error="invalid_token"`},
		{"an empty demand", "GET", "/", demand(""), 400, "invalid_request", ""},
		{"a demand for nothing", "GET", "/", demand("scope="), 400, "invalid_request", ""},
		{"two demands", "GET", "/", demand("tenant=acme", "scope=proxies:read"), 400, "invalid_request", ""},
		{"a demand twice", "GET", "/", demand("scope=proxies:read&scope=profile:read"), 400, "invalid_request", ""},
		{"a demand that is none", "GET", "/", demand("scopes=proxies:read"), 400, "invalid_request", ""},
		{"a demand that is not well formed", "GET", "/", demand("scope=%zz"), 400, "invalid_request", ""},
		{"two demands with a comma", "GET", "/", demand("scope=proxies:read,scope=profile:read"), 400, "invalid_request", ""},
	} {
		w := ask(server, a)
		if w.Code != a.status || !strings.Contains(w.Header().Get("WWW-Authenticate"), a.needs) || a.status != 200 && problemOf(w).Code != a.code {
			t.Errorf("%s: %d with %q and %s, want %d with %q and %s", a.name, w.Code, w.Header().Get("WWW-Authenticate"), w.Body, a.status, a.needs, a.code)
		}
		if user := w.Header().Get("X-Latchkey-User"); (user == "bob") != (a.status == 200) {
			t.Errorf("%s: the caller is %q", a.name, user)
		}
	}
	w := ask(server, asks{method: "PURGE", query: "x"})
	want(t, w, 404, "")
}

// A demand in the query is the proxy's; the header counts only where the query
// is the client's.
func TestADemandOfTheClientCountsNowhere(t *testing.T) {
	s := modelstest.Open(t)
	server := newServer(t, s)
	modelstest.Tenant(t, s, "acme")
	token := aToken(t, modelstest.Member(t, s, "acme", "bob"), "profile:read")
	headers := []string{"Authorization", "Bearer " + token, "X-Latchkey-Demand", "scope=profile:read"}
	want(t, ask(server, asks{method: "GET", query: "?scope=orders:read", headers: headers}), 403, "insufficient_scope")
}

// Refresh tokens and secrets of applications let no request in, wherever they
// are shown, and nobody asks the database about them.
func TestOnlyTokensForRequestsLetRequestsIn(t *testing.T) {
	s := modelstest.Open(t)
	server := newServer(t, s)
	modelstest.Tenant(t, s, "acme")
	good := aToken(t, modelstest.Member(t, s, "acme", "bob"))
	before := s.Memory().Asked
	for _, kind := range []string{"ref", "sec", "xyz"} {
		token := withChecksum("lk" + kind + good[5:37])
		for _, headers := range [][]string{{"Authorization", "Bearer " + token}, {"Authorization", basic(token)}, {"X-AccessToken", token}} {
			w := ask(server, asks{method: "GET", headers: headers})
			want(t, w, 401, "invalid_token")
			same(t, "what is told", w.Header().Get("WWW-Authenticate"), `Bearer realm="latchkey", error="invalid_token", error_description="The token is not valid.", `+learnMore)
		}
		want(t, do(t, server, "GET", "/api/v1/me", token, ""), 401, "invalid_token")
		want(t, do(t, server, "GET", "/api/v1/me", "", "", "X-AccessToken: "+token), 401, "invalid_token")
	}
	same(t, "tokens that the database was asked about", s.Memory().Asked, before)
	want(t, ask(server, asks{method: "GET", headers: []string{"X-AccessToken", withChecksum("lkacc" + good[5:37])}}), 401, "invalid_token")
	same(t, "tokens that the database was asked about", s.Memory().Asked, before+1)
}

// withChecksum completes a token string as the contract has it.
func withChecksum(body string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum, check := crc32.ChecksumIEEE([]byte(body)), ""
	for range 6 {
		sum, check = sum/62, string(digits[sum%62])+check
	}
	return body + check
}
