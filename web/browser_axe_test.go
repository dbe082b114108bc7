package web_test

import (
	_ "embed"
	"testing"

	"latchkey/models/modelstest"
)

// axe finds what keeps people with a disability out (axe-core, MPL-2.0, see
// LICENSE-axe.txt). The browser lets a test run it in spite of the policy of
// the page.
//
//go:embed testdata/axe.min.js
var axe string

// A finding is a rule that a page breaks, and where.
type finding struct {
	ID, Help string
	Nodes    []struct{ HTML, FailureSummary string }
}

// look runs every rule of WCAG 2.0 to 2.2, A and AA, and best practice.
const look = `axe.run({ exclude: [] }, {
	resultTypes: ["violations"],
	runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
	rules: { "target-size": { enabled: true } },
}).then((result) => result.violations)`

// sound fails the test unless the page that the tab shows, called name, is for
// everybody: in both colour schemes, and as wide as a phone.
func (b *tab) sound(name string) {
	b.t.Helper()
	script[any](b, "void 0;"+axe+";undefined")
	for _, v := range []struct {
		scheme string
		width  int64
	}{{"light", 1280}, {"dark", 1280}, {"light", 390}} {
		b.prefers(v.scheme)
		b.wide(v.width)
		for _, f := range script[[]finding](b, look) {
			for _, n := range f.Nodes {
				b.t.Errorf("%s, %s, %d: %s: %s\n%s\n%s", name, v.scheme, v.width, f.ID, f.Help, n.HTML, n.FailureSummary)
			}
		}
		if over := script[string](b, widest); over != "" {
			b.t.Errorf("%s at %d scrolls sideways: %s", name, v.width, over)
		}
	}
	b.prefers("light")
	b.wide(1280)
	b.quiet()
}

// widest names what is wider than the window, empty when nothing is.
const widest = `(() => {
	const page = document.scrollingElement;
	if (page.scrollWidth <= page.clientWidth) return "";
	const wide = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > page.clientWidth + 0.5);
	return page.scrollWidth + " pixels, because of " + wide.slice(-3).map((e) => e.outerHTML.slice(0, 200)).join("\n");
})()`

// addresses are the pages of the console with something on them, for an
// administrator, by the routes that answer them.
func (w *workplace) addresses() map[string][]string {
	token := func(name string) string { return "/t/acme/tokens/" + w.ids[name] }
	return map[string][]string{
		"/":                    {"/"},
		"/login":               nil, // signed out
		"/setup":               nil, // before there is a tenant
		"/invite/:code":        nil, // with an invitation
		"/api/docs":            {"/api/docs"},
		"/t/:tenant":           {"/t/acme"},
		"/t/:tenant/audit.csv": nil, // no page
		"/t/:tenant/profile": {"/t/acme/profile", "/t/acme/profile?inactive=1", "/t/acme/profile?q=nothing", "/t/acme/profile?expires=7d",
			"/t/acme/profile?sort=name", "/t/bare/profile"},
		"/t/:tenant/tokens/new":               {"/t/acme/tokens/new", "/t/acme/tokens/new?name=ci&expires=30d&scopes=projects:read,proxies:*"},
		"/t/:tenant/tokens/:id":               {token("nightly backup"), token("status board"), token("from next week on"), token("pipeline"), token("lost in a train"), token("laptop of last year")},
		"/t/:tenant/tokens/:id/edit":          {token("nightly backup") + "/edit"},
		"/t/:tenant/tokens/:id/revoke":        {token("nightly backup") + "/revoke", token("pipeline") + "/revoke"},
		"/t/:tenant/members":                  {"/t/acme/members", "/t/acme/members?q=nobody", "/t/acme/members?status=invited", "/t/bare/members?status=invited"},
		"/t/:tenant/members/invite":           {"/t/acme/members/invite"},
		"/t/:tenant/members/access":           {"/t/acme/members/access", "/t/acme/members/access?scope=invoices:read", "/t/bare/members/access?scope=no:such"},
		"/t/:tenant/members/:username":        {"/t/acme/members/bo", "/t/acme/members/ada", "/t/acme/members/cem"},
		"/t/:tenant/members/:username/remove": {"/t/acme/members/bo/remove"},
		"/t/:tenant/roles":                    {"/t/acme/roles", "/t/bare/roles"},
		"/t/:tenant/roles/new":                {"/t/acme/roles/new"},
		"/t/:tenant/roles/:name":              {"/t/acme/roles/ROLE_BILLING", "/t/acme/roles/ROLE_ADMIN"},
		"/t/:tenant/roles/:name/delete":       {"/t/acme/roles/ROLE_BILLING/delete"},
		"/t/:tenant/tenant-tokens":            {"/t/acme/tenant-tokens", "/t/acme/tenant-tokens?inactive=1&sort=created", "/t/acme/tenant-tokens?q=nothing", "/t/bare/tenant-tokens"},
		"/t/:tenant/tenant-tokens/:id/revoke": {"/t/acme/tenant-tokens/" + w.ids["deploys"] + "/revoke"},
		"/t/:tenant/policy":                   {"/t/acme/policy"},
		"/t/:tenant/audit":                    {"/t/acme/audit", "/t/acme/audit?actor=nobody", "/t/bare/audit"},
	}
}

func TestEveryPageIsForEverybody(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		w := workplaceOn(t, database)
		addresses := w.addresses()
		b := w.tab(t)
		b.signIn("ada", passphrase)
		for _, r := range w.server.Routes() {
			list, ok := addresses[r.Path]
			if !ok && r.Method == "GET" && (r.Surface == "page" || r.Surface == "open") {
				t.Errorf("no address for %s: add one that a browser can open", r.Path)
			}
			if r.Method != "GET" {
				continue
			}
			for _, path := range list {
				b.open(path)
				if path == "/api/docs" {
					b.find("heading", "Operations")
				}
				b.sound(path)
			}
		}
	})
}

