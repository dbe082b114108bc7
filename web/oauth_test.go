package web_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

const (
	proofKey = "a-verifier-of-at-least-forty-three-characters-000"
	callback = "https://robot.example/callback?from=latchkey"
)

func challengeOf(proofKey string) string {
	sum := sha256.Sum256([]byte(proofKey))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// oauthScene is an organisation with an application and somebody to act for.
type oauthScene struct {
	t      testing.TB
	s      *models.Store
	server http.Handler
	admin  *models.Access
	app    models.Application
	secret string
}

func newOAuthScene(t testing.TB, s *models.Store) *oauthScene {
	t.Helper()
	modelstest.Tenant(t, s, "acme")
	x := &oauthScene{t: t, s: s, server: newServer(t, s), admin: modelstest.Member(t, s, "acme", "root", models.Admin)}
	modelstest.Person(t, s, "acme", "ada", passphrase, "ROLE_MANAGE_PROXIES")
	x.app, x.secret = x.application(models.NewApplication{Name: "Robot", Kind: models.Confidential,
		RedirectURIs: []string{callback}, Scopes: []string{"profile:read", "proxies:*"}})
	return x
}

func (x *oauthScene) application(in models.NewApplication) (models.Application, string) {
	x.t.Helper()
	app, secret, err := x.admin.CreateApplication(x.t.Context(), in)
	if err != nil {
		x.t.Fatal(err)
	}
	return app, secret.Reveal()
}

// request is what the application sends a browser with.
func (x *oauthScene) request(change ...string) string {
	q := url.Values{"response_type": {"code"}, "client_id": {x.app.ID}, "redirect_uri": {callback}, "state": {"of the robot"},
		"scope": {"proxies:read"}, "code_challenge": {challengeOf(proofKey)}, "code_challenge_method": {"S256"}}
	for i := 0; i+1 < len(change); i += 2 {
		if q.Del(change[i]); change[i+1] != "" {
			q.Set(change[i], change[i+1])
		}
	}
	return "/oauth2/authorize?" + q.Encode()
}

// code lets somebody allow the application, and returns what it is sent.
func (x *oauthScene) code(username string) string {
	x.t.Helper()
	return hasSession(x.t, x.s, x.server, username).get(x.request()).press("Allow").sentBack().Get("code")
}

// sentBack is what the application gets with the browser.
func (p *page) sentBack() url.Values {
	p.by.t.Helper()
	to := p.is(http.StatusSeeOther).header.Get("Location")
	answer, ok := strings.CutPrefix(to, callback+"&")
	q, err := url.ParseQuery(answer)
	if !ok || err != nil {
		p.by.t.Fatalf("%s %s leads to %q", p.method, p.path, to)
	}
	return q
}

// post sends a form as an application does. More headers are given as
// "Name: value".
func (x *oauthScene) post(path, form string, headers ...string) (*httptest.ResponseRecorder, map[string]any) {
	x.t.Helper()
	w := do(x.t, x.server, "POST", path, "", form, append([]string{"Content-Type", "Content-Type: application/x-www-form-urlencoded"}, headers...)...)
	var body map[string]any
	if w.Body.Len() > 0 && json.Unmarshal(w.Body.Bytes(), &body) != nil {
		x.t.Errorf("%s: %d %s", path, w.Code, w.Body)
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		x.t.Errorf("%s may be stored: %v", path, w.Header())
	}
	return w, body
}

// token asks the token endpoint, as the application with its secret.
func (x *oauthScene) token(pairs ...string) (*httptest.ResponseRecorder, map[string]any) {
	x.t.Helper()
	form := url.Values{"client_id": {x.app.ID}, "client_secret": {x.secret}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return x.post("/oauth2/token", form.Encode())
}

func (x *oauthScene) exchange(code string) (*httptest.ResponseRecorder, map[string]any) {
	x.t.Helper()
	return x.token("grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", proofKey)
}

func TestAnApplicationActsForAUser(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		x := newOAuthScene(t, s)
		signIn := visits(t, x.server).get(x.request()).leadsTo("/login?next=")
		asked := signIn.press("Sign in", "User name", "ada", "Password", passphrase).leadsTo("/oauth2/authorize?")
		asked.says("h1", "Allow Robot to act for you?").says("main", "See API proxies", "robot.example")
		if policy := asked.header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' https://robot.example;") {
			t.Errorf("the form may not lead back: %s", policy)
		}
		back := asked.press("Allow").sentBack()
		same(t, "what goes back", []string{back.Get("state"), back.Get("iss")}, []string{"of the robot", "http://localhost:8080"})

		w, got := x.exchange(back.Get("code"))
		if w.Code != 200 || got["token_type"] != "Bearer" || got["expires_in"] != 3600.0 || got["scope"] != "proxies:read" {
			t.Fatalf("exchanged: %d %v", w.Code, got)
		}
		access := got["access_token"].(string)
		me := do(t, x.server, "GET", "/api/v1/me", access, "")
		if me.Code != 200 || !strings.Contains(me.Body.String(), `"scopes":["proxies:read"]`) || !strings.HasPrefix(access, "lkacc") {
			t.Errorf("me: %d %s", me.Code, me.Body)
		}
		w, next := x.token("grant_type", "refresh_token", "refresh_token", got["refresh_token"].(string))
		if w.Code != 200 || next["access_token"] == access || !strings.HasPrefix(next["refresh_token"].(string), "lkref") {
			t.Fatalf("refreshed: %d %v", w.Code, next)
		}
		if w, _ := x.post("/oauth2/revoke", url.Values{"token": {next["refresh_token"].(string)}}.Encode(), "Authorization: "+x.basic()); w.Code != 200 {
			t.Errorf("revoked: %d %s", w.Code, w.Body)
		}
		for _, token := range []string{access, next["access_token"].(string)} {
			if w := do(t, x.server, "GET", "/api/v1/me", token, ""); w.Code != 401 {
				t.Errorf("a token of a revoked grant works: %d", w.Code)
			}
		}
	})
}

func (x *oauthScene) basic() string {
	pair := url.QueryEscape(x.app.ID) + ":" + url.QueryEscape(x.secret)
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

func TestWhatCannotBeTrustedIsToldToThePersonAlone(t *testing.T) {
	x := newOAuthScene(t, modelstest.Open(t))
	v := hasSession(t, x.s, x.server, "ada")
	for _, request := range []string{
		x.request("client_id", ""), x.request("client_id", "app_01k7c3x9vqf4m8s2e0d6hj5ntb"), x.request("client_id", "robot"),
		x.request("redirect_uri", "https://robot.example/callback"), x.request("redirect_uri", "https://evil.example/callback?from=latchkey"),
		x.request("state", strings.Repeat("s", 2049)), x.request() + "&client_id=" + x.app.ID,
	} {
		if p := v.get(request).is(400); p.header.Get("Location") != "" {
			t.Errorf("%s leads to %s", request, p.header.Get("Location"))
		}
	}
}

func TestWhatIsWrongWithARequestIsToldToTheApplication(t *testing.T) {
	x := newOAuthScene(t, modelstest.Open(t))
	public, _ := x.application(models.NewApplication{Name: "Phone", Kind: models.Public, RedirectURIs: []string{callback}, Scopes: []string{"*"}})
	v := hasSession(t, x.s, x.server, "ada")
	for _, c := range []struct{ request, code string }{
		{x.request("response_type", ""), "invalid_request"},
		{x.request("response_type", "token"), "unsupported_response_type"},
		{x.request("scope", "orders:write"), "invalid_scope"},
		{x.request("scope", `a"b`), "invalid_scope"},
		{x.request("code_challenge_method", "plain"), "invalid_request"},
		{x.request("code_challenge_method", ""), "invalid_request"},
		{x.request("code_challenge", "short"), "invalid_request"},
		{x.request("client_id", public.ID, "code_challenge", "", "code_challenge_method", ""), "invalid_request"},
		{x.request("prompt", "none"), "consent_required"},
	} {
		q := v.get(c.request).sentBack()
		if q.Get("error") != c.code || q.Get("iss") != "http://localhost:8080" || q.Get("state") != "of the robot" || q.Has("code") {
			t.Errorf("%s: %v, want %s", c.request, q, c.code)
		}
	}
	if q := v.get(x.request()).press("Deny").sentBack(); q.Get("error") != "access_denied" || q.Has("code") {
		t.Errorf("denied: %v", q)
	}
	if q := visits(t, x.server).get(x.request("prompt", "none")).sentBack(); q.Get("error") != "login_required" {
		t.Errorf("signed out: %v", q)
	}
}

func TestBadRequestsOfApplications(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		x := newOAuthScene(t, s)
		other, otherSecret := x.application(models.NewApplication{Name: "Other", Kind: models.Confidential, RedirectURIs: []string{callback}})
		phone, _ := x.application(models.NewApplication{Name: "Phone", Kind: models.Public, RedirectURIs: []string{callback}})
		me := "client_id=" + x.app.ID + "&client_secret=" + x.secret
		grant := "grant_type=client_credentials&"
		form := "Content-Type: application/x-www-form-urlencoded"
		for _, c := range []struct {
			name, path, body string
			headers          []string
			status           int
			code             string
		}{
			{"JSON", "token", `{"grant_type":"client_credentials"}`, []string{"Content-Type", "Content-Type: application/json"}, 400, "invalid_request"},
			{"another charset", "token", grant + me, []string{"Content-Type", form + "; charset=utf-16"}, 400, "invalid_request"},
			{"no grant", "token", me, nil, 400, "invalid_request"},
			{"an empty grant", "token", "grant_type=&" + me, nil, 400, "invalid_request"},
			{"the password grant", "token", "grant_type=password&" + me, nil, 400, "unsupported_grant_type"},
			{"token exchange", "token", "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&" + me, nil, 400, "unsupported_grant_type"},
			{"a parameter twice", "token", grant + grant + me, nil, 400, "invalid_request"},
			{"in the address", "token?grant_type=client_credentials", me, nil, 400, "invalid_request"},
			{"nobody", "token", grant, nil, 401, "invalid_client"},
			{"a wrong secret", "token", grant + me[:len(me)-1] + "x", nil, 401, "invalid_client"},
			{"no secret", "token", grant + "client_id=" + x.app.ID, nil, 401, "invalid_client"},
			{"another's secret", "token", grant + "client_id=" + x.app.ID + "&client_secret=" + otherSecret, nil, 401, "invalid_client"},
			{"two ways", "token", grant + me, []string{"Authorization: " + x.basic()}, 400, "invalid_request"},
			{"Basic for another", "token", grant + "client_id=" + other.ID, []string{"Authorization: " + x.basic()}, 400, "invalid_request"},
			{"Basic that is none", "token", grant, []string{"Authorization: Basic !"}, 401, "invalid_client"},
			{"Basic without a colon", "token", grant, []string{"Authorization: Basic YQ=="}, 401, "invalid_client"},
			{"Basic with a bad escape", "token", grant, []string{"Authorization: Basic JXp6OmE="}, 400, "invalid_request"},
			{"a public application for itself", "token", grant + "client_id=" + phone.ID, nil, 400, "unauthorized_client"},
			{"more than the allowance", "token", grant + me + "&scope=orders:write", nil, 400, "invalid_scope"},
			{"an unknown code", "token", "grant_type=authorization_code&code=x&" + me, nil, 400, "invalid_grant"},
			{"no code", "token", "grant_type=authorization_code&" + me, nil, 400, "invalid_request"},
			{"a short verifier", "token", "grant_type=authorization_code&code=x&code_verifier=short&" + me, nil, 400, "invalid_request"},
			{"an unknown refresh token", "token", "grant_type=refresh_token&refresh_token=x&" + me, nil, 400, "invalid_grant"},
			{"no refresh token", "token", "grant_type=refresh_token&" + me, nil, 400, "invalid_request"},
			{"nobody introspects", "introspect", "token=x", nil, 401, "invalid_client"},
			{"a public application introspects", "introspect", "token=x&client_id=" + phone.ID, nil, 401, "invalid_client"},
			{"nothing to introspect", "introspect", me, nil, 400, "invalid_request"},
			{"nothing to revoke", "revoke", me, nil, 400, "invalid_request"},
			{"a stranger revokes", "revoke", "token=x&client_id=app_x", nil, 401, "invalid_client"},
		} {
			w, body := x.post("/oauth2/"+c.path, c.body, c.headers...)
			if w.Code != c.status || body["error"] != c.code || body["error_description"] == "" {
				t.Errorf("%s: %d %s, want %d %s", c.name, w.Code, w.Body, c.status, c.code)
			}
			if c.status == 401 && w.Header().Get("WWW-Authenticate") != `Basic realm="latchkey"` {
				t.Errorf("%s: asks for %q", c.name, w.Header().Get("WWW-Authenticate"))
			}
		}
		for _, path := range []string{"token", "introspect", "revoke"} {
			if w := do(t, x.server, "GET", "/oauth2/"+path, "", ""); w.Code != 405 || !strings.Contains(w.Header().Get("Allow"), "POST") {
				t.Errorf("GET %s: %d %v", path, w.Code, w.Header())
			}
		}
	})
}

func TestAnApplicationActsForItself(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		x := newOAuthScene(t, s)
		w, got := x.post("/oauth2/token", "grant_type=client_credentials&scope=proxies:read", "Authorization: "+x.basic())
		if w.Code != 200 || got["refresh_token"] != nil || got["scope"] != "proxies:read" {
			t.Fatalf("%d %v", w.Code, got)
		}
		access := got["access_token"].(string)
		w, about := x.post("/oauth2/introspect", url.Values{"token": {access}, "client_id": {x.app.ID}, "client_secret": {x.secret}}.Encode())
		if w.Code != 200 || about["active"] != true || about["client_id"] != x.app.ID || about["sub"] != x.app.ID || about["scope"] != "proxies:read" {
			t.Errorf("introspected: %d %v", w.Code, about)
		}
	})
}

func TestIntrospectionTellsTheTenantAlone(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		x := newOAuthScene(t, s)
		modelstest.Tenant(t, s, "birch")
		bob := modelstest.Member(t, s, "birch", "bob", models.Admin)
		theirs, ours := aToken(t, bob), aToken(t, x.admin, "*:read")
		ask := func(token, by string) string {
			w, _ := x.post("/oauth2/introspect", url.Values{"token": {token}}.Encode(), "Authorization: "+by)
			return w.Body.String()
		}
		const nothing = "{\"active\":false}\n"
		for _, token := range []string{theirs, "x", ours + "x", x.secret, strings.Repeat("x", 100_000)} {
			if got := ask(token, x.basic()); got != nothing {
				t.Errorf("told %s", got)
			}
		}
		for _, by := range []string{x.basic(), "Bearer " + aToken(t, x.admin, "tenant-tokens:read")} {
			if got := ask(ours, by); !strings.Contains(got, `"active":true`) || !strings.Contains(got, `"username":"root"`) {
				t.Errorf("told %s", got)
			}
		}
		w, _ := x.post("/oauth2/introspect", "token="+ours, "Authorization: Bearer "+aToken(t, x.admin, "members:read"))
		if w.Code != 403 || !strings.Contains(w.Body.String(), "insufficient_scope") {
			t.Errorf("without the scope: %d %s", w.Code, w.Body)
		}
		if got := ask(ours, "Bearer "+theirs); got != nothing {
			t.Errorf("told another tenant %s", got)
		}
	})
}

func TestATokenRevokesItself(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		x := newOAuthScene(t, s)
		one, two := aToken(t, x.admin), aToken(t, x.admin)
		if w, _ := x.post("/oauth2/revoke", "token="+one+"&token_type_hint=refresh_token"); w.Code != 200 || w.Body.Len() > 0 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w, _ := x.post("/oauth2/revoke", "token="+one); w.Code != 200 {
			t.Errorf("again: %d", w.Code)
		}
		if w := do(t, x.server, "GET", "/api/v1/me", one, ""); w.Code != 401 {
			t.Errorf("it still works: %d", w.Code)
		}
		w, _ := x.post("/oauth2/revoke", "token="+two, "Authorization: Bearer "+aToken(t, x.admin))
		if still := do(t, x.server, "GET", "/api/v1/me", two, ""); w.Code != 401 || still.Code != 200 {
			t.Errorf("another token revoked it: %d, then %d", w.Code, still.Code)
		}
		code := x.code("ada")
		_, got := x.exchange(code)
		if w, _ := x.post("/oauth2/revoke", "token="+got["access_token"].(string)); w.Code != 401 {
			t.Errorf("a token of an application needs the application: %d %s", w.Code, w.Body)
		}
	})
}

func TestTheMetadataNamesEveryEndpoint(t *testing.T) {
	x := newOAuthScene(t, modelstest.Open(t))
	for path, wanted := range map[string]map[string]any{
		"/.well-known/oauth-authorization-server": {"issuer": "http://localhost:8080", "token_endpoint": "http://localhost:8080/oauth2/token",
			"authorization_response_iss_parameter_supported": true},
		"/.well-known/oauth-protected-resource": {"resource": "http://localhost:8080"},
	} {
		w := do(t, x.server, "GET", path, "", "", "X-Forwarded-Host: evil.example")
		var got map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
			t.Fatalf("%s: %d %v", path, w.Code, err)
		}
		for name, value := range wanted {
			if got[name] != value {
				t.Errorf("%s: %s is %v, want %v", path, name, got[name], value)
			}
		}
		if w := do(t, x.server, "GET", path+"/", "", ""); w.Code != 404 {
			t.Errorf("%s/: %d", path, w.Code)
		}
	}
}
