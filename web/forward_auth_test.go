package web_test

import (
	"net/url"
	"strings"
	"testing"

	"latchkey/models/modelstest"
	"latchkey/views"
)

// The page writes what the tests of the proxies run, for the tenant whose page
// it is, and only when every value is harmless.
func TestTheConsoleWritesTheConfigurationOfAProxy(t *testing.T) {
	s := modelstest.Open(t)
	server := newServer(t, s)
	modelstest.Tenant(t, s, "acme")
	modelstest.Person(t, s, "acme", "bo", passphrase)
	bo := hasSession(t, s, server, "bo")
	page := bo.get("/t/acme/profile").click("Forward-auth").is(200)
	same(t, "what is written at first", page.Find("main pre").Length(), 0)
	same(t, "Latchkey's address", page.Find("#latchkey").AttrOr("value", ""), "http://localhost:8080")
	for _, proxy := range views.Proxies {
		filled := page.press("Write configuration", "Proxy", proxy.Key, "Host", "API.example.com", "API", "http://127.0.0.1:9000/",
			"Scopes", " invoices:read  invoices:write", "Role", "ROLE_BILLING").is(200)
		filled.says("main", "Let in: tokens of acme that may do invoices:read invoices:write, of holders of ROLE_BILLING.")
		files := views.ProxyConfig{Proxy: proxy.Key, Host: "api.example.com", Upstream: "http://127.0.0.1:9000", Latchkey: "http://localhost:8080",
			Scopes: "invoices:read invoices:write", Role: "ROLE_BILLING", Tenant: "acme"}.Files()
		blocks := filled.Find("main pre")
		same(t, "files for "+proxy.Name, blocks.Length(), len(files))
		for i, f := range files {
			same(t, f.Name, blocks.Eq(i).Text(), f.Text)
		}
	}
}

// A value that would mean something in a configuration comes back with a
// complaint beside it, and nothing is written.
func TestTheConsoleWritesNothingHarmful(t *testing.T) {
	s := modelstest.Open(t)
	server := newServer(t, s)
	modelstest.Tenant(t, s, "acme")
	modelstest.Person(t, s, "acme", "bo", passphrase)
	bo := hasSession(t, s, server, "bo")
	good := url.Values{"proxy": {"nginx"}, "host": {"api.example.com"}, "upstream": {"http://127.0.0.1:9000"}, "latchkey": {"http://127.0.0.1:8080"}, "scope": {""}, "role": {""}}
	same(t, "files of what is harmless", bo.get("/t/acme/forward-auth?"+good.Encode()).is(200).Find("main pre").Length(), 1)
	for _, field := range []string{"host", "upstream", "latchkey", "scope", "role"} {
		for _, evil := range []string{"a; }", "a {", "a\u2028b", `a"`, "a'", "$http_x", "%[src]", "a#b", "http://a/b c", "<script>", "http://127.0.0.1:9000/verify?scope=x", "a:b&tenant=birch"} {
			q := url.Values{}
			for name, values := range good {
				q[name] = values
			}
			q.Set(field, evil)
			page := bo.get("/t/acme/forward-auth?" + q.Encode()).is(422)
			same(t, field+" "+evil+": files", page.Find("main pre").Length(), 0)
			same(t, field+" "+evil+": comes back", page.Find("#"+field).AttrOr("value", ""), evil)
			if page.Find("#"+field).AttrOr("aria-invalid", "") != "true" || strings.TrimSpace(page.text("#"+field+"-err")) == "" {
				t.Errorf("%s %q is not complained about", field, evil)
			}
		}
	}
	bo.get("/t/acme/forward-auth?proxy=apache&host=api.example.com&upstream=http://127.0.0.1:9000").is(200).says("main", "/etc/nginx/conf.d/api.example.com.conf")
	bo.get("/t/acme/forward-auth?host=a%00").is(400)
}
