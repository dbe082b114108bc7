package web_test

import (
	_ "embed"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// axe finds what keeps people with a disability out (axe-core, MPL-2.0, see
// LICENSE-axe.txt). The protocol of the browser evaluates it whatever the
// policy of the page is.
//
//go:embed testdata/axe.min.js
var axe string

// everyRule is WCAG 2.0 to 2.2, A and AA, and best practice.
const everyRule = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`

// colours are the rules that a colour scheme can break.
const colours = `{ type: "rule", values: ["color-contrast", "link-in-text-block"] }`

// A look is how a page is looked at: the scheme changes nothing but colours,
// the width everything.
type look struct {
	scheme string
	width  int64
	rules  string
}

var looks = []look{{"light", 1280, everyRule}, {"dark", 1280, colours}, {"light", 390, everyRule}, {"dark", 390, colours}}

// flaws are what is wrong with the page that the tab shows.
func (b *tab) flaws() (list []string) {
	b.t.Helper()
	script[any](b, "void 0;"+axe+";undefined")
	for _, l := range looks {
		b.prefers(l.scheme)
		b.wide(l.width)
		for _, f := range b.findings(l.rules) {
			list = append(list, fmt.Sprintf("%s, %d pixels: %s", l.scheme, l.width, f))
		}
		if over := script[string](b, widest); over != "" {
			list = append(list, fmt.Sprintf("at %d pixels it scrolls sideways: %s", l.width, over))
		}
	}
	b.prefers("light")
	b.wide(1280)
	return append(list, b.complained()...)
}

// findings are the rules of axe that the page breaks, and where.
func (b *tab) findings(rules string) (list []string) {
	b.t.Helper()
	found := script[[]struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}](b, `axe.run(document, { resultTypes: ["violations"], runOnly: `+rules+`, rules: { "target-size": { enabled: true } } })
		.then((result) => result.violations)`)
	for _, f := range found {
		for _, n := range f.Nodes {
			list = append(list, fmt.Sprintf("%s: %s\n%s\n%s", f.ID, f.Help, n.HTML, n.FailureSummary))
		}
	}
	return list
}

// widest names what is wider than the window, or the table that is wider than
// its card; empty when nothing is.
const widest = `(() => {
	const page = document.scrollingElement;
	const right = (e) => e.getBoundingClientRect().right;
	const table = [...document.querySelectorAll("table")].find((e) => right(e) > right(e.parentElement) + 0.5);
	if (table) return "by " + (right(table) - right(table.parentElement)) + ", the table " + table.ariaLabel;
	if (page.scrollWidth <= page.clientWidth) return "";
	const wide = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > page.clientWidth + 0.5);
	return page.scrollWidth + " pixels, because of " + wide.slice(-3).map((e) => e.outerHTML.slice(0, 200)).join("\n");
})()`

// sound fails the test unless the page that the tab shows has no flaws.
func (b *tab) sound() {
	b.t.Helper()
	for _, flaw := range b.flaws() {
		b.t.Errorf("%s: %s", b.address(), flaw)
	}
}

func TestFlawsAreFound(t *testing.T) {
	c := serve(t, modelstest.SQLite(t))
	b := c.tab(t)
	b.open("/login")
	script[any](b, `document.querySelector("label").remove();
		const p = document.createElement("p");
		p.textContent = "too wide and too pale";
		p.setAttribute("style", "color: red");
		p.style.cssText = "width: 2000px; color: light-dark(#ccc, #333)";
		document.querySelector("main").append(p);
		document.body.append(Object.assign(document.createElement("img"), { src: "/assets/nothing" }));
		try { p.innerHTML = "<b>" } catch {}
		undefined`)
	found := strings.Join(b.flaws(), "\n")
	for _, flaw := range []string{"label:", "color-contrast:", "dark, 1280 pixels: color-contrast:", "image-alt:", "region:",
		"at 1280 pixels it scrolls sideways", "at 390 pixels it scrolls sideways", "style-src", "require-trusted-types-for",
		"404 (Not Found)"} {
		if !strings.Contains(found, flaw) {
			t.Errorf("%s is not among the flaws", flaw)
		}
	}
	same(t, "the same complaints again", len(b.complained()), 0)
}

// addresses are the pages of the console, with much on them and with nothing,
// for an administrator, by the routes that answer them. Where there is none,
// another test looks.
func (w *workplace) addresses() map[string][]string {
	all := gatewayAddresses()
	maps.Copy(all, w.ownAddresses())
	return all
}

func (w *workplace) ownAddresses() map[string][]string {
	token := func(name string) string { return "/t/acme/tokens/" + w.ids[name] }
	asked := func(name string) string { return "/t/dealers/token-requests/" + w.ids[name] }
	app := func(name string) string { return "/t/acme/applications/" + w.ids[name] }
	return map[string][]string{
		"/t/:tenant/applications":                            {"/t/acme/applications", "/t/acme/applications?q=nothing", "/t/bare/applications"},
		"/t/:tenant/applications/new":                        {"/t/acme/applications/new"},
		"/t/:tenant/applications/:id":                        {app("robot"), app("console"), app("partner")},
		"/t/:tenant/applications/:id/edit":                   {app("robot") + "/edit", app("partner") + "/edit"},
		"/t/:tenant/applications/:id/delete":                 {app("robot") + "/delete", app("console") + "/delete"},
		"/t/:tenant/applications/:id/keys":                   {app("robot") + "/keys", app("console") + "/keys", app("partner") + "/keys"},
		"/t/:tenant/applications/:id/keys/:key/revoke":       {app("robot") + "/keys/" + w.ids["second key"] + "/revoke"},
		"/t/:tenant/applications/:id/users":                  {app("robot") + "/users", app("partner") + "/users"},
		"/t/:tenant/applications/:id/users/:username/revoke": {app("robot") + "/users/dilara/revoke"},
		"/t/:tenant/profile/applications/:id/revoke":         nil,

		"/oauth2/authorize":    {"/oauth2/authorize?response_type=code&redirect_uri=https%3A%2F%2Frobot.acme.example%2Fcallback&client_id=" + w.ids["robot"]},
		"/":                    {"/"},
		"/api/docs":            {"/api/docs"},
		"/device":              {"/device", "/device?user_code=WDJB-MJHT"},
		"/invite/:code":        nil,
		"/login":               nil,
		"/setup":               nil,
		"/t/:tenant":           {"/t/acme"},
		"/t/:tenant/audit":     {"/t/acme/audit", "/t/acme/audit?actor=nobody", "/t/bare/audit"},
		"/t/:tenant/audit.csv": nil, // no page
		"/t/:tenant/forward-auth": {"/t/acme/forward-auth",
			"/t/acme/forward-auth?proxy=haproxy&host=api.example.com&upstream=http://127.0.0.1:9000&latchkey=http://127.0.0.1:8080&scope=invoices:read&role="},
		"/t/:tenant/members": {"/t/acme/members", "/t/acme/members?q=nobody", "/t/acme/members?status=invited",
			"/t/bare/members", "/t/bare/members?status=invited"},
		"/t/:tenant/members/:username":        {"/t/acme/members/ada", "/t/acme/members/bo", "/t/acme/members/cem", "/t/bare/members/ada"},
		"/t/:tenant/members/:username/remove": {"/t/acme/members/ci-runner/remove", "/t/acme/members/dilara/remove"},
		"/t/:tenant/members/access":           {"/t/acme/members/access", "/t/acme/members/access?scope=invoices:read", "/t/acme/members/access?q=nobody"},
		"/t/:tenant/members/invite":           {"/t/acme/members/invite"},
		"/t/:tenant/policy":                   {"/t/acme/policy"},
		"/t/:tenant/profile": {"/t/acme/profile", "/t/acme/profile?inactive=1&sort=name", "/t/acme/profile?q=nothing",
			"/t/acme/profile?expires=7d", "/t/bare/profile"},
		"/t/:tenant/token-requests": {"/t/dealers/token-requests", "/t/dealers/token-requests?q=nothing", "/t/quiet/token-requests", "/t/bare/token-requests"},
		"/t/:tenant/token-requests/:id": {asked("waits"), asked("approved"), asked("narrowed"), asked("denied"), asked("picked up"),
			asked("withdrawn"), asked("expired")},
		"/t/:tenant/token-requests/new": {"/t/dealers/token-requests/new", "/t/dealers/token-requests/new?name=ci&expires=30d&scopes=projects:read,proxies:*"},
		"/t/:tenant/review":             {"/t/dealers/review", "/t/dealers/review?status=any", "/t/dealers/review?q=nothing", "/t/quiet/review"},
		"/t/:tenant/review/:id": {"/t/dealers/review/" + w.ids["parts"], "/t/dealers/review/" + w.ids["everything"], "/t/dealers/review/" + w.ids["waits"],
			"/t/dealers/review/" + w.ids["yes"], "/t/dealers/review/" + w.ids["denied"]},
		"/t/:tenant/roles":              {"/t/acme/roles", "/t/bare/roles"},
		"/t/:tenant/roles/:name":        {"/t/acme/roles/ROLE_BILLING", "/t/acme/roles/ROLE_ADMIN"},
		"/t/:tenant/roles/:name/delete": {"/t/acme/roles/ROLE_BILLING/delete", "/t/acme/roles/ROLE_UNUSED/delete"},
		"/t/:tenant/roles/new":          {"/t/acme/roles/new"},
		"/t/:tenant/tenant-tokens": {"/t/acme/tenant-tokens", "/t/acme/tenant-tokens?inactive=1&sort=created",
			"/t/acme/tenant-tokens?q=nothing", "/t/bare/tenant-tokens"},
		"/t/:tenant/tenant-tokens/:id/revoke": {"/t/acme/tenant-tokens/" + w.ids["deploys"] + "/revoke"},
		"/t/:tenant/tokens":                   {"/t/acme/tokens"},
		"/t/:tenant/tokens/:id": {token("nightly backup"), token("status board"), token("from next week on"), token("pipeline"),
			token("lost in a train"), token("laptop of last year")},
		"/t/:tenant/tokens/:id/edit":   {token("nightly backup") + "/edit"},
		"/t/:tenant/tokens/:id/revoke": {token("nightly backup") + "/revoke", token("pipeline") + "/revoke"},
		"/t/:tenant/tokens/new":        {"/t/acme/tokens/new", "/t/acme/tokens/new?name=ci&expires=30d&scopes=projects:read,proxies:*"},
	}
}

func TestEveryPageIsForEverybody(t *testing.T) {
	var begun sync.Map // a page looks alike on both databases, so whichever comes first opens it
	eachWorkplace(t, func(t *testing.T, w *workplace, ada *tab) {
		addresses := w.addresses()
		for _, r := range w.server.Routes() {
			if r.Method != http.MethodGet || r.Surface != "page" && r.Surface != "open" {
				continue
			}
			list, ok := addresses[r.Path]
			if !ok {
				t.Errorf("%s has no address: add one that a browser can open", r.Path)
			}
			for i, path := range list {
				if _, other := begun.LoadOrStore(fmt.Sprint(r.Path, i), true); other {
					continue
				}
				ada.open(path)
				if path == "/api/docs" {
					ada.says("List what happened")
				}
				ada.sound()
			}
		}
	})
}

// What stands on no address of its own: answers to forms, errors, and what
// unfolds.
func TestEveryAnswerIsForEverybody(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, w *workplace, ada *tab) {
		ada.click("", "Quick menu")
		ada.sound()
		ada.open("/t/acme/profile")
		ada.click("", "Acme Gateway Tenant")
		ada.click("checkbox", "Select status board")
		ada.sound()
		ada.click("link", "Revoke status board")
		ada.find("dialog", "Revoke status board?")
		ada.sound()
		ada.open("/t/acme/profile")
		ada.click("checkbox", "Select status board")
		ada.click("checkbox", "Select pipeline")
		ada.answers("button", "Revoke selected", http.StatusOK)
		ada.answers("button", "Revoke 2 tokens", http.StatusOK)

		ada.open("/t/acme/tokens/new?expires=" + day(-1))
		ada.find("textbox", "Token Name").fill("nightly backup")
		ada.find("textbox", "Allowed addresses optional").fill("nowhere")
		script[any](ada, `document.querySelector("form.card").noValidate = true; undefined`)
		ada.answers("button", "Create", http.StatusUnprocessableEntity)
		ada.open("/t/acme/tokens/new?name=shown+once&expires=30d")
		ada.answers("button", "Create", http.StatusCreated)

		ada.open("/t/acme/forward-auth")
		ada.find("textbox", "Host").fill("https://api.example.com; }")
		ada.find("textbox", "API").fill("http://127.0.0.1:9000/x")
		ada.answers("button", "Write configuration", http.StatusUnprocessableEntity)
		ada.open("/t/acme/roles/new")
		ada.find("textbox", "Name").fill("BILLING")
		ada.answers("button", "Create role", http.StatusUnprocessableEntity)
		ada.open("/t/acme/members/invite")
		ada.find("textbox", "E-mail optional").fill("somebody@example.com")
		ada.answers("button", "Create the link", http.StatusCreated)
		ada.open("/t/acme/policy")
		ada.find("spinbutton", "Longest life of a token, in days optional").fill("1")
		ada.answers("button", "Save policy", http.StatusOK)
		ada.open("/t/acme/audit")
		script[any](ada, `for (const more of document.querySelectorAll("details.more")) more.open = true; undefined`)
		ada.sound()
		ada.openAs(http.StatusNotFound, "/t/acme/members/nobody")
		ada.sound()
		ada.open("/t/acme/members")
		ada.wide(390)
		ada.click("button", "Open navigation")
		same(t, "flaws of the navigation of a phone", len(ada.findingsHere()), 0)
	})
}

// The description of the API can be read and tried out, under the same policy
// as every page.
func TestTheReferenceIsTriedOut(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, w *workplace, ada *tab) {
		_, token := modelstest.Token(t, modelstest.As(t, w.store, "acme", "ada"), models.NewToken{Name: "trial"})
		ada.open("/api/docs")
		ada.find("textbox", "Your token").fill(token)
		ada.click("button", "Use this token")
		ada.says("Requests from this page carry the token now.")
		ada.click("button", "GET /api/v1/me Read who is calling")
		ada.click("button", "Try it out")
		ada.click("button", "Execute")
		ada.says(`"name": "trial"`)
		ada.sound()
		same(t, "the token in what is shown", strings.Contains(script[string](ada, "document.body.innerText"), token), false)
	})
}

// answers clicks, and looks at the page that comes.
func (b *tab) answers(role, name string, status int) {
	b.t.Helper()
	same(b.t, "the answer to "+name, b.follow(role, name), status)
	b.sound()
}

// findingsHere is findings at the width that the window has.
func (b *tab) findingsHere() []string {
	b.t.Helper()
	script[any](b, "void 0;"+axe+";undefined")
	return b.findings(everyRule)
}

// Pages for people who are not signed in, and for those who may do little.
func TestEveryGateIsForEverybody(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		t.Parallel()
		c := serve(t, database)
		b := c.tab(t)
		code, err := c.store.NewSetupCode(t.Context())
		must(t, err)
		b.soundAt(http.StatusOK, "/setup", "/setup?code="+code)
		b.soundAt(http.StatusNotFound, "/setup?code=wrong", "/invite/wrong", "/nowhere", "/t/acme/profile/nowhere")
		b.open("/setup?code=" + code)
		b.find("textbox", "Organisation").fill("Acme")
		b.find("textbox", "Short name in addresses").fill("acme")
		b.find("textbox", "User name").fill("ada")
		b.find("textbox", "Password").fill("password1234")
		b.answers("button", "Set up and sign in", http.StatusUnprocessableEntity)

		modelstest.Tenant(t, c.store, "acme")
		modelstest.Person(t, c.store, "acme", "dilara", passphrase)
		_, invitation, err := modelstest.In(t, c.store, "acme").Invite(t.Context(), models.NewInvitation{Roles: []string{models.Admin}})
		must(t, err)
		b.soundAt(http.StatusGone, "/setup?code="+code)
		b.soundAt(http.StatusOK, "/login", "/login?next=/t/acme/members", "/invite/"+invitation, "/api/docs")
		b.open("/login")
		b.find("textbox", "User name").fill("dilara")
		b.find("textbox", "Password").fill("not the password")
		b.answers("button", "Sign in", http.StatusUnprocessableEntity)
		b.signIn("dilara", passphrase)
		b.soundAt(http.StatusOK, "/invite/"+invitation, "/t/acme/profile", "/t/acme/tokens/new")
		b.soundAt(http.StatusForbidden, "/t/acme/members")
		b.soundAt(http.StatusNotFound, "/t/other/members")
		must(t, modelstest.In(t, c.store, "acme").RemoveMember(t.Context(), "dilara"))
		b.soundAt(http.StatusOK, "/")
		b.quiet()
	})
}

// soundAt opens addresses that answer with a status, and looks at each.
func (b *tab) soundAt(status int, paths ...string) {
	b.t.Helper()
	for _, path := range paths {
		b.openAs(status, path)
		b.sound()
	}
}
