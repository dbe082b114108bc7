package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
	"latchkey/web"
)

// guarded needs scopes by the kind of method.
func guarded(l *models.Live) {
	l.Read, l.Write = []models.Scope{"orders:read"}, []models.Scope{"orders:read", "orders:write"}
}

func TestWhomTheGatewayLetsThrough(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		g := gatewayIn(t, s)
		up, got := echoing(t)
		g.golive("acme", live("/orders", up.URL, guarded), live("/orders/open", up.URL),
			live("/some", up.URL, func(l *models.Live) { l.Methods = []string{"GET", "POST"} }))
		g.golive("birch", live("/orders", up.URL))
		reader := aToken(t, g.ada, "orders:read")
		revoked, dead := modelstest.Token(t, g.ada, models.NewToken{})
		if err := g.ada.RevokeToken(t.Context(), revoked.ID); err != nil {
			t.Fatal(err)
		}
		stranger := aToken(t, modelstest.Member(t, s, "birch", "bob"))
		for _, c := range []struct {
			name, method, path, sent string // the last is a header
			status                   int
			code, needs              string
		}{
			{"a bearer token", "GET", "/gw/acme/prod/orders/1", "Authorization: Bearer " + reader, 200, "", ""},
			{"X-AccessToken", "GET", "/gw/acme/prod/orders", "X-AccessToken: " + reader, 200, "", ""},
			{"Basic", "OPTIONS", "/gw/acme/prod/orders", "Authorization: " + basic(reader), 200, "", ""},
			{"a write", "DELETE", "/gw/acme/prod/orders/1", "Authorization: Bearer " + g.token, 200, "", ""},
			{"a method that few know", "QUERY", "/gw/acme/prod/orders", "Authorization: Bearer " + g.token, 200, "", ""},
			{"the longer route", "DELETE", "/gw/acme/prod/orders/open/1", "Authorization: Bearer " + reader, 200, "", ""},

			{"nothing", "GET", "/gw/acme/prod/orders", "Authorization: ", 401, "missing_token", "Bearer"},
			{"nothing, elsewhere", "GET", "/gw/none/none/none", "Authorization: ", 401, "missing_token", "Bearer"},
			{"a cookie", "GET", "/gw/acme/prod/orders", "Cookie: latchkey=" + g.token, 401, "missing_token", "Bearer"},
			{"garbage", "GET", "/gw/acme/prod/orders", "Authorization: Bearer x", 401, "invalid_token", "invalid_token"},
			{"a revoked token", "GET", "/gw/acme/prod/orders", "Authorization: Bearer " + dead, 401, "invalid_token", "revoked"},
			{"in the address", "GET", "/gw/acme/prod/orders?access_token=" + reader, "Authorization: ", 400, "invalid_request", ""},
			{"in the address, in disguise", "GET", "/gw/acme/prod/orders?a;acc%65ss_token=x", "Authorization: Bearer " + reader, 400, "invalid_request", ""},
			{"another tenant's token", "GET", "/gw/acme/prod/orders", "Authorization: Bearer " + stranger, 404, "not_found", ""},
			{"another tenant", "GET", "/gw/birch/prod/orders", "Authorization: Bearer " + reader, 404, "not_found", ""},
			{"no tenant", "GET", "/gw/none/prod/orders", "Authorization: Bearer " + reader, 404, "not_found", ""},
			{"no environment", "GET", "/gw/acme/test/orders", "Authorization: Bearer " + reader, 404, "not_found", ""},
			{"no route", "GET", "/gw/acme/prod/ordersx", "Authorization: Bearer " + reader, 404, "not_found", ""},
			{"no route at all", "GET", "/gw/acme/prod", "Authorization: Bearer " + reader, 404, "not_found", ""},
			{"half an address", "GET", "/gw/acme", "Authorization: Bearer " + reader, 404, "not_found", ""},
			{"a method that is not answered", "PUT", "/gw/acme/prod/some", "Authorization: Bearer " + reader, 405, "method_not_allowed", ""},
			{"a method that is never passed on", "TRACE", "/gw/acme/prod/orders", "Authorization: Bearer " + g.token, 405, "method_not_allowed", ""},
			{"a scope that is missing", "POST", "/gw/acme/prod/orders", "Authorization: Bearer " + reader, 403, "insufficient_scope",
				`scope="orders:read orders:write"`},
		} {
			headers := []string{c.sent}
			if !strings.HasPrefix(c.sent, "Authorization") {
				headers = []string{"Authorization: ", c.sent}
			}
			res := g.calls(c.method, c.path, "", headers...)
			if header := res.Header.Get("WWW-Authenticate"); res.StatusCode != c.status || !strings.Contains(header, c.needs) {
				t.Errorf("%s: %d %q, want %d %q", c.name, res.StatusCode, header, c.status, c.needs)
			}
			if c.status == 200 {
				<-got
				continue
			}
			g.refused(res, c.status, c.code)
			if res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("X-Request-Id") == "" {
				t.Errorf("%s: a refusal is not dressed: %v", c.name, res.Header)
			}
		}
		if len(got) > 0 {
			t.Errorf("the upstream was asked for what was refused: %+v", <-got)
		}
	})
}

// All that is not there, and all that is another tenant's, is one answer.
func TestWhatIsNotThereIsOneAnswer(t *testing.T) {
	g := newGateway(t)
	up, _ := echoing(t)
	g.golive("acme", live("/orders", up.URL))
	g.golive("birch", live("/orders", up.URL))
	var first string
	for _, path := range []string{"/gw/acme/prod/none", "/gw/acme/none/orders", "/gw/birch/prod/orders", "/gw/none/prod/orders"} {
		res := g.calls("GET", path, "")
		body, _ := io.ReadAll(res.Body)
		if first == "" {
			first = string(body)
		}
		if res.StatusCode != 404 || string(body) != first {
			t.Errorf("%s: %d %s, want 404 %s", path, res.StatusCode, body, first)
		}
	}
}

func TestTheAnswerSaysWhichMethodsThereAre(t *testing.T) {
	g := newGateway(t)
	up, _ := echoing(t)
	g.golive("acme", live("/some", up.URL, func(l *models.Live) { l.Methods = []string{"GET", "HEAD"} }))
	res := g.calls("PUT", "/gw/acme/prod/some", "")
	if g.refused(res, 405, "method_not_allowed"); res.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("Allow: %q", res.Header.Get("Allow"))
	}
}

// The upstream gets the very path that was decided about, and the query as it
// was.
func TestTheUpstreamGetsThePathThatWasDecidedAbout(t *testing.T) {
	g := newGateway(t)
	up, got := echoing(t)
	kept := func(l *models.Live) { l.StripRoute = false }
	g.golive("acme", live("/orders", up.URL), live("/based", up.URL+"/v1"), live("/slashed", up.URL+"/v1/"), live("/kept", up.URL+"/v1", kept))
	for sent, want := range map[string]string{
		"/orders":                     "/",
		"/orders/":                    "/",
		"/orders/1":                   "/1",
		"/orders?a=1&a=2;b=%zz&c":     "/?a=1&a=2;b=%zz&c",
		"/orders?":                    "/?",
		"/orders/a%20b%3Fc":           "/a%20b%3Fc",
		"/orders/%c3%a4":              "/%c3%a4",
		"/orders/%C3%A4%3B,=@:!$'()*": "/%C3%A4%3B,=@:!$'()*",
		"/based":                      "/v1",
		"/based/":                     "/v1/",
		"/based/x/":                   "/v1/x/",
		"/slashed":                    "/v1",
		"/slashed/x":                  "/v1/x",
		"/kept":                       "/v1/kept",
		"/kept/x":                     "/v1/kept/x",
	} {
		res, _, _ := g.raw("GET /gw/acme/prod" + sent + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer " + g.token + "\r\n\r\n")
		if res.StatusCode != 200 {
			t.Errorf("%s: %d", sent, res.StatusCode)
			continue
		}
		if h := <-got; h.URI != want || h.Host != strings.TrimPrefix(up.URL, "http://") {
			t.Errorf("%s: the upstream %s got %s, want %s", sent, h.Host, h.URI, want)
		}
	}
}

// A path that somebody could read as another one reaches nobody, whoever asks.
func TestAPathThatCanBeReadTwiceIsRefusedBeforeAnythingElse(t *testing.T) {
	g := newGateway(t)
	up, got := echoing(t)
	g.golive("acme", live("/", up.URL))
	for _, path := range []string{
		"/gw/acme/prod/a/../b", "/gw/acme/prod/..", "/gw/acme/prod/.", "/gw/acme/prod/./a", "/gw/acme/prod/a/..", "/gw/acme/prod/../..",
		"/gw/acme/prod/%2e%2e/a", "/gw/acme/prod/%2E%2E/a", "/gw/acme/prod/.%2e/a", "/gw/acme/prod/%2e/a", "/gw/acme/prod/a%2fb",
		"/gw/acme/prod/a%2Fb", "/gw/acme/prod/..%2fa", "/gw/acme/prod/a%5cb", "/gw/acme/prod/a%5Cb", "/gw/acme/prod/a\\b",
		"/gw/acme/prod/..\\a", "/gw/acme/prod//a", "/gw/acme/prod/a//b", "/gw/acme//prod/a", "/gw//acme/prod/a", "/gw/acme/prod/a//",
		"/gw/acme/prod/a;b", "/gw/acme/prod/..;/a", "/gw/acme/prod/a;x=1/b", "/gw/acme/prod/..%3b/a", "/gw/acme/prod/.%3B/a",
		"/gw/acme/prod/..%20/a", "/gw/acme/prod/%00", "/gw/acme/prod/a%00b", "/gw/acme/prod/a%0d%0ab", "/gw/acme/prod/%09", "/gw/acme/prod/%7f",
		"/gw/acme/prod/%61dmin", "/gw/acme/prod/admi%6E", "/gw/acme/prod/%7euser", "/gw/acme/prod/%2D", "/gw/acme/prod/%31",
		"/gw/acme/prod/%252e%252e/a", "/gw/acme/prod/%25", "/gw/acme/prod/a%252fb", "/gw/acme/prod/%c0%ae%c0%ae/a", "/gw/acme/prod/%c0%af",
		"/gw/acme/prod/%ff", "/gw/acme/prod/%e4", "/gw/acme/prod/%ed%a0%80", "/gw/acme/prod/\xc3\xa4", "/gw/acme/prod/a#b", "/gw/acme/prod/a<b",
		"/gw/acme/prod/a\"b", "/gw/acme/prod/a|b", "/gw/acme/prod/a^b", "/gw/acme/prod/a`b", "/gw/acme/prod/{a}", "/gw/acme/prod/[a]",
		"/gw/%61cme/prod/a", "/gw/acme/pro%64/a", "/gw/acme/prod%2fa", "/gw/acme/prod/%2e", "/gw/acme/prod/a/%2e%2e",
		"http://h/gw/acme/prod/a",
	} {
		for _, header := range []string{"Authorization: Bearer " + g.token, "X-None: x"} {
			res, _, _ := g.raw("GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + header + "\r\n\r\n")
			if res.StatusCode != 400 {
				t.Errorf("%q with %.15s: %d", path, header, res.StatusCode)
			}
		}
	}
	for _, path := range []string{"/%67w/acme/prod/a", "/GW/acme/prod/a", "/gw/../gw/acme/prod/a", "//gw/acme/prod/a"} { // not the gateway's at all
		if res, _, _ := g.raw("GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer " + g.token + "\r\n\r\n"); res.StatusCode < 400 {
			t.Errorf("%q: %d", path, res.StatusCode)
		}
	}
	if len(got) > 0 {
		t.Errorf("the upstream was asked: %+v", <-got)
	}
}

// However the caller spells them, the upstream gets our headers about who is
// calling and nobody else's, and nothing that proves the caller to us.
func TestTheUpstreamHearsOnlyFromUsWhoIsCalling(t *testing.T) {
	g := newGateway(t)
	up, got := echoing(t)
	secret := func(l *models.Live) { l.Upstream.Header, l.Upstream.Value = "x-api-key", "upstream's secret" }
	g.golive("acme", live("/orders", up.URL, secret))
	g.raw("POST /gw/acme/prod/orders HTTP/1.1\r\nHost: api.example.com\r\nAuthorization: Bearer " + g.token + "\r\nX-AccessToken: " + g.token + strings.Join([]string{
		"", "Cookie: latchkey=secret; other=1", "cookie: more=1", "Proxy-Authorization: Basic eDp5", "X-Access-Token: " + g.token,
		"X-Latchkey-User: root", "x-latchkey-user: root", "X_Latchkey_User: root", "X.Latchkey.User: root", "X-LATCHKEY_Roles: ROLE_ADMIN",
		"X-Latchkey-Scopes: *", "XLatchkey-Anything: 1", "x~latchkey~user: root", "X-Latchkey-Admin: yes", "X-Latchkey-User-Id: usr_1",
		"Forwarded: for=1.2.3.4", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Host: evil", "X-Forwarded-Proto: gopher", "X_Forwarded_For: 1.2.3.4",
		"X-Forwarded-Prefix: /x", "X-Real-IP: 1.2.3.4", "X-Original-URL: /admin", "X-Rewrite-Url: /admin", "X-HTTP-Method-Override: DELETE",
		"X-Api-Key: mine", "X_API_KEY: mine", "Connection: X-Latchkey-User, x-latchkey-roles, X-Forwarded-For, X-Api-Key, keep-alive, X-Hop",
		"X-Hop: 1", "Keep-Alive: 1", "TE: trailers", "Upgrade: h2c", "HTTP2-Settings: AAA", "X-Kept: yes", "Accept-Encoding: br",
		"Content-Length: 2", "", "hi",
	}, "\r\n"))
	h := <-got
	want := http.Header{
		"X-Latchkey-User": {"ada"}, "X-Latchkey-User-Id": {g.ada.User().ID}, "X-Latchkey-Tenant": {"acme"}, "X-Latchkey-Roles": {"ROLE_ORDERS"},
		"X-Latchkey-Application": {""}, "X-Latchkey-Token-Id": {h.Header.Get("X-Latchkey-Token-Id")}, "X-Latchkey-Scopes": {h.Header.Get("X-Latchkey-Scopes")},
		"X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-Host": {"api.example.com"}, "X-Forwarded-Proto": {"http"},
		"X-Api-Key": {"upstream's secret"}, "X-Kept": {"yes"}, "Accept-Encoding": {"br"}, "Content-Length": {"2"}, "Te": {"trailers"}, "Cdn-Loop": {"latchkey"},
	}
	same(t, "the headers", h.Header, want)
	if h.Body != "hi" || h.Method != "POST" || !strings.HasPrefix(h.Header.Get("X-Latchkey-Token-Id"), "tok_") ||
		!strings.Contains(h.Header.Get("X-Latchkey-Scopes"), "tokens:read") {
		t.Errorf("the upstream got %+v", h)
	}
}

// Headers behind the body count for headers in some servers.
func TestHeadersBehindTheBodyAreNotPassedOn(t *testing.T) {
	g := newGateway(t)
	trailers := make(chan http.Header, 1)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		trailers <- r.Trailer
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "body")
		w.Header().Set("X-Sum", "42")
		w.Header().Set(http.TrailerPrefix+"X-Latchkey-User", "root")
		w.Header().Set(http.TrailerPrefix+"Set-Cookie", "latchkey=1")
	}))
	t.Cleanup(up.Close)
	g.golive("acme", live("/orders", up.URL))
	res, _, _ := g.raw("POST /gw/acme/prod/orders HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + g.token +
		"\r\nTransfer-Encoding: chunked\r\nTrailer: X-Latchkey-User\r\n\r\n1\r\na\r\n0\r\nX-Latchkey-User: root\r\n\r\n")
	if got := <-trailers; len(got) != 0 {
		t.Errorf("the upstream got %v", got)
	}
	if body, err := io.ReadAll(res.Body); string(body) != "body" || err != nil {
		t.Errorf("got %q, %v", body, err)
	}
	same(t, "behind the answer", res.Trailer, http.Header{"X-Sum": {"42"}})
}

// An upstream shares our host with the console, and must not speak for it.
func TestAnUpstreamCannotSpeakForTheWholeHost(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for _, cookie := range []string{"latchkey=1", "__Host-latchkey=1", "__host-Latchkey-Device=1; Path=/", " latchkey =1", "cart=7"} {
			h.Add("Set-Cookie", cookie)
		}
		for name, value := range map[string]string{"X-Latchkey-User": "root", "x_latchkey_roles": "ROLE_ADMIN", "Clear-Site-Data": "*",
			"Strict-Transport-Security": "max-age=0", "Alt-Svc": "h3=x", "Service-Worker-Allowed": "/", "Content-Security-Policy": "default-src *",
			"X-Own": "1", "Cache-Control": "max-age=60", "ETag": `"1"`, "Connection": "X-Hop", "X-Hop": "1"} {
			h.Set(name, value)
		}
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(up.Close)
	for _, base := range []string{"http", "https"} {
		g := newGateway(t, func(c *web.Config) { c.BaseURL.Scheme = base })
		g.golive("acme", live("/orders", up.URL))
		res := g.calls("GET", "/gw/acme/prod/orders", "")
		want := http.Header{"Set-Cookie": {"cart=7"}, "Content-Security-Policy": {"default-src *", "sandbox"}, "X-Own": {"1"},
			"Cache-Control": {"max-age=60"}, "Etag": {`"1"`}, "Content-Length": {"0"}, "Date": res.Header["Date"], "X-Request-Id": res.Header["X-Request-Id"]}
		if base == "https" {
			want["Strict-Transport-Security"] = []string{"max-age=31536000"}
		}
		same(t, "the headers", res.Header, want)
		if res.StatusCode != 201 || len(res.Header.Get("X-Request-Id")) != 13 {
			t.Errorf("%d, id %q", res.StatusCode, res.Header.Get("X-Request-Id"))
		}
	}
}

// An upstream that has ids of its own keeps them.
func TestAnUpstreamsOwnRequestIDIsPassedOn(t *testing.T) {
	g := newGateway(t)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Request-Id", "theirs") }))
	t.Cleanup(up.Close)
	g.golive("acme", live("/orders", up.URL))
	same(t, "the ids", g.calls("GET", "/gw/acme/prod/orders", "").Header["X-Request-Id"], []string{"theirs"})
}

// A trusted proxy in front says where the caller is; nobody else does.
func TestATrustedProxySaysWhereTheCallerIs(t *testing.T) {
	g := newGateway(t, func(c *web.Config) { c.TrustedProxies = nearby })
	up, got := echoing(t)
	g.golive("acme", live("/orders", up.URL))
	g.calls("GET", "/gw/acme/prod/orders", "", "X-Forwarded-For: 1.2.3.4, 198.51.100.9", "X-Forwarded-Proto: https")
	h := (<-got).Header
	same(t, "for", h["X-Forwarded-For"], []string{"198.51.100.9"})
	same(t, "proto", h["X-Forwarded-Proto"], []string{"https"})
}

// A gateway that is its own upstream, by whatever way, does not go round for ever.
func TestARequestThatComesBackIsEnded(t *testing.T) {
	g := newGateway(t)
	g.golive("acme", live("/round", g.front.URL+"/gw/acme/prod/round", func(l *models.Live) {
		l.Upstream.Header, l.Upstream.Value = "Authorization", "Bearer "+g.token
	}))
	res := g.calls("GET", "/gw/acme/prod/round", "")
	if p := g.refused(res, 502, "bad_gateway"); !strings.Contains(p.Detail, "back here") {
		t.Errorf("told %q", p.Detail)
	}
}

func TestTheGatewayHasItsOwnMetrics(t *testing.T) {
	surfaces := map[string]bool{}
	for _, r := range newServer(t, modelstest.Open(t)).Routes() {
		if strings.HasPrefix(r.Path, "/gw/") {
			surfaces[r.Surface+" "+r.Method] = true
		}
	}
	same(t, "surfaces", surfaces, map[string]bool{"gateway ANY": true})
}
