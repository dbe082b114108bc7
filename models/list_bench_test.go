package models_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// long is how many tokens there are in the lists that are measured.
const long = 100_000

// BenchmarkTokenList is what a page of a long list of tokens costs, on each
// database: go test ./models -run '^$' -bench TokenList
func BenchmarkTokenList(b *testing.B) {
	for name, address := range map[string]func(testing.TB) string{"sqlite": modelstest.SQLite, "postgres": modelstest.Postgres} {
		b.Run(name, func(b *testing.B) {
			s := modelstest.OpenAt(b, address(b), func() time.Time { return noon })
			modelstest.Tenant(b, s, "acme")
			ada := modelstest.Member(b, s, "acme", "ada", models.Admin)
			if err := models.Fill(b.Context(), s, tokensOf(ada, long)); err != nil {
				b.Fatal(err)
			}
			if err := s.Analyze(b.Context(), "tokens"); err != nil {
				b.Fatal(err)
			}
			for _, sort := range sorts {
				pages(b, ada, models.TokenQuery{Sort: sort})
			}
			for _, q := range asked("expires") {
				pages(b, ada, q)
			}
			for _, search := range []string{"token", "00077", "nowhere"} {
				pages(b, ada, models.TokenQuery{Search: search})
			}
			measure(b, "count", func() error { _, err := ada.CountTokens(b.Context()); return err })
			measure(b, "count tenant", func() error { _, err := ada.CountTenantTokens(b.Context()); return err })
		})
	}
}

// pages measures the page where a query begins, and the next one, of the
// caller's tokens and of the tenant's.
func pages(b *testing.B, a *models.Access, q models.TokenQuery) {
	name := fmt.Sprintf("%s status=%s live=%v soon=%v q=%s", q.Sort, q.Status, q.Live, !q.Before.IsZero(), q.Search)
	lists := map[string]func(q models.TokenQuery) (models.List[models.Token], error){
		"own":    func(q models.TokenQuery) (models.List[models.Token], error) { return a.Tokens(b.Context(), q) },
		"tenant": func(q models.TokenQuery) (models.List[models.Token], error) { return a.TenantTokens(b.Context(), q) },
	}
	for whose, list := range lists {
		q := q
		var next string
		measure(b, whose+" "+name, func() error { page, err := list(q); next = page.Next; return err })
		if q.Cursor = next; next != "" {
			measure(b, whose+" "+name+" next", func() error { _, err := list(q); return err })
		}
	}
}

// measure tells the slowest of a hundred besides the mean.
func measure(b *testing.B, name string, f func() error) {
	b.Run(name, func(b *testing.B) {
		var took []time.Duration
		for b.Loop() {
			from := time.Now()
			if err := f(); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(from))
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	})
}

// BenchmarkFlush is what it costs to write down that tokens were used, which
// happens once a minute for each: no index may make it dear.
func BenchmarkFlush(b *testing.B) {
	for name, address := range map[string]func(testing.TB) string{"sqlite": modelstest.SQLite, "postgres": modelstest.Postgres} {
		b.Run(name, func(b *testing.B) {
			clock := modelstest.NewClock(noon)
			s := modelstest.OpenAt(b, address(b), clock.Now)
			modelstest.Tenant(b, s, "acme")
			ada := modelstest.Member(b, s, "acme", "ada", models.Admin)
			const used = 1000
			var callers []*models.Access
			for range used {
				_, secret := modelstest.Token(b, ada, models.NewToken{})
				a, err := modelstest.Prove(b, s, secret)
				if err != nil {
					b.Fatal(err)
				}
				callers = append(callers, a)
			}
			for b.Loop() {
				clock.Add(time.Minute)
				for _, a := range callers {
					a.Used()
				}
				if err := s.FlushAll(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*used), "µs/token")
		})
	}
}
