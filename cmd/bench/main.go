// Bench measures what Latchkey costs. It starts a bare Echo server and Latchkey
// as processes of their own, sends both the same requests in turn, and prints
// tables in Markdown.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// bareCommand is the argument that makes this program the bare server.
const bareCommand = "bare"

func main() {
	if len(os.Args) > 1 && os.Args[1] == bareCommand {
		exit(serveBare())
	}
	if len(os.Args) > 1 && os.Args[1] == proxyCommand {
		exit(serveProxy())
	}
	b, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		err = b.run(ctx)
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A bench is one run: what to measure, and how much of it.
type bench struct {
	sizes                         []int
	databases, only               []string
	requests, rounds, connections int
	warm, perUser                 int
	parent, dir, program          string
	strangers                     []string // tokens that are in no database
	summary                       summary
}

func parse(args []string) (*bench, error) {
	b := &bench{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	sizes := flags.String("sizes", "1000,1000000", "how many tokens the databases hold, with commas between")
	databases := flags.String("databases", "sqlite,postgres", "which databases; PostgreSQL is the server that TEST_POSTGRES names")
	only := flags.String("only", "", "measure only these: "+strings.Join(parts, ","))
	flags.IntVar(&b.requests, "requests", 20_000, "requests of a round")
	flags.IntVar(&b.rounds, "rounds", 5, "rounds of each server; the median counts")
	flags.IntVar(&b.connections, "connections", 8, "connections that are kept open")
	flags.IntVar(&b.warm, "warm", 100_000, "how many different tokens are presented")
	flags.IntVar(&b.perUser, "per-user", 5_000, "tokens of each user")
	flags.StringVar(&b.parent, "dir", "", "where the SQLite files are put for as long as it takes; empty for the usual place")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	for word := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil {
			return nil, fmt.Errorf("-sizes: %w", err)
		}
		b.sizes = append(b.sizes, n)
	}
	b.databases, b.only = words(*databases), words(*only)
	return b, b.check()
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

func (b *bench) check() error {
	for _, name := range b.only {
		if !slices.Contains(parts, name) {
			return fmt.Errorf("-only: %q is none of %s", name, strings.Join(parts, ", "))
		}
	}
	for _, kind := range b.databases {
		if kind != sqlite && kind != postgres {
			return fmt.Errorf("-databases: %q is neither sqlite nor postgres", kind)
		}
		if kind == postgres && os.Getenv("TEST_POSTGRES") == "" {
			return errors.New("TEST_POSTGRES is not set: run it with make bench, which starts a server")
		}
	}
	if slices.Min(b.sizes) < 100 || b.requests < b.connections || min(b.rounds, b.connections, b.warm, b.perUser) < 1 {
		return errors.New("sizes must be at least 100, there must be a request for each connection, and nothing can be less than one")
	}
	return nil
}

// wants reports whether a part is to be measured.
func (b *bench) wants(part string) bool { return len(b.only) == 0 || slices.Contains(b.only, part) }

func (b *bench) run(ctx context.Context) (err error) {
	if b.dir, err = os.MkdirTemp(b.parent, "latchkey-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir) //nolint:errcheck // what is left is in a temporary folder
	b.program = filepath.Join(b.dir, "latchkey")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.program, "./cmd/latchkey").CombinedOutput(); err != nil {
		return fmt.Errorf("building: %w\n%s", err, out)
	}
	if b.strangers, err = b.strange(ctx); err != nil {
		return fmt.Errorf("making tokens that are in no database: %w", err)
	}
	begun := time.Now()
	if err := b.introduce(ctx); err != nil {
		return err
	}
	for _, kind := range b.databases {
		for _, size := range b.sizes {
			if err := b.measure(ctx, kind, size, size == slices.Max(b.sizes)); err != nil {
				return fmt.Errorf("%s, %s tokens: %w", kind, count(size), err)
			}
		}
	}
	b.summary.print()
	fmt.Printf("\nAll this took %s.\n", time.Since(begun).Round(time.Second))
	return nil
}

// measure fills a database and measures everything on it. What does not grow
// with the number of tokens is measured on the largest only.
func (b *bench) measure(ctx context.Context, kind string, size int, largest bool) (err error) {
	d, err := b.create(ctx, kind)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.drop()) }()
	fmt.Printf("\n## %s, %s tokens\n\n", titles[kind], count(size))
	if err := d.fill(ctx, size); err != nil {
		return err
	}
	if err := d.verifications(ctx); err != nil || !largest {
		return err
	}
	if err := d.lists(ctx); err != nil {
		return fmt.Errorf("lists: %w", err)
	}
	if err := d.gateway(ctx); err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	if err := d.changes(ctx); err != nil {
		return fmt.Errorf("changes: %w", err)
	}
	if kind != postgres {
		return nil
	}
	if err := d.withdrawals(ctx); err != nil {
		return fmt.Errorf("withdrawals: %w", err)
	}
	if err := d.processes(ctx); err != nil {
		return fmt.Errorf("processes: %w", err)
	}
	return nil
}
