package web_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"latchkey/models/modelstest"
	"latchkey/web"
)

// Nobody can say whether the token still works: then it does not, after a while.
func TestAStreamEndsWhenNobodyKnowsWhetherItMayGoOn(t *testing.T) {
	s := modelstest.Open(t)
	verifier := &moody{Store: s}
	g := gatewayIn(t, s, func(c *web.Config) { c.Tokens = verifier })
	g.server.CheckEvery(20 * time.Millisecond)
	g.golive("acme", live("/orders", sockets(t)))
	r, conn := g.opens(g.token)
	says(t, r, conn, "before")
	verifier.away.Store(true)
	if _, err := r.ReadByte(); err == nil {
		t.Error("the WebSocket goes on")
	}
}

// The limits of the server are for who was not proved. A stream that is let in
// outlives them, and the connection has them again afterwards.
func TestAStreamOutlivesTheLimitsOfTheServer(t *testing.T) {
	g := newGateway(t)
	url, tick, _ := ticking(t)
	up, _ := echoing(t)
	g.golive("acme", live("/events", url), live("/orders", up.URL))
	g.server.CheckEvery(100 * time.Millisecond)
	limited := httptest.NewUnstartedServer(g.server)
	limited.Config.ReadTimeout, limited.Config.WriteTimeout = 200*time.Millisecond, 200*time.Millisecond
	limited.Start()
	t.Cleanup(limited.Close)
	g.front = limited
	began := time.Now()
	res := g.calls("GET", "/gw/acme/prod/events", "")
	events := bufio.NewReader(res.Body)
	for time.Since(began) < 600*time.Millisecond {
		tick <- "on"
		if _, err := events.ReadString('\n'); err != nil {
			t.Fatalf("after %s: %v", time.Since(began), err)
		}
		_, _ = events.ReadString('\n')
	}
	body := &slowly{until: time.Now().Add(600 * time.Millisecond)}
	r, err := http.NewRequestWithContext(t.Context(), "POST", limited.URL+"/gw/acme/prod/orders", body)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+g.token)
	sent, err := http.DefaultTransport.RoundTrip(r)
	must(t, err)
	if sent.StatusCode != 200 {
		t.Errorf("a slow body: %d", sent.StatusCode)
	}
	conn, err := net.Dial("tcp", limited.Listener.Addr().String())
	must(t, err)
	defer conn.Close() //nolint:errcheck // it is closed by the server
	must(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, "POST /gw/acme/prod/orders HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")
	must(t, err)
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("somebody who was not proved is waited for: %v", err)
	}
}

// A slowly read body takes its time.
type slowly struct{ until time.Time }

func (s *slowly) Read(b []byte) (int, error) {
	if time.Now().After(s.until) {
		return 0, io.EOF
	}
	<-time.After(20 * time.Millisecond)
	return copy(b, "x"), nil
}

// A server that stops ends what has no end, and nothing else.
func TestStreamsEndWhenTheServerStops(t *testing.T) {
	g := newGateway(t)
	url, tick, _ := ticking(t)
	goOn := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-goOn
		_, _ = io.WriteString(w, "whole")
	}))
	t.Cleanup(slow.Close)
	g.golive("acme", live("/orders", sockets(t)), live("/events", url), live("/slow", slow.URL))
	r, conn := g.opens(g.token)
	says(t, r, conn, "before")
	res := g.calls("GET", "/gw/acme/prod/events", "")
	tick <- "before"
	whole := make(chan string, 1)
	go func() {
		body, _ := io.ReadAll(g.calls("GET", "/gw/acme/prod/slow", "").Body)
		whole <- string(body)
	}()
	g.server.Drain()
	if _, err := r.ReadByte(); err == nil {
		t.Error("the WebSocket goes on")
	}
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("the events ended as if they were whole")
	}
	close(goOn)
	if got := <-whole; got != "whole" {
		t.Errorf("the answer that has an end was cut: %q", got)
	}
}

const idleSockets = 1000

// A thousand callers who say nothing cost little, and go on to work.
func TestAThousandIdleWebSockets(t *testing.T) {
	g := newGateway(t)
	g.server.CheckEvery(time.Second)
	g.golive("acme", live("/orders", sockets(t)))
	before := heap()
	type open struct {
		r    *bufio.Reader
		conn net.Conn
	}
	all := make([]open, idleSockets)
	var group sync.WaitGroup
	for part := range 10 {
		group.Go(func() {
			for i := part; i < len(all); i += 10 {
				all[i].r, all[i].conn = g.opens(g.token)
			}
		})
	}
	group.Wait()
	if grown := int64(heap()) - int64(before); grown > 200<<20 { // both ends and the upstream are in it
		t.Errorf("they take %d MiB", grown>>20)
	}
	for _, o := range all {
		says(t, o.r, o.conn, "still here")
	}
	res, err := http.Get(g.front.URL + "/healthz")
	must(t, err)
	if _ = res.Body.Close(); res.StatusCode != 200 {
		t.Errorf("meanwhile others get %d", res.StatusCode)
	}
}
