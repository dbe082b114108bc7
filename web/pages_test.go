package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// The main job in a browser without script: set Latchkey up, make tokens, use
// them, see them, revoke them.
func TestTheStoryOfATokenInTheConsole(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		server, log := logged(t, s)
		code, err := s.NewSetupCode(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ada := visits(t, server)
		ada.get("/").leadsTo("/setup").says("h1", "Latchkey is not set up yet")
		profile := ada.get("/setup?code="+code).is(200).press("Set up and sign in", "Organisation", "Acme Works",
			"Short name in addresses", "acme", "User name", "ada", "E-mail", "ada@example.com", "Password", passphrase).
			leadsTo("/t/acme/profile")
		ada.keeps(code)
		ada.get("/setup?code="+url.QueryEscape(code[:10])).is(410).says("h1", "does not work any more")

		profile.press("Sign out").leadsTo("/login")
		ada.get("/").leadsTo("/login").press("Sign in", "User name", "Ada", "Password", passphrase).leadsTo("/t/acme/profile")
		form := ada.get("/").leadsTo("/t/acme/profile").says("summary[aria-label='Quick menu'] + .panel", "My Profile").
			says("#tokens", "Personal API Access Tokens").click("Create API Token")
		if ada.get("/t/acme/profile").Find("tbody tr").Length() != 0 {
			t.Error("opening the form made a token")
		}

		forever := createsToken(t, form, "Token Name", "forever", "Never Expires", "on", "Everything I can do", "on")
		ada.keeps(forever)
		dated := createsToken(t, ada.get("/t/acme/tokens/new"), "Token Name", "until June", "Select from Calendar", "on",
			"Last day", "2027-06-01", "Read only", "on")
		ada.keeps(dated)
		for _, token := range []string{forever, dated} {
			do(t, server, "GET", "/api/v1/me", token, "", "Accept: application/json")
			want(t, do(t, server, "GET", "/api/v1/tokens", token, ""), 200, "")
		}

		list := ada.get("/t/acme/profile").is(200)
		list.says("tbody tr:has(th:contains('forever'))", "lkpat…"+forever[39:], "Everything I can do", "never", "Active")
		list.says("tbody tr:has(th:contains('until June'))", "Read only", "1 Jun 2027", "Active")
		list.click("Revoke forever").says("h1", "Revoke forever?").says("dialog", "lkpat…"+forever[39:]).
			press("Revoke").leadsTo("/t/acme/profile").says("[role=status]", "The token forever is revoked.")
		if p := ada.get("/t/acme/profile"); p.Find("tbody tr").Length() != 1 || strings.Contains(p.text("[role=status]"), "revoked") {
			t.Errorf("after revoking: %s", p.text("main"))
		}
		ada.get("/t/acme/profile").click("Show inactive (1)").says("tbody tr:has(th:contains('forever'))", "Revoked")
		want(t, do(t, server, "GET", "/api/v1/me", forever, ""), 401, "invalid_token")
		want(t, do(t, server, "GET", "/api/v1/me", dated, ""), 200, "")
		for _, secret := range append(ada.secrets, passphrase, ada.cookie("latchkey")) {
			if strings.Contains(log.String(), secret) {
				t.Errorf("a secret is in the log:\n%s", log)
			}
		}
	})
}

// createsToken sends the form and returns the token that the page shows.
func createsToken(t testing.TB, form *page, pairs ...string) string {
	t.Helper()
	made := form.press("Create", pairs...).is(http.StatusCreated)
	token := made.text("textarea#token")
	if !tokenString.MatchString(token) {
		t.Fatalf("the page shows %q", token)
	}
	made.says("main", "You see this token only here and only now.").
		says("#curl", `curl -H "Authorization: Bearer `+token+`" http://localhost:8080/api/v1/me`).
		says("#export", "export LATCHKEY_TOKEN="+token)
	return token
}

// A colleague is invited, gains a right, loses it, and is removed.
func TestTheStoryOfAMemberInTheConsole(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		server := newServer(t, s)
		modelstest.Tenant(t, s, "acme")
		modelstest.Person(t, s, "acme", "ada", passphrase, models.Admin)
		ada, bob := signsIn(t, server, "ada"), visits(t, server)

		made := ada.get("/t/acme/members").click("Invite").press("Create the link", "E-mail", "bob@example.com").is(201)
		link := made.text("textarea#invite-url")
		path, ok := strings.CutPrefix(link, "http://localhost:8080/invite/")
		if !ok {
			t.Fatalf("the link is %q", link)
		}
		path = "/invite/" + path
		ada.keeps(path)
		ada.get("/t/acme/members").says("[aria-label=Invitations]", "bob@example.com", "invited by ada")

		bob.get(path).is(200).says("h1", "Join acme").press("Create account and join", "User name", "bob", "Password", passphrase).
			leadsTo("/t/acme/profile").says("dl", "bob", "none")
		visits(t, server).get(path).is(404).says("h1", "does not work any more")
		bobs := createsToken(t, bob.get("/t/acme/tokens/new"), "Token Name", "bot", "Never Expires", "on", "Everything I can do", "on")
		want(t, do(t, server, "GET", "/api/v1/roles", bobs, ""), 403, "insufficient_scope")
		bob.get("/t/acme/roles").is(403).says("main", "roles:read", "ask ada")

		ada.get("/t/acme/roles/new").press("Create role", "Name", "READERS", "Description", "They look.", "roles:read", "on").
			leadsTo("/t/acme/roles/ROLE_READERS")
		ada.get("/t/acme/members").click("Edit bob").press("Save roles", "ROLE_READERS", "on").
			leadsTo("/t/acme/members/bob").says("[aria-label='Effective scopes']", "roles", "ROLE_READERS")
		want(t, do(t, server, "GET", "/api/v1/roles", bobs, ""), 200, "")
		bob.get("/t/acme/roles").is(200)
		ada.get("/t/acme/members/access?scope=roles:read").says("main", "bob", "ROLE_READERS")
		ada.get("/t/acme/roles/ROLE_READERS/delete").says("main", "1 member holds this role")

		ada.get("/t/acme/members/bob").press("Save roles", "ROLE_READERS", "off").leadsTo("/t/acme/members/bob")
		want(t, do(t, server, "GET", "/api/v1/roles", bobs, ""), 403, "insufficient_scope")
		ada.get("/t/acme/roles/ROLE_READERS").click("Delete").press("Delete").leadsTo("/t/acme/roles")

		ada.get("/t/acme/members/bob").press("Disable").leadsTo("/t/acme/members/bob").says(".pill", "Disabled")
		want(t, do(t, server, "GET", "/api/v1/me", bobs, ""), 401, "invalid_token")
		bob.get("/t/acme/profile").is(404)
		bob.get("/").is(200).says("h1", "You belong to no tenant")
		ada.get("/t/acme/members/bob").press("Enable").leadsTo("/t/acme/members/bob")
		want(t, do(t, server, "GET", "/api/v1/me", bobs, ""), 200, "")

		ada.get("/t/acme/members/bob").click("Remove").says("dialog", "1 live token stops at once.").press("Remove").leadsTo("/t/acme/members")
		want(t, do(t, server, "GET", "/api/v1/me", bobs, ""), 401, "invalid_token")
		bob.get("/t/acme/profile").is(404)
	})
}

// Somebody with an account accepts an invitation to a second tenant, signed in
// or not, and then changes between the two.
func TestAUserOfTwoTenantsSwitchesBetweenThem(t *testing.T) {
	s := modelstest.Open(t)
	server := newServer(t, s)
	for _, slug := range []string{"acme", "birch", "cedar"} {
		modelstest.Tenant(t, s, slug)
	}
	modelstest.Person(t, s, "acme", "ada", passphrase)
	invitation := func(slug string) string {
		_, code, err := modelstest.In(t, s, slug).Invite(t.Context(), models.NewInvitation{})
		if err != nil {
			t.Fatal(err)
		}
		return "/invite/" + code
	}
	ada := visits(t, server)
	birch, cedar := invitation("birch"), invitation("cedar")
	ada.get(birch).press("Sign in and join", "User name", "ada", "Password", "not this one").is(422).
		says("[role=alert]", "You did not join.", "wrong")
	ada.get(birch).press("Sign in and join", "User name", "ada", "Password", passphrase).leadsTo("/t/birch/profile")
	ada.get(cedar).press("Join cedar as ada").leadsTo("/t/cedar/profile").says("[role=status]", "You belong to cedar now.").
		click("birch").says(".crumbs", "birch")
	ada.get("/").leadsTo("/t/birch/profile") // the one that was used last
	again := invitation("birch")
	ada.get(again).press("Join birch as ada").is(409).says("[role=alert]", "already a member")
}
