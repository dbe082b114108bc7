package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// eachOffice runs f on each database with ada, who administers acme, and bo,
// who may do little there, both signed in.
func eachOffice(t *testing.T, f func(t *testing.T, s *models.Store, ada, bo *visitor)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		server := newServer(t, s)
		modelstest.Tenant(t, s, "acme")
		modelstest.Person(t, s, "acme", "ada", passphrase, models.Admin)
		modelstest.Person(t, s, "acme", "bo", passphrase)
		f(t, s, hasSession(t, s, server, "ada"), hasSession(t, s, server, "bo"))
	})
}

// robotAddress is where the application of the tests is sent back to.
const robotAddress = "https://robot.example/callback"

// registersRobot makes an application in the console and returns its client id
// and its secret, which no later page may show.
func registersRobot(ada *visitor) models.ClientCredentials {
	ada.t.Helper()
	form := ada.get("/t/acme/applications").click("New application")
	p := form.press("Create application", "Name", "Release Robot", "Confidential", "on", "Redirect addresses", robotAddress+"\r\n\r\n http://127.0.0.1/x ",
		"projects:read", "on", "Further scopes", "reports:*").is(201)
	c := models.ClientCredentials{ID: p.Find("#client-id").Text(), Secret: p.Find("#secret").Text()}
	p.says("main", "You see this client secret only here", "Treat it like a password", "LATCHKEY_CLIENT_SECRET="+c.Secret)
	ada.keeps(c.Secret)
	return c
}

func TestAnApplicationFromTheFirstFormToTheLast(t *testing.T) {
	eachOffice(t, func(t *testing.T, s *models.Store, ada, _ *visitor) {
		c := registersRobot(ada)
		if _, err := s.Applicant(t.Context(), c, models.Client{}); err != nil {
			t.Fatalf("the secret of the page proves nothing: %v", err)
		}
		page := ada.get("/t/acme/applications").click("Release Robot")
		page.says("main", "Looked after by ada", "projects:readreports:*", robotAddress+"http://127.0.0.1/x", c.ID, "no member yet")
		form := page.click("Edit")
		if got := form.text("#redirect_uris"); got != robotAddress+" http://127.0.0.1/x" {
			t.Errorf("the addresses are %q", got)
		}
		saved := form.press("Save application", "Name", "Robot", "projects:read", "off", "Redirect addresses", robotAddress, "Further scopes", "")
		saved.leadsTo("/t/acme/applications/"+c.ID).says("main", "The application Robot is saved.", "Nothing")
		saved = ada.get("/t/acme/applications/"+c.ID).click("Edit").press("Save application", "Everything", "on")
		saved.leadsTo("/t/acme/applications/"+c.ID).says("main", "Everything its user may do")
		if on := ada.get("/t/acme/applications/" + c.ID + "/edit").Find("#may-all[checked]").Length(); on != 1 {
			t.Error("the form does not come with what is chosen")
		}
		ask := ada.get("/t/acme/applications/" + c.ID).click("Delete")
		ask.says("main", "Delete Robot?", "1 key stops at once.", "It acts for no member.")
		ask.press("Delete").leadsTo("/t/acme/applications").says("main", "The application Robot is deleted", "There are no applications yet")
		if _, err := s.Applicant(t.Context(), c, models.Client{}); models.KindOf(err) != models.InvalidClient {
			t.Errorf("after that the secret gives %v", err)
		}
		ada.get("/t/acme/audit").says("main", "Deleted the application Robot", "Changed the application Robot", "Registered the application Release Robot")
	})
}

// What was refused comes back beside its field, and nothing is made.
func TestARefusedApplicationComesBackAsItWas(t *testing.T) {
	eachOffice(t, func(t *testing.T, s *models.Store, ada, _ *visitor) {
		registersRobot(ada)
		form := ada.get("/t/acme/applications/new")
		p := form.press("Create application", "Name", "release robot", "Public", "on", "Redirect addresses", robotAddress).is(409)
		p.says("#name-err", "There is an application with this name already.")
		p = p.press("Create application", "Name", "Other", "Redirect addresses", "http://robot.example/", "Further scopes", "rubbish").is(422)
		p.says("#redirect_uris-err", "Use https.").says("#extra_scopes-err", "Write each scope as resource:action")
		if p.Find("#kind-public[checked]").Length() != 1 || p.Find("#extra_scopes").AttrOr("value", "") != "rubbish" {
			t.Error("the form lost what was typed")
		}
		ada.post("/t/acme/applications", url.Values{"name": {"Odd"}, "kind": {"odd"}}).is(422).says("#kind-err", "Choose confidential, public or partner.")
		list, err := modelstest.In(t, s, "acme").Applications(t.Context(), models.ApplicationQuery{})
		if err != nil || len(list.Items) != 1 {
			t.Errorf("there are %d applications, %v", len(list.Items), err)
		}
	})
}

// Each kind is told what it needs: a public application has no secret, a
// partner has a secret key.
func TestEachKindOfApplicationIsToldWhatItNeeds(t *testing.T) {
	eachOffice(t, func(t *testing.T, s *models.Store, ada, _ *visitor) {
		p := ada.get("/t/acme/applications/new").press("Create application", "Name", "Phone", "Public", "on", "Redirect addresses", "com.example.phone:/back").is(201)
		p.says("main", "Phone is ready", "A public application has no secret", "PKCE")
		id := p.Find("#client-id").Text()
		keys := ada.get("/t/acme/applications/"+id+"/keys").says("main", "A public application has no key")
		if keys.Find("main form").Length() != 0 {
			t.Error("a key is offered to a public application")
		}
		ada.post("/t/acme/applications/"+id+"/keys", nil).is(409).says("[role=alert]", "A public application has no secret")

		p = ada.get("/t/acme/applications/new").press("Create application", "Name", "Chartwell", "Partner", "on", "Everything", "on").is(201)
		p.says("main", "Store the secret key now", "LATCHKEY_SECRET_KEY=", "/auth/v1/accessToken")
		secret := p.Find("#secret").Text()
		ada.keeps(secret)
		if _, err := s.PartnerTokens(t.Context(), secret, models.Client{}); err != nil {
			t.Errorf("the secret key gives no tokens: %v", err)
		}
		ada.get("/t/acme/applications/"+p.Find("#client-id").Text()).says("[aria-label=Facts]", "no member yet", "Live tokens1")
	})
}

func TestKeysAreReplacedAndRevoked(t *testing.T) {
	eachOffice(t, func(t *testing.T, s *models.Store, ada, bo *visitor) {
		old := registersRobot(ada)
		tab := ada.get("/t/acme/applications/" + old.ID).click("API Keys")
		p := tab.press("Replace key").is(201)
		p.says("main", "The one before goes on until you revoke it.")
		next := models.ClientCredentials{ID: old.ID, Secret: p.Find("#secret").Text()}
		ada.keeps(next.Secret)
		for _, c := range []models.ClientCredentials{old, next} {
			if _, err := s.Applicant(t.Context(), c, models.Client{}); err != nil {
				t.Errorf("one of two keys proves nothing: %v", err)
			}
		}
		tab = p.click("I have stored it")
		tab.says("main", "When you are sure that the new key is in place, revoke the old one.")
		if tab.Find("main form").Length() != 0 {
			t.Error("a third key is offered")
		}
		ada.post("/t/acme/applications/"+old.ID+"/keys", nil).is(409).says("[role=alert]", "Revoke one first.")

		hint := old.Secret[:5] + "…" + old.Secret[len(old.Secret)-4:]
		ask := tab.click("Revoke "+hint).says("main", "Revoke "+hint+"?")
		ask.press("Revoke").leadsTo("/t/acme/applications/"+old.ID+"/keys").says("main", "The key is revoked.", "Revoked")
		if _, err := s.Applicant(t.Context(), old, models.Client{}); models.KindOf(err) != models.InvalidClient {
			t.Errorf("the old key gives %v", err)
		}
		last := ada.get("/t/acme/applications/"+old.ID+"/keys").Find("a:contains('Revoke')").AttrOr("href", "")
		ada.get(last).is(200).says("main", "It is the only key of Release Robot.")
		ada.get(strings.Replace(last, "sec_", "sec_x", 1)).is(404)
		bo.get("/t/acme/applications/" + old.ID + "/keys").is(403)
		bo.post(last, nil).is(403)
	})
}

// A member sees in My Profile which applications act for them, and takes it
// back; an administrator does so on the page of the application.
func TestWhatAMemberAllowedIsTakenBack(t *testing.T) {
	eachOffice(t, func(t *testing.T, s *models.Store, ada, bo *visitor) {
		c := registersRobot(ada)
		bo.get("/t/acme/profile").says("section[aria-labelledby=apps]", "No program acts for you")
		request := models.AuthorizationRequest{ClientID: c.ID, RedirectURI: robotAddress, ResponseType: "code", Scope: "projects:read"}
		token := letsAct(t, s, modelstest.As(t, s, "acme", "bo"), c, request).Access.Reveal()
		mine := bo.get("/t/acme/profile").says("section[aria-labelledby=apps]", "Release Robot", "1 live token", "projects:read")
		mine.says("section[aria-labelledby=tokens] tbody", "Access token")
		mine.click("Release Robot").says("main", "KindAccess token It lives for an hour.", "Made byRelease Robot")
		ask := mine.Find("section[aria-labelledby=apps] a").AttrOr("href", "")
		bo.get(ask).is(200).says("main", "Its live token stops at once").press("Revoke").
			leadsTo("/t/acme/profile").says("main", "That application does not act for you any more.", "No program acts for you")
		dead(t, s, token)
		bo.get(ask).is(404)

		token = letsAct(t, s, modelstest.As(t, s, "acme", "bo"), c, request).Access.Reveal()
		users := ada.get("/t/acme/applications/"+c.ID).says("main", "1 member").click("Users").says("main", "bo", "projects:read")
		users.click("Revoke for bo").says("main", "1 live token stops at once.").press("Revoke").
			leadsTo("/t/acme/applications/"+c.ID+"/users").says("main", "It does not act for bo any more.", "Nobody has allowed it yet")
		dead(t, s, token)
		ada.get("/t/acme/audit").says("main", "Took back what was given to Release Robot")
	})
}

// dead fails the test unless a token is refused.
func dead(t *testing.T, s *models.Store, token string) {
	t.Helper()
	if _, err := modelstest.Prove(t, s, token); models.KindOf(err) != models.InvalidToken {
		t.Errorf("the token gives %v", err)
	}
}

// What an application does for itself stands in the list of the tenant, under
// the name of the application, and is revoked there.
func TestTokensOfAnApplicationItselfAreListed(t *testing.T) {
	eachOffice(t, func(t *testing.T, s *models.Store, ada, _ *visitor) {
		c := registersRobot(ada)
		p, err := s.Applicant(t.Context(), c, models.Client{})
		must(t, err)
		out, err := p.ClientCredentials(t.Context(), "")
		must(t, err)
		list := ada.get("/t/acme/tenant-tokens?kind=access").says("tbody", "Release Robot", "Access token", "application")
		ask := list.click("Revoke Release Robot of Release Robot").says("main", "Revoke Release Robot of Release Robot?")
		ask.press("Revoke").leadsTo("/t/acme/tenant-tokens").says("main", "The token Release Robot of Release Robot is revoked.")
		dead(t, s, out.Access.Reveal())
		ada.get("/t/acme/tenant-tokens?kind=personal").says("main", "No token matches")
		ada.get("/t/acme/audit").says("tbody", "Release Robot applicationtoken.created")
	})
}

// Where only administrators revoke tokens, an owner is offered no way to, and
// is told whom to ask.
func TestOwnersAreOfferedNoRevocationThatIsKeptFromThem(t *testing.T) {
	eachOffice(t, func(t *testing.T, s *models.Store, ada, bo *visitor) {
		c := registersRobot(ada)
		a := modelstest.As(t, s, "acme", "bo")
		token, _ := modelstest.Token(t, a, models.NewToken{Name: "printer"})
		letsAct(t, s, a, c, models.AuthorizationRequest{ClientID: c.ID, RedirectURI: robotAddress, ResponseType: "code"})
		yes, text := true, "Write to security@acme.example."
		_, err := modelstest.In(t, s, "acme").ChangePolicy(t.Context(), models.PolicyChange{AdminOnlyRevocation: &yes, ContactText: &text})
		must(t, err)

		mine := bo.get("/t/acme/profile").says("main", "Only administrators revoke tokens here.", "Ask ada (Write to security@acme.example).")
		one := bo.get("/t/acme/tokens/"+token.ID).says("main", "Only an administrator may revoke tokens here.", "security@acme.example")
		for _, p := range []*page{mine, one} {
			if n := p.Find("main a[href$='/revoke'], main .bulk, main .pick input, main button:contains('Revoke')").Length(); n > 0 {
				t.Errorf("%s offers %d ways to revoke", p.path, n)
			}
		}
		for _, path := range []string{"/tokens/" + token.ID + "/revoke", "/profile/applications/" + c.ID + "/revoke"} {
			bo.get("/t/acme"+path).is(403).says("main", "Only administrators revoke tokens here.")
			bo.post("/t/acme"+path, nil).is(403)
		}
		bo.post("/t/acme/tokens/revoke", url.Values{"id": {token.ID}}).is(403)
		bo.post("/t/acme/tokens/revoke", url.Values{"id": {token.ID}, "confirm": {"1"}}).is(403)
		ada.get("/t/acme/tenant-tokens").click("Revoke printer of bo").press("Revoke").leadsTo("/t/acme/tenant-tokens")
	})
}

func TestApplicationsAreSearchedAndTurned(t *testing.T) {
	eachOffice(t, func(t *testing.T, s *models.Store, ada, bo *visitor) {
		a := modelstest.As(t, s, "acme", "ada")
		for i := range 33 {
			registers(t, a, models.NewApplication{Name: fmt.Sprintf("program %d", i), Kind: models.Public})
		}
		registers(t, a, models.NewApplication{Name: "Needle", Kind: models.Public})
		first := ada.get("/t/acme/applications").says(".pager", "1–30")
		first.click("Next").says(".pager", "31–34").click("Previous").says(".pager", "1–30")
		first.press("Apply", "Search by name", "NEED").is(200).says("tbody", "Needle").says(".pager", "1 application")
		ada.get("/t/acme/applications?q=nowhere").says("main", "No application matches")
		ada.get("/t/acme/applications?cursor=wrong").is(422).says("main", "Start again without it.")
		if n := bo.get("/t/acme/profile").Find("nav a[href$='/applications']").Length(); n != 0 {
			t.Error("the way to applications is shown to who may not go it")
		}
	})
}
