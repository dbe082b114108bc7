package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// A terminal is a program without a browser: a public application of acme.
type terminal struct {
	*oauthScene
	clock *modelstest.Clock
	shows map[string]any // what it was told when it began
}

// eachTerminal runs f on each database with a terminal that waits. eve belongs
// to another tenant.
func eachTerminal(t *testing.T, f func(t *testing.T, x *terminal)) {
	t.Helper()
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		x := &terminal{oauthScene: newOAuthScene(t, s), clock: clock}
		x.app, _ = x.application(models.NewApplication{Name: "Terminal", Kind: models.Public, Scopes: []string{"profile:read", "proxies:*"}})
		modelstest.Tenant(t, s, "birch")
		modelstest.Person(t, s, "birch", "eve", passphrase, models.Admin)
		x.begins()
		f(t, x)
	})
}

func (x *terminal) begins() {
	x.t.Helper()
	w, told := x.post("/oauth2/device_authorization", url.Values{"client_id": {x.app.ID}, "scope": {"proxies:read"}}.Encode())
	if w.Code != 200 {
		x.t.Fatalf("%d %s", w.Code, w.Body)
	}
	x.shows = told
}

func (x *terminal) code() string { return x.shows["user_code"].(string) }

// polls asks whether somebody has decided, and fails the test unless the answer
// is that error, or tokens when it is empty.
func (x *terminal) polls(code string) map[string]any {
	x.t.Helper()
	w, got := x.post("/oauth2/token", url.Values{"grant_type": {deviceGrant}, "client_id": {x.app.ID},
		"device_code": {x.shows["device_code"].(string)}}.Encode())
	if code == "" && w.Code != 200 || code != "" && (w.Code != 400 || got["error"] != code || got["error_description"] == "") {
		x.t.Errorf("a poll is told %d %s, want %q", w.Code, w.Body, code)
	}
	return got
}

func TestADeviceIsConnected(t *testing.T) {
	eachTerminal(t, func(t *testing.T, x *terminal) {
		same(t, "what the terminal shows", []any{x.shows["verification_uri"], x.shows["verification_uri_complete"], x.shows["expires_in"], x.shows["interval"]},
			[]any{"http://localhost:8080/device", "http://localhost:8080/device?user_code=" + x.code(), 600.0, 5.0})
		x.polls("authorization_pending")
		x.polls("slow_down")

		form := visits(t, x.server).get("/device").leadsTo("/login?next=%2Fdevice").
			press("Sign in", "User name", "ada", "Password", passphrase).leadsTo("/device")
		asked := form.press("Continue", "Code", strings.ToLower(strings.ReplaceAll(x.code(), "-", " "))).is(200)
		asked.says("h1", "Allow Terminal to act for you?").says("main", "You are ada in acme.", "See API proxies", "Afterwards go back to your device.").
			says(".note.warn", "only if your device shows the code "+x.code()+" and you started this yourself")
		x.clock.Add(time.Minute)
		x.polls("authorization_pending")
		asked.press("Allow").is(200).says("main", "Terminal may act for you now.")

		got := x.polls("")
		if got["token_type"] != "Bearer" || got["expires_in"] != 3600.0 || got["scope"] != "proxies:read" || !strings.HasPrefix(got["refresh_token"].(string), "lkref") {
			t.Errorf("got %v", got)
		}
		me := decode[object](t, do(t, x.server, "GET", "/api/v1/me", got["access_token"].(string), ""))
		same(t, "who it acts for", me["user"].(object)["username"], any("ada"))
		x.polls("invalid_grant")
		form.press("Continue", "Code", x.code()).is(422).says("#code-err", "No device waits with this code.")
	})
}

// A link that somebody was sent fills in the code and does nothing else.
func TestALinkToADeviceDecidesNothing(t *testing.T) {
	eachTerminal(t, func(t *testing.T, x *terminal) {
		link := "/device?user_code=" + x.code() + "&decision=allow"
		form := visits(t, x.server).get(link).leadsTo("/login?next=").
			press("Sign in", "User name", "ada", "Password", passphrase).leadsTo("/device?user_code=" + x.code())
		x.polls("authorization_pending")
		form.press("Continue").is(200).press("Deny").is(200).says("main", "Terminal got nothing.")
		x.clock.Add(time.Minute)
		x.polls("access_denied")
	})
}

func TestADeviceIsOfItsTenant(t *testing.T) {
	eachTerminal(t, func(t *testing.T, x *terminal) {
		eve := hasSession(t, x.s, x.server, "eve")
		wrong := eve.get("/device").press("Continue", "Code", "BBBB-BBBB").is(422).text("#code-err")
		for _, decision := range []string{"", "allow", "deny"} {
			p := eve.post("/device", url.Values{"user_code": {x.code()}, "decision": {decision}}).is(422)
			same(t, "what eve is told", p.text("#code-err"), wrong)
		}
		x.polls("authorization_pending")
	})
}

func TestBadCodesOfDevices(t *testing.T) {
	eachTerminal(t, func(t *testing.T, x *terminal) {
		ada := hasSession(t, x.s, x.server, "ada")
		ada.post("/device", nil).is(422).says("#code-err", "Type the code that your device shows.")
		ada.post("/device", url.Values{"user_code": {x.code()}, "decision": {"deny", "allow"}}).is(400)
		ada.post("/device", url.Values{"user_code": {x.code(), x.code()}}).is(400)
		ada.post("/device", url.Values{"user_code": {x.code()}, "decision": {"maybe"}}).is(200).says("h1", "Allow Terminal")
		for _, code := range []string{"'; DROP TABLE device_codes --", strings.Repeat("B", 5000), "\xff\x01", "<script>", "BBBB-BBBB"} {
			p := ada.post("/device", url.Values{"user_code": {code}})
			if p.status != 422 && p.status != 400 {
				t.Errorf("%q is answered with %d", code, p.status)
			}
		}
		ada.post("/device", url.Values{"user_code": {"CCCC-CCCC"}}).is(422)
		slow := ada.post("/device", url.Values{"user_code": {x.code()}}).is(429).says("#code-err", "Too many attempts failed.")
		same(t, "how long to wait", slow.header.Get("Retry-After"), "1")
		visits(t, x.server).post("/device", url.Values{"user_code": {x.code()}, "decision": {"allow"}}).is(303)
		x.polls("authorization_pending")
	})
}

func TestBadRequestsOfDevices(t *testing.T) {
	eachTerminal(t, func(t *testing.T, x *terminal) {
		robot, secret := x.application(models.NewApplication{Name: "Server", Kind: models.Confidential, Scopes: []string{"proxies:read"}})
		me, grant := "client_id="+x.app.ID, "grant_type="+url.QueryEscape(deviceGrant)+"&"
		for _, c := range []struct {
			name, path, body string
			headers          []string
			status           int
			code             string
		}{
			{"nobody", "device_authorization", "scope=proxies:read", nil, 401, "invalid_client"},
			{"a stranger", "device_authorization", "client_id=app_x", nil, 401, "invalid_client"},
			{"without its secret", "device_authorization", "client_id=" + robot.ID, nil, 401, "invalid_client"},
			{"a secret that it has not", "device_authorization", me + "&client_secret=" + secret, nil, 401, "invalid_client"},
			{"too much", "device_authorization", me + "&scope=orders:write", nil, 400, "invalid_scope"},
			{"a parameter twice", "device_authorization", me + "&" + me, nil, 400, "invalid_request"},
			{"in the address", "device_authorization?" + me, "", nil, 400, "invalid_request"},
			{"JSON", "device_authorization", `{}`, []string{"Content-Type", "Content-Type: application/json"}, 400, "invalid_request"},
			{"no code", "token", grant + me, nil, 400, "invalid_request"},
			{"an empty code", "token", grant + "device_code=&" + me, nil, 400, "invalid_request"},
			{"an unknown code", "token", grant + "device_code=x&" + me, nil, 400, "invalid_grant"},
			{"the code of the user", "token", grant + "device_code=" + x.code() + "&" + me, nil, 400, "invalid_grant"},
			{"another's code", "token", grant + "device_code=" + x.shows["device_code"].(string) + "&client_id=" + robot.ID + "&client_secret=" + secret, nil, 400, "invalid_grant"},
			{"the short name of the grant", "token", "grant_type=device_code&device_code=x&" + me, nil, 400, "unsupported_grant_type"},
		} {
			w, body := x.post("/oauth2/"+c.path, c.body, c.headers...)
			if w.Code != c.status || body["error"] != c.code || body["error_description"] == "" {
				t.Errorf("%s: %d %s, want %d %s", c.name, w.Code, w.Body, c.status, c.code)
			}
		}
		for _, method := range []string{"GET", "PUT", "HEAD"} {
			if w := do(t, x.server, method, "/oauth2/device_authorization", "", ""); w.Code != http.StatusMethodNotAllowed || !strings.Contains(w.Header().Get("Allow"), "POST") {
				t.Errorf("%s: %d %v", method, w.Code, w.Header())
			}
		}
		w, told := x.post("/oauth2/device_authorization", "client_id="+robot.ID+"&client_secret="+secret)
		if w.Code != 200 || told["device_code"] == "" {
			t.Errorf("an application with a secret: %d %s", w.Code, w.Body)
		}
	})
}

func TestATenantDoesWithoutDevices(t *testing.T) {
	eachTerminal(t, func(t *testing.T, x *terminal) {
		_, err := x.admin.ChangePolicy(t.Context(), models.PolicyChange{On: map[string]bool{models.GrantDevice: false}})
		if err != nil {
			t.Fatal(err)
		}
		w, told := x.post("/oauth2/device_authorization", "client_id="+x.app.ID)
		if w.Code != 400 || told["error"] != "unauthorized_client" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		x.polls("unauthorized_client")
		hasSession(t, x.s, x.server, "ada").post("/device", url.Values{"user_code": {x.code()}, "decision": {"allow"}}).is(422)
	})
}

func TestAFloodOfDevicesHasToWait(t *testing.T) {
	eachTerminal(t, func(t *testing.T, x *terminal) {
		for range 99 {
			x.begins()
		}
		w, told := x.post("/oauth2/device_authorization", "client_id="+x.app.ID)
		if w.Code != 429 || told["error"] != "temporarily_unavailable" || w.Header().Get("Retry-After") != "60" {
			t.Errorf("%d %s %s", w.Code, w.Body, w.Header().Get("Retry-After"))
		}
	})
}
