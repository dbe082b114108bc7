package web_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/web"
)

// speaking is an upstream that answers every connection with these bytes, and
// closes it.
func speaking(t testing.TB, answer string) string {
	t.Helper()
	return listening(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, answer)
	})
}

// listening is an upstream that hands each connection to f and closes it then.
func listening(t testing.TB, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close() //nolint:errcheck // the end is what is wanted
				f(conn)
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// A log that a test reads.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

func TestAnUpstreamThatFailsIsToldInOurWords(t *testing.T) {
	log := &lines{}
	g := newGateway(t, func(c *web.Config) { c.Log = slog.New(slog.NewTextHandler(log, nil)) })
	closed := speaking(t, "")
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	silent := listening(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	quick := func(l *models.Live) { l.Upstream.Timeout = 100 * time.Millisecond }
	for name, c := range map[string]struct {
		upstream string
		change   func(*models.Live)
		status   int
	}{
		"down":               {gone.URL, nil, 502},
		"no such name":       {"http://upstream.invalid", nil, 502},
		"closes":             {closed, nil, 502},
		"nonsense":           {speaking(t, "220 mail.example.com ESMTP\r\n"), nil, 502},
		"half a head":        {speaking(t, "HTTP/1.1 200 OK\r\nContent-Le"), nil, 502},
		"a large head":       {speaking(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 10<<20)+"\r\n\r\n"), nil, 502},
		"two lengths":        {speaking(t, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), nil, 502},
		"a protocol unasked": {speaking(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"), nil, 502},
		"interim for ever":   {speaking(t, strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", 100)), nil, 502},
		"TLS to plain":       {strings.Replace(closed, "http", "https", 1), nil, 502},
		"plain to TLS":       {strings.Replace(secure.URL, "https", "http", 1), nil, 400},
		"unknown issuer":     {secure.URL, nil, 502},
		"slow":               {silent, quick, 504},
		"a slow handshake":   {strings.Replace(silent, "http", "https", 1), quick, 504},
	} {
		l := live("/orders", c.upstream)
		if c.change != nil {
			c.change(l)
		}
		g.golive("acme", l)
		res := g.calls("GET", "/gw/acme/prod/orders", "")
		if res.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", name, res.StatusCode, c.status)
		}
		if c.status == 400 {
			continue // the upstream's own answer
		}
		p := complaint(t, res)
		code := map[int]string{502: "bad_gateway", 504: "gateway_timeout"}[c.status]
		if p.Code != code || strings.Contains(p.Detail, "127.0.0.1") || strings.Contains(p.Detail, "invalid") {
			t.Errorf("%s: told %+v", name, p)
		}
	}
	if s := log.String(); !strings.Contains(s, "upstream failed") || strings.Contains(s, "level=ERROR") {
		t.Errorf("the log says\n%s", s)
	}
}

// A flood of failures is not a flood of lines.
func TestAnUpstreamThatIsDownIsLoggedNowAndThen(t *testing.T) {
	log := &lines{}
	g := newGateway(t, func(c *web.Config) { c.Log = slog.New(slog.NewTextHandler(log, nil)) })
	l := live("/orders", speaking(t, ""))
	for i := range 20 {
		if i%5 == 0 {
			g.golive("acme", l) // again
		}
		g.refused(g.calls("GET", "/gw/acme/prod/orders", ""), 502, "bad_gateway")
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("%d lines:\n%s", n, log)
	}
}

// What was cut must not look whole.
func TestAnAnswerThatBreaksOffBreaksOffForTheCaller(t *testing.T) {
	g := newGateway(t)
	for name, answer := range map[string]string{
		"with a length": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
		"in pieces":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
	} {
		g.golive("acme", live("/orders", speaking(t, answer)))
		conn, err := net.Dial("tcp", g.front.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() //nolint:errcheck // the other side closes it
		_, _ = io.WriteString(conn, "GET /gw/acme/prod/orders HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer "+g.token+"\r\n\r\n")
		var body []byte
		res, err := http.ReadResponse(bufio.NewReader(conn), nil) // it may break off before its head was sent
		if err == nil {
			body, err = io.ReadAll(res.Body)
		}
		if err == nil {
			t.Errorf("%s: %d %q looks whole", name, res.StatusCode, body)
		}
	}
}

// Interim answers pass, up to a number, and set nothing.
func TestEarlyHintsArePassedOnBare(t *testing.T) {
	g := newGateway(t)
	g.golive("acme", live("/orders", speaking(t, "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\nSet-Cookie: latchkey=1\r\nX-Latchkey-User: root\r\n\r\n"+
		"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")))
	res, r, _ := g.raw("GET /gw/acme/prod/orders HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + g.token + "\r\n\r\n")
	if res.StatusCode != 103 {
		t.Fatalf("first came %d", res.StatusCode)
	}
	same(t, "the hint", res.Header, http.Header{"Link": {"</style.css>"}})
	if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != 200 || res.Header.Get("Link") != "" || res.Header.Get("X-Request-Id") == "" {
		t.Errorf("then came %+v, %v", res, err)
	}
}

// Where a redirect leads is the caller's business.
func TestRedirectsArePassedOnAndNotFollowed(t *testing.T) {
	g := newGateway(t)
	visits := 0
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visits++
		http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
	}))
	t.Cleanup(up.Close)
	g.golive("acme", live("/orders", up.URL))
	res := g.calls("GET", "/gw/acme/prod/orders", "")
	if res.StatusCode != 302 || res.Header.Get("Location") != "http://169.254.169.254/latest" || visits != 1 {
		t.Errorf("%d to %q after %d visits", res.StatusCode, res.Header.Get("Location"), visits)
	}
}

// An authority makes certificates for a test.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert, a.key, a.pem, _ = a.issue(name, true)
	return a
}

// issue makes a certificate: one that issues others, or one for 127.0.0.1.
func (a *authority) issue(name string, issues bool) (cert *x509.Certificate, key *ecdsa.PrivateKey, certPEM, keyPEM string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	made := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, IsCA: issues,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	by, with := a.cert, a.key
	if by == nil {
		by, with = made, key
	}
	der, err := x509.CreateCertificate(rand.Reader, made, by, &key.PublicKey, with)
	if err != nil {
		a.t.Fatal(err)
	}
	if cert, err = x509.ParseCertificate(der); err != nil {
		a.t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// The upstream and the gateway show each other certificates, over both versions
// of HTTP.
func TestAnUpstreamOverTLSWithClientCertificates(t *testing.T) {
	g := newGateway(t)
	ours, others := newAuthority(t, "ours"), newAuthority(t, "others")
	for _, two := range []bool{false, true} {
		up := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s %s", r.TLS.PeerCertificates[0].Subject.CommonName, r.Proto)
		}))
		_, _, certPEM, keyPEM := ours.issue("upstream", false)
		pair, err := tls.X509KeyPair([]byte(certPEM), []byte(keyPEM))
		if err != nil {
			t.Fatal(err)
		}
		trusted := x509.NewCertPool()
		trusted.AddCert(ours.cert)
		up.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted}
		up.EnableHTTP2 = two
		up.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		up.StartTLS()
		t.Cleanup(up.Close)
		_, _, clientPEM, clientKey := ours.issue("gateway", false)
		_, _, strangePEM, strangeKey := others.issue("stranger", false)
		for name, c := range map[string]struct {
			cas, cert, key string
			status         int
		}{
			"both":                  {ours.pem, clientPEM, clientKey, 200},
			"one of several":        {others.pem + ours.pem, clientPEM, clientKey, 200},
			"no client certificate": {ours.pem, "", "", 502},
			"a stranger's":          {ours.pem, strangePEM, strangeKey, 502},
			"another authority":     {others.pem, clientPEM, clientKey, 502},
			"the system's":          {"", clientPEM, clientKey, 502},
		} {
			l := live("/orders", up.URL, func(l *models.Live) {
				l.Upstream.CAs, l.Upstream.Certificate, l.Upstream.Key = c.cas, c.cert, c.key
			})
			g.golive("acme", l)
			res := g.calls("GET", "/gw/acme/prod/orders", "")
			if res.StatusCode != c.status {
				t.Errorf("%s: %d, want %d", name, res.StatusCode, c.status)
			}
			if body, _ := io.ReadAll(res.Body); c.status == 200 && string(body) != map[bool]string{true: "gateway HTTP/2.0", false: "gateway HTTP/1.1"}[two] {
				t.Errorf("%s: got %q", name, body)
			}
		}
	}
}

// Requests share connections, and another deployment takes them over unless it
// goes elsewhere.
func TestConnectionsAreKept(t *testing.T) {
	g := newGateway(t)
	var mu sync.Mutex
	opened, closed := 0, 0
	up := httptest.NewUnstartedServer(http.NotFoundHandler())
	up.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		switch state {
		case http.StateNew:
			opened++
		case http.StateClosed:
			closed++
		}
	}
	up.Start()
	t.Cleanup(up.Close)
	first := live("/orders", up.URL)
	again := *first
	again.Upstream.Header, again.Upstream.Value = "X-Api-Key", "new"
	for _, l := range []*models.Live{first, &again, first} {
		g.golive("acme", l)
		for range 3 {
			if res := g.calls("GET", "/gw/acme/prod/orders", ""); res.StatusCode != 404 {
				t.Fatalf("%d", res.StatusCode)
			} else if _, err := io.Copy(io.Discard, res.Body); err != nil {
				t.Fatal(err)
			}
		}
	}
	mu.Lock()
	if opened != 1 || closed != 0 {
		t.Errorf("%d connections were opened and %d closed", opened, closed)
	}
	mu.Unlock()
	moved := *first
	other, _ := echoing(t)
	moved.Upstream.BaseURL = other.URL
	g.golive("acme", &moved)
	g.calls("GET", "/gw/acme/prod/orders", "")
	untilSo(t, "the connection to the old upstream is closed", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return closed == 1
	})
}

func TestConnectionsAreKeptToSoManyUpstreams(t *testing.T) {
	g := newGateway(t)
	up := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(up.Close)
	const most = 5
	g.server.KeepHops(most)
	all := make([]*models.Live, 2*most)
	for i := range all {
		all[i] = live(fmt.Sprintf("/r%d", i), up.URL)
	}
	g.golive("acme", all...)
	for i := range all {
		res := g.calls("GET", fmt.Sprintf("/gw/acme/prod/r%d", i), "")
		_, _ = io.Copy(io.Discard, res.Body)
	}
	if n := g.server.Hops(); n != most {
		t.Errorf("%d are kept, want %d", n, most)
	}
}

// What cannot be read is said without quoting it.
func TestBadPEMIsNotQuoted(t *testing.T) {
	for _, u := range []models.Upstream{{CAs: "secret nonsense"}, {Certificate: "secret nonsense", Key: "secret nonsense"}} {
		if err := web.ReadPEM(u); err == nil || strings.Contains(err.Error(), "nonsense") {
			t.Errorf("%v", err)
		}
	}
}
