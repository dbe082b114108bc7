package web

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"latchkey/handlers"
)

// squash is a header's name as some servers and frameworks see it, to whom
// X-Latchkey-User, x_latchkey_user and X.Latchkey.User are one: its letters and
// digits.
func squash(name string) string {
	var b [64]byte
	return string(squashInto(&b, name))
}

func squashInto(b *[64]byte, name string) []byte {
	n := 0
	for i := 0; i < len(name) && n < len(b); i++ {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			b[n] = c
			n++
		case 'A' <= c && c <= 'Z':
			b[n] = c | 0x20
			n++
		}
	}
	return b[:n]
}

const (
	ours       = "xlatchkey"
	forwardeds = "xforwarded"
)

// removed are request headers that no upstream gets, squashed: what proves the
// caller to us, what says where they come from, and what makes a server take
// the request for another one than was decided about.
var removed = map[string]bool{
	"authorization": true, "proxyauthorization": true, "xaccesstoken": true, "cookie": true, "cookie2": true,
	"forwarded": true, "xrealip": true, "xclientip": true, "trueclientip": true,
	"xoriginalurl": true, "xoriginaluri": true, "xrewriteurl": true, "xoriginalmethod": true, "xoriginalhost": true,
	"xhttpmethodoverride": true, "xhttpmethod": true, "xmethodoverride": true,
	"http2settings": true,
}

// strip removes what an upstream must not get from the caller.
func (h *hop) strip(from http.Header) {
	var b [64]byte
	for name := range from {
		squashed := squashInto(&b, name)
		if removed[string(squashed)] || strings.HasPrefix(string(squashed), ours) || strings.HasPrefix(string(squashed), forwardeds) ||
			string(squashed) == h.squashed {
			delete(from, name)
		}
	}
}

const maxVisits = 3 // of one request: a gateway may have another as its upstream

var (
	loopName = "latchkey"
	firstHop = []string{loopName}
)

// loops reports whether a request has come by too often (RFC 8586).
func loops(h http.Header) bool {
	sent := h["Cdn-Loop"]
	return len(sent) > 0 && strings.Count(strings.Join(sent, ","), loopName) >= maxVisits
}

// add sets what an upstream gets from us.
func (p *passage) add(to http.Header) {
	handlers.Identify(to, p.access)
	values := []string{p.server.ip(p.in).String(), p.in.Host, p.server.scheme(p.in)}
	to["X-Forwarded-For"], to["X-Forwarded-Host"], to["X-Forwarded-Proto"] = values[0:1:1], values[1:2:2], values[2:3:3]
	if sent := to["Cdn-Loop"]; len(sent) > 0 {
		to["Cdn-Loop"] = []string{strings.Join(sent, ", ") + ", " + loopName}
	} else {
		to["Cdn-Loop"] = firstHop
	}
	if p.hop.credential != "" {
		to[p.hop.credential] = p.hop.value
	}
}

// webSocketOnly takes back any other change of protocol: behind one, requests
// would reach the upstream that nobody decides about (h2c).
func webSocketOnly(h http.Header) {
	if upgrade := h["Upgrade"]; len(upgrade) > 0 && !strings.EqualFold(upgrade[0], "websocket") {
		delete(h, "Upgrade")
		delete(h, "Connection")
	}
}

// hostwide are headers of an answer that a browser takes for the whole host. It
// is ours, and what is said of it is not the upstream's to say.
var hostwide = []string{"Clear-Site-Data", "Strict-Transport-Security", "Alt-Svc", "Service-Worker-Allowed",
	"Public-Key-Pins", "Public-Key-Pins-Report-Only", "Origin-Agent-Cluster", "Expect-Ct"}

// undress removes what an upstream must not tell the caller in our name.
func (s *Server) undress(h http.Header) {
	for _, name := range hostwide {
		delete(h, name)
	}
	var b [64]byte
	for name := range h {
		if strings.HasPrefix(string(squashInto(&b, name)), ours) {
			delete(h, name)
		}
	}
	if cookies := h["Set-Cookie"]; len(cookies) > 0 {
		h["Set-Cookie"] = slices.DeleteFunc(cookies, s.isOurCookie)
		if len(h["Set-Cookie"]) == 0 {
			delete(h, "Set-Cookie")
		}
	}
}

// isOurCookie reports whether a cookie would take the place of one of ours.
func (s *Server) isOurCookie(line string) bool {
	name, _, _ := strings.Cut(line, "=")
	name = strings.ToLower(textproto.TrimString(name))
	name = strings.TrimPrefix(strings.TrimPrefix(name, "__host-"), "__secure-")
	return name == "latchkey" || name == "latchkey-device"
}

// sandbox keeps a page of an upstream apart from the console, which has the same
// origin. Programs take no notice of it.
const sandbox = "sandbox"

// dress sets what every answer of an upstream needs.
func (p *passage) dress(h http.Header) {
	h["Content-Security-Policy"] = append(slices.Clip(h["Content-Security-Policy"]), sandbox)
	if _, own := h["X-Request-Id"]; !own {
		h["X-Request-Id"] = []string{p.id}
	}
	for _, head := range p.server.apiHeaders {
		if head.name == "Strict-Transport-Security" {
			h[head.name] = head.value
		}
	}
}
