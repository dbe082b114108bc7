package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// What begins as a request and goes on as something else is decided about at
// its beginning.
func TestProxiesPassUpgradesThrough(t *testing.T) {
	eachProxy(t, func(t *testing.T, p *proxied) {
		upgrade := []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
		for _, refused := range [][]string{nil, {bearerOf("x")}, {bearerOf(p.narrow)}} {
			got := p.send("GET /live", http.NoBody, append(refused, upgrade...)...)
			if got.status != 401 && got.status != 403 {
				t.Errorf("%q: %d %s", refused, got.status, got.body)
			}
			p.through("an upgrade that is refused", got, "/live")
		}
		conn, err := net.Dial("tcp", p.address)
		must(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, head("GET /live", append(upgrade, bearerOf(p.good), "X-Latchkey-User: root")))
		must(t, err)
		from := bufio.NewReader(conn)
		res, err := http.ReadResponse(from, nil)
		must(t, err)
		same(t, "the answer", res.StatusCode, http.StatusSwitchingProtocols)
		for _, words := range []string{"hello\n", "and once more\n"} {
			_, err = io.WriteString(conn, words)
			must(t, err)
			heard, err := from.ReadString('\n')
			must(t, err)
			same(t, "what comes back", heard, words)
		}
		seen := p.upstream.take()
		same(t, "requests", len(seen), 1)
		p.identity("an upgrade", seen[0])
	})
}

// blanks is a body that is as long as it says.
func blanks(size int64) io.Reader { return io.LimitReader(endless{}, size) }

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// Latchkey decides without the body, and the upstream gets all of it.
func TestProxiesPassBigBodiesThrough(t *testing.T) {
	const size = 20 << 20
	eachProxy(t, func(t *testing.T, p *proxied) {
		declared := fmt.Sprintf("Content-Length: %d", size)
		for _, kind := range []string{"application/octet-stream", "application/x-www-form-urlencoded"} {
			got := p.send("POST /upload", blanks(size), bearerOf(p.good), declared, "Content-Type: "+kind, "Connection: close")
			same(t, "the answer", got.status, 200)
			seen := p.upstream.take()
			same(t, "requests", len(seen), 1)
			same(t, "the body", seen[0].body, int64(size))
			p.identity("an upload", seen[0])
		}
		chunk := fmt.Sprintf("%x\r\n", size)
		body := io.MultiReader(strings.NewReader(chunk), blanks(size), strings.NewReader("\r\n0\r\n\r\n"))
		same(t, "the answer", p.send("PUT /upload", body, bearerOf(p.good), "Transfer-Encoding: chunked", "Connection: close").status, 200)
		seen := p.upstream.take()
		same(t, "the body in chunks", seen[0].body, int64(size))

		got := p.send("POST /upload", blanks(1<<10), "Content-Length: 1024", "Connection: close")
		same(t, "without a token", got.status, 401)
		p.through("without a token", got, "/upload")
	})
}

// spellings are addresses that two programs may read differently.
var spellings = []string{
	"/admin", "/admin/", "//admin", "///admin", "/./admin", "/../admin", "/public/../admin", "/public/./../admin", "/public/..//admin", "/public//../admin",
	"/%61dmin", "/%2561dmin", "/public/%2e%2e/admin", "/public/%2E%2E/admin", "/public/%2e./admin", "/public/.%2e/admin", "/public/%252e%252e/admin", "/public%2f..%2fadmin",
	"/public%2F%2e%2e%2Fadmin", "/public%5c..%5cadmin", `/public\..\admin`, `\admin`, "/public/..;/admin", "/public;/../admin", "/;/admin", "/admin;x=1", "/admin;/public", "/public/..%3b/admin",
	"/admin%00", "/admin%00/public", "/admin%20", "/admin%0a", "/admin%0d%0aX-Latchkey-User:%20root", "/admin?x=/public", "/admin?/public", "/admin?", "/admin%3fx", "/admin%3f/../public",
	"/admin#/public", "/public#/../admin", "/admin%23", "/_latchkey", "/_latchkey/admin", "/verify", "/verify?scope=profile:read", "/@latchkey_refused", "/ADMIN", "/Admin", "/admin.", "/admin..", "/admin/.", "/admin/..", "/..", "/.", "/",
	"/%c0%ae%c0%ae/admin", "/public/%c0%af../admin", "/%ef%bc%8fadmin", "/%uff0fadmin", "/admin%ff", "/\xc3\xa4dmin", "/\xffadmin", "/%", "/%zz", "/admin%", "/public/...//admin", "/public/.../admin",
	"http://" + apiHost + "/admin", "http://elsewhere.example/admin", "HTTP://" + apiHost + "//admin", "//" + apiHost + "/admin", "admin", "*", "/" + strings.Repeat("a", 4000), "/" + strings.Repeat("../", 300) + "admin", "/" + strings.Repeat("%2e%2e%2f", 100) + "admin",
}

// However an address is spelled, nothing reaches the upstream undecided.
func TestProxiesDecideAboutEverySpellingOfAnAddress(t *testing.T) {
	eachProxy(t, func(t *testing.T, p *proxied) {
		through := 0
		for _, uri := range spellings {
			for _, method := range []string{"GET", "POST", "OPTIONS", "HEAD"} {
				for _, headers := range [][]string{nil, {bearerOf(p.narrow)}, {bearerOf("x"), "X-Latchkey-User: root", "X-Original-URL: /public", "X-Forwarded-Uri: /public", "X-Rewrite-URL: /public", "X-HTTP-Method-Override: OPTIONS"}} {
					p.refused(method+" "+uri, headers)
				}
			}
			p.tell("GET "+uri, bearerOf(p.good))
			for _, r := range p.upstream.take() {
				through++
				p.identity(uri, r)
			}
		}
		if through < len(spellings)/3 {
			t.Errorf("only %d of %d addresses came through with a token", through, len(spellings))
		}
	})
}

// refused fails the test when a request without a right comes through.
func (p *proxied) refused(line string, headers []string) {
	p.t.Helper()
	if status := p.tell(line, headers...); status >= 300 && status < 400 || status >= 500 {
		p.t.Errorf("%.100q: %d", line, status) // what is for no site of Caddy's it answers itself, with 200
	}
	if seen := p.upstream.take(); len(seen) > 0 {
		p.t.Errorf("%.100q reached the upstream as %v", line, seen)
	}
}

// tell sends a request and returns the status of the answer.
func (p *proxied) tell(line string, headers ...string) int {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.address)
	must(p.t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, head(line, append(headers, "Content-Length: 0", "Connection: close")))
	must(p.t, err)
	method, _, _ := strings.Cut(line, " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		p.t.Fatalf("%.100q: %v", line, err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}
