package web_test

import (
	"net/http"
	"net/url"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// An administrator registers an application, which a member allows and takes
// back. Its keys are shown once each.
func TestAnApplicationInABrowser(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, w *workplace, ada *tab) {
		c := ada.registers("Night Robot")
		_, err := w.store.Applicant(t.Context(), c, models.Client{})
		must(t, err)
		ada.neverShowsKeyAgain(c.Secret)

		next := ada.replacesKey(c)
		ada.revokesKey(w, c, next)

		dilara := w.tab(t)
		dilara.signIn("dilara", passphrase)
		token := dilara.letsAct(w, next)
		want(t, do(t, w.server, "GET", "/api/v1/me", token, ""), 200, "")
		dilara.takesBack("Night Robot")
		want(t, do(t, w.server, "GET", "/api/v1/me", token, ""), 401, "invalid_token")
		dilara.quiet()
	})
}

// registers makes an application with the form, and returns what the page
// shows.
func (b *tab) registers(name string) models.ClientCredentials {
	b.t.Helper()
	b.goes("Applications")
	b.follow("link", "New application")
	b.find("textbox", "Name").fill(name)
	b.click("radio", "Confidential")
	b.find("textbox", "Redirect addresses optional").fill("http://127.0.0.1/healthz")
	b.click("checkbox", "projects:read See projects and environments")
	same(b.t, "the answer to Create application", b.follow("button", "Create application"), http.StatusCreated)
	return models.ClientCredentials{ID: script[string](b, `document.getElementById("client-id").textContent`), Secret: b.copiesKey()}
}

// copiesKey presses the button, and looks at what a person could then paste.
func (b *tab) copiesKey() string {
	b.t.Helper()
	clipboard.Lock()
	defer clipboard.Unlock()
	field := b.find("textbox", "Client secret")
	secret := field.value()
	b.click("button", "Copy")
	b.until("the word that it is copied", func() bool { return field.described() == "Copied." })
	same(b.t, "what is pasted", b.pasted(), secret)
	return secret
}

// neverShowsKeyAgain looks for a secret everywhere that a person could.
func (b *tab) neverShowsKeyAgain(secret string) {
	b.t.Helper()
	b.follow("link", "I have stored it")
	b.keeps(secret)
	b.back()
	b.keeps(secret)
	same(b.t, "the answer to the same form", b.reload(), http.StatusConflict)
	b.keeps(secret)
}

// replacesKey adds a second key to the first.
func (b *tab) replacesKey(c models.ClientCredentials) models.ClientCredentials {
	b.t.Helper()
	b.open("/t/acme/applications/" + c.ID)
	b.follow("link", "API Keys")
	same(b.t, "the answer to Replace key", b.follow("button", "Replace key"), http.StatusCreated)
	next := models.ClientCredentials{ID: c.ID, Secret: b.copiesKey()}
	b.follow("link", "I have stored it")
	b.keeps(next.Secret)
	same(b.t, "the answer to the list again", b.reload(), http.StatusOK)
	b.keeps(next.Secret)
	b.back()
	b.keeps(next.Secret)
	return next
}

// revokesKey answers the question in the dialog.
func (b *tab) revokesKey(w *workplace, old, next models.ClientCredentials) {
	b.t.Helper()
	b.open("/t/acme/applications/" + old.ID + "/keys")
	hint := old.Secret[:5] + "…" + old.Secret[len(old.Secret)-4:]
	b.click("link", "Revoke "+hint)
	question := b.find("dialog", "Revoke "+hint+"?")
	b.focuses("Keep it")
	question.find("button", "Revoke").follow()
	b.says("The key is revoked.")
	_, err := w.store.Applicant(b.t.Context(), next, models.Client{})
	must(b.t, err)
	if _, err := w.store.Applicant(b.t.Context(), old, models.Client{}); models.KindOf(err) != models.InvalidClient {
		b.t.Errorf("the old key gives %v", err)
	}
}

// letsAct reads the page that asks, says yes, and returns the token that the
// application gets.
func (b *tab) letsAct(w *workplace, c models.ClientCredentials) string {
	b.t.Helper()
	back := w.base + "/healthz"
	b.open("/oauth2/authorize?" + url.Values{"client_id": {c.ID}, "response_type": {"code"}, "redirect_uri": {back}}.Encode())
	b.says("Allow Night Robot to act for you?")
	b.says("See projects and environments")
	b.sound()
	b.follow("button", "Allow")
	at, err := url.Parse(b.address())
	must(b.t, err)
	p, err := w.store.Applicant(b.t.Context(), c, models.Client{})
	must(b.t, err)
	out, err := p.ExchangeCode(b.t.Context(), models.CodeExchange{Code: at.Query().Get("code"), RedirectURI: back})
	must(b.t, err)
	return out.Access.Reveal()
}

// takesBack revokes an application in My Profile: first no, then yes.
func (b *tab) takesBack(name string) {
	b.t.Helper()
	b.open("/t/acme/profile")
	apps := b.find("region", "Authorised applications")
	apps.find("link", "Revoke "+name).click()
	b.find("dialog", "Revoke "+name+"?")
	b.focuses("Keep it")
	b.keys("\r")
	b.until("the dialog to close", func() bool { return !b.has("dialog", "") })
	apps.find("link", "Revoke "+name).click()
	question := b.find("dialog", "Revoke "+name+"?")
	question.says("Its live token stops at once")
	question.find("button", "Revoke").follow()
	b.says("That application does not act for you any more.")
}

// Answers about applications, and the pages of a member for whom they act.
func TestEveryAnswerAboutApplicationsIsForEverybody(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, w *workplace, ada *tab) {
		ada.open("/t/acme/applications/new")
		ada.find("textbox", "Name").fill("release robot")
		ada.click("radio", "Partner")
		ada.find("textbox", "Redirect addresses optional").fill("http://robot.example/")
		ada.answers("button", "Create application", http.StatusUnprocessableEntity)
		ada.find("textbox", "Redirect addresses optional").fill("")
		ada.answers("button", "Create application", http.StatusConflict)
		ada.find("textbox", "Name").fill("Partner of a rather long name, which goes on and on without an end")
		ada.answers("button", "Create application", http.StatusCreated)
		ada.open("/t/acme/applications/new")
		ada.find("textbox", "Name").fill("Phone")
		ada.click("radio", "Public")
		ada.answers("button", "Create application", http.StatusCreated)
		ada.open("/t/acme/applications/" + w.ids["partner"] + "/keys")
		ada.answers("button", "Replace key", http.StatusCreated)
		ada.open("/t/acme/applications/" + w.ids["partner"] + "/delete")
		ada.answers("button", "Delete", http.StatusOK)

		a := modelstest.As(t, w.store, "acme", "ada")
		w.allowsRobot(t, a, "projects:read")
		tokens, err := a.Tokens(t.Context(), models.TokenQuery{Kind: models.KindAccess})
		must(t, err)
		ada.soundAt(http.StatusOK, "/t/acme/profile", "/t/acme/tokens/"+tokens.Items[0].ID, "/t/acme/tenant-tokens?kind=access", "/t/acme/audit",
			"/t/acme/profile/applications/"+w.ids["robot"]+"/revoke")
		yes := true
		_, err = a.ChangePolicy(t.Context(), models.PolicyChange{AdminOnlyRevocation: &yes})
		must(t, err)
		ada.soundAt(http.StatusOK, "/t/acme/profile", "/t/acme/tokens/"+tokens.Items[0].ID)
	})
}
