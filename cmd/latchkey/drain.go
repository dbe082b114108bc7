package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	farewell = 500 * time.Millisecond // how long connections are told to close before the listener does
	patience = 30 * time.Second       // how long accepted requests may take to end
)

// A drain ends connections after an answer rather than in the middle of a
// request: a client that keeps its connection may be writing the next one just
// when the server closes what looks idle.
type drain struct {
	http.Handler
	begun atomic.Bool
	open  atomic.Int64 // connections
}

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

// sayGoodbye answers for a moment with the request to close the connection,
// until no connection is left.
func (d *drain) sayGoodbye() {
	d.begun.Store(true)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	over := time.After(farewell)
	for d.open.Load() > 0 {
		select {
		case <-look.C:
		case <-over:
			return
		}
	}
}

// drainAfter serves until ctx ends, and then on until every accepted request
// has its answer.
func drainAfter(ctx context.Context, server *http.Server, listener net.Listener, begin func(), log *slog.Logger) error {
	d := &drain{Handler: server.Handler}
	server.Handler, server.ConnState = d, d.count
	drained := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		log.Info("stopping: no new requests, and those accepted are answered")
		begin()
		d.sayGoodbye()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		drained <- server.Shutdown(last)
	})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return err
	}
	if err := <-drained; err != nil {
		return errors.Join(errors.New("some requests did not end in time, and were cut"), server.Close())
	}
	log.Info("stopped")
	return nil
}
