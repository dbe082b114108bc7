package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// An instant is a reading of the checker's own monotonic clock. No other clock
// has a say in what is a violation.
type instant time.Duration

var beginning = time.Now()

func now() instant { return instant(time.Since(beginning)) }

func (i instant) String() string { return fmt.Sprintf("%.6f s", time.Duration(i).Seconds()) }

// A request is one that was sent to a replica with a right, and what came of it.
type request struct {
	start, end    instant // start is read before the first byte is sent
	replica, path string
	status        int // 0 when no answer came
}

func (q request) letIn() bool { return q.status >= 200 && q.status < 300 }

func (q request) refused() bool {
	return q.status == http.StatusUnauthorized || q.status == http.StatusForbidden
}

// A withdrawal is one that returned, which is its promise. One that failed
// promises nothing.
type withdrawal struct {
	sent, returned instant // returned is read after the last byte, or the exit
	through        string
}

// A right is a credential and what it lets in, until that is withdrawn. It is
// never given back, so that every later request can be judged.
type right struct {
	way, phase, name string
	secret           string
	asks             []string // addresses that it lets in

	mu     sync.Mutex
	gone   *withdrawal // the one that returned first
	latest *request    // of those let in, the one that began last
}

// A verdict is what a request tells about a right.
type verdict int

const (
	before  verdict = iota // let in while the right was held, or was just being withdrawn
	after                  // refused, and it began after the withdrawal returned
	during                 // refused while the withdrawal was under way
	early                  // refused although no withdrawal had returned
	failure                // no answer, or one that decides nothing
	broken                 // let in after the withdrawal returned
)

// A violation is a request that was let in although it began after the
// withdrawal returned.
type violation struct {
	way, phase, right string
	withdrawal        withdrawal
	request           request
}

// String tells both instants, to the microsecond.
func (v violation) String() string {
	return fmt.Sprintf("%s (%s, %s): withdrawn through %s at %v; %s let in GET %s with %d, which began at %v (%v later) and ended at %v",
		v.way, v.right, v.phase, v.withdrawal.through, v.withdrawal.returned, v.request.replica, v.request.path, v.request.status,
		v.request.start, time.Duration(v.request.start-v.withdrawal.returned), v.request.end)
}

// judge takes a request into account.
func (r *right) judge(q request) (verdict, *violation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	late := r.gone != nil && q.start > r.gone.returned
	switch {
	case q.letIn() && late:
		return broken, r.violation(q)
	case q.letIn():
		// Its withdrawal may have returned already and not be noted yet.
		if r.latest == nil || q.start > r.latest.start {
			r.latest = &q
		}
		return before, nil
	case !q.refused():
		return failure, nil
	case late:
		return after, nil
	case r.gone != nil:
		return during, nil
	}
	return early, nil
}

// withdrawn takes a withdrawal into account. When several took the right away
// at the same time, the promise holds from the first that returned.
func (r *right) withdrawn(w withdrawal) *violation {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone != nil && r.gone.returned <= w.returned {
		return nil
	}
	r.gone = &w
	if r.latest != nil && r.latest.start > w.returned {
		return r.violation(*r.latest)
	}
	return nil
}

// violation needs the lock.
func (r *right) violation(q request) *violation {
	return &violation{way: r.way, phase: r.phase, right: r.name, withdrawal: *r.gone, request: q}
}
