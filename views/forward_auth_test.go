package views_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"latchkey/views"
)

func forwardAuthPages(f views.Frame) map[string]templ.Component {
	empty := views.ForwardAuthPage{Frame: f, Config: views.ProxyConfig{Latchkey: "https://tokens.example.com"}}
	written := views.ForwardAuthPage{Frame: f, Config: documented("haproxy")}
	written.Files = written.Config.Files()
	refused := views.ForwardAuthPage{
		Frame: f, Config: views.ProxyConfig{Proxy: "caddy", Host: "https://api.example.com", Upstream: "9000", Latchkey: "https://tokens.example.com", Scopes: "*", Role: "billing"},
		Problems: views.Problems{"host": "Write a host name such as api.example.com, without https:// and without a port.", "scope": "Write scope as resource:action, several with spaces between."},
	}
	return map[string]templ.Component{
		"forward_auth":         views.ForwardAuth(empty),
		"forward_auth_written": views.ForwardAuth(written),
		"forward_auth_refused": views.ForwardAuth(refused),
	}
}

// documented is what the configurations in docs/forward-auth.md are for.
func documented(proxy string) views.ProxyConfig {
	return views.ProxyConfig{Proxy: proxy, Host: "api.example.com", Upstream: "http://127.0.0.1:9000", Latchkey: "http://127.0.0.1:8080",
		Scopes: "invoices:read", Tenant: "acme"}
}

// The document has the very text that the console writes and the tests run.
func TestTheDocumentHasTheConfigurations(t *testing.T) {
	const path = "../docs/forward-auth.md"
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for _, proxy := range views.Proxies {
		for _, f := range documented(proxy.Key).Files() {
			place := regexp.MustCompile("(?s)`" + regexp.QuoteMeta(f.Name) + "`:\n\n```[a-z]*\n.*?```\n")
			block := "`" + f.Name + "`:\n\n```" + f.Language + "\n" + f.Text + "```\n"
			if *update {
				text = place.ReplaceAllLiteralString(text, block)
			}
			if n := strings.Count(text, block); n != 1 {
				t.Errorf("the configuration %s of %s stands in the document %d times, want once; if what it says is right, run go test -update", f.Name, proxy.Name, n)
			}
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConfigurationsHoldWhatWasAskedFor(t *testing.T) {
	for _, proxy := range views.Proxies {
		p := documented(proxy.Key)
		p.Scopes, p.Role, p.Upstream = "invoices:read invoices:write", "ROLE_BILLING", "https://orders.internal"
		text := ""
		for _, f := range p.Files() {
			text += f.Text
		}
		for _, want := range []string{"scope=invoices:read+invoices:write&role=ROLE_BILLING&tenant=acme", "api.example.com", "orders.internal", "127.0.0.1", "8080"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %s:\n%s", proxy.Name, want, text)
			}
		}
		if strings.Contains(text, "{{") || strings.Contains(text, "<no value>") || strings.Contains(text, "HOST") {
			t.Errorf("%s is not filled in:\n%s", proxy.Name, text)
		}
	}
}

// The handler complains of such values; should one get this far, nothing is
// written.
func TestNothingIsWrittenWithWhatCouldMeanSomething(t *testing.T) {
	for _, evil := range []string{"; }", "\n", "{", "$host", "%", "#", `"`, "'", "`", `\`, "&", "<", "é", "\x00"} {
		for _, p := range []views.ProxyConfig{
			{Host: "a" + evil}, {Upstream: "http://a" + evil}, {Latchkey: "http://a" + evil}, {Scopes: "a:b" + evil}, {Role: evil}, {Tenant: evil},
		} {
			if files := p.Files(); files != nil {
				t.Errorf("%q gets into %s", evil, files[0].Text)
			}
		}
	}
}

func TestForwardAuthEscapesWhatPeopleWrite(t *testing.T) {
	const evil = `"><script>alert(1)</script>'`
	html := string(rendered(t, views.ForwardAuth(views.ForwardAuthPage{Frame: adminFrame(t), Problems: views.Problems{"host": evil},
		Config: views.ProxyConfig{Proxy: evil, Host: evil, Upstream: evil, Latchkey: evil, Scopes: evil, Role: evil}, Files: []views.ConfigFile{{Name: evil, Text: evil}}})))
	if strings.Contains(html, "<script>alert") || !strings.Contains(html, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("the page lets markup through or hides what was written")
	}
}
