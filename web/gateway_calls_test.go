package web_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
	"latchkey/web"
)

// A gatewayScene is a server on a port of its own with a tenant, an environment,
// and people who call what is live there.
type gatewayScene struct {
	t      *testing.T
	store  *models.Store
	server *web.Server
	front  *httptest.Server
	ada    *models.Access             // may read and write orders
	token  string                     // of ada
	made   map[string]map[string]bool // by tenant and proxy: whether it is live
}

// nearby lets upstreams be on this machine, as they have to be in tests.
var nearby = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func gatewayIn(t *testing.T, s *models.Store, change ...func(*web.Config)) *gatewayScene {
	t.Helper()
	allow := func(c *web.Config) { c.GatewayAllow = nearby }
	g := &gatewayScene{t: t, store: s, made: map[string]map[string]bool{}, server: newServer(t, s, append([]func(*web.Config){allow}, change...)...)}
	g.front = httptest.NewUnstartedServer(g.server)
	g.front.Config.ReadTimeout, g.front.Config.WriteTimeout = 15*time.Second, 30*time.Second
	said := &lines{}
	g.front.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(said, nil), slog.LevelWarn)
	g.front.Start()
	t.Cleanup(func() {
		g.front.Close()
		if strings.Contains(said.String(), "panic") {
			t.Errorf("the server says\n%s", said)
		}
	})
	modelstest.Tenant(t, s, "acme")
	modelstest.Tenant(t, s, "birch")
	if _, err := modelstest.In(t, s, "acme").CreateRole(t.Context(), models.NewRole{Name: "ROLE_ORDERS", Scopes: []string{"orders:*"}}); err != nil {
		t.Fatal(err)
	}
	g.ada = modelstest.Member(t, s, "acme", "ada", "ROLE_ORDERS")
	g.token = aToken(t, g.ada)
	return g
}

func newGateway(t *testing.T, change ...func(*web.Config)) *gatewayScene {
	t.Helper()
	return gatewayIn(t, modelstest.Open(t), change...)
}

var liveIDs atomic.Int64

// live describes a proxy for an upstream at a route, with nothing else to it.
func live(route, upstream string, change ...func(*models.Live)) *models.Live {
	id := fmt.Sprint(liveIDs.Add(1))
	l := &models.Live{Proxy: "proxy" + id, Route: route, StripRoute: true,
		Upstream: models.Upstream{BaseURL: upstream, Timeout: 5 * time.Second}}
	for _, f := range change {
		f(l)
	}
	return l
}

// golive makes proxies live in the environment prod of a tenant, in place of all
// that were.
func (g *gatewayScene) golive(slug string, proxies ...*models.Live) {
	g.t.Helper()
	if err := g.deploy(slug, proxies...); err != nil {
		g.t.Fatal(err)
	}
}

// deploy is golive that may fail.
func (g *gatewayScene) deploy(slug string, proxies ...*models.Live) (err error) {
	g.t.Helper()
	a, ctx := modelstest.In(g.t, g.store, slug), g.t.Context()
	if g.made[slug] == nil {
		g.made[slug] = map[string]bool{}
		_, err = a.CreateEnvironment(ctx, models.NewEnvironment{Name: "prod"})
		must(g.t, err)
		_, err = a.CreateProject(ctx, models.NewProject{Name: "shop"})
		must(g.t, err)
	}
	for name, isLive := range g.made[slug] {
		if isLive {
			must(g.t, a.Undeploy(ctx, "shop", name, "prod"))
			g.made[slug][name] = false
		}
	}
	for _, l := range proxies {
		if err := g.deployOne(a, g.made[slug], l); err != nil {
			return err
		}
	}
	return nil
}

func (g *gatewayScene) deployOne(a *models.Access, made map[string]bool, l *models.Live) error {
	ctx, u, name := g.t.Context(), l.Upstream, l.Proxy
	connection := models.NewConnection{Name: name, BaseURL: u.BaseURL}
	if u.Timeout > 0 {
		ms := int(u.Timeout.Milliseconds())
		connection.TimeoutMS = &ms
	}
	for suffix, pem := range map[string]string{"-ca": u.CAs, "-client": u.Certificate} {
		if pem == "" {
			continue
		}
		in := models.NewCertificate{Name: name + suffix, PEM: pem}
		if into := &connection.CACertificate; suffix == "-ca" {
			*into = in.Name
		} else {
			connection.ClientCertificate, in.KeyPEM = in.Name, u.Key
		}
		if _, err := a.CreateCertificate(ctx, "shop", in); err != nil {
			return err
		}
	}
	if u.Header != "" {
		secret := models.NewCredential{Name: fmt.Sprint(name, "-", liveIDs.Add(1)), Kind: models.Header, Header: &u.Header, Value: &u.Value}
		if _, err := a.CreateCredential(ctx, "shop", secret); err != nil {
			return err
		}
		connection.Credential = secret.Name
	}
	if _, known := made[name]; known {
		change := models.ConnectionChange{BaseURL: &u.BaseURL, Credential: &connection.Credential}
		if _, err := a.ChangeConnection(ctx, "shop", name, change); err != nil {
			return err
		}
	} else {
		if _, err := a.CreateConnection(ctx, "shop", connection); err != nil {
			return err
		}
		in := models.NewProxy{Name: name, Route: l.Route, Connection: &name, KeepRoute: !l.StripRoute, Methods: l.Methods,
			ReadScopes: texts(l.Read), WriteScopes: texts(l.Write)}
		if _, err := a.CreateProxy(ctx, "shop", in); err != nil {
			return err
		}
	}
	_, _, err := a.Deploy(ctx, "shop", name, "prod")
	made[name] = err == nil
	return err
}

func texts(list []models.Scope) []string {
	out := []string{}
	for _, s := range list {
		out = append(out, string(s))
	}
	return out
}

// A heard request is what an upstream got.
type heard struct {
	Method, URI, Host string
	Header            http.Header
	Body              string
}

// echoing is an upstream that keeps what it gets and answers with nothing.
func echoing(t testing.TB) (*httptest.Server, <-chan heard) {
	t.Helper()
	got := make(chan heard, 1000)
	up := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- heard{r.Method, r.RequestURI, r.Host, r.Header.Clone(), string(body)}
	}))
	t.Cleanup(up.Close)
	return up, got
}

// calls sends a request with ada's token, over a connection. Headers are given
// as "Name: value"; one of Authorization takes the place of the token.
func (g *gatewayScene) calls(method, path, body string, headers ...string) *http.Response {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.front.URL+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+g.token)
	for i, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Authorization" && i == 0 {
			r.Header.Del(name)
		}
		if value != "" {
			r.Header.Add(name, value)
		}
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		g.t.Fatalf("%s %s: %v", method, path, err)
	}
	g.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// complaint reads a problem, which is what every refusal has to be.
func complaint(t testing.TB, res *http.Response) problem {
	t.Helper()
	w := httptest.NewRecorder()
	if _, err := io.Copy(w, res.Body); err != nil {
		t.Fatal(err)
	}
	if kind := res.Header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("%d is told as %q: %s", res.StatusCode, kind, w.Body)
	}
	return problemOf(w)
}

// refused fails the test unless a call is refused so.
func (g *gatewayScene) refused(res *http.Response, status int, code string) problem {
	g.t.Helper()
	p := complaint(g.t, res)
	if res.StatusCode != status || p.Code != code || p.Status != status {
		g.t.Errorf("%s %s: %d %+v, want %d %s", res.Request.Method, res.Request.URL.Path, res.StatusCode, p, status, code)
	}
	return p
}

// raw sends bytes as they are and reads one answer.
func (g *gatewayScene) raw(request string) (*http.Response, *bufio.Reader, net.Conn) {
	g.t.Helper()
	conn, err := net.Dial("tcp", g.front.Listener.Addr().String())
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		g.t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		g.t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		g.t.Fatalf("%q: %v", request, err)
	}
	return res, r, conn
}
