package models_test

import (
	"slices"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// shop is what is live in the tests of decisions.
func shop() *models.Serving {
	s := &models.Serving{}
	models.SetLive(s,
		&models.Live{Proxy: "orders", Route: "/orders", StripRoute: true, Read: []models.Scope{"orders:read"}, Write: []models.Scope{"orders:read", "orders:write"}},
		&models.Live{Proxy: "archive", Route: "/orders/archive", Methods: []string{"GET", "HEAD", "CONNECT"}},
		&models.Live{Proxy: "kept", Route: "/kept"})
	return s
}

func TestWhatTheGatewayDecides(t *testing.T) {
	everything := models.Held{"*"}
	for _, c := range []struct {
		method, path string
		who          models.Held
		verdict      models.Verdict
		proxy, sent  string
		why          string
	}{
		{"GET", "/orders", everything, models.PassedOn, "orders", "", "passed on"},
		{"GET", "/orders/1", models.Held{"orders:read"}, models.PassedOn, "orders", "/1", "passed on"},
		{"HEAD", "/orders/1", models.Held{"*:read"}, models.PassedOn, "orders", "/1", "passed on"},
		{"GET", "/orders/archive/1", nil, models.PassedOn, "archive", "/orders/archive/1", "passed on"},
		{"GET", "/kept", nil, models.PassedOn, "kept", "/kept", "passed on"},
		{"POST", "/orders", models.Held{"orders:read"}, models.ScopeMissing, "orders", "", "The token lacks orders:write."},
		{"GET", "/orders", models.Held{"orders:write"}, models.ScopeMissing, "orders", "", "The token lacks orders:read."},
		{"get", "/orders", models.Held{"orders:read"}, models.ScopeMissing, "orders", "", "The token lacks orders:write."},
		{"POST", "/orders/archive", everything, models.MethodRefused, "archive", "", "answers only GET, HEAD."},
		{"CONNECT", "/orders/archive", everything, models.MethodRefused, "archive", "", "answers only GET, HEAD."},
		{"TRACE", "/orders", everything, models.MethodRefused, "orders", "", "answers only GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS."},
		{"GET", "/ordersx", everything, models.Unrouted, "", "", "No live route"},
		{"GET", "/", everything, models.Unrouted, "", "", "No live route"},
		{"GET", "/orders/../kept", everything, models.PathRefused, "", "", "canonical"},
		{"GET", "orders", everything, models.PathRefused, "", "", "canonical"},
		{"GET", "", everything, models.PathRefused, "", "", "canonical"},
	} {
		d := shop().Decide(c.method, c.path, c.who)
		proxy := ""
		if d.Live != nil {
			proxy = d.Live.Proxy
		}
		if d.Verdict != c.verdict || proxy != c.proxy || d.Path != c.sent || !strings.Contains(d.Why(), c.why) {
			t.Errorf("%s %s with %v: verdict %d, proxy %q, path %q, %q", c.method, c.path, c.who, d.Verdict, proxy, d.Path, d.Why())
		}
	}
}

// A route that is tried is decided as a request would be.
func TestARouteIsTriedAsARequestIsDecided(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w := newWorks(t, s, "acme")
		w.proxy("archive", "/orders/archive")
		w.deploys("orders", "production")
		w.deploys("archive", "production")
		dee := modelstest.Member(t, s, "acme", "dee", "ROLE_DEPLOY_UNDEPLOY_PROXIES")
		serving, err := dee.Serving(t.Context(), "production")
		must(t, err)
		for _, method := range []string{"GET", "POST", "TRACE"} {
			for _, path := range []string{"/orders/1", "/orders/archive", "/none", "/a//b"} {
				for _, patterns := range [][]string{nil, {"orders:read"}, {"*"}} {
					held := models.Held{}
					for _, p := range patterns {
						held = append(held, models.Scope(p))
					}
					got, err := dee.TryRoute(t.Context(), "production", method, path, patterns)
					want := serving.Decide(method, path, held)
					if err != nil || got.Verdict != want.Verdict || got.Path != want.Path || got.Why() != want.Why() || !slices.Equal(got.Needs, want.Needs) {
						t.Errorf("%s %s with %v: %+v (%v), want %+v", method, path, patterns, got, err, want)
					}
				}
			}
		}
		if _, err := dee.TryRoute(t.Context(), "production", "GET", "/", []string{"no scope"}); models.KindOf(err) != models.Invalid {
			t.Errorf("a scope that is none: %v", err)
		}
		if list, err := dee.Refusals(t.Context(), "production"); err != nil || len(list) > 0 {
			t.Errorf("trying was recorded: %v, %v", list, err)
		}
	})
}

// Whoever decodes or tidies a canonical path, by whatever rule, gets it back.
func FuzzCanonicalPath(f *testing.F) {
	for _, seed := range []string{"/", "/a/b", "/a%20b", "/%c3%a4/%C3%A4", "/a/../b", "/%2e%2e", "/..%20", "/...", "/.a", "/a;b", "/%3b", "/a//", "/%25"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if !models.CanonicalPath(path) {
			return
		}
		if complaint := models.SecondReading(path); complaint != "" {
			t.Errorf("%q: %s", path, complaint)
		}
	})
}

func TestCanonicalPaths(t *testing.T) {
	for _, path := range []string{"/", "/a", "/a/", "/a/b.c", "/.well-known", "/...", "/a..b/..c/c..", "/a%20b", "/a%2Bb+c", "/%3Ca%3E", "/%22", "/a%3Bb",
		"/a=1,b=2", "/@a:b", "/~a_b-c", "/%E2%82%AC", "/%f0%9f%98%80", "/a!$&'()*"} {
		if !models.CanonicalPath(path) || models.SecondReading(path) != "" {
			t.Errorf("%q is refused: %s", path, models.SecondReading(path))
		}
	}
	for _, path := range []string{"", "a", "*", "//", "/a//b", "/.", "/..", "/a/.", "/a/./", "/a/../", "/%2e", "/%2f", "/%5c", "/%00", "/%1f", "/%7f", "/%61", "/%41", "/%30",
		"/%2d", "/%5f", "/%7e", "/%25", "/a;b", "/;", "/a\\b", "/a b", "/a\tb", "/a?b", "/a#b", "/%", "/%a", "/%zz", "/%4", "/%g0", "/%0", "/%\x10\x10", "/ä", "/%e4",
		"/%c0%af", "/%ed%a0%80", "/%f4%90%80%80", "/..%3b", "/.%20", "/\x00", "/\x7f", "/\xff"} {
		if models.CanonicalPath(path) {
			t.Errorf("%q is taken", path)
		}
	}
}
