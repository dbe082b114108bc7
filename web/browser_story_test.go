package web_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"latchkey/models/modelstest"
)

// The main job, from the link that the program prints to a revoked token, by
// the names that somebody looks for.
func TestTheWholeStoryInABrowser(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		t.Parallel()
		c := serve(t, database)
		ada := c.tab(t)
		ada.setsUp(c)
		ada.choosesZone("America/New_York")

		forever := ada.createsToken("forever", func() { ada.click("radio", "Never Expires") })
		ada.tries(c, "forever", forever)
		ada.copies(forever)
		ada.downloads(forever)
		ada.neverShowsAgain(forever)

		ada.datesTokens(c)
		ada.sharesARight(c)

		ada.revokes(c, "forever", forever)
		want(t, do(t, c.server, "GET", "/api/v1/me", forever, ""), 401, "invalid_token")
		ada.quiet()
	})
}

func (b *tab) setsUp(c *console) {
	b.t.Helper()
	code, err := c.store.NewSetupCode(b.t.Context())
	must(b.t, err)
	b.open("/setup?code=" + code)
	b.find("textbox", "Organisation").fill("Acme Gateway")
	b.find("textbox", "Short name in addresses").fill("acme")
	b.find("textbox", "User name").fill("ada")
	b.find("textbox", "Password").fill(passphrase)
	b.follow("button", "Set up and sign in")
	same(b.t, "where the set-up leads", b.address(), "/t/acme/profile")
	b.keeps(code)
}

// choosesZone changes the time zone in My Profile.
func (b *tab) choosesZone(zone string) {
	b.t.Helper()
	b.find("combobox", "Time zone").choose(zone)
	b.follow("button", "Save")
	b.says("Your account is saved.")
}

// createsToken goes from the quick menu to the page that shows a new token,
// and returns it. choose fills in what the form asks besides the name.
func (b *tab) createsToken(name string, choose func()) string {
	b.t.Helper()
	menu := b.find("", "Quick menu")
	menu.click()
	menu.parent().find("link", "My Profile").follow()
	b.find("region", "Personal API Access Tokens").find("link", "Create API Token").follow()
	b.find("textbox", "Token Name").fill(name)
	choose()
	same(b.t, "the answer to Create", b.follow("button", "Create"), http.StatusCreated)
	return b.find("textbox", "Your token").value()
}

// tries calls the API with a token, and looks at the lines that the page gives
// to try it.
func (b *tab) tries(c *console, name, token string) {
	b.t.Helper()
	w := do(b.t, c.server, "GET", "/api/v1/me", token, "")
	want(b.t, w, 200, "")
	if me := decode[object](b.t, w); me["token"].(object)["name"] != name || me["token"].(object)["expires_at"] != nil {
		b.t.Errorf("the token is %v", me["token"])
	}
	b.says(`curl -H "Authorization: Bearer ` + token + `" ` + c.base + "/api/v1/me")
	b.says("export LATCHKEY_TOKEN=" + token)
}

// clipboard is one for all tabs.
var clipboard sync.Mutex

// copies presses the button, and looks at what a person could then paste.
func (b *tab) copies(token string) {
	b.t.Helper()
	clipboard.Lock()
	defer clipboard.Unlock()
	b.click("button", "Copy")
	b.until("the word that it is copied", func() bool { return b.find("textbox", "Your token").described() == "Copied." })
	same(b.t, "what is pasted", b.pasted(), token)
}

// pasted is what the clipboard holds, as it comes out in a field.
func (b *tab) pasted() string {
	b.t.Helper()
	script[any](b, `const field = document.createElement("textarea"); field.id = "pasted"; document.body.append(field); field.focus(); undefined`)
	perform(b, chromedp.KeyEvent("v", chromedp.KeyModifiers(chromedp.ModifierCtrl),
		func(p *input.DispatchKeyEventParams) { p.Commands = []string{"paste"} }))
	return script[string](b, `(() => { const field = document.getElementById("pasted"); field.remove(); return field.value })()`)
}

// downloads saves a token as a file.
func (b *tab) downloads(token string) {
	b.t.Helper()
	dir := b.t.TempDir()
	_, err := chromedp.CallBrowser(b.ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{DownloadPath: dir,
		Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID})
	must(b.t, err)
	b.click("button", "Download")
	b.until("the file", func() bool {
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		if len(files) != 1 || strings.HasSuffix(files[0], ".crdownload") {
			return false
		}
		text, err := os.ReadFile(files[0])
		return err == nil && strings.TrimSpace(string(text)) == token
	})
}

// neverShowsAgain looks for a token that was just shown everywhere that a
// person could: elsewhere, going back, and asking for the same page again,
// which sends the form again.
func (b *tab) neverShowsAgain(token string) {
	b.t.Helper()
	b.follow("link", "I have stored it")
	b.keeps(token)
	b.back()
	b.keeps(token)
	same(b.t, "the answer to the same form", b.reload(), http.StatusConflict)
	b.find("heading", "Create API Token")
	b.keeps(token)
}

// datesTokens makes tokens with each of the presets and with a day out of the
// calendar, and holds what the page says to what the API says.
func (b *tab) datesTokens(c *console) {
	b.t.Helper()
	for _, days := range []int{7, 30, 60, 90} {
		b.datesToken(c, days, func() { b.click("radio", fmt.Sprintf("%d days", days)) })
	}
	zone, _ := time.LoadLocation("America/New_York")
	b.datesToken(c, 400, func() {
		b.find("Date", "Last day").day(time.Now().In(zone).AddDate(0, 0, 400).Format(time.DateOnly))
	})
}

func (b *tab) datesToken(c *console, days int, choose func()) {
	b.t.Helper()
	said := ""
	token := b.createsToken(fmt.Sprintf("for %d days", days), func() {
		b.click("radio", "Select from Calendar")
		choose()
		sentence := b.find("group", "Expiration").find("status", "")
		sentence.says(fmt.Sprintf("%d days from now", days))
		said = sentence.text()
	})
	me := decode[object](b.t, do(b.t, c.server, "GET", "/api/v1/me", token, ""))
	expires, err := time.Parse(time.RFC3339, me["token"].(object)["expires_at"].(string))
	must(b.t, err)
	zone, err := time.LoadLocation("America/New_York")
	must(b.t, err)
	same(b.t, "the sentence", said, fmt.Sprintf("It expires at the end of %s, at midnight in %s. That is %s UTC on %s, %d days from now.",
		expires.In(zone).Add(-time.Nanosecond).Format("Monday, 2 January 2006"), zone, expires.UTC().Format("15:04"), expires.UTC().Format("2 January"), days))
	b.says(expires.In(zone).Add(-time.Nanosecond).Format("at the end of 2 January 2006"))
}

// sharesARight invites a colleague, and gives and takes a role while the
// colleague's token is in use.
func (b *tab) sharesARight(c *console) {
	b.t.Helper()
	b.makesRole("AUDITORS", "Look at the log.", "audit:read")
	bo := c.tab(b.t)
	bo.joins(b.invites(), "bo")
	token := bo.createsToken("reader", func() { bo.click("radio", "Never Expires") })
	want(b.t, do(b.t, c.server, "GET", "/api/v1/audit-events", token, ""), 403, "insufficient_scope")
	b.togglesRole("bo", "ROLE_AUDITORS Look at the log.")
	want(b.t, do(b.t, c.server, "GET", "/api/v1/audit-events", token, ""), 200, "")
	bo.open("/t/acme/audit")
	b.togglesRole("bo", "ROLE_AUDITORS Look at the log.")
	want(b.t, do(b.t, c.server, "GET", "/api/v1/audit-events", token, ""), 403, "insufficient_scope")
	bo.openAs(http.StatusForbidden, "/t/acme/audit")
	bo.says("It needs the scope audit:read")
	bo.quiet()
}

// makesRole makes a role with one scope.
func (b *tab) makesRole(name, description, scope string) {
	b.t.Helper()
	b.goes("Roles")
	b.follow("link", "New role")
	b.find("textbox", "Name").fill(name)
	b.find("textbox", "Description optional").fill(description)
	b.click("checkbox", scope)
	b.follow("button", "Create role")
}

// invites makes an invitation without a role, and returns its link.
func (b *tab) invites() string {
	b.t.Helper()
	b.goes("Members")
	b.follow("link", "Invite")
	b.follow("button", "Create the link")
	return b.find("textbox", "Invitation link").value()
}

// joins makes an account with an invitation.
func (b *tab) joins(link, username string) {
	b.t.Helper()
	b.open(strings.TrimPrefix(link, b.base))
	b.find("textbox", "User name").fill(username)
	b.find("textbox", "Password").fill(passphrase)
	b.follow("button", "Create account and join")
	same(b.t, "where joining leads", b.address(), "/t/acme/profile")
}

// togglesRole gives a member a role, or takes it away.
func (b *tab) togglesRole(username, role string) {
	b.t.Helper()
	b.goes("Members")
	b.follow("link", "Edit "+username)
	b.click("checkbox", role)
	b.follow("button", "Save roles")
}

// revokes answers the question in the dialog: first no, then yes.
func (b *tab) revokes(c *console, name, token string) {
	b.t.Helper()
	flush(b.t, c.store)
	b.open("/t/acme/profile")
	b.click("link", "Revoke "+name)
	question := b.find("dialog", "Revoke "+name+"?")
	question.says("This token is in use. It was last used")
	question.says("from 192.0.2.1")
	b.focuses("Keep it")
	b.keys("\r")
	b.until("the dialog to close", func() bool { return !b.has("dialog", "") })
	want(b.t, do(b.t, c.server, "GET", "/api/v1/me", token, ""), 200, "")
	b.click("link", "Revoke "+name)
	b.find("dialog", "Revoke "+name+"?").find("button", "Revoke").follow()
	b.says("The token " + name + " is revoked.")
}

// Everything that makes and ends a token works without script.
func TestTheStoryWithoutScript(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		t.Parallel()
		c := serve(t, database)
		b := c.tab(t)
		b.withoutScript()
		b.setsUp(c)
		forever := b.createsToken("forever", func() { b.click("radio", "Never Expires") })
		same(t, "buttons that could do nothing", b.has("button", "Download"), false)
		dated := b.createsToken("for a month", func() {
			b.click("radio", "Select from Calendar")
			b.click("radio", "30 days")
		})
		me := decode[object](t, do(t, c.server, "GET", "/api/v1/me", dated, ""))
		same(t, "the end", me["token"].(object)["expires_at"], time.Now().UTC().AddDate(0, 0, 31).Format("2006-01-02T00:00:00Z"))
		want(t, do(t, c.server, "GET", "/api/v1/me", forever, ""), 200, "")

		b.open("/t/acme/profile")
		b.follow("link", "Revoke forever")
		b.focuses("Keep it")
		b.find("dialog", "Revoke forever?").find("button", "Revoke").follow()
		b.says("The token forever is revoked.")
		want(t, do(t, c.server, "GET", "/api/v1/me", forever, ""), 401, "invalid_token")
		want(t, do(t, c.server, "GET", "/api/v1/me", dated, ""), 200, "")
	})
}

// Over plain HTTP, a page has no clipboard. It copies by other means, or says
// that it could not.
func TestCopyingOverPlainHTTPSaysTheTruth(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		t.Parallel()
		c := serve(t, database)
		c.base = strings.Replace(c.base, "127.0.0.1", plainHost, 1)
		b := c.tab(t)
		b.setsUp(c)
		token := b.createsToken("forever", func() { b.click("radio", "Never Expires") })
		same(t, "the clipboard is there", script[bool](b, "Boolean(navigator.clipboard)"), false)
		b.copies(token)
		script[any](b, "document.execCommand = () => false; undefined")
		b.click("button", "Copy")
		field := b.find("textbox", "Your token")
		b.until("the truth", func() bool { return strings.HasPrefix(field.described(), "Your browser does not let us copy.") })
		same(t, "what is selected", script[string](b, "getSelection().toString()"), token)
	})
}
