package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"latchkey/models"
)

const (
	replicas = 3
	victims  = 320 // tokens that are withdrawn, by one caller and then by several
)

// withdrawals measures how long a revocation takes while three processes serve
// the token, and looks whether one of them lets it in afterwards.
func (d *database) withdrawals(ctx context.Context) (err error) {
	if !d.wants("withdrawal") {
		return nil
	}
	t := table{fmt.Sprintf("`DELETE /api/v1/tokens/{id}` with %d processes", replicas), "revoked", "a second", "p50", "p99", "longest",
		"let in afterwards"}
	t.begin()
	for _, n := range []int{1, clients} {
		owners, err := d.victims(ctx, n)
		if err != nil {
			return err
		}
		servers, err := d.serveMany(ctx, replicas)
		if err != nil {
			return err
		}
		c := newCaller(servers[0].addr, owners[0].secret)
		if err := c.strikeOut(ctx); err != nil {
			return errors.Join(err, stopAll(servers))
		}
		c.close()
		var accepted atomic.Int64
		res, err := together(n, func(i int) ([]time.Duration, error) { return owners[i].withdraw(ctx, servers, &accepted) })
		if err = errors.Join(err, stopAll(servers)); err != nil {
			return err
		}
		var waited time.Duration
		for _, took := range res.took {
			waited += took
		}
		rate := float64(n*len(res.took)) / waited.Seconds()
		t.row(fmt.Sprintf("%d at the same time", n), count(len(res.took)), count(int(rate)), millis(res.at(.5)), millis(res.at(.99)),
			millis(res.at(1)), count(int(accepted.Load())))
	}
	return nil
}

// An owner revokes its own tokens.
type owner struct {
	key
	tokens []key
}

func (d *database) victims(ctx context.Context, n int) (owners []owner, err error) {
	owners = make([]owner, n)
	return owners, d.within(ctx, func(s *models.Store) error {
		for i := range owners {
			a, err := member(ctx, s, tenant, fmt.Sprintf("withdraws-%d-%d", n, i))
			if err != nil {
				return err
			}
			if owners[i].key, err = newKey(ctx, a, "revokes", "tokens:write", "projects:read"); err != nil {
				return err
			}
			for j := range victims / n {
				k, err := newKey(ctx, a, fmt.Sprintf("victim %d", j))
				if err != nil {
					return err
				}
				owners[i].tokens = append(owners[i].tokens, k)
			}
		}
		return nil
	})
}

// withdraw presents each token everywhere, revokes it through the first server
// and presents it everywhere again. The times are those of the revocations.
func (o owner) withdraw(ctx context.Context, servers []*process, accepted *atomic.Int64) (took []time.Duration, err error) {
	callers := make([]*caller, len(servers))
	for i, p := range servers {
		callers[i] = newCaller(p.addr, o.secret)
		defer callers[i].close()
	}
	for _, victim := range o.tokens {
		for _, c := range callers {
			if _, _, err := c.as(victim).call(ctx, http.MethodGet, me, "", http.StatusOK); err != nil {
				return took, err
			}
		}
		_, t, err := callers[0].call(ctx, http.MethodDelete, "/api/v1/tokens/"+victim.id, "", http.StatusNoContent)
		if err != nil {
			return took, err
		}
		took = append(took, t)
		for _, c := range callers {
			status, answer, err := c.as(victim).ask(ctx, http.MethodGet, me, "")
			switch {
			case err != nil:
				return took, err
			case status == http.StatusOK:
				accepted.Add(1)
			case status != http.StatusUnauthorized:
				return took, fmt.Errorf("a revoked token: status %d: %s", status, answer)
			}
		}
	}
	return took, nil
}

// as is the caller with another token, on the same connection.
func (c *caller) as(k key) *caller { return &caller{c.http, c.addr, k.secret} }

const (
	counted    = 10500 * time.Millisecond // PostgreSQL's processes tell what they counted every 10 s when idle
	fewTokens  = 20_000
	loadRounds = 3 // rounds of requests that are sent to each process
)

// processes measures one, two and three processes on one database: what they
// serve, and what they ask the database for when idle, for a new token, and
// for a warm one.
func (d *database) processes(ctx context.Context) error {
	if !d.wants("processes") {
		return nil
	}
	t := table{"processes", "req/s, warm", "p50", "p99", "CPU of a request", "resident, together", "idle: transactions a second",
		"idle: CPU a second", "transactions for a new token", "transactions for a warm request"}
	t.begin()
	for n := 1; n <= replicas; n++ {
		servers, err := d.serveMany(ctx, n)
		if err != nil {
			return err
		}
		cells, err := d.share(ctx, servers)
		if err = errors.Join(err, stopAll(servers)); err != nil {
			return err
		}
		t.row(append([]string{count(n)}, cells...)...)
	}
	fmt.Print("\nA transaction of PostgreSQL is a statement by itself or several together. The last use of new tokens is written in " +
		"transactions of many.\n")
	return nil
}

// share measures servers that share the database.
func (d *database) share(ctx context.Context, servers []*process) (cells []string, err error) {
	r := round{path: me, status: http.StatusOK, tokens: d.tokens[:min(len(d.tokens), fewTokens)], connections: d.connections * len(servers)}
	if len(servers) > 1 {
		r.connections = d.connections / len(servers) * len(servers)
	}
	marks := make([]mark, 0, 4)
	note := func() error {
		m, err := d.mark(ctx, servers)
		marks = append(marks, m)
		return err
	}
	if err := note(); err != nil {
		return nil, err
	}
	for _, p := range servers {
		one := r
		one.addrs, one.n, one.connections = []string{p.addr}, len(r.tokens), d.connections
		if _, err := one.run(); err != nil {
			return nil, err
		}
		r.addrs = append(r.addrs, p.addr)
	}
	for _, p := range servers {
		if err := p.quiet(ctx); err != nil {
			return nil, err
		}
	}
	for range 2 { // what was counted so far becomes known, then nothing happens
		if err := errors.Join(pause(ctx, counted), note()); err != nil {
			return nil, err
		}
	}
	r.n = loadRounds * d.requests * len(servers)
	before := cpuOf(servers)
	res, err := r.run()
	if err != nil {
		return nil, err
	}
	spent := (cpuOf(servers) - before) / time.Duration(r.n)
	if err := errors.Join(pause(ctx, counted), note()); err != nil {
		return nil, err
	}
	idle := marks[2].since(marks[1])
	perSecond := idle.transactions / idle.seconds
	var resident int64
	for _, p := range servers {
		resident += p.resident()
	}
	extra := func(m mark, requests int) string {
		return fmt.Sprintf("%.4f", max(0, m.transactions-perSecond*m.seconds)/float64(requests))
	}
	return []string{count(int(res.perSecond())), millis(res.at(.5)), millis(res.at(.99)), micros(spent), mebibytes(resident),
		fmt.Sprintf("%.1f", perSecond), millis(time.Duration(float64(idle.cpu) / idle.seconds)),
		extra(marks[1].since(marks[0]), len(r.tokens)*len(servers)), extra(marks[3].since(marks[2]), r.n)}, nil
}

// A mark is what had happened at an instant.
type mark struct {
	seconds, transactions float64
	cpu                   time.Duration
}

func (m mark) since(before mark) mark {
	return mark{m.seconds - before.seconds, m.transactions - before.transactions, m.cpu - before.cpu}
}

var started = time.Now()

func (d *database) mark(ctx context.Context, servers []*process) (m mark, err error) {
	err = atServer(func(db *sql.DB) error {
		const query = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = $1"
		return db.QueryRowContext(ctx, query, d.name).Scan(&m.transactions)
	})
	m.seconds, m.cpu = time.Since(started).Seconds(), cpuOf(servers)
	return m, err
}
