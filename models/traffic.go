package models

import (
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	lastRefusals  = 50   // that are kept of an environment
	maxRefusedAt  = 1000 // environments whose refusals wait to be written at once
	maxFigures    = 50_000
	minutesAreFor = 2 * 24 * time.Hour
	hoursAreFor   = 90 * 24 * time.Hour
	refusalsFor   = 30 * 24 * time.Hour
)

// traffic counts what goes through the gateway, and Run writes it down by the
// minute: never a row for a request, and a crash loses a minute at worst.
type traffic struct {
	mu       sync.Mutex
	figures  map[minuteKey]*figures
	refusals map[refusedAt][]GatewayRefusal // the last ones, oldest first
}

// A trafficKey is a proxy in an environment.
type trafficKey struct{ tenant, environment, proxy string }

type minuteKey struct {
	trafficKey
	minute int64 // since 1970
}

type refusedAt struct{ tenant, environment string }

// latencySteps are the bounds of the histogram, in milliseconds. The last part
// of it is what took longer.
var latencySteps = [...]int64{5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10000}

// figures are what is counted of a time.
type figures struct {
	requests, errors, refused int64
	took                      int64 // microseconds, of all that were answered
	within                    [len(latencySteps) + 1]int64
}

func (n *figures) time(took time.Duration) {
	n.took += took.Microseconds()
	i, _ := slices.BinarySearch(latencySteps[:], (took.Microseconds()+999)/1000)
	n.within[i]++
}

func (n *figures) add(m *figures) {
	n.requests += m.requests
	n.errors += m.errors
	n.refused += m.refused
	n.took += m.took
	for i := range n.within {
		n.within[i] += m.within[i]
	}
}

func (a *Access) trafficKey(l *Live) minuteKey {
	return minuteKey{trafficKey{a.tenant.ID, l.EnvironmentID, l.ProxyID}, a.store.now().Unix() / 60}
}

// count changes the figures of a minute. Far more proxies than anybody has are
// not counted, so that memory stays bounded while the database is away.
func (t *traffic) count(key minuteKey, change func(*figures)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.figures[key]
	if n == nil {
		if len(t.figures) >= maxFigures {
			return
		}
		if t.figures == nil {
			t.figures = map[minuteKey]*figures{}
		}
		n = &figures{}
		t.figures[key] = n
	}
	change(n)
}

// refuse keeps a refusal among the last of its environment.
func (t *traffic) refuse(r GatewayRefusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keep(refusedAt{r.TenantID, r.Environment}, r)
}

func (t *traffic) keep(at refusedAt, list ...GatewayRefusal) {
	if t.refusals == nil {
		t.refusals = map[refusedAt][]GatewayRefusal{}
	}
	kept, known := t.refusals[at]
	if !known && len(t.refusals) >= maxRefusedAt {
		return
	}
	kept = append(kept, list...)
	if over := len(kept) - lastRefusals; over > 0 {
		kept = slices.Delete(kept, 0, over)
	}
	t.refusals[at] = kept
}

// take removes what is to be written: the minutes that are over, or all.
func (t *traffic) take(now time.Time, all bool) (map[minuteKey]*figures, map[refusedAt][]GatewayRefusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	due, refusals := map[minuteKey]*figures{}, t.refusals
	for key, n := range t.figures {
		if all || key.minute < now.Unix()/60 {
			due[key] = n
			delete(t.figures, key)
		}
	}
	t.refusals = nil
	return due, refusals
}

// restoreFigures gives back what could not be written.
func (t *traffic) restoreFigures(due map[minuteKey]*figures) {
	for key, n := range due {
		t.count(key, func(now *figures) { now.add(n) })
	}
}

// restoreRefusals gives back what could not be written, before what came since.
func (t *traffic) restoreRefusals(back map[refusedAt][]GatewayRefusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for at, older := range back {
		since := t.refusals[at]
		delete(t.refusals, at)
		t.keep(at, slices.Concat(older, since)...)
	}
}

// A GatewayRefusal is a request that the gateway refused to a caller who was
// proved, or ended because they may not go on.
type GatewayRefusal struct {
	ID             string `gorm:"primaryKey"`
	TenantID       string
	Environment    string // its name
	At             time.Time
	Method, Path   string // without the query, which may hold what somebody pasted
	Project, Proxy string // names; empty when no route was live
	Reason         string // a sentence
	Username       string
	TokenHint      string
}

// A TrafficCount is what went through the gateway in a time.
type TrafficCount struct {
	At                        time.Time // when the time began; zero for a sum over all of it
	EnvironmentID, ProxyID    string    // empty for a sum over several
	Requests, Errors, Refused int64     // all, and those of them that failed and that were refused
	within                    [len(latencySteps) + 1]int64
	took                      int64
}

// Answered is how many requests an upstream began to answer.
func (c *TrafficCount) Answered() (n int64) {
	for _, m := range c.within {
		n += m
	}
	return n
}

// Mean is how long an answer took to begin, on average.
func (c *TrafficCount) Mean() time.Duration {
	if n := c.Answered(); n > 0 {
		return time.Duration(c.took/n) * time.Microsecond
	}
	return 0
}

// Quantile is the time within which a part of the answers began, such as 0.95:
// a bound of the histogram, and the longest one for whatever took longer.
func (c *TrafficCount) Quantile(part float64) time.Duration {
	want, seen := part*float64(c.Answered()), int64(0)
	for i, n := range c.within {
		if seen += n; n > 0 && float64(seen) >= want {
			return time.Duration(latencySteps[min(i, len(latencySteps)-1)]) * time.Millisecond
		}
	}
	return 0
}

// sortedKeys are in the order of the table's key, so that processes that write
// the same rows at the same time never wait for each other in a circle.
func sortedKeys(due map[minuteKey]*figures) []minuteKey {
	keys := make([]minuteKey, 0, len(due))
	for key := range due {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b minuteKey) int {
		if c := strings.Compare(a.tenant+a.environment+a.proxy, b.tenant+b.environment+b.proxy); c != 0 {
			return c
		}
		return int(a.minute - b.minute)
	})
	return keys
}
