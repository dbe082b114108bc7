// Bench measures what a verified request costs. It starts a bare Echo server
// and Latchkey as processes of their own, loads both in turn with the same
// requests, and prints the processor time that each spent on a request.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"

	"latchkey/models"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "bare" {
		serveBare(os.Args[2:])
		return
	}
	tokens := flag.Int("tokens", 1_000_000, "tokens in the database")
	requests := flag.Int("requests", 40_000, "requests of a round")
	rounds := flag.Int("rounds", 5, "rounds of each server; the median counts")
	connections := flag.Int("connections", 8, "connections that are kept open")
	database := flag.String("database", "", "database to fill; a new SQLite file when empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b := bench{tokens: *tokens, requests: *requests, rounds: *rounds, connections: *connections, database: *database}
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A bench is one measurement: what to load, and how much.
type bench struct {
	tokens, requests, rounds, connections int
	database                              string
	dir                                   string
	secrets                               []string // of the tokens that are presented
}

// kept is how many secrets are presented: enough that no cache of pages or
// statements sees the same one soon again.
const kept = 100_000

func (b *bench) run(ctx context.Context) (err error) {
	if b.dir, err = os.MkdirTemp("", "latchkey-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.database == "" {
		b.database = "sqlite:" + filepath.Join(b.dir, "bench.db")
	}
	program := filepath.Join(b.dir, "latchkey")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/latchkey").CombinedOutput(); err != nil {
		return fmt.Errorf("building: %w\n%s", err, out)
	}
	if err := b.fill(ctx); err != nil {
		return fmt.Errorf("filling the database: %w", err)
	}
	start := time.Now()
	server, err := startLatchkey(ctx, program, b.database, b.secretFile())
	if err != nil {
		return err
	}
	defer server.stop()
	ready := time.Since(start)
	fmt.Printf("%d tokens, %d connections, %d rounds of %d requests\n", b.tokens, b.connections, b.rounds, b.requests)
	fmt.Printf("ready after %d ms, %d MiB resident when idle\n\n", ready.Milliseconds(), server.resident()>>20)
	if err := b.compare(ctx, server); err != nil {
		return err
	}
	fmt.Printf("\n%d MiB resident after the load\n", server.resident()>>20)
	return nil
}

func (b *bench) secretFile() string { return filepath.Join(b.dir, "secret") }

// fill makes a tenant and its tokens, 5,000 to a user as the policy allows.
func (b *bench) fill(ctx context.Context) error {
	secret := []byte(fmt.Sprintf("%x", models.NewSecret()))
	if err := os.WriteFile(b.secretFile(), secret, 0o600); err != nil {
		return err
	}
	s, err := models.Open(ctx, models.Config{Database: b.database, Secret: secret})
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // it is about to be thrown away
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	if _, err := s.Operator().CreateTenant(ctx, "bench", ""); err != nil {
		return err
	}
	every, seen, start := max(1, b.tokens/kept), 0, time.Now()
	err = s.Operator().Seed(ctx, "bench", b.tokens, models.MaxTokensPerUser, func(secret string) {
		if seen++; seen%every == 0 {
			b.secrets = append(b.secrets, secret)
		}
	})
	fmt.Printf("filled in %.1f s\n", time.Since(start).Seconds())
	return err
}
