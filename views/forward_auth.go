package views

// A ForwardAuthPage writes the configuration of a proxy that asks Latchkey
// about every request to an API.
type ForwardAuthPage struct {
	Frame    Frame
	Config   ProxyConfig // as typed
	Files    []ConfigFile
	Problems Problems // of host, upstream, latchkey, scope, role
}

// proxyNotes say what a configuration needs beside itself.
var proxyNotes = map[string]string{
	"nginx":   "nginx 1.22 or later with auth_request, as Debian has it. A certificate and its key belong to the two paths. Afterwards run nginx -t and systemctl reload nginx.",
	"caddy":   "Caddy 2.6 or later. It gets a certificate for the host by itself. Afterwards run systemctl reload caddy.",
	"traefik": "A current Traefik with the file provider on this folder: old ones let a client's Connection header take out what we said. Traefik answers 500 when it cannot reach Latchkey.",
	"haproxy": "HAProxy 2.6 or later with Lua, as Debian has it, and both files. The certificate and its key belong into one file. Write Latchkey's address with a number: HAProxy does not look into /etc/hosts.",
	"envoy":   "Envoy 1.27 or later. A certificate and its key belong to the two paths.",
}

// note is what the configuration needs beside itself.
func (p ForwardAuthPage) note() string { return proxyNotes[p.Config.of().Key] }

// asks is what Latchkey is asked about each request, in words.
func (p ForwardAuthPage) asks() string {
	words := "Let in: tokens of " + p.Frame.Tenant.Slug
	if p.Config.Scopes != "" {
		words += " that may do " + p.Config.Scopes
	}
	if p.Config.Role != "" {
		words += ", of holders of " + p.Config.Role
	}
	return words + "."
}

// fileID tells the blocks of code apart.
func fileID(i int) string { return "file-" + plain(int64(i+1)) }
