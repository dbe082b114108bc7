package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

var counted = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// watched is a tenant with somebody who may look at figures, and two proxies.
func watched(t *testing.T, s *models.Store) (dee *models.Access, orders, prices *models.Live) {
	t.Helper()
	modelstest.Tenant(t, s, "acme")
	dee = modelstest.Member(t, s, "acme", "dee", "ROLE_DEPLOY_UNDEPLOY_PROXIES")
	return dee, &models.Live{Project: "shop", Proxy: "orders", ProxyID: "prx_o", EnvironmentID: "env_p", Route: "/orders", Read: []models.Scope{"orders:read"}},
		&models.Live{Project: "shop", Proxy: "prices", ProxyID: "prx_p", EnvironmentID: "env_p", Route: "/prices"}
}

// told are counts in words, to be compared.
func told(list []models.TrafficCount) (lines []string) {
	for _, c := range list {
		at := ""
		if !c.At.IsZero() {
			at = c.At.Format("15:04 ")
		}
		lines = append(lines, fmt.Sprintf("%s%s%d requests, %d errors, %d refused, mean %s, p50 %s, p95 %s", at, strings.TrimSpace(c.ProxyID+" "),
			c.Requests, c.Errors, c.Refused, c.Mean(), c.Quantile(.5), c.Quantile(.95)))
	}
	return lines
}

func TestTrafficIsCountedByTheMinuteAndTheHour(t *testing.T) {
	clock := modelstest.NewClock(counted)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(counted)
		dee, orders, prices := watched(t, s)
		for range 9 {
			dee.Served(orders, 3*time.Millisecond, false)
		}
		dee.Served(orders, 400*time.Millisecond, true)
		dee.Served(prices, 0, true)
		dee.RefusedAtGateway(orders, "prod", "GET", "/orders", "The token lacks orders:read.")
		clock.Add(59 * time.Second)
		must(t, s.FlushDue(t.Context()))
		clock.Add(time.Second)
		must(t, s.FlushDue(t.Context()))
		dee.Served(orders, 20*time.Second, false)
		clock.Set(counted.Add(time.Hour))
		dee.Served(orders, time.Millisecond, false)

		for _, c := range []struct {
			name string
			q    models.TrafficQuery
			all  bool
			want []string
		}{
			{"by the minute", models.TrafficQuery{ProxyID: "prx_o", Since: counted}, false, []string{
				"12:00 11 requests, 1 errors, 1 refused, mean 42.7ms, p50 5ms, p95 500ms",
				"12:01 1 requests, 0 errors, 0 refused, mean 20s, p50 10s, p95 10s",
				"13:00 1 requests, 0 errors, 0 refused, mean 1ms, p50 5ms, p95 5ms"}},
			{"by the hour", models.TrafficQuery{ProxyID: "prx_o", EnvironmentID: "env_p", Since: counted, Hours: true}, false, []string{
				"12:00 12 requests, 1 errors, 1 refused, mean 1.857s, p50 5ms, p95 10s",
				"13:00 1 requests, 0 errors, 0 refused, mean 1ms, p50 5ms, p95 5ms"}},
			{"all proxies", models.TrafficQuery{Since: counted, Until: counted.Add(time.Minute)}, false, []string{
				"12:00 12 requests, 2 errors, 1 refused, mean 42.7ms, p50 5ms, p95 500ms"}},
			{"another environment", models.TrafficQuery{EnvironmentID: "env_q", Since: counted}, false, nil},
			{"each proxy", models.TrafficQuery{Since: counted, Hours: true}, true, []string{
				"prx_o13 requests, 1 errors, 1 refused, mean 1.702333s, p50 5ms, p95 10s",
				"prx_p1 requests, 1 errors, 0 refused, mean 0s, p50 0s, p95 0s"}},
		} {
			list, err := dee.Traffic(t.Context(), c.q)
			if c.all {
				list, err = dee.TrafficTotals(t.Context(), c.q)
			}
			must(t, err)
			if got := told(list); !slices.Equal(got, c.want) {
				t.Errorf("%s:\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		}
	})
}

// Two processes count into the same rows, and each shows what both wrote.
func TestProcessesCountTogether(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		clock := modelstest.NewClock(counted)
		one, two := modelstest.OpenAt(t, database, clock.Now), modelstest.OpenAt(t, database, clock.Now)
		dee, orders, _ := watched(t, one)
		same := modelstest.As(t, two, "acme", "dee")
		for range 3 {
			dee.Served(orders, time.Millisecond, false)
			same.Served(orders, time.Millisecond, false)
			dee.RefusedAtGateway(nil, "prod", "GET", "/a", "No live route is at or above this path.")
			same.RefusedAtGateway(nil, "prod", "GET", "/b", "No live route is at or above this path.")
			must(t, one.FlushAll(t.Context()))
			must(t, two.FlushAll(t.Context()))
		}
		for _, a := range []*models.Access{dee, same} {
			list, err := a.Traffic(t.Context(), models.TrafficQuery{Since: counted})
			if err != nil || len(list) != 1 || list[0].Requests != 6 || list[0].Answered() != 6 {
				t.Errorf("%+v, %v", list, err)
			}
			refused, err := a.Refusals(t.Context(), "prod")
			if err != nil || len(refused) != 6 || refused[0].Path != "/b" {
				t.Errorf("%+v, %v", refused, err)
			}
		}
	})
}

// The last refusals are kept, however many there were, and those of another
// environment do not push them out.
func TestTheLastRefusalsAreKept(t *testing.T) {
	clock := modelstest.NewClock(counted)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(counted)
		dee, orders, _ := watched(t, s)
		_, secret := modelstest.Token(t, dee, models.NewToken{})
		caller, err := modelstest.Prove(t, s, secret)
		must(t, err)
		serving := &models.Serving{}
		models.SetLive(serving, orders)
		_, err = caller.Admission(serving, "test", "GET", "/orders/x")
		must(t, kindIs(err, models.Forbidden))
		for i := range 130 {
			_, err := caller.Admission(serving, "prod", "GET", fmt.Sprintf("/none/%d", i))
			must(t, kindIs(err, models.NotFound))
			if i%20 == 0 {
				must(t, s.FlushAll(t.Context()))
			}
		}
		list, err := dee.Refusals(t.Context(), "prod")
		if err != nil || len(list) != 50 || list[0].Path != "/none/129" || list[49].Path != "/none/80" {
			t.Fatalf("%d, %v: %+v", len(list), err, list)
		}
		list, err = dee.Refusals(t.Context(), "test")
		if err != nil || len(list) != 1 {
			t.Fatalf("%d, %v", len(list), err)
		}
		r := list[0]
		if !r.At.Equal(counted) || r.Method != "GET" || r.Path != "/orders/x" || r.Project != "shop" || r.Proxy != "orders" || r.Username != "dee" ||
			r.Reason != "The token lacks orders:read." || r.TokenHint != caller.Token().Hint() {
			t.Errorf("%+v", r)
		}
	})
}

func kindIs(err error, want models.Kind) error {
	if models.KindOf(err) == want {
		return nil
	}
	return fmt.Errorf("got %w", err)
}

// What a caller writes fits into the database, whatever it is.
func TestARefusalHoldsWhateverWasSent(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dee, _, _ := watched(t, s)
		dee.RefusedAtGateway(nil, "prod\x00\xff", strings.Repeat("M", 500), "/\x00\xff"+strings.Repeat("ä", 5000), "No.")
		must(t, s.FlushAll(t.Context()))
		if n := len([]rune(models.RefusalsOf(t, s)[0].Path)); n > 300 {
			t.Errorf("%d characters are kept", n)
		}
	})
}

// Figures that cannot be written are written later, once.
func TestFiguresWaitForTheDatabase(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dee, orders, _ := watched(t, s)
		dee.Served(orders, time.Millisecond, false)
		dee.RefusedAtGateway(orders, "prod", "GET", "/orders", "No.")
		hide := func(from, to string) {
			must(t, s.Across(t.Context()).Exec("ALTER TABLE "+from+" RENAME TO "+to).Error)
		}
		hide("traffic", "elsewhere")
		hide("gateway_refusals", "elsewhere_too")
		if err := s.FlushAll(t.Context()); err == nil {
			t.Fatal("the table is away, and all was written")
		}
		hide("elsewhere", "traffic")
		hide("elsewhere_too", "gateway_refusals")
		dee.Served(orders, time.Millisecond, false)
		for range 2 {
			must(t, s.FlushAll(t.Context()))
		}
		list, err := dee.TrafficTotals(t.Context(), models.TrafficQuery{})
		if err != nil || len(list) != 1 || list[0].Requests != 3 || list[0].Refused != 1 {
			t.Errorf("%+v, %v", list, err)
		}
		if n := len(models.RefusalsOf(t, s)); n != 1 {
			t.Errorf("%d refusals", n)
		}
	})
}

// Minutes are kept for two days, hours for ninety.
func TestOldFiguresAreDeleted(t *testing.T) {
	clock := modelstest.NewClock(counted)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(counted)
		dee, orders, _ := watched(t, s)
		dee.Served(orders, time.Millisecond, false)
		dee.RefusedAtGateway(nil, "prod", "GET", "/", "No.")
		must(t, s.FlushAll(t.Context()))
		for _, c := range []struct {
			after                    time.Duration
			minutes, hours, refusals int
		}{{47 * time.Hour, 1, 1, 1}, {49 * time.Hour, 0, 1, 1}, {31 * 24 * time.Hour, 0, 1, 0}, {91 * 24 * time.Hour, 0, 0, 0}} {
			clock.Set(counted.Add(c.after))
			must(t, s.Tidy(t.Context()))
			minutes, err := dee.Traffic(t.Context(), models.TrafficQuery{})
			must(t, err)
			hours, err := dee.Traffic(t.Context(), models.TrafficQuery{Hours: true})
			must(t, err)
			if n := len(models.RefusalsOf(t, s)); len(minutes) != c.minutes || len(hours) != c.hours || n != c.refusals {
				t.Errorf("after %s: %d minutes, %d hours, %d refusals", c.after, len(minutes), len(hours), n)
			}
		}
	})
}

// Memory is bounded while nothing can be written.
func TestUnwrittenTrafficIsBounded(t *testing.T) {
	s := modelstest.Open(t)
	dee, orders, _ := watched(t, s)
	for i := range 2 * models.MaxFigures {
		l := *orders
		l.ProxyID = fmt.Sprint(i)
		dee.Served(&l, time.Millisecond, false)
		if i%10 == 0 {
			dee.RefusedAtGateway(nil, fmt.Sprint(i), "GET", "/", "No.")
		}
	}
	if figures, refusals := s.Unwritten(); figures != models.MaxFigures || refusals != models.MaxRefusedAt {
		t.Errorf("%d figures and %d lists of refusals wait", figures, refusals)
	}
}
