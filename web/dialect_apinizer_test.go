package web_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
	"latchkey/web"
)

// The numbers are those of the checklist in docs/dialects.md.
func TestApinizerInTheConsole(t *testing.T) {
	doors(t, func(t *testing.T, s *models.Store, server http.Handler, clock *modelstest.Clock) {
		ada := signsIn(t, server, "ada")
		var token string
		t.Run("Z1 the way to a token has the names that its users know", func(t *testing.T) {
			profile := ada.get("/").leadsTo("/t/acme/profile")
			profile.says("summary[aria-label='Quick menu'] + .panel", "My Profile").says("#tokens", "Personal API Access Tokens")
			form := profile.click("Create API Token").says("form", "Token Name", "Expiration", "Never Expires", "Select from Calendar")
			token = createsToken(t, form, "Token Name", "forever", "Never Expires", "on", "Everything I can do", "on")
		})
		t.Run("Z2 it is shown once", func(t *testing.T) {
			ada.keeps(token)
			for _, path := range []string{"/t/acme/profile", "/t/acme/tokens/new", "/t/acme/tenant-tokens", "/t/acme/audit"} {
				ada.get(path).is(200)
			}
			want(t, do(t, server, "GET", "/api/v1/tokens", token, ""), 200, "")
			if w := do(t, server, "GET", "/api/v1/tokens", token, ""); strings.Contains(w.Body.String(), token) {
				t.Error("the API shows it again")
			}
		})
		t.Run("Z3 revoked in My Profile it is worth nothing", func(t *testing.T) {
			want(t, do(t, server, "GET", helloURL, token, ""), 200, "")
			ada.get("/t/acme/profile").click("Revoke forever").press("Revoke").leadsTo("/t/acme/profile")
			failsShortly(t, do(t, server, "GET", helloURL, token, ""), 401, "invalid_token")
		})
		t.Run("Z16 it expires never, or on a day, and not in the past", func(t *testing.T) {
			never := createsToken(t, ada.get("/t/acme/tokens/new"), "Token Name", "never", "Never Expires", "on", "Everything I can do", "on")
			dated := createsToken(t, ada.get("/t/acme/tokens/new"), "Token Name", "dated", "Select from Calendar", "on",
				"Last day", "2027-06-01", "Everything I can do", "on")
			ada.get("/t/acme/tokens/new").press("Create", "Token Name", "late", "Select from Calendar", "on", "Last day", "2020-01-01",
				"Everything I can do", "on").is(422)
			clock.Set(time.Date(2027, 6, 1, 23, 59, 59, 0, time.UTC))
			want(t, do(t, server, "GET", helloURL, dated, ""), 200, "")
			clock.Add(time.Second)
			failsShortly(t, do(t, server, "GET", helloURL, dated, ""), 401, "invalid_token")
			want(t, do(t, server, "GET", helloURL, never, ""), 200, "")
		})
	})
}

func TestApinizerGivesTokens(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		sc.person(t, "pia", "ROLE_MANAGE_PROXIES")
		t.Run("Z5 for a user name and a password, without a token", func(t *testing.T) {
			c := sc.token(t, sc.apinizer(t, "pia", passphrase))
			same(t, "whose it is", c.gets("/me")["user"].(object)["username"], any("pia"))
			w := postsBody(t, sc.server, apinizerURL, encoded("client_secret", passphrase, "grant_type", "client_credentials", "client_id", " PIA "),
				isForm+"; charset=UTF-8", "Authorization: Bearer worthless", "Accept: application/json")
			sc.token(t, w)
		})
		t.Run("Z6 in three fields", func(t *testing.T) {
			w := sc.apinizer(t, "pia", passphrase)
			told(t, w, 200, `{"access_token":"lkacc…","token_type":"Bearer","expires_in":3600}`)
			isJSON(t, w)
			me := sc.token(t, w).gets("/me")["token"].(object)
			same(t, "kind", me["kind"], any("acc"))
			same(t, "end", me["expires_at"], any(start.Add(time.Hour).Format(time.RFC3339Nano)))
		})
		t.Run("Z4 in the list of the console like those that were made there", func(t *testing.T) {
			pia := sc.caller(t, sc.as(t, "pia"), models.NewToken{Name: "mine", Scopes: []string{"*", "tokens:write"}})
			c := sc.token(t, sc.apinizer(t, "pia", passphrase))
			if ids := pia.lists("/tokens").column("id"); !slices.Contains(ids, c.id) {
				t.Errorf("%s is not among %v", c.id, ids)
			}
			browser := hasSession(t, sc.store, sc.server, "pia")
			browser.keeps(c.token)
			browser.get("/t/acme/profile").is(200).says("main", "Signed in over the Apinizer API", "lkacc…"+c.token[39:])
			pia.succeeds("DELETE", "/tokens/"+c.id, "", 204)
			same(t, "why it ended", c.dead(), "The token was revoked.")
			failsShortly(t, c.hello(), 401, "invalid_token")
		})
		t.Run("with the rights that the user has now", func(t *testing.T) {
			c := sc.token(t, sc.apinizer(t, "pia", passphrase))
			sc.allowed(t, c, "proxies:write", true)
			sc.root.succeeds("PATCH", "/members/pia", `{"roles":["ROLE_API_SECURITY"]}`, 200)
			sc.allowed(t, c, "proxies:write", false)
			sc.allowed(t, c, "certificates:write", true)
		})
		t.Run("to members of several tenants by the name of one", func(t *testing.T) { sc.severalTenants(t) })
	})
}

// allowed fails the test unless the token may do that, or may not.
func (sc *scene) allowed(t testing.TB, c caller, scope string, may bool) {
	t.Helper()
	status := 403
	if may {
		status = 200
	}
	want(t, do(t, sc.server, "GET", "/verify?scope="+scope, c.token, ""), status, "")
}

func (sc *scene) severalTenants(t *testing.T) {
	sc.person(t, "max")
	sc.person(t, "max@acme.example")
	if err := modelstest.In(t, sc.store, "other").AddMember(t.Context(), "max", nil); err != nil {
		t.Fatal(err)
	}
	for _, slug := range []string{"acme", "other"} {
		c := sc.token(t, sc.apinizer(t, "max@"+slug, passphrase))
		same(t, "the tenant", c.gets("/me")["tenant"].(object)["slug"], any(slug))
	}
	same(t, "who has an @ in the name", sc.token(t, sc.apinizer(t, "max@acme.example", passphrase)).gets("/me")["user"].(object)["username"], any("max@acme.example"))
	sc.token(t, sc.apinizer(t, "max@acme.example@acme", passphrase))
	said := failsShortly(t, sc.apinizer(t, "max", passphrase), 400, "bad_request")
	if !strings.Contains(said, "max@acme") {
		t.Errorf("it does not say what to write: %s", said)
	}
	for _, name := range []string{"max@nowhere", "max@", "max@acme.example@other", "@acme"} {
		told(t, sc.apinizer(t, name, passphrase), 401, badCredentials)
	}
}

const badCredentials = `{"error":"unauthorized_client","error_description":"Bad credentials"}`

func TestApinizerRefuses(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		sc.person(t, "pia")
		t.Run("Z7 whoever is not who they say, in the same bytes", func(t *testing.T) { sc.strangers(t) })
		t.Run("Z8 what is no form", func(t *testing.T) {
			before := sc.minted(t)
			for _, body := range []string{
				`{"grant_type":"client_credentials","client_id":"pia","client_secret":"` + passphrase + `"}`,
				encoded("grant_type", "client_credentials", "client_id", "pia", "client_secret", passphrase), ``,
			} {
				w := postsBody(t, sc.server, apinizerURL, body, "Content-Type: application/json")
				failsShortly(t, w, 415, "unsupported_media_type")
			}
			same(t, "what was made", sc.minted(t), before)
		})
		t.Run("Z9 another grant, before it looks at who asks", func(t *testing.T) {
			const refusal = `{"error":"unsupported_grant_type","error_description":"GrantType value must be client_credentials!"}`
			for _, grant := range []string{"", "password", "Client_Credentials", "client_credentials ", "refresh_token", "authorization_code"} {
				told(t, posts(t, sc.server, apinizerURL, "grant_type", grant, "client_id", "pia", "client_secret", passphrase), 400, refusal)
				told(t, posts(t, sc.server, apinizerURL, "grant_type", grant), 400, refusal)
			}
			told(t, posts(t, sc.server, apinizerURL), 400, refusal)
			told(t, postsBody(t, sc.server, apinizerURL, "", "Content-Type: "), 400, refusal)
		})
		t.Run("Z12 what is not valid any more, or never was", func(t *testing.T) {
			c := sc.token(t, sc.apinizer(t, "pia", passphrase))
			want(t, c.hello(), 200, "")
			sc.clock.Add(time.Hour)
			same(t, "why", failsShortly(t, c.hello(), 401, "invalid_token"), "The token has expired.")
			for _, token := range []string{nobodys, "x", c.token[:42], c.token + "0"} {
				same(t, "why", failsShortly(t, c.with(token).hello(), 401, "invalid_token"), "The token is not valid.")
			}
			w := c.with("").hello()
			failsShortly(t, w, 401, "invalid_token")
			same(t, "the challenge", w.Header().Get("WWW-Authenticate"), `Bearer realm="latchkey", `+learnMore)
			w = c.hello()
			same(t, "the challenge", w.Header().Get("WWW-Authenticate"), `Bearer realm="latchkey", error="invalid_token", error_description="The token has expired.", `+learnMore)
		})
		t.Run("Z13 a header that is not exactly so", func(t *testing.T) {
			c := sc.token(t, sc.apinizer(t, "pia", passphrase))
			for header, status := range map[string]int{
				"Bearer " + c.token: 200, "bearer " + c.token: 200, "BEARER " + c.token: 200,
				c.token: 401, "Bearer" + c.token: 401, "Bearer " + c.token[:20] + " " + c.token[20:]: 401,
				"Token " + c.token: 401, "Bearer": 401, "Bearer " + c.token[1:]: 401, `Bearer "` + c.token + `"`: 401,
				"Basic " + base64.StdEncoding.EncodeToString([]byte("pia:"+passphrase)): 401,
				"Basic " + base64.StdEncoding.EncodeToString([]byte("pia:"+c.token)):    401,
			} {
				w := c.with("").hello("Authorization: " + header)
				if w.Code != status {
					t.Errorf("%s: %d %s, want %d", header, w.Code, w.Body, status)
				}
			}
		})
	})
}

// strangers tries everybody whom the endpoint must not let in.
func (sc *scene) strangers(t *testing.T) {
	before := sc.minted(t)
	for _, username := range []string{"gone", "shut", "out"} {
		sc.person(t, username)
	}
	yes, operator, ctx := true, modelstest.In(t, sc.store, "acme"), t.Context()
	_, err := operator.ChangeMember(ctx, "shut", models.MemberChange{Disabled: &yes})
	if err := errors.Join(err, operator.RemoveMember(ctx, "out"), sc.store.Operator().DisableUser(ctx, "gone")); err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]string{
		{"pia", "not this one"}, {"nobody", passphrase}, {"gone", passphrase}, {"shut", passphrase}, {"out", passphrase}, {"ada", passphrase},
		{"", passphrase}, {"pia", ""}, {"", ""}, {"pia", strings.Repeat("x", 2000)}, {strings.Repeat("x", 2000), passphrase},
		{"' OR 1=1--", passphrase}, {"p%a", passphrase}, {"pia\x01", passphrase}, {"pia\u202e", passphrase}, {"рia", passphrase},
	} {
		w := sc.apinizer(t, pair[0], pair[1])
		told(t, w, 401, badCredentials)
		isJSON(t, w)
		sc.clock.Add(2 * time.Minute)
	}
	for _, fields := range [][]string{{}, {"client_id", "pia"}, {"client_secret", passphrase}} {
		told(t, posts(t, sc.server, apinizerURL, append(fields, "grant_type", "client_credentials")...), 401, badCredentials)
	}
	if err := sc.store.Operator().SuspendTenant(ctx, "acme"); err != nil {
		t.Fatal(err)
	}
	told(t, sc.apinizer(t, "pia", passphrase), 401, badCredentials)
	if err := sc.store.Operator().ResumeTenant(ctx, "acme"); err != nil {
		t.Fatal(err)
	}
	same(t, "what was made", sc.minted(t), before)
	sc.token(t, sc.apinizer(t, "pia", passphrase))
}

// Z11: the token endpoint and the health check answer without a token, and
// nothing else does.
func TestZ11EveryAddressOfApinizerNeedsATokenButTwo(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		var open []string
		for _, r := range newServer(t, sc.store).Routes() {
			if !strings.HasPrefix(r.Path, "/apiops/") {
				continue
			}
			w := do(t, sc.server, r.Method, pathParameter.ReplaceAllString(r.Path, "x"), "", "")
			if w.Code != 401 {
				open = append(open, r.Method+" "+r.Path)
			}
		}
		same(t, "open addresses", open, []string{"POST /apiops/auth/token", "GET /apiops/test/healthcheck"})

		w := do(t, sc.server, "GET", "/apiops/test/healthcheck", "", "")
		told(t, w, 200, "OK")
		same(t, "its type", w.Header().Get("Content-Type"), "text/plain")
		for name, greeting := range map[string]string{
			"world": "Hello world", "a%20b": "Hello a b", "%C3%A9t%C3%A9": "Hello été", "%3Cscript%3E": "Hello <script>", "a%2Fb": "Hello a/b",
			"%25": "Hello %", "..%2F..": "Hello ../..",
		} {
			w := do(t, sc.server, "GET", "/apiops/test/hello/"+name, sc.ada.token, "")
			told(t, w, 200, greeting)
			same(t, "its type", w.Header().Get("Content-Type"), "text/plain; charset=utf-8")
			same(t, "what a browser makes of it", w.Header().Get("X-Content-Type-Options"), "nosniff")
		}
		for _, path := range []string{
			"/apiops", "/apiops/", "/apiops/test/hello/", "/apiops/test/hello/%00", "/apiops/test/hello/a%0Ab", "/apiops/test/hello/%ff",
			"/apiops/test/healthcheck/", "/apiops/projects", "/apiops/auth/token/", "/apiops//test/healthcheck",
			"/apiops/Test/healthcheck", "/apiops/nothing",
		} {
			failsShortly(t, do(t, sc.server, "GET", path, sc.ada.token, ""), 404, "not_found")
		}
	})
}

// Z14: the four roles, each with what it is for and nothing more.
func TestZ14ATokenHasTheRolesOfItsUser(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		families := []string{"proxies:write", "deployments:write", "connections:write", "credentials:write", "certificates:write", "members:write"}
		for username, roles := range map[string][]string{
			"none": nil, "manager": {"ROLE_MANAGE_PROXIES"}, "deployer": {"ROLE_DEPLOY_UNDEPLOY_PROXIES"},
			"security": {"ROLE_API_SECURITY"}, "admin": {"ROLE_ADMIN"}, "both": {"ROLE_MANAGE_PROXIES", "ROLE_DEPLOY_UNDEPLOY_PROXIES"},
		} {
			sc.person(t, username, roles...)
			c := sc.token(t, sc.apinizer(t, username, passphrase))
			gives := slices.Clone(everyMember)
			for _, role := range roles {
				gives = append(gives, rolesGive[role]...)
			}
			for _, scope := range families {
				sc.allowed(t, c, scope, allows(gives, scope))
			}
			sc.allowed(t, c, "tokens:write", false)
		}
	})
}

// A tenant that does without Apinizer neither gives such tokens nor takes any
// there.
func TestATenantSwitchesApinizerOff(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		sc.person(t, "pia")
		c := sc.token(t, sc.apinizer(t, "pia", passphrase))
		sc.switches(t, models.DialectApinizer, false)
		before := sc.minted(t)
		failsShortly(t, sc.apinizer(t, "pia", passphrase), 403, "forbidden")
		told(t, sc.apinizer(t, "pia", "not this one"), 401, badCredentials)
		failsShortly(t, c.hello(), 403, "forbidden")
		failsShortly(t, sc.ada.hello(), 403, "forbidden")
		want(t, sc.eve.hello(), 200, "")
		c.gets("/me")
		same(t, "what was made", sc.minted(t), before)
		sc.switches(t, models.DialectApinizer, true)
		want(t, c.hello(), 200, "")

		yes := true
		if _, err := modelstest.In(t, sc.store, "acme").ChangePolicy(t.Context(), models.PolicyChange{ReviewedIssue: &yes}); err != nil {
			t.Fatal(err)
		}
		failsShortly(t, sc.apinizer(t, "pia", passphrase), 403, "forbidden") // where tokens are reviewed, none comes without
		failsShortly(t, sc.password(t, "pia", passphrase), 403, "access_denied")
		same(t, "what was made", sc.minted(t), before)
	})
}

// Z15 and Z18: every kind of error has one name.
func TestZ18ApinizerHasOneNameForEachError(t *testing.T) {
	srv := newServer(t, modelstest.Open(t))
	fields := &models.Error{Kind: models.Invalid, Message: "Some fields need a change.", Fields: map[string]string{"name": "Write something here.", "route": "Begin with /."}}
	taken := &models.Error{Kind: models.Conflict, Message: "Taken.", Fields: map[string]string{"name": "Taken."}}
	for _, test := range []struct {
		err  error
		on   string
		want string
	}{
		{&models.Error{Kind: models.Forbidden, Scope: "proxies:write", Message: "m"}, helloRoute, `403 {"error":"forbidden","error_description":"m"}`},
		{&models.Error{Kind: models.Forbidden, Message: "m"}, helloRoute, `403 {"error":"forbidden","error_description":"m"}`},
		{&models.Error{Kind: models.NotFound, Message: "m"}, helloRoute, `404 {"error":"not_found","error_description":"m"}`},
		{&models.Error{Kind: models.Conflict, Message: "m"}, helloRoute, `409 {"error":"duplicate_name","error_description":"m"}`},
		{taken, helloRoute, `409 {"error":"duplicate_name","error_description":"Taken. name: Taken."}`},
		{&models.Error{Kind: models.Conflict, Message: "m"}, apinizerURL, `409 {"error":"conflict","error_description":"m"}`},
		{&models.Error{Kind: models.BadRequest, Message: "m"}, helloRoute, `400 {"error":"bad_request","error_description":"m"}`},
		{fields, helloRoute, `400 {"error":"bad_request","error_description":"Some fields need a change. name: Write something here. route: Begin with /."}`},
		{&models.Error{Kind: models.TooMany, RetryAfter: 1500 * time.Millisecond, Message: "m"}, helloRoute, `429 {"error":"rate_limit_exceeded","error_description":"m"}`},
		{&models.Error{Kind: models.TooMany, RetryAfter: 1500 * time.Millisecond, Message: "m"}, apinizerURL, `429 {"error":"rate_limit_exceeded","error_description":"m"}`},
		{&models.Error{Kind: models.Unavailable, RetryAfter: time.Second, Message: "m"}, apinizerURL, `503 {"error":"temporarily_unavailable","error_description":"m"}`},
		{&models.Error{Kind: models.InvalidToken, Message: "m"}, helloRoute, `401 {"error":"invalid_token","error_description":"m"}`},
		{errors.New("a secret cause"), helloRoute, `500 {"error":"server_error","error_description":"Something went wrong on our side."}`},
		{errors.New("a secret cause"), apinizerURL, `500 {"error":"server_error","error_description":"Something went wrong on our side."}`},
	} {
		explained(t, srv, test.on, test.err, test.want)
	}
	w := srv.Explained(helloRoute, &models.Error{Kind: models.Forbidden, Scope: "proxies:write", Message: "m"})
	same(t, "Z15 what is missing", w.Header().Get("WWW-Authenticate"), `Bearer realm="latchkey", error="insufficient_scope", scope="proxies:write"`)
	same(t, "how long to wait", srv.Explained(apinizerURL, &models.Error{Kind: models.TooMany, RetryAfter: 1500 * time.Millisecond}).Header().Get("Retry-After"), "2")
}

const helloRoute = "/apiops/test/hello/:name"

// explained fails the test unless a surface tells an error like that.
func explained(t testing.TB, srv *web.Server, route string, err error, want string) {
	t.Helper()
	w := srv.Explained(route, err)
	isJSON(t, w)
	same(t, route, statusAndBody(w), want)
}

func statusAndBody(w *httptest.ResponseRecorder) string {
	return strings.TrimSpace(strings.Join([]string{itoa(int64(w.Code)), w.Body.String()}, " "))
}
