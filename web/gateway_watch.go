package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"latchkey/models"
)

// maxBlind is how many times in a row it may not be possible to say whether the
// caller may go on, before the answer is no.
const maxBlind = 2

// A watch looks now and then whether the caller of a request that runs for long
// may go on, and ends it if not: a token that was revoked, an owner who lost a
// role, a proxy that is no longer live.
type watch struct {
	passage *passage
	cancel  context.CancelCauseFunc
	blind   int // how many times in a row nobody could say

	mu     sync.Mutex
	timer  *time.Timer
	lifted bool // the server's time limits
	over   bool
	stop   func() bool // forgets the end of the server
}

// begin starts to watch. Most requests are over before it looks for the first
// time, and cost no more than a timer.
func (w *watch) begin(p *passage, cancel context.CancelCauseFunc) {
	w.passage, w.cancel = p, cancel
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(p.every/2, w.look)
}

// look is called by the timer. It asks without the lock: a database that does
// not answer must not keep the request from ending.
func (w *watch) look() {
	w.lift()
	why := w.refusal()
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.over:
	case why != nil:
		w.cancel(why)
	default:
		w.timer.Reset(w.passage.every)
	}
}

// lift takes the time limits of the server off the request: it has been proved,
// and streams and large bodies take as long as they do.
func (w *watch) lift() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over && !w.lifted {
		w.lifted = true
		w.limit(time.Time{})
	}
}

func (w *watch) limit(until time.Time) {
	rc := http.NewResponseController(w.passage.out.ResponseWriter)
	_ = rc.SetReadDeadline(until) // a writer that knows no limits has none to lift
	_ = rc.SetWriteDeadline(until)
}

// refusal says why the caller may not go on, nil when they may.
func (w *watch) refusal() *models.Error {
	p := w.passage
	a, err := p.server.provePassing(p.in)
	if err == nil {
		_, err = p.target.admit(p.in, a)
	}
	if err == nil {
		w.blind = 0
		return nil
	}
	known := models.AsError(err)
	switch known.Kind {
	case models.Unavailable, models.Internal:
		if w.blind++; w.blind < maxBlind {
			return nil
		}
		known = &models.Error{Kind: models.Unavailable, Message: "Nobody can say whether the token still works.", RetryAfter: time.Second}
	}
	if a == nil {
		p.access.RefusedAtGateway(p.decision.Live, p.target.environment, p.in.Method, p.target.path, known.Message)
	}
	return known
}

// endWith ends the request when ctx is over.
func (w *watch) endWith(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { w.cancel(errStopping) })
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stop = stop
}

// end stops watching. What is left of the request, and the next one on the same
// connection, has limits again.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.timer.Stop()
	if w.stop != nil {
		w.stop()
	}
	if w.lifted && !w.passage.out.hijacked {
		w.limit(time.Now().Add(StreamCheckEvery))
	}
}
