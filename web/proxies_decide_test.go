package web_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestProxiesLetInWhoMayAndNobodyElse(t *testing.T) {
	eachProxy(t, func(t *testing.T, p *proxied) {
		for _, try := range []struct {
			name    string
			headers []string
			status  int
			needs   string // in WWW-Authenticate
		}{
			{"a token", []string{bearerOf(p.good)}, 200, ""},
			{"the password of Basic", []string{"Authorization: " + basic(p.good)}, 200, ""},
			{"X-AccessToken", []string{"X-AccessToken: " + p.good}, 200, ""},
			{"the same twice", []string{"X-AccessToken: " + p.good, bearerOf(p.good)}, 200, ""},
			{"no token", nil, 401, `Bearer realm="latchkey", ` + learnMore},
			{"a browser without a token", []string{"Accept: text/html", "User-Agent: Mozilla/5.0"}, 401, `Bearer realm="latchkey", ` + learnMore},
			{"a token that is none", []string{bearerOf("x")}, 401, `Bearer realm="latchkey", error="invalid_token", error_description="The token is not valid.", ` + learnMore},
			{"a password that is none", []string{"Authorization: " + basic("x")}, 401, `Bearer realm="latchkey", error="invalid_token", error_description="The token is not valid.", ` + learnMore},
			{"a token that may not", []string{bearerOf(p.narrow)}, 403, `Bearer realm="latchkey", error="insufficient_scope", scope="proxies:read proxies:write"`},
			{"a token of another tenant", []string{bearerOf(p.theirs)}, 403, `Bearer realm="latchkey", error="insufficient_scope"`},
			{"two different ones", []string{"X-AccessToken: " + p.narrow, bearerOf(p.good)}, 400, ""},
			{"two in one header", []string{bearerOf(p.good + ", Bearer " + p.narrow)}, 401, `Bearer realm="latchkey", error="invalid_token", error_description="The token is not valid.", ` + learnMore},
		} {
			got := p.get("/orders?access_token="+p.good+"&scope=profile:read", try.headers...)
			if got.status != try.status || got.header.Get("Location") != "" {
				t.Errorf("%s: %d %v %s, want %d", try.name, got.status, got.header, got.body, try.status)
			}
			if asked := strings.Join(got.header.Values("WWW-Authenticate"), "|"); asked != try.needs {
				t.Errorf("%s: asked for %q, want %q", try.name, asked, try.needs)
			}
			p.through(try.name, got, "/orders?access_token="+p.good+"&scope=profile:read")
		}
	})
}

// through fails the test unless what was answered well, and only that, has
// reached the upstream, and with the caller's name.
func (p *proxied) through(what string, got answer, uri string) {
	p.t.Helper()
	seen := p.upstream.take()
	if got.status != 200 {
		if len(seen) > 0 {
			p.t.Errorf("%s: answered with %d, but the upstream saw %v", what, got.status, seen)
		}
		return
	}
	if len(seen) != 1 || seen[0].uri != uri || got.body != "reached" {
		p.t.Fatalf("%s: the upstream saw %v, and the client %q", what, seen, got.body)
	}
	p.identity(what, seen[0])
}

// Two Authorization headers are two tokens, whichever a proxy would choose.
func TestProxiesChooseNoTokenOfTwo(t *testing.T) {
	eachProxy(t, func(t *testing.T, p *proxied) {
		for _, headers := range [][]string{
			{bearerOf(p.narrow), bearerOf(p.good)}, {bearerOf(p.good), bearerOf(p.narrow)},
			{"X-AccessToken: " + p.narrow, "X-AccessToken: " + p.narrow}, {"x-accesstoken: " + p.narrow, "X-ACCESSTOKEN: x"},
		} {
			got := p.get("/", headers...)
			if got.status < 400 || got.status >= 500 {
				t.Errorf("%.60q: %d", headers, got.status)
			}
			p.through("two tokens", got, "/")
		}
	})
}

// Whatever a client says about who is calling, the upstream hears it from
// Latchkey alone.
func TestProxiesLetNobodyNameThemselves(t *testing.T) {
	names := []string{"X-Latchkey-User", "X-Latchkey-User-Id", "X-Latchkey-Tenant", "X-Latchkey-Roles", "X-Latchkey-Scopes", "X-Latchkey-Token-Id", "X-Latchkey-Application"}
	spell := map[string]func(string) string{
		"as it is":          func(s string) string { return s },
		"in small letters":  strings.ToLower,
		"in capitals":       strings.ToUpper,
		"with underscores":  func(s string) string { return strings.ReplaceAll(s, "-", "_") },
		"with one":          func(s string) string { return strings.Replace(s, "-", "_", 1) },
		"with one, later":   func(s string) string { return "X-Latchkey_" + s[len("X-Latchkey-"):] },
		"with dots":         func(s string) string { return strings.ReplaceAll(s, "-", ".") },
		"in mixed letters":  func(s string) string { return "x-LATCHKEY" + s[len("x-latchkey"):] },
		"small underscores": func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "_")) },
	}
	eachProxy(t, func(t *testing.T, p *proxied) {
		for spelling, as := range spell {
			var headers []string
			for _, name := range names {
				headers = append(headers, as(name)+": root", as(name)+": ROLE_ADMIN")
			}
			got := p.get("/", append(headers, bearerOf(p.good))...)
			if got.status != 200 && got.status != 400 {
				t.Errorf("%s: %d %s", spelling, got.status, got.body)
			}
			p.through(spelling, got, "/")
			p.through(spelling+", without a token", p.get("/", headers...), "/")
		}
	})
}

// A header that Connection names is for the next hop only, and a proxy takes
// it out. It must not take out what it was told by Latchkey.
func TestProxiesKeepWhatConnectionNames(t *testing.T) {
	eachProxy(t, func(t *testing.T, p *proxied) {
		for _, connection := range []string{"X-Latchkey-User, X-Latchkey-Roles", "x-latchkey-user", "close, X-Latchkey-User", "Authorization, X-Latchkey-Scopes"} {
			got := p.send("GET /", http.NoBody, "X-Latchkey-User: root", bearerOf(p.good), "Connection: "+connection)
			if got.status != 200 && !strings.Contains(connection, "Authorization") {
				t.Errorf("%s: %d %s", connection, got.status, got.body)
			}
			p.through(connection, got, "/")
		}
	})
}

// A right that is taken away is gone with the next request.
func TestProxiesRememberNobody(t *testing.T) {
	eachProxy(t, func(t *testing.T, p *proxied) {
		same(t, "before", p.get("/", bearerOf(p.good)).status, 200)
		p.upstream.take()
		must(t, p.bob.RevokeToken(t.Context(), p.tokenID()))
		got := p.get("/", bearerOf(p.good))
		same(t, "after", got.status, 401)
		same(t, "what is said", got.header.Get("WWW-Authenticate"), `Bearer realm="latchkey", error="invalid_token", error_description="The token was revoked.", `+learnMore)
		p.through("revoked", got, "/")
	})
}

// tokenID is the id of the good token, as the upstream hears it.
func (p *proxied) tokenID() string {
	p.t.Helper()
	p.get("/", bearerOf(p.good))
	seen := p.upstream.take()
	if len(seen) != 1 {
		p.t.Fatalf("the upstream saw %v", seen)
	}
	return seen[0].header.Get("X-Latchkey-Token-Id")
}

// Without Latchkey nobody gets in, and everybody does again when it is back.
func TestProxiesShutWithoutLatchkey(t *testing.T) {
	eachProxy(t, func(t *testing.T, p *proxied) {
		same(t, "before", p.get("/", bearerOf(p.good)).status, 200)
		p.upstream.take()
		p.latchkey.stop()
		for _, headers := range [][]string{nil, {bearerOf(p.good)}, {"X-AccessToken: " + p.good, "X-Latchkey-User: root"}} {
			got := p.get("/", headers...)
			if got.status != 502 && got.status != 503 {
				t.Errorf("without Latchkey: %d %s", got.status, got.body)
			}
			p.through("without Latchkey", got, "/")
		}
		p.latchkey.start(t)
		got := p.get("/", bearerOf(p.good))
		same(t, "afterwards", got.status, 200)
		p.through("afterwards", got, "/")
		same(t, "without a token afterwards", p.get("/").status, 401)
	})
}

// A failure of Latchkey is no decision.
func TestProxiesTakeAFailureForNoDecision(t *testing.T) {
	eachProxy(t, func(t *testing.T, p *proxied) {
		for _, status := range []int{301, 302, 404, 429, 500, 503} {
			p.latchkey.stop()
			p.latchkey.handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "https://evil.example/")
				w.WriteHeader(status)
			})
			p.latchkey.start(t)
			got := p.get("/", bearerOf(p.good))
			if got.status == 200 {
				t.Errorf("Latchkey said %d, the client heard %d", status, got.status)
			}
			p.through(http.StatusText(status), got, "/")
		}
	})
}
