package web_test

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
	"latchkey/views"
	"latchkey/web"
)

// apiHost is the host that the proxies protect.
const apiHost = "api.example.com"

// A proxied API is a real proxy between a client and an upstream that notes
// what reaches it. The proxy runs the configuration that the console writes,
// but for where it listens.
type proxied struct {
	t        *testing.T
	address  string // of the proxy
	upstream *upstream
	latchkey *restartable

	bob                  *models.Access
	good, narrow, theirs string // tokens: may, may not, belongs to another tenant
}

// eachProxy runs f behind each proxy that Debian has.
func eachProxy(t *testing.T, f func(t *testing.T, p *proxied)) {
	for name, start := range map[string]func(*testing.T, []views.ConfigFile) string{
		"nginx": startNginx, "caddy": startCaddy, "haproxy": startHAProxy,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := modelstest.Open(t)
			modelstest.Tenant(t, s, "acme")
			modelstest.Tenant(t, s, "birch")
			p := &proxied{t: t, upstream: listenUpstream(t), bob: modelstest.Member(t, s, "acme", "bob", "ROLE_MANAGE_PROXIES")}
			p.good, p.narrow = aToken(t, p.bob), aToken(t, p.bob, "profile:read")
			p.theirs = aToken(t, modelstest.Member(t, s, "birch", "eve", "ROLE_MANAGE_PROXIES"))
			p.latchkey = serveAgain(t, newServer(t, s, func(c *web.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} }))
			p.address = start(t, views.ProxyConfig{Proxy: name, Host: apiHost, Upstream: "http://" + p.upstream.address,
				Latchkey: "http://" + p.latchkey.address, Scopes: "proxies:read proxies:write", Tenant: "acme"}.Files())
			f(t, p)
		})
	}
}

// A restartable server can go away and come back at the same address.
type restartable struct {
	handler http.Handler
	address string
	server  *http.Server
}

func serveAgain(t *testing.T, h http.Handler) *restartable {
	t.Helper()
	r := &restartable{handler: h, address: freeAddress(t)}
	r.start(t)
	t.Cleanup(r.stop)
	return r
}

func (r *restartable) start(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", r.address)
	must(t, err)
	r.server = &http.Server{Handler: r.handler}
	go r.server.Serve(l) //nolint:errcheck // it says that it was closed
}

func (r *restartable) stop() { _ = r.server.Close() }

// A reached request is one that came through to the upstream.
type reached struct {
	method, uri string
	header      http.Header
	body        int64
}

// An upstream notes every request. It speaks another protocol when it is asked
// to, and sends back what it hears.
type upstream struct {
	address string
	mu      sync.Mutex
	seen    []reached
}

func listenUpstream(t *testing.T) *upstream {
	t.Helper()
	u := &upstream{}
	u.address = serveAgain(t, u).address
	return u
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	note := reached{method: r.Method, uri: r.RequestURI, header: r.Header.Clone()}
	if r.Header.Get("Upgrade") == "" {
		note.body, _ = io.Copy(io.Discard, r.Body)
	}
	u.mu.Lock()
	u.seen = append(u.seen, note)
	u.mu.Unlock()
	if r.Header.Get("Upgrade") == "" {
		_, _ = io.WriteString(w, "reached")
		return
	}
	conn, both, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	accept := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // RFC 6455; HAProxy checks it
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Accept: "+base64.StdEncoding.EncodeToString(accept[:])+"\r\n\r\n")
	_, _ = io.Copy(conn, both)
}

// take is what has reached the upstream since it was last asked.
func (u *upstream) take() []reached {
	u.mu.Lock()
	defer u.mu.Unlock()
	seen := u.seen
	u.seen = nil
	return seen
}

// An answer is what a client gets.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends a request as it is written, and reads the answer.
func (p *proxied) send(line string, body io.Reader, headers ...string) answer {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.address)
	must(p.t, err)
	defer conn.Close()
	go func() { // a proxy may answer before it has read all
		_, _ = io.Copy(conn, io.MultiReader(strings.NewReader(head(line, headers)), body))
	}()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		p.t.Fatalf("%s: %v", line, err)
	}
	text, err := io.ReadAll(res.Body)
	must(p.t, err)
	return answer{res.StatusCode, res.Header, string(text)}
}

func head(line string, headers []string) string {
	return strings.Join(append([]string{line + " HTTP/1.1", "Host: " + apiHost}, headers...), "\r\n") + "\r\n\r\n"
}

// get asks for an address, with headers as they are written.
func (p *proxied) get(path string, headers ...string) answer {
	p.t.Helper()
	return p.send("GET "+path, http.NoBody, append(headers, "Connection: close")...)
}

func bearerOf(token string) string { return "Authorization: Bearer " + token }

// identity fails the test unless the upstream was told of bob and of nobody
// else, however it reads the names of headers.
func (p *proxied) identity(what string, r reached) {
	p.t.Helper()
	got := map[string]string{}
	for name, values := range r.header {
		if plain := strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(name)); strings.HasPrefix(plain, "x-latchkey") {
			got[plain] += strings.Join(values, "|")
		}
	}
	id := got["x-latchkey-token-id"]
	delete(got, "x-latchkey-token-id")
	if got["x-latchkey-application"] == "" { // an empty one may be left out
		delete(got, "x-latchkey-application")
	}
	same(p.t, what+": who is calling", got, map[string]string{
		"x-latchkey-user": "bob", "x-latchkey-user-id": p.bob.User().ID, "x-latchkey-tenant": "acme", "x-latchkey-roles": "ROLE_MANAGE_PROXIES",
		"x-latchkey-scopes": "profile:read,projects:read,projects:write,proxies:read,proxies:write,tokens:read"})
	if !strings.HasPrefix(id, "tok_") || len(id) != 30 {
		p.t.Errorf("%s: the token is %q", what, id)
	}
	if strings.Contains(strings.ToLower(strings.Join(r.header["Connection"], ",")), "latchkey") {
		p.t.Errorf("%s: the next hop would take out what Latchkey said: %v", what, r.header["Connection"])
	}
	if r.header["Authorization"] != nil || r.header["X-Accesstoken"] != nil {
		p.t.Errorf("%s: the token reached the upstream: %v", what, r.header)
	}
}

// run starts a program that serves at an address until the test is over.
func run(t *testing.T, address, debian string, cmd *exec.Cmd) {
	t.Helper()
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v; on Debian: apt-get install %s", err, debian)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s:\n%s", debian, &log)
		}
	})
	modelstest.Until(t, debian+" to listen", func() bool {
		select {
		case <-ended:
			t.Fatalf("%s has ended:\n%s", debian, &log)
		default:
		}
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// program finds a program, also where the path of users does not lead.
func program(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return "/usr/sbin/" + name
}

// freeAddress is one that nobody listens at. Its port is none of those that the
// system gives to whoever connects or asks for any, so it stays free.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(22000))
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// folder writes files into a new folder. Each is named by itself, without the
// folder that it has in use.
func folder(t *testing.T, files []views.ConfigFile, more map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		must(t, os.WriteFile(filepath.Join(dir, filepath.Base(f.Name)), []byte(f.Text), 0o644))
	}
	for name, text := range more {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return dir
}

// replaced is the configuration with one part of it replaced.
func replaced(t *testing.T, files []views.ConfigFile, old, by string) []views.ConfigFile {
	t.Helper()
	if !strings.Contains(files[0].Text, old) {
		t.Fatalf("%q is not in:\n%s", old, files[0].Text)
	}
	files = slices.Clone(files)
	files[0].Text = strings.Replace(files[0].Text, old, by, 1)
	return files
}

func startNginx(t *testing.T, files []views.ConfigFile) string {
	address := freeAddress(t)
	files = replaced(t, files, "listen 443 ssl;\n    ssl_certificate     /etc/ssl/"+apiHost+".pem;\n    ssl_certificate_key /etc/ssl/"+apiHost+".key;", "listen "+address+";")
	dir := folder(t, files, map[string]string{"nginx.conf": `daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	include ` + apiHost + `.conf;
}
`})
	run(t, address, "nginx", exec.CommandContext(t.Context(), program("nginx"), "-p", dir, "-e", "stderr", "-c", "nginx.conf"))
	return address
}

func startCaddy(t *testing.T, files []views.ConfigFile) string {
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	files = replaced(t, files, "\n"+apiHost+" {", fmt.Sprintf("\n{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\nhttp://%s:%s {", apiHost, port))
	dir := folder(t, files, nil)
	cmd := exec.CommandContext(t.Context(), program("caddy"), "run", "--config", filepath.Join(dir, "Caddyfile"), "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	run(t, address, "caddy", cmd)
	return address
}

func startHAProxy(t *testing.T, files []views.ConfigFile) string {
	address := freeAddress(t)
	files = replaced(t, files, "bind :443 ssl crt /etc/haproxy/"+apiHost+".pem alpn h2,http/1.1", "bind "+address)
	files = replaced(t, files, "/etc/haproxy/latchkey.lua", "latchkey.lua")
	dir := folder(t, files, nil)
	cmd := exec.CommandContext(t.Context(), program("haproxy"), "-db", "-f", "haproxy.cfg")
	cmd.Dir = dir
	run(t, address, "haproxy", cmd)
	return address
}
