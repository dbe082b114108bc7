package web_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"latchkey/models/modelstest"
	"latchkey/views"
)

// written is a configuration as the console writes it.
func written(proxy, scheme string) []views.ConfigFile {
	return views.ProxyConfig{Proxy: proxy, Host: apiHost, Upstream: scheme + "://orders.internal:9443", Latchkey: scheme + "://tokens.example.com",
		Scopes: "proxies:read proxies:write", Role: "ROLE_MANAGE_PROXIES", Tenant: "acme"}.Files()
}

// What the tests above leave out, certificates and encrypted connections to
// both sides, is at least what the programs can read.
func TestProxiesCanReadTheWholeConfiguration(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		dir := t.TempDir()
		certify(t, dir)
		local := strings.NewReplacer("/etc/ssl/certs/ca-certificates.crt", filepath.Join(dir, apiHost+".pem"), "@system-ca", filepath.Join(dir, apiHost+".pem"),
			"/etc/ssl/", dir+"/", "/etc/haproxy/", dir+"/", "orders.internal", "127.0.0.1", "server tokens.example.com", "server 127.0.0.1")
		for _, proxy := range []string{"nginx", "caddy", "haproxy"} {
			for _, f := range written(proxy, scheme) {
				must(t, os.WriteFile(filepath.Join(dir, filepath.Base(f.Name)), []byte(local.Replace(f.Text)), 0o644))
			}
		}
		must(t, os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte("pid nginx.pid; events {} http { include "+apiHost+".conf; }"), 0o644))
		for _, check := range [][]string{
			{"nginx", "-t", "-p", dir, "-e", "stderr", "-c", "nginx.conf"},
			{"caddy", "validate", "--config", filepath.Join(dir, "Caddyfile"), "--adapter", "caddyfile"},
			{"haproxy", "-c", "-f", filepath.Join(dir, "haproxy.cfg")},
		} {
			cmd := exec.CommandContext(t.Context(), program(check[0]), check[1:]...)
			cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
			if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(strings.ToLower(string(out)), "warn") {
				t.Errorf("%s, %s: %v\n%s", scheme, check[0], err, out)
			}
		}
	}
}

// certify writes a certificate and its key into dir, as each program wants them.
func certify(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	form := x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{apiHost}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, &form, &form, &key.PublicKey, key)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	must(t, os.WriteFile(filepath.Join(dir, apiHost+".key"), private, 0o600))
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), private...)
	must(t, os.WriteFile(filepath.Join(dir, apiHost+".pem"), both, 0o600))
}

// A client of a proxy that does not run here, and what becomes of its request.
type replayed struct {
	name    string
	headers http.Header
	target  string
	status  int
}

func replays(good, narrow string) []replayed {
	spoofed := http.Header{"Authorization": {"Bearer " + good}, "X-Latchkey-User": {"root"}, "X-Latchkey-Roles": {"ROLE_ADMIN"}, "X-Latchkey-Demand": {"scope=profile:read"},
		"X-Forwarded-Uri": {"/public"}, "X-Forwarded-Method": {"OPTIONS"}, "X-Original-Url": {"/public"}, "X-Forwarded-For": {"203.0.113.7"}, "Cookie": {"a=b"}}
	return []replayed{
		{"a token", http.Header{"Authorization": {"Bearer " + good}}, "/orders/1?id=1&id=2", 200},
		{"the password of Basic", http.Header{"Authorization": {basic(good)}}, "/", 200},
		{"X-AccessToken", http.Header{"X-Accesstoken": {good}}, "/orders", 200},
		{"names of one's own", spoofed, "/admin", 200},
		{"no token", http.Header{"Accept": {"text/html"}}, "/orders?access_token=" + good, 401},
		{"a token that is none", http.Header{"Authorization": {"Bearer x"}}, "/", 401},
		{"a token that may not", http.Header{"Authorization": {"Bearer " + narrow}}, "/orders?scope=profile:read&tenant=birch&role=x", 403},
		{"two different tokens", http.Header{"Authorization": {"Bearer " + good}, "X-Accesstoken": {narrow}}, "/", 400},
		{"two Authorization headers", http.Header{"Authorization": {"Bearer " + narrow, "Bearer " + good}}, "/", 400},
	}
}

// replay sends what a proxy would ask, and holds the answer to what the client
// has to get; then it returns the answer.
func replay(t *testing.T, server http.Handler, proxy string, r replayed, ask *http.Request) http.Header {
	t.Helper()
	w := httptest.NewRecorder()
	server.ServeHTTP(w, ask)
	if w.Code != r.status || w.Header().Get("Location") != "" || (r.status == 401 || r.status == 403) != (w.Header().Get("WWW-Authenticate") != "") {
		t.Errorf("%s, %s: %s %s answers %d %v %s, want %d", proxy, r.name, ask.Method, ask.URL, w.Code, w.Header(), w.Body, r.status)
	}
	return w.Header()
}

// A traefikConfig is what the replay reads of Traefik's configuration.
type traefikConfig struct {
	HTTP struct {
		Routers     map[string]struct{ Middlewares []string }
		Middlewares map[string]struct {
			ForwardAuth struct {
				Address                  string
				TrustForwardHeader       bool     `yaml:"trustForwardHeader"`
				AuthRequestHeaders       []string `yaml:"authRequestHeaders"`
				AuthResponseHeadersRegex string   `yaml:"authResponseHeadersRegex"`
			} `yaml:"forwardAuth"`
			Headers struct {
				Custom map[string]string `yaml:"customRequestHeaders"`
			}
		}
	}
}

// Traefik asks with GET at the address that is configured, and describes the
// request in headers. It takes out what the pattern matches before it copies.
func TestWhatTraefikAsksIsAnswered(t *testing.T) {
	s := modelstest.Open(t)
	server := newServer(t, s)
	modelstest.Tenant(t, s, "acme")
	bob := modelstest.Member(t, s, "acme", "bob", "ROLE_MANAGE_PROXIES")
	var cfg traefikConfig
	must(t, yaml.Unmarshal([]byte(written("traefik", "http")[0].Text), &cfg))
	same(t, "middlewares", cfg.HTTP.Routers["api"].Middlewares, []string{"latchkey", "without-token"})
	auth := cfg.HTTP.Middlewares["latchkey"].ForwardAuth
	same(t, "who is trusted", auth.TrustForwardHeader, false)
	same(t, "what is taken out", cfg.HTTP.Middlewares["without-token"].Headers.Custom, map[string]string{"Authorization": "", "X-AccessToken": ""})
	ours := regexp.MustCompile(auth.AuthResponseHeadersRegex)
	for _, name := range []string{"X-Latchkey-User", "x-latchkey-roles", "X_latchkey_user", "X-Latchkey_user", "X.latchkey.user", "X_LATCHKEY-USER-ID"} {
		same(t, name+" is taken out", ours.MatchString(name), true)
	}
	for _, r := range replays(aToken(t, bob), aToken(t, bob, "profile:read")) {
		ask := httptest.NewRequest("GET", auth.Address, nil)
		for _, name := range auth.AuthRequestHeaders {
			for _, value := range r.headers.Values(name) {
				ask.Header.Add(name, value)
			}
		}
		for name, value := range map[string]string{"X-Forwarded-Method": "POST", "X-Forwarded-Proto": "https", "X-Forwarded-Host": apiHost, "X-Forwarded-Uri": r.target, "X-Forwarded-For": "192.0.2.9"} {
			ask.Header.Set(name, value)
		}
		told := replay(t, server, "traefik", r, ask)
		if r.status == 200 {
			names := 0
			for name := range told {
				if ours.MatchString(name) {
					names++
				}
			}
			same(t, r.name+": headers that are copied", names, 7)
			same(t, r.name+": who is calling", told.Get("X-Latchkey-User"), "bob")
		}
	}
}

// An envoyConfig is what the replay reads of Envoy's configuration.
type envoyConfig struct {
	Static struct {
		Listeners []struct {
			Chains []struct {
				Filters []struct {
					Typed struct {
						Common struct {
							Underscores string `yaml:"headers_with_underscores_action"`
						} `yaml:"common_http_protocol_options"`
						Filters []struct {
							Name  string
							Typed envoyFilter `yaml:"typed_config"`
						} `yaml:"http_filters"`
						Routes struct {
							Hosts []struct {
								Remove []string `yaml:"request_headers_to_remove"`
							} `yaml:"virtual_hosts"`
						} `yaml:"route_config"`
					} `yaml:"typed_config"`
				}
			} `yaml:"filter_chains"`
		}
		Clusters []struct{ Name string }
	} `yaml:"static_resources"`
}

type patterns struct {
	Patterns []struct{ Exact, Prefix string }
}

type envoyFilter struct {
	Mutations struct {
		Request []struct{ Remove string } `yaml:"request_mutations"`
	}
	FailureModeAllow *bool    `yaml:"failure_mode_allow"`
	Allowed          patterns `yaml:"allowed_headers"`
	Service          struct {
		Prefix  string `yaml:"path_prefix"`
		Request struct {
			Add []struct{ Key, Value string } `yaml:"headers_to_add"`
		} `yaml:"authorization_request"`
		Response struct {
			Upstream patterns `yaml:"allowed_upstream_headers"`
		} `yaml:"authorization_response"`
	} `yaml:"http_service"`
}

// Envoy asks with the method of the request, and appends its path and query to
// the prefix. It passes on the headers that are named, and its own replace the
// client's.
func TestWhatEnvoyAsksIsAnswered(t *testing.T) {
	s := modelstest.Open(t)
	server := newServer(t, s)
	modelstest.Tenant(t, s, "acme")
	bob := modelstest.Member(t, s, "acme", "bob", "ROLE_MANAGE_PROXIES")
	var cfg envoyConfig
	must(t, yaml.Unmarshal([]byte(written("envoy", "https")[0].Text), &cfg))
	manager := cfg.Static.Listeners[0].Chains[0].Filters[0].Typed
	same(t, "clusters", []string{cfg.Static.Clusters[0].Name, cfg.Static.Clusters[1].Name}, []string{"api", "latchkey"})
	same(t, "names with underscores", manager.Common.Underscores, "DROP_HEADER")
	same(t, "what is taken out", manager.Routes.Hosts[0].Remove, []string{"authorization", "x-accesstoken"})
	var names, removed []string
	for _, f := range manager.Filters {
		names = append(names, f.Name)
	}
	same(t, "filters, in order", names, []string{"envoy.filters.http.header_mutation", "envoy.filters.http.ext_authz", "envoy.filters.http.router"})
	for _, m := range manager.Filters[0].Typed.Mutations.Request {
		removed = append(removed, m.Remove)
	}
	same(t, "names that no client sends", removed, []string{"x-latchkey-user", "x-latchkey-user-id", "x-latchkey-tenant", "x-latchkey-roles",
		"x-latchkey-scopes", "x-latchkey-token-id", "x-latchkey-application", "x-latchkey-demand"})
	auth := manager.Filters[1].Typed
	same(t, "open on failure", *auth.FailureModeAllow, false)
	same(t, "what is copied", auth.Service.Response.Upstream.Patterns[0].Prefix, "x-latchkey-")
	for _, r := range replays(aToken(t, bob), aToken(t, bob, "profile:read")) {
		for _, method := range []string{"GET", "POST", "PURGE"} {
			ask := httptest.NewRequest(method, auth.Service.Prefix+r.target, nil)
			ask.Host = apiHost
			for _, p := range auth.Allowed.Patterns {
				for _, value := range r.headers.Values(p.Exact) {
					ask.Header.Add(p.Exact, value)
				}
			}
			for _, add := range auth.Service.Request.Add {
				ask.Header.Set(add.Key, add.Value)
			}
			if told := replay(t, server, "envoy", r, ask); r.status == 200 {
				same(t, r.name+": who is calling", told.Get("X-Latchkey-User"), "bob")
			}
		}
	}
}
