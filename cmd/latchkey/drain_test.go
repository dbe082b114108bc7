package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"latchkey/models/modelstest"
)

// A keptConn is a client's connection that it uses again and again.
type keptConn struct {
	t *testing.T
	net.Conn
	reader *bufio.Reader
}

func connect(t *testing.T, address string) keptConn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return keptConn{t, conn, bufio.NewReader(conn)}
}

func (c keptConn) ask() {
	c.t.Helper()
	if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		c.t.Fatal(err)
	}
}

func (c keptConn) answer() *http.Response {
	c.t.Helper()
	res, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res
}

func TestDrainTellsConnectionsToClose(t *testing.T) {
	s := install(t, modelstest.SQLite(t)).serve()
	conn := connect(t, strings.TrimPrefix(s.url, "http://"))
	if conn.ask(); conn.answer().Close {
		t.Error("the connection is closed after the first request")
	}
	go s.end()
	s.log.find(t, "stopping")
	conn.ask()
	if res := conn.answer(); res.StatusCode != http.StatusOK || !res.Close {
		t.Errorf("answered %d, and to close is %v", res.StatusCode, res.Close)
	}
	if code := s.end(); code != done {
		t.Errorf("ended with %d", code)
	}
}

func TestDrainAnswersWhoWaitsInTheQueue(t *testing.T) {
	listener, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var waiting []keptConn
	for range 20 {
		conn := connect(t, listener.Addr().String())
		conn.ask()
		waiting = append(waiting, conn)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	quiet := slog.New(slog.DiscardHandler)
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	if err := drainAfter(ctx, newServer(answer, quiet), listener, func() {}, quiet); err != nil {
		t.Error(err)
	}
	for i, conn := range waiting {
		if got := conn.answer().StatusCode; got != http.StatusNoContent {
			t.Errorf("connection %d: %d", i, got)
		}
	}
	if conn, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		_ = conn.Close()
		t.Error("it still listens")
	}
}
