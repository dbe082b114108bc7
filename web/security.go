package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// A header is set on every response. Its value is shared by all of them:
// setting it costs nothing, and nothing may append to it.
type header struct {
	name  string
	value []string
}

var noStore = []string{"no-store"}

// contentPolicy lets a page load what we serve, and nothing do what a script
// could be tricked into (CSP 3, Trusted Types).
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// programPolicy is for what no browser should show as a page.
const programPolicy = "default-src 'none'; frame-ancestors 'none'"

func pageHeaders(secure bool) []header {
	return append(programHeaders(secure), []header{
		{"Content-Security-Policy", []string{contentPolicy}},
		{"Referrer-Policy", []string{"same-origin"}},
		{"X-Frame-Options", []string{"DENY"}},
		{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
		{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
		{"Permissions-Policy", []string{"camera=(), geolocation=(), microphone=(), payment=(), usb=()"}},
	}...)
}

// programHeaders are few: each costs as much as a part of the answer.
func programHeaders(secure bool) []header {
	list := []header{
		{"Content-Security-Policy", []string{programPolicy}},
		{"X-Content-Type-Options", []string{"nosniff"}},
		{"Cache-Control", noStore}, // static files and the API document say otherwise
	}
	if secure {
		list = append(list, header{"Strict-Transport-Security", []string{"max-age=31536000"}})
	}
	return list
}

// secure sets the headers before anything is decided, so that an error has
// them too.
func (s *Server) secure(c echo.Context) {
	switch on := s.surfaceOf(c); {
	case on.passes: // an upstream dresses its own answers
	case on.browser:
		set(c.Response().Header(), s.headers)
	default:
		set(c.Response().Header(), s.apiHeaders)
	}
}

func set(h http.Header, list []header) {
	for _, head := range list {
		h[head.name] = head.value
	}
}

// safely turns a panic into an internal error; the trace goes to the log.
func safely(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if broken, ok := r.(error); ok && errors.Is(broken, http.ErrAbortHandler) {
				panic(r) // net/http's own way to cut a response short
			}
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return next(c)
}

// clients says where requests come from, as far as it can be trusted.
type clients struct{ trusted []netip.Prefix } // proxies

func (from clients) client(r *http.Request) models.Client {
	c := models.Client{IP: from.ip(r)}
	if agent := r.Header["User-Agent"]; len(agent) > 0 {
		c.UserAgent = agent[0]
	}
	return c
}

// ip finds the address of the client: that of the connection, or, when it comes
// from a trusted proxy, the last one in X-Forwarded-For that does not.
func (from clients) ip(r *http.Request) netip.Addr {
	ip := peer(r)
	if !within(from.trusted, ip) {
		return ip
	}
	forwarded := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for i := len(forwarded) - 1; i >= 0 && within(from.trusted, ip); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(forwarded[i]))
		if err != nil {
			break
		}
		ip = next.Unmap()
	}
	return ip
}

// scheme believes X-Forwarded-Proto of a trusted proxy only.
func (from clients) scheme(r *http.Request) string {
	sent := r.Header["X-Forwarded-Proto"]
	if r.TLS != nil || len(sent) == 1 && sent[0] == "https" && within(from.trusted, peer(r)) {
		return "https"
	}
	return "http"
}

func peer(r *http.Request) netip.Addr {
	at, _ := netip.ParseAddrPort(r.RemoteAddr) // what is no address is in no range
	return at.Addr().Unmap().WithZone("")
}

func within(list []netip.Prefix, ip netip.Addr) bool {
	for _, p := range list {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
