package models_test

import (
	"runtime"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

const seeded = 100_000

// remembering returns a store that serves from memory, and the secrets of
// tokens in it.
func remembering(b *testing.B, database string) (s *models.Store, secrets []models.Secret) {
	s = modelstest.OpenRemembering(b, database, 2*seeded)
	modelstest.Tenant(b, s, "acme")
	err := s.Operator().Seed(b.Context(), "acme", seeded, models.MaxTokensPerUser, func(secret string) {
		parsed, err := models.ParseSecret(secret)
		if err != nil {
			b.Fatal(err)
		}
		secrets = append(secrets, parsed)
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Across(b.Context()).Exec("ANALYZE").Error; err != nil { // a database in use knows its tables
		b.Fatal(err)
	}
	modelstest.Serve(b, s)
	return s, secrets
}

func present(b *testing.B, s *models.Store, secret models.Secret) {
	a, err := s.AccessByToken(b.Context(), secret, models.Client{UserAgent: "curl/8.5.0"})
	if err != nil {
		b.Fatal(err)
	}
	a.Used()
}

// BenchmarkRemembered is what a token costs that is remembered: its time to
// verify, and the memory that each of 100,000 holds.
func BenchmarkRemembered(b *testing.B) {
	s, secrets := remembering(b, modelstest.SQLite(b))
	before := held()
	for _, secret := range secrets {
		present(b, s, secret)
	}
	each := float64(held()-before) / seeded
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		present(b, s, secrets[i%seeded])
		i++
	}
	b.ReportMetric(each, "B/token")
}

// BenchmarkLookedUp is what a token costs that is not remembered.
func BenchmarkLookedUp(b *testing.B) {
	for name, database := range map[string]func(testing.TB) string{"sqlite": modelstest.SQLite, "postgres": modelstest.Postgres} {
		b.Run(name, func(b *testing.B) {
			at := database(b)
			_, secrets := remembering(b, at)
			s := modelstest.OpenRemembering(b, at, 0)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				present(b, s, secrets[i*7919%seeded])
				i++
			}
		})
	}
}

// BenchmarkUseWritten is what it costs to write down the last use of 100,000
// tokens, which happens at most once a minute.
func BenchmarkUseWritten(b *testing.B) {
	for name, database := range map[string]func(testing.TB) string{"sqlite": modelstest.SQLite, "postgres": modelstest.Postgres} {
		b.Run(name, func(b *testing.B) {
			s, secrets := remembering(b, database(b))
			for b.Loop() {
				b.StopTimer()
				for _, secret := range secrets {
					present(b, s, secret)
				}
				b.StartTimer()
				if err := s.FlushAll(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/seeded, "µs/token")
		})
	}
}

// held is the memory in use after everything else was collected.
func held() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
