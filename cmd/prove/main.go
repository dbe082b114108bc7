// Prove runs several latchkey servers on one database, sends requests to all of
// them without a pause, withdraws rights in every way, and looks for a request
// that was let in although it began after its withdrawal had returned. It does
// so too while replicas are stopped, cut off, killed and given a wrong clock.
// It ends with 1 when there was such a request.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	withdrawals := flag.Int("withdrawals", 10_000, "withdrawals on PostgreSQL, over all phases")
	replicas := flag.Int("replicas", 3, "replicas on PostgreSQL")
	database := flag.String("database", os.Getenv("TEST_POSTGRES"), "PostgreSQL to make a schema in; TEST_POSTGRES when left out")
	chosen := flag.String("faults", "all", "faults with commas between, all, or none: "+strings.Join(faultNames(), ", "))
	seed := flag.Uint64("seed", rand.Uint64(), "seed of what is drawn; the timing is never the same")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	p := proof{replicas: *replicas, database: *database, out: os.Stdout, random: rand.New(rand.NewPCG(*seed, 0))}
	fmt.Printf("%d withdrawals, %d replicas, seed %d\n", *withdrawals, *replicas, *seed)
	err := p.plan(*withdrawals, *chosen)
	if err == nil {
		err = p.run(ctx)
	}
	report(os.Stdout, p.tallies)
	if err != nil {
		fmt.Fprintln(os.Stderr, "prove:", err)
		os.Exit(1)
	}
}

// A proof is the phases to go through, and what they found.
type proof struct {
	replicas      int
	database      string
	phases, local []phase // on PostgreSQL, and on SQLite
	out           io.Writer
	random        *rand.Rand
	front         func(*replica) error // put between a replica and the checker; nil for nothing
	tallies       []*tally
}

// A phase is a number of withdrawals under one condition.
type phase struct {
	name        string
	withdrawals int // at least
	workers     int
	commands    float64 // the share of withdrawals with the command line
	fault       *fault  // nil for none
	strikes     int     // of the fault, at least
}

const (
	fewCommands  = 0.05 // each is a process that has to start
	manyCommands = 0.3
)

// plan shares the withdrawals out: a half without faults, a part of it by one
// worker alone, so that the time of a withdrawal is not that of its neighbours,
// and a half under the faults. SQLite comes on top.
func (p *proof) plan(n int, chosen string) error {
	list, err := parseFaults(chosen)
	if err != nil {
		return err
	}
	calm := n
	for _, f := range list {
		share := n / 2 / len(list)
		calm -= share
		p.phases = append(p.phases, phase{f.what, share, 4, fewCommands, &f, share / 30})
	}
	p.phases = append([]phase{
		{"one at a time", calm / 5, 1, fewCommands, nil, 0},
		{"four at a time", calm - calm/5, 4, fewCommands, nil, 0},
	}, p.phases...)
	p.local = []phase{{"SQLite", n / 20, 2, manyCommands, nil, 0}}
	for _, f := range list {
		if f.local {
			p.local = append(p.local, phase{"SQLite, " + f.what, n / 100, 2, manyCommands, &f, n / 1000})
		}
	}
	return nil
}

func faultNames() (names []string) {
	for _, f := range faults {
		names = append(names, f.name)
	}
	return names
}

func parseFaults(chosen string) (list []fault, err error) {
	switch chosen {
	case "all":
		return faults, nil
	case "none", "":
		return nil, nil
	}
	for name := range strings.SplitSeq(chosen, ",") {
		i := slices.IndexFunc(faults, func(f fault) bool { return f.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no fault %q", name)
		}
		list = append(list, faults[i])
	}
	return list, nil
}

var (
	errBroken = errors.New("requests were let in after their withdrawal had returned")
	errFailed = errors.New("withdrawals failed although nothing was wrong")
)

// run goes through all phases. What was found is in the tallies, also after an
// error.
func (p *proof) run(ctx context.Context) (err error) {
	if p.database == "" {
		return errors.New("name a PostgreSQL server with -database or TEST_POSTGRES, or run make prove, which starts one")
	}
	dir, err := os.MkdirTemp("", "latchkey-prove-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	odd := slices.ContainsFunc(p.phases, func(f phase) bool { return f.fault != nil && f.fault.name == "clock" })
	built, err := build(ctx, dir, odd)
	if err != nil {
		return err
	}
	if err := p.onPostgres(ctx, built, dir); err != nil {
		return err
	}
	if err := p.onSQLite(ctx, built, dir); err != nil {
		return err
	}
	if slices.ContainsFunc(p.tallies, func(t *tally) bool { return len(t.violations) > 0 }) {
		return errBroken
	}
	if slices.ContainsFunc(p.tallies, func(t *tally) bool { return t.calm && len(t.failures) > 0 }) {
		return errFailed
	}
	return nil
}

func (p *proof) onPostgres(ctx context.Context, built programs, dir string) (err error) {
	s, err := newSchema(ctx, p.database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.drop(ctx)) }()
	return p.through(ctx, p.phases, built, filepath.Join(dir, "postgres"), s.address, p.replicas)
}

// onSQLite has one server, with the command line beside it as the other
// process on the file.
func (p *proof) onSQLite(ctx context.Context, built programs, dir string) error {
	dir = filepath.Join(dir, "sqlite")
	return p.through(ctx, p.local, built, dir, "sqlite:"+filepath.Join(dir, "prove.db"), 1)
}

// through goes through phases with one fleet.
func (p *proof) through(ctx context.Context, phases []phase, built programs, dir, database string, replicas int) (err error) {
	if len(phases) == 0 {
		return nil
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	f, err := newFleet(ctx, built, dir, database, replicas)
	defer func() { err = errors.Join(err, f.close()) }()
	if err != nil {
		return err
	}
	for _, r := range f.replicas {
		if p.front == nil {
			break
		}
		if err := p.front(r); err != nil {
			return err
		}
	}
	buried := &graves{}
	for _, next := range phases {
		if err := p.phase(ctx, f, buried, next); err != nil {
			return err
		}
	}
	return nil
}

func (p *proof) phase(ctx context.Context, f *fleet, buried *graves, next phase) error {
	t := newTally(next.name, next.fault == nil)
	p.tallies = append(p.tallies, t)
	c := &campaign{fleet: f, graves: buried, tally: t, fault: next.fault, number: next.withdrawals, strikes: next.strikes,
		workers: next.workers, commands: next.commands, random: p.random, sending: make(chan *replica)}
	start := time.Now()
	err := c.run(ctx)
	fmt.Fprintf(p.out, "%-28s%6d withdrawals in %5.1f s, %d violations\n", next.name, t.total(), time.Since(start).Seconds(), len(t.violations))
	return err
}
