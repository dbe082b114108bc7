package web_test

import (
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/models"
	"latchkey/models/modelstest"
	"latchkey/web"
)

// nobodys is a token that is well formed, and that nobody made.
const nobodys = "lkpat000000000000000000000000000000004PbHcn"

// Revoked through one server, a token is worth nothing at any other, with the
// next request.
func TestARevocationHoldsAtEveryServer(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		first, second := modelstest.OpenAt(t, database, time.Now), modelstest.OpenAt(t, database, time.Now)
		servers := []*web.Server{newServer(t, first), newServer(t, second)}
		modelstest.Tenant(t, first, "acme")
		bob := modelstest.Member(t, first, "acme", "bob")
		for i := range 6 {
			by, at := servers[i%2], servers[(i+1)%2]
			token := aToken(t, bob)
			for _, s := range servers {
				want(t, do(t, s, "GET", "/api/v1/me", token, ""), 200, "")
				want(t, do(t, s, "GET", "/verify", token, ""), 200, "")
			}
			want(t, do(t, by, "DELETE", "/api/v1/tokens/current", token, ""), 204, "")
			want(t, do(t, at, "GET", "/api/v1/me", token, ""), 401, "invalid_token")
			want(t, do(t, by, "GET", "/verify", token, ""), 401, "invalid_token")
			want(t, do(t, at, "GET", "/verify", token, ""), 401, "invalid_token")
		}
	})
}

// A flood of tokens that nobody made is sent away once the queue is full, while
// who is remembered is answered as ever.
func TestAFloodOfTokensIsSentAway(t *testing.T) {
	database := modelstest.Postgres(t)
	s := modelstest.OpenAt(t, database, time.Now)
	server := newServer(t, s)
	modelstest.Tenant(t, s, "acme")
	token := aToken(t, modelstest.Member(t, s, "acme", "bob"))
	modelstest.Until(t, "the token is remembered", func() bool {
		asked := s.Memory().Asked
		want(t, do(t, server, "GET", "/api/v1/me", token, ""), 200, "")
		return s.Memory().Asked == asked
	})

	slow, err := connect(t, database).Begin() // a database that answers nothing about tokens
	if err != nil {
		t.Fatal(err)
	}
	if _, err := slow.Exec("LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	before := s.Memory().Refused
	var flood sync.WaitGroup
	for range 600 {
		flood.Go(func() {
			w := httptest.NewRecorder()
			r := httptest.NewRequest("GET", "/verify", nil)
			r.Header.Set("Authorization", "Bearer "+nobodys)
			server.ServeHTTP(w, r)
			if w.Code != 503 && w.Code != 401 || w.Code == 503 && w.Header().Get("Retry-After") == "" {
				t.Errorf("in the flood: %d %v", w.Code, w.Header())
			}
		})
	}
	modelstest.Until(t, "the queue is full", func() bool { return s.Memory().Refused > before })
	for _, path := range []string{"/api/v1/me", "/verify"} {
		w := do(t, server, "GET", path, nobodys, "")
		want(t, w, 503, "unavailable")
		same(t, "when to come again", w.Header().Get("Retry-After"), "1")
		want(t, do(t, server, "GET", path, token, ""), 200, "")
	}
	if err := slow.Rollback(); err != nil {
		t.Fatal(err)
	}
	flood.Wait()
	want(t, do(t, server, "GET", "/verify", nobodys, ""), 401, "invalid_token")
}

// Whoever runs it can see how tokens are verified.
func TestItIsSaidWhereTokensAreVerified(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		registry := prometheus.NewRegistry()
		server := newServer(t, s, func(c *web.Config) { c.Metrics = registry })
		modelstest.Until(t, "withdrawals are heard of", func() bool { return s.Memory().Serving && s.Memory().Waking })
		body := do(t, server, "GET", "/readyz", "", "").Body.String()
		same(t, "readyz", body, "ready\ntokens: verified from memory\nwithdrawals: heard of at once\n")
		modelstest.Tenant(t, s, "acme")
		token := aToken(t, modelstest.Member(t, s, "acme", "bob"))
		for range 3 {
			want(t, do(t, server, "GET", "/verify", token, ""), 200, "")
		}
		want(t, do(t, server, "GET", "/verify", nobodys, ""), 401, "invalid_token")
		if s.Memory().Asked < 2 {
			t.Errorf("two tokens were looked up, and %d counted", s.Memory().Asked)
		}
		values := measured(t, registry)
		for name, at := range map[string]float64{"latchkey_memory_serving": 1, "latchkey_withdrawals_waking": 1,
			"latchkey_memory_tokens": 1, "latchkey_token_lookups_total": float64(s.Memory().Asked), "latchkey_token_lookups_refused_total": 0} {
			if got, ok := values[name]; !ok || got != at {
				t.Errorf("%s is %v, want %v", name, got, at)
			}
		}
	})
}

// Without Run there is no lease, and that is said as well.
func TestItIsSaidThatTheDatabaseVerifies(t *testing.T) {
	s := modelstest.Open(t)
	registry := prometheus.NewRegistry()
	base, err := url.Parse("http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	server := web.New(web.Config{Store: s, Tokens: s, BaseURL: base, Metrics: registry, Log: slog.New(slog.DiscardHandler)})
	body := do(t, server, "GET", "/readyz", "", "").Body.String()
	if !strings.HasPrefix(body, "ready\n") || !strings.Contains(body, "tokens: verified by the database") {
		t.Errorf("readyz: %q", body)
	}
	if got := measured(t, registry)["latchkey_memory_serving"]; got != 0 {
		t.Errorf("latchkey_memory_serving is %v", got)
	}
}

func measured(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			values[f.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return values
}
