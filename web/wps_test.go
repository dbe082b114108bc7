package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// A desk is the tenant acme where tokens are reviewed: ada and zoe administer
// it, and dan asks.
type desk struct {
	store  *models.Store
	server http.Handler
	log    interface{ String() string }
	dan    *visitor
	ada    *visitor
}

// atDesk runs f at a desk on each database.
func atDesk(t *testing.T, f func(t *testing.T, d *desk)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		server, log := logged(t, s)
		modelstest.Tenant(t, s, "acme")
		modelstest.Person(t, s, "acme", "ada", passphrase, models.Admin)
		modelstest.Person(t, s, "acme", "dan", passphrase)
		d := &desk{store: s, server: server, log: log, ada: hasSession(t, s, server, "ada"), dan: hasSession(t, s, server, "dan")}
		d.policy(t, models.PolicyChange{ReviewedIssue: new(true), AdminOnlyRevocation: new(true), ContactText: new("Call extension 12.")})
		f(t, d)
	})
}

func (d *desk) policy(t *testing.T, change models.PolicyChange) {
	t.Helper()
	_, err := modelstest.In(t, d.store, "acme").ChangePolicy(t.Context(), change)
	must(t, err)
}

// asks sends the form as dan, and returns the address of the request.
func (d *desk) asks(name string) string {
	p := d.dan.get("/t/acme/token-requests/new").press("Send request", "Token Name", name, "What it is for", "Orders parts.",
		"Never Expires", "on", "Everything I can do", "on").is(303)
	path := p.header.Get("Location")
	d.dan.get(path)
	return path
}

// review is where ada decides on what dan asked for there.
func review(path string) string { return strings.Replace(path, "/token-requests/", "/review/", 1) }

// The requester alone sees the token, once; and it is kept by nobody.
func TestW2ATokenIsRequestedApprovedAndPickedUp(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk) {
		d.dan.get("/t/acme/profile").is(200).click("Request a token").says("h1", "Request a token")
		path := d.asks("parts")
		d.dan.get(path).is(200).says("main", "Nobody has decided yet.", "Call extension 12.")
		d.dan.post(path+"/pick-up", nil).is(409).says("[role=alert]", "Nobody has approved this request yet.")
		d.dan.get("/t/acme/review").is(403)
		d.dan.post(review(path)+"/approve", url.Values{"may": {"all"}}).is(403)

		d.ada.get("/t/acme/review").says("tbody", "parts", "dan", "Orders parts.", "Waiting").click("parts").
			press("Approve", "Only what I choose", "on", "profile:read", "on").leadsTo("/t/acme/review").says("[role=status]", "The request parts of dan is approved.")
		d.ada.post(path+"/pick-up", nil).is(404)
		d.dan.get("/t/acme/profile").says("[role=status]", "Your request parts is approved.").click("Pick it up").
			says("main", "It may do something else than you asked for.", "profile:read", "Keep it secret like a password.")
		made := d.dan.get(path).press("Pick up the token").is(201)
		token := made.text("textarea#token")
		if made.header.Get("Cache-Control") != "no-store" || !tokenString.MatchString(token) {
			t.Errorf("the page with %q may be kept: %q", token, made.header.Get("Cache-Control"))
		}
		d.dan.keeps(token)
		d.ada.keeps(token)
		want(t, do(t, d.server, "GET", "/api/v1/me", token, ""), 200, "")
		want(t, do(t, d.server, "GET", "/api/v1/tokens", token, ""), 403, "insufficient_scope")

		d.dan.post(path+"/pick-up", nil).is(409).says("[role=alert]", "picked up already")
		for _, at := range []string{path, "/t/acme/token-requests", "/t/acme/profile"} {
			d.dan.get(at).is(200)
		}
		for _, at := range []string{review(path), "/t/acme/review?status=any", "/t/acme/tenant-tokens", "/t/acme/audit"} {
			d.ada.get(at).is(200).says("main", "parts")
		}
		flush(t, d.store)
		if strings.Contains(d.log.String(), token) {
			t.Errorf("the token is in the log:\n%s", d.log)
		}
	})
}

func TestW2NoEntranceMakesATokenWithoutReview(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk) {
		fields := url.Values{"name": {"mine"}, "expiration": {"never"}, "may": {"all"}}
		for _, v := range []*visitor{d.dan, d.ada} {
			v.post("/t/acme/tokens", fields).is(403).says("main", "Tokens are reviewed here before they are made.", "Call extension 12.")
			to := v.get("/t/acme/tokens/new?name=ci&scopes=projects:read").is(303).header.Get("Location")
			v.get(to).is(200).says("[role=status]", "A link filled in this form.")
		}
		_, secret := modelstest.Token(t, modelstest.As(t, d.store, "acme", "dan"), models.NewToken{Scopes: []string{"*", "tokens:write"}})
		w := do(t, d.server, "POST", "/api/v1/tokens", secret, `{"name":"child","expires_at":null}`)
		want(t, w, 403, "forbidden")
		if !strings.Contains(problemOf(w).Detail, "Request one in the console") {
			t.Errorf("the API says %q", problemOf(w).Detail)
		}
		d.policy(t, models.PolicyChange{ReviewedIssue: new(false)})
		d.dan.post("/t/acme/tokens", fields).is(201)
		d.dan.get("/t/acme/token-requests/new").is(303)
		d.dan.post("/t/acme/token-requests", fields).is(409)
	})
}

func TestW2ADeniedRequestSaysWhy(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk) {
		path := d.asks("parts")
		d.ada.get(review(path)).press("Deny").is(422).says("#reason-err", "Write something here.")
		d.ada.get(review(path)).press("Deny", "Why not", "Ask for less.").leadsTo("/t/acme/review")
		d.dan.get(path).says(".pill", "Denied").says("main", "Denied by ada", "Ask for less.").click("Request it again").
			says("h1", "Request a token")
		d.ada.post(review(path)+"/approve", url.Values{"may": {"all"}}).is(409).says("main", "This request was denied.")
		back := d.asks("back")
		d.dan.get(back).press("Withdraw").leadsTo("/t/acme/token-requests").says("[role=status]", "The request is withdrawn.")
		d.ada.get(review(back)).says("main", "The request was withdrawn.")
		d.ada.post(review(back)+"/deny", url.Values{"reason": {"late"}}).is(409)
		own := d.ada.post("/t/acme/token-requests", url.Values{"name": {"own"}, "reason": {"r"}, "expiration": {"never"}, "may": {"read"}}).is(303).header.Get("Location")
		if p := d.ada.get(review(own)).says("main", "You asked for this yourself."); p.Find("main form").Length() != 0 {
			t.Error("there is a form to decide on one's own request")
		}
		d.ada.post(review(own)+"/approve", url.Values{"may": {"all"}}).is(403).says("main", "Nobody decides on their own request")
	})
}

func TestARefusedRequestComesBackFilledIn(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk) {
		for sent, complaint := range map[string]string{
			"name=ci&expiration=never&may=all":                                         "reason",
			"name=&reason=r&expiration=never&may=all":                                  "name",
			"name=ci&reason=r&may=all":                                                 "expiration",
			"name=ci&reason=r&expiration=never":                                        "may",
			"name=ci&reason=r&expiration=date&expires_on=2026-10-11&may=all":           "expires_on",
			"name=ci&reason=r&expiration=never&may=chosen&extra_scopes=no+scope":       "extra_scopes",
			"name=ci&reason=r&expiration=never&may=all&cidrs=nowhere":                  "cidrs",
			"name=ci&reason=" + strings.Repeat("x", 501) + "&expiration=never&may=all": "reason",
		} {
			fields, err := url.ParseQuery(sent)
			must(t, err)
			p := d.dan.post("/t/acme/token-requests", fields).is(422)
			if len(p.text("#"+complaint+"-err")) < 10 || p.Find(".err").Length() != 1 {
				t.Errorf("%s: no complaint beside %s: %s", sent, complaint, p.text("main"))
			}
			p.comesBack(sent, fields)
		}
		path := d.asks("ci")
		for sent, complaint := range map[string]string{"": "may", "may=chosen": "scopes", "may=chosen&extra_scopes=no+scope": "extra_scopes",
			"may=chosen&extra_scopes=tokens:write": "extra_scopes"} {
			fields, err := url.ParseQuery(sent)
			must(t, err)
			p := d.ada.post(review(path)+"/approve", fields).is(422)
			if len(p.text("#"+complaint+"-err")) < 10 {
				t.Errorf("%s: no complaint beside %s: %s", sent, complaint, p.text("main"))
			}
			p.comesBack(sent, fields)
		}
		d.dan.get("/t/acme/token-requests?q=" + strings.Repeat("x", 101)).is(422)
		d.ada.get("/t/acme/review?cursor=x").is(422)
	})
}

func TestW5ThePageSaysHowToKeepAToken(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk) {
		path := d.asks("parts")
		d.ada.post(review(path)+"/approve", url.Values{"may": {"read"}}).is(303)
		d.dan.get(path).says("main", "Keep it secret like a password.", "Do not write it into code", "environment variable")
		made := d.dan.post(path+"/pick-up", nil).is(201)
		token := made.text("textarea#token")
		made.says("main", "Never into code").says("#export", "export LATCHKEY_TOKEN="+token).
			says("#curl", `curl -H "Authorization: Bearer `+token+`" http://localhost:8080/api/v1/me`)
	})
}

// Where only administrators revoke, every way that an owner has answers 403 and
// says why, and the token goes on.
func TestW8NoEntranceLetsAnOwnerRevoke(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk) {
		dan := modelstest.As(t, d.store, "acme", "dan")
		token, secret := modelstest.Token(t, dan, models.NewToken{Name: "parts", Scopes: []string{"*", "tokens:write"}})
		for _, path := range []string{"/tokens/" + token.ID, "/tokens/current"} {
			w := do(t, d.server, "DELETE", "/api/v1"+path, secret, "")
			want(t, w, 403, "forbidden")
			if detail := problemOf(w).Detail; !strings.Contains(detail, "Only administrators revoke tokens here.") {
				t.Errorf("DELETE %s says %q", path, detail)
			}
		}
		reason := []string{"Only administrators revoke tokens here.", "Call extension 12."}
		d.dan.post("/t/acme/tokens/"+token.ID+"/revoke", nil).is(403).says("main", reason...)
		d.dan.post("/t/acme/tokens/revoke", url.Values{"id": {token.ID}, "confirm": {"1"}}).is(403).says("main", reason...)
		d.dan.get("/t/acme/tokens/"+token.ID).is(200).says("h1", "parts")
		want(t, do(t, d.server, "GET", "/api/v1/me", secret, ""), 200, "")
		d.dan.post("/t/acme/tokens/"+token.ID, url.Values{"name": {"renamed"}}).is(303) // W9: and nothing else

		d.ada.get("/t/acme/tenant-tokens").click("Revoke renamed of dan").press("Revoke").leadsTo("/t/acme/tenant-tokens")
		want(t, do(t, d.server, "GET", "/api/v1/me", secret, ""), 401, "invalid_token")
		rows := d.ada.get("/t/acme/audit?action=request.refused").is(200)
		rows.says("main", "revocation by the owner")
	})
}

func TestW8AnAdministratorRevokesOverTheAPI(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		sc.root.succeeds("PATCH", "/policy", `{"admin_only_revocation":true}`, 200)
		sc.ada.fails("DELETE", "/tokens/"+sc.ada.id, "", 403, "forbidden")
		sc.root.fails("DELETE", "/tokens/current", "", 403, "forbidden")
		sc.root.succeeds("DELETE", "/tenant-tokens/"+sc.ada.id, "", 204)
		same(t, "why", sc.ada.dead(), "The token was revoked.")
		sc.root.succeeds("PATCH", "/policy", `{"dialects":{"wps":false}}`, 200)
		sc.bo.succeeds("DELETE", "/tokens/current", "", 204)
	})
}

func TestW9NobodyChangesWhatATokenMayDo(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		sc.root.succeeds("PATCH", "/policy", `{"admin_only_revocation":true,"reviewed_issue":true}`, 200)
		for _, field := range []string{`"scopes":["*"]`, `"expires_at":null`, `"allowed_cidrs":[]`} {
			sc.ada.fails("PATCH", "/tokens/"+sc.ada.id, "{"+field+"}", 400, "invalid_json")
		}
		same(t, "its name", sc.ada.succeeds("PATCH", "/tokens/"+sc.ada.id, `{"name":"renamed"}`, 200)["name"], any("renamed"))
	})
}

// A box of the policy that is not ticked is a switch that is off.
func TestTheSwitchesOfThePolicyPage(t *testing.T) {
	atConsole(t, func(t *testing.T, s *models.Store, ada *visitor) {
		ada.get("/t/acme/policy").press("Save policy", "Password platform", "off", "Device code", "off", "Review tokens before they are made", "on").
			leadsTo("/t/acme/policy").says("nav", "Token requests", "Review")
		p, err := modelstest.In(t, s, "acme").TenantPolicy(t.Context())
		if err != nil || strings.Join(p.SwitchedOff, " ") != "password device_code" || !p.ReviewedIssue || p.AdminOnlyRevocation {
			t.Errorf("the policy is %+v, %v", p, err)
		}
		ada.get("/t/acme/policy").press("Save policy", "Longest life of a token, in days", "many").is(422)
		ada.get("/t/acme/policy").press("Save policy", "Password platform", "on", "Device code", "on", "WPS", "off").leadsTo("/t/acme/policy")
		if p, err = modelstest.In(t, s, "acme").TenantPolicy(t.Context()); err != nil || strings.Join(p.SwitchedOff, " ") != "wps" || p.Reviews() {
			t.Errorf("the policy is %+v, %v", p, err)
		}
	})
}
