package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

const (
	farewell = 500 * time.Millisecond // how long connections are told to close before idle ones are closed
	patience = 30 * time.Second       // how long accepted requests may take to end
)

// A drain lets accepted requests end. http.Server.Shutdown is not used for it:
// it drops a request that it has just read.
type drain struct {
	http.Handler
	begun atomic.Bool
	open  atomic.Int64 // connections
}

// ServeHTTP answers a request. While the server ends, the answer asks to close
// the connection: a client that kept it might write the next request just when
// the server closes what looks idle.
func (d *drain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.begun.Load() {
		w.Header().Set("Connection", "close")
	}
	d.Handler.ServeHTTP(w, r)
}

func (d *drain) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		d.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		d.open.Add(-1)
	}
}

// untilClosed waits until no connection is left, and reports whether it came
// to that in time.
func (d *drain) untilClosed(atMost time.Duration) bool {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	late := time.After(atMost)
	for d.open.Load() > 0 {
		select {
		case <-look.C:
		case <-late:
			return false
		}
	}
	return true
}

// A door is a listener that can be closed without shutting anybody out who
// stands in it: plain closing resets the connections in the queue.
type door struct{ *net.TCPListener }

// Accept returns the next connection. Once close was called it returns those
// that wait already, and then net.ErrClosed.
func (l door) Accept() (net.Conn, error) {
	conn, err := l.TCPListener.Accept()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return lastIn(l.TCPListener)
	}
	return conn, err
}

func (l door) close() { _ = l.SetDeadline(time.Now()) }

// drainAfter serves until ctx ends, and then on until every accepted request
// has its answer.
func drainAfter(ctx context.Context, server *http.Server, listener *net.TCPListener, begin func(), log *slog.Logger) error {
	d, front := &drain{Handler: server.Handler}, door{listener}
	server.Handler, server.ConnState = d, d.count
	stop := context.AfterFunc(ctx, func() {
		log.Info("stopping: no new requests, and those accepted are answered")
		begin()
		d.begun.Store(true)
		d.untilClosed(farewell)
		front.close()
	})
	err := server.Serve(front)
	if stop() {
		return err // nobody asked it to end
	}
	server.SetKeepAlivesEnabled(false) // closes what is idle
	if !d.untilClosed(patience) {
		return errors.Join(errors.New("some requests did not end in time, and were cut"), server.Close())
	}
	log.Info("stopped")
	return nil
}
