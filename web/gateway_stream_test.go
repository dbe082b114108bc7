package web_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

var untilSo = modelstest.Until

// sockets is an upstream that changes to WebSocket and sends back what it gets,
// frame or not.
func sockets(t testing.TB) string {
	t.Helper()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			w.WriteHeader(http.StatusUpgradeRequired)
			return
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close() //nolint:errcheck // the other side is gone
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-Websocket-Accept: " +
			r.Header.Get("Sec-Websocket-Key") + "\r\nX-Latchkey-User: root\r\n\r\n")
		_ = rw.Flush()
		_, _ = io.Copy(conn, rw)
	}))
	t.Cleanup(up.Close)
	return up.URL
}

// opens changes to WebSocket through the gateway.
func (g *gatewayScene) opens(token string) (*bufio.Reader, net.Conn) {
	g.t.Helper()
	res, r, conn := g.raw("GET /gw/acme/prod/orders/live HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + token +
		"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a2V5\r\n\r\n")
	if res.StatusCode != 101 || res.Header.Get("Sec-Websocket-Accept") != "a2V5" || res.Header.Get("X-Latchkey-User") != "" {
		g.t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	return r, conn
}

// says sends a frame and reads it back.
func says(t testing.TB, r io.Reader, conn net.Conn, text string) {
	t.Helper()
	frame := append([]byte{0x81, byte(len(text))}, text...)
	if _, err := conn.Write(frame); err != nil {
		t.Fatal(err)
	}
	back := make([]byte, len(frame))
	if _, err := io.ReadFull(r, back); err != nil || !bytes.Equal(back, frame) {
		t.Fatalf("got back %q, %v", back, err)
	}
}

func TestAWebSocketGoesThrough(t *testing.T) {
	g := newGateway(t)
	g.golive("acme", live("/orders", sockets(t)))
	r, conn := g.opens(g.token)
	for i := range 5 {
		says(t, r, conn, fmt.Sprintf("message %d", i))
	}
	if res := g.calls("GET", "/gw/acme/prod/orders", ""); res.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("without the change: %d", res.StatusCode)
	}
}

// ticking is an upstream that sends an event whenever it is told to, until the
// caller is gone.
func ticking(t testing.TB) (url string, tick chan<- string, ended *atomic.Int64) {
	t.Helper()
	events, ended := make(chan string), &atomic.Int64{}
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer ended.Add(1)
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		_ = http.NewResponseController(w).Flush()
		for {
			select {
			case e := <-events:
				fmt.Fprintf(w, "data: %s\n\n", e)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(up.Close)
	return up.URL, events, ended
}

// Each event is there before the next one is sent.
func TestEventsComeAsTheyAreSent(t *testing.T) {
	g := newGateway(t)
	url, tick, ended := ticking(t)
	g.golive("acme", live("/orders", url))
	res := g.calls("GET", "/gw/acme/prod/orders", "")
	events := bufio.NewReader(res.Body)
	for i := range 5 {
		tick <- fmt.Sprint(i)
		line, err := events.ReadString('\n')
		if err != nil || line != fmt.Sprintf("data: %d\n", i) {
			t.Fatalf("event %d: %q, %v", i, line, err)
		}
		_, _ = events.ReadString('\n')
	}
	_ = res.Body.Close()
	untilSo(t, "the upstream hears that the caller is gone", func() bool { return ended.Load() == 1 })
}

// What an upstream says slowly comes slowly, and not at the end, even where it
// says how long it will be.
func TestASlowAnswerIsNotHeldBack(t *testing.T) {
	g := newGateway(t)
	goOn := make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "6")
		_, _ = io.WriteString(w, "one")
		_ = http.NewResponseController(w).Flush()
		<-goOn
		_, _ = io.WriteString(w, "two")
	}))
	t.Cleanup(up.Close)
	g.golive("acme", live("/orders", up.URL))
	res := g.calls("GET", "/gw/acme/prod/orders", "")
	first := make([]byte, 3)
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "one" {
		t.Fatalf("first %q, %v", first, err)
	}
	close(goOn)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "two" {
		t.Errorf("then %q, %v", rest, err)
	}
}

// The upstream reads a body while the caller still sends it.
func TestABodyIsPassedOnAsItComes(t *testing.T) {
	g := newGateway(t)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		_ = rc.EnableFullDuplex()
		b := make([]byte, 1)
		for {
			if _, err := io.ReadFull(r.Body, b); err != nil {
				return
			}
			_, _ = w.Write(b)
			_ = rc.Flush()
		}
	}))
	t.Cleanup(up.Close)
	g.golive("acme", live("/orders", up.URL))
	body, sender := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), "POST", g.front.URL+"/gw/acme/prod/orders", body)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+g.token)
	go func() { _, _ = io.WriteString(sender, "a") }()
	res, err := http.DefaultTransport.RoundTrip(r)
	must(t, err)
	for _, want := range []string{"a", "b", "c"} {
		got := make([]byte, 1)
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
		_, err := io.WriteString(sender, string(want[0]+1))
		must(t, err)
	}
	must(t, sender.Close())
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "d" {
		t.Errorf("at the end %q, %v", rest, err)
	}
}

// A connection can be used again, or is closed, whatever became of a body: what
// is left of one is never taken for a request.
func TestWhatIsLeftOfABodyIsNoRequest(t *testing.T) {
	g := newGateway(t)
	unread := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex() // it would read the body before it answers
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusForbidden)
		_ = http.NewResponseController(w).Flush()
	}))
	t.Cleanup(unread.Close)
	var smuggled atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { smuggled.Add(1) }))
	t.Cleanup(other.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	g.golive("acme", live("/unread", unread.URL), live("/gone", gone.URL), live("/other", other.URL))
	auth := "Host: h\r\nAuthorization: Bearer " + g.token + "\r\n"
	hidden := "GET /gw/acme/prod/other HTTP/1.1\r\n" + auth + "\r\n"
	padding := strings.Repeat(hidden, 10)
	for _, route := range []string{"/unread", "/gone", "/none"} {
		for name, sent := range map[string]struct{ head, body string }{
			"whole":     {fmt.Sprintf("Content-Length: %d\r\n", len(hidden)), hidden},
			"cut short": {"Content-Length: 1000000\r\n", padding},
			"in pieces": {"Transfer-Encoding: chunked\r\n", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(hidden), hidden)},
			"held back": {"Expect: 100-continue\r\nContent-Length: 1000000\r\n", ""},
			"half":      {"Transfer-Encoding: chunked\r\n", fmt.Sprintf("%x\r\n%s\r\n", len(hidden), hidden)},
		} {
			if name == "half" && route != "/unread" {
				continue // net/http waits for the other half
			}
			res, _, conn := g.raw("POST /gw/acme/prod" + route + " HTTP/1.1\r\n" + auth + sent.head + "\r\n" + sent.body)
			if want := map[string]int{"/unread": 403, "/gone": 502, "/none": 404}[route]; res.StatusCode != want && res.StatusCode != 100 {
				t.Errorf("%s, %s: %d, want %d", route, name, res.StatusCode, want)
			}
			_ = conn.Close()
		}
	}
	if n := smuggled.Load(); n > 0 {
		t.Errorf("%d requests came out of bodies", n)
	}
	for range 20 { // one after the other on connections that stay open
		for route, status := range map[string]int{"/gone": 502, "/unread": 403} {
			res := g.calls("POST", "/gw/acme/prod"+route, "a body")
			if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != status {
				t.Errorf("%s: %d, %v", route, res.StatusCode, err)
			}
		}
	}
}

const large = 100 << 20

// A hundred megabytes go both ways, in no more memory than a few buffers.
func TestALargeBodyIsNotHeldInMemory(t *testing.T) {
	g := newGateway(t)
	var received atomic.Int64
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		received.Store(n)
		w.Header().Set("Content-Length", fmt.Sprint(large))
		_, _ = io.CopyN(w, zeros{}, large)
	}))
	t.Cleanup(up.Close)
	g.golive("acme", live("/orders", up.URL))
	before := allocated()
	for _, length := range []int64{large, -1} { // with a length and in pieces
		r, err := http.NewRequestWithContext(t.Context(), "PUT", g.front.URL+"/gw/acme/prod/orders", io.LimitReader(zeros{}, large))
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = length
		r.Header.Set("Authorization", "Bearer "+g.token)
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, res.Body)
		if err != nil || n != large || received.Load() != large {
			t.Errorf("%d there, %d back, %v", received.Load(), n, err)
		}
		_ = res.Body.Close()
	}
	if used := (allocated() - before) >> 20; used > 32 { // all that was ever held, of 400 MB
		t.Errorf("%d MiB of memory were used", used)
	}
}

// zeros has no end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// heap is the memory that is in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// allocated is all memory that was ever used.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// Whatever takes the right away ends what is open.
func TestAStreamEndsWithTheRightToIt(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		g := gatewayIn(t, s)
		g.server.CheckEvery(20 * time.Millisecond)
		operator := modelstest.In(t, s, "acme")
		events, tick, ended := ticking(t)
		proxies := []*models.Live{live("/orders", sockets(t), guarded), live("/events", events, guarded)}
		for name, take := range map[string]func(id string) error{
			"the token is revoked": func(id string) error { return g.ada.RevokeToken(t.Context(), id) },
			"the owner loses the role": func(string) error {
				_, err := operator.ChangeMember(t.Context(), "ada", models.MemberChange{Roles: &[]string{}})
				return err
			},
			"the proxy is no longer live": func(string) error { g.golive("acme"); return nil },
			"the tenant is suspended":     func(string) error { return s.Operator().SuspendTenant(t.Context(), "acme") },
		} {
			g.golive("acme", proxies...)
			_, err := operator.ChangeMember(t.Context(), "ada", models.MemberChange{Roles: &[]string{"ROLE_ORDERS"}})
			must(t, err)
			must(t, s.Operator().ResumeTenant(t.Context(), "acme"))
			token, secret := modelstest.Token(t, g.ada, models.NewToken{})
			before := ended.Load()
			r, conn := g.opens(secret)
			res := g.calls("GET", "/gw/acme/prod/events", "", "Authorization: Bearer "+secret)
			tick <- "before"
			says(t, r, conn, name)
			must(t, take(token.ID))
			if _, err := r.ReadByte(); err == nil {
				t.Errorf("%s: the WebSocket goes on", name)
			}
			if _, err := io.ReadAll(res.Body); err == nil {
				t.Errorf("%s: the events ended as if they were whole", name)
			}
			untilSo(t, "the upstream of the events hears of it", func() bool { return ended.Load() == before+1 })
		}
	})
}

// A verifier that fails when it is told to.
type moody struct {
	*models.Store
	away atomic.Bool
}

func (m *moody) AccessByToken(ctx context.Context, secret models.Secret, from models.Client) (*models.Access, error) {
	if m.away.Load() {
		return nil, &models.Error{Kind: models.Unavailable, Message: "The database does not answer."}
	}
	return m.Store.AccessByToken(ctx, secret, from)
}
