package main

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"
)

// brief is a proof short enough for every change.
func brief(t *testing.T, phases, local []phase) *proof {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return &proof{replicas: 3, database: os.Getenv("TEST_POSTGRES"), phases: phases, local: local, out: t.Output(),
		random: rand.New(rand.NewPCG(seed, 0))}
}

func TestNoReplicaAcceptsWhatWasWithdrawn(t *testing.T) {
	phases := []phase{
		{"one at a time", 100, 1, fewCommands, nil, 0},
		{"four at a time", 200, 4, fewCommands, nil, 0},
	}
	for _, f := range faults {
		phases = append(phases, phase{f.what, 20, 4, fewCommands, &f, 2})
	}
	p := brief(t, phases, []phase{{"SQLite", 60, 2, manyCommands, nil, 0}})
	err := p.run(t.Context())
	report(t.Output(), p.tallies)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(p.tallies), len(phases)+1; got != want {
		t.Errorf("%d phases took place, want %d", got, want)
	}
	for i, of := range p.tallies {
		if of.total() == 0 || of.verdicts[before] == 0 || of.verdicts[after] == 0 {
			t.Errorf("%s: %d withdrawals, %d requests let in before and %d refused after: want some of each",
				of.name, of.total(), of.verdicts[before], of.verdicts[after])
		}
		if i < len(phases) && of.faults < phases[i].strikes {
			t.Errorf("%s: %d faults, want at least %d", of.name, of.faults, phases[i].strikes)
		}
	}
}

// A check that finds nothing proves something only if it would have found it:
// here one replica stands behind something that remembers whom it let in.
func TestAReplicaThatRemembersIsFoundOut(t *testing.T) {
	p := brief(t, []phase{{"with a memory", 60, 2, 0, nil, 0}}, nil)
	p.front = func(r *replica) error {
		if r.name != "replica 2" {
			return nil
		}
		origin, err := url.Parse("http://" + r.address)
		if err != nil {
			return err
		}
		m := &memory{next: httputil.NewSingleHostReverseProxy(origin), until: map[string]time.Time{}}
		front := httptest.NewServer(m)
		t.Cleanup(front.Close)
		r.address = front.Listener.Addr().String()
		return nil
	}
	if err := p.run(t.Context()); !errors.Is(err, errBroken) {
		t.Fatalf("the proof ends with %v, want %v", err, errBroken)
	}
	for _, v := range p.tallies[0].violations {
		if v.request.replica != "replica 2" || v.request.start <= v.withdrawal.returned || !v.request.letIn() {
			t.Errorf("this is no violation: %v", v)
		}
	}
}

// A memory lets in for a while who was let in.
type memory struct {
	next  http.Handler
	mu    sync.Mutex
	until map[string]time.Time
}

func (m *memory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.Method + r.URL.String() + r.Header.Get("Authorization")
	if r.Method == http.MethodGet && m.remembers(key) {
		w.WriteHeader(http.StatusOK)
		return
	}
	seen := &statusSeen{ResponseWriter: w}
	m.next.ServeHTTP(seen, r)
	if r.Method == http.MethodGet && seen.status == http.StatusOK {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.until[key] = time.Now().Add(300 * time.Millisecond)
	}
}

func (m *memory) remembers(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Now().Before(m.until[key])
}

type statusSeen struct {
	http.ResponseWriter
	status int
}

func (s *statusSeen) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// What is a violation depends on two instants alone.
func TestJudgement(t *testing.T) {
	promise := withdrawal{sent: 10, returned: 20, through: "replica 1"}
	for _, c := range []struct {
		name       string
		start, end instant
		status     int
		want       verdict
		broken     bool
	}{
		{"let in before", 1, 2, 200, before, false},
		{"let in meanwhile", 15, 16, 200, before, false},
		{"began before and ended after", 19, 30, 200, before, false},
		{"began with the return", 20, 21, 200, before, false},
		{"began after", 21, 22, 200, broken, true},
		{"began long after", 900, 950, 204, broken, true},
		{"refused after", 21, 22, 401, after, false},
		{"lacks the scope after", 21, 22, 403, after, false},
		{"refused meanwhile", 15, 16, 401, during, false},
		{"no answer", 21, 22, 0, failure, false},
		{"unavailable", 21, 22, 503, failure, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := request{start: c.start, end: c.end, status: c.status, replica: "replica 3"}
			known := held("token", "")
			if wrong := known.withdrawn(promise); wrong != nil {
				t.Fatalf("withdrawn without any request: %v", wrong)
			}
			got, wrong := known.judge(q)
			if got != c.want || (wrong != nil) != c.broken {
				t.Errorf("known before the request: verdict %d, violation %v; want %d, %t", got, wrong, c.want, c.broken)
			}
			unknown := held("token", "")
			unknown.judge(q)
			if wrong := unknown.withdrawn(promise); (wrong != nil) != c.broken {
				t.Errorf("known after the request: violation %v, want %t", wrong, c.broken)
			}
		})
	}
}

// Of two withdrawals of one right, the promise is that of the first to return.
func TestTheFirstWithdrawalPromises(t *testing.T) {
	r := held("token", "")
	if wrong := r.withdrawn(withdrawal{returned: 40}); wrong != nil {
		t.Fatal(wrong)
	}
	if got, wrong := r.judge(request{start: 30, status: 200}); got != before || wrong != nil {
		t.Fatalf("verdict %d, violation %v before the other is known", got, wrong)
	}
	if wrong := r.withdrawn(withdrawal{returned: 20}); wrong == nil {
		t.Error("a request that began between the two is no violation")
	}
	if wrong := r.withdrawn(withdrawal{returned: 50}); wrong != nil {
		t.Errorf("the last to return counts: %v", wrong)
	}
	if got, _ := r.judge(request{start: 25, status: 200}); got != broken {
		t.Errorf("verdict %d, want %d", got, broken)
	}
}
