package views

import (
	"embed"
	"net/url"
	"regexp"
	"strings"
	"text/template"
)

// A Proxy is a program that can stand in front of an API and ask Latchkey.
type Proxy struct {
	Key, Name string
	files     []proxyFile
}

// A proxyFile is a template and where its text belongs. In the name, HOST
// stands for the host that is protected.
type proxyFile struct{ template, name, language string }

// Proxies are those that configurations are written for.
var Proxies = []Proxy{
	{"nginx", "nginx", []proxyFile{{"nginx.conf", "/etc/nginx/conf.d/HOST.conf", "nginx"}}},
	{"caddy", "Caddy", []proxyFile{{"Caddyfile", "/etc/caddy/Caddyfile", "caddyfile"}}},
	{"traefik", "Traefik", []proxyFile{{"traefik.yaml", "/etc/traefik/dynamic/HOST.yaml", "yaml"}}},
	{"haproxy", "HAProxy", []proxyFile{{"haproxy.cfg", "/etc/haproxy/haproxy.cfg", "haproxy"}, {"latchkey.lua", "/etc/haproxy/latchkey.lua", "lua"}}},
	{"envoy", "Envoy", []proxyFile{{"envoy.yaml", "/etc/envoy/envoy.yaml", "yaml"}}},
}

// A ProxyConfig is what a configuration is written for. Addresses are those by
// which the proxy reaches things, without a path.
type ProxyConfig struct {
	Proxy    string // its key
	Host     string // by which clients reach the API
	Upstream string // address of the API
	Latchkey string // address of Latchkey
	Scopes   string // all needed, with spaces between
	Role     string
	Tenant   string // slug
}

// A ConfigFile is one file of a configuration.
type ConfigFile struct{ Name, Language, Text string }

//go:embed proxies
var proxyTexts embed.FS

var proxyTemplates = template.Must(template.ParseFS(proxyTexts, "proxies/*"))

// harmless is what means nothing of its own in any of the configurations.
var harmless = regexp.MustCompile(`^[A-Za-z0-9:/._\[\] -]*$`)

// Files writes the configuration, and nothing when a value holds a character
// that could mean something in it. The handler says which value, beforehand.
func (p ProxyConfig) Files() (list []ConfigFile) {
	if !harmless.MatchString(strings.Join([]string{p.Host, p.Upstream, p.Latchkey, p.Scopes, p.Role, p.Tenant}, " ")) {
		return nil
	}
	words := proxyWords{Host: p.Host, Upstream: addressOf("api", p.Upstream), Latchkey: addressOf("latchkey", p.Latchkey),
		Demand: p.demand(), Identity: identityHeaders}
	for _, f := range p.of().files {
		var text strings.Builder
		if err := proxyTemplates.ExecuteTemplate(&text, f.template, words); err != nil {
			return nil // the templates are tried by the tests
		}
		list = append(list, ConfigFile{strings.ReplaceAll(f.name, "HOST", p.Host), f.language, text.String()})
	}
	return list
}

// of is the proxy itself, the first of all when it is none that is known.
func (p ProxyConfig) of() Proxy {
	for _, known := range Proxies {
		if known.Key == p.Proxy {
			return known
		}
	}
	return Proxies[0]
}

// demand is the query of /verify. Everything in it is harmless there too.
func (p ProxyConfig) demand() string {
	var parts []string
	for _, part := range [][2]string{{"scope", strings.Join(strings.Fields(p.Scopes), "+")}, {"role", p.Role}, {"tenant", p.Tenant}} {
		if part[1] != "" {
			parts = append(parts, part[0]+"="+part[1])
		}
	}
	return strings.Join(parts, "&")
}

// proxyWords are what the templates are filled with.
type proxyWords struct {
	Host     string
	Upstream address
	Latchkey address
	Demand   string
	Identity []identityHeader
}

// Clusters are the addresses that Envoy connects to.
func (w proxyWords) Clusters() []address { return []address{w.Upstream, w.Latchkey} }

// An address is where a proxy connects to, in its parts.
type address struct{ Cluster, Scheme, Authority, Name, Port string }

func addressOf(cluster, text string) address {
	u, err := url.Parse(text)
	if err != nil {
		return address{}
	}
	a := address{cluster, u.Scheme, u.Host, u.Hostname(), u.Port()}
	if a.Port == "" {
		a.Port = map[string]string{"http": "80", "https": "443"}[a.Scheme]
		a.Authority += ":" + a.Port
	}
	return a
}

// TLS reports whether the connection is encrypted.
func (a address) TLS() bool { return a.Scheme == "https" }

func (a address) String() string { return a.Scheme + "://" + a.Authority }

// An identityHeader says who is calling.
type identityHeader struct{ Name string }

var identityHeaders = []identityHeader{{"X-Latchkey-User"}, {"X-Latchkey-User-Id"}, {"X-Latchkey-Tenant"}, {"X-Latchkey-Roles"},
	{"X-Latchkey-Scopes"}, {"X-Latchkey-Token-Id"}, {"X-Latchkey-Application"}}

// Lower is the name in small letters.
func (h identityHeader) Lower() string { return strings.ToLower(h.Name) }

// Underscored is the name as nginx has it behind $upstream_http_.
func (h identityHeader) Underscored() string { return strings.ReplaceAll(h.Lower(), "-", "_") }

// Variable is where nginx keeps the value.
func (h identityHeader) Variable() string { return "$" + strings.TrimPrefix(h.Underscored(), "x_") }
