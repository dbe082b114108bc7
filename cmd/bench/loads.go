package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"
)

// A load is one kind of request that Latchkey and the bare server answer.
type load struct {
	name, title, path string
	status            int
	on                *stage
	tokens            func(d *database) []string
}

// A stage is what a Latchkey has done before it is measured. It goes on to write
// down the last use of these tokens meanwhile, as one in use always does.
type stage struct {
	environment []string
	status      int
	presented   func(d *database) []string
}

var (
	warmed = &stage{nil, http.StatusOK, func(d *database) []string { return d.tokens }}
	asking = &stage{[]string{fewRemembered}, http.StatusOK, coldTokens}
	fresh  = &stage{nil, http.StatusUnauthorized, func(d *database) []string { return d.revoked }}
)

const (
	me     = "/api/v1/me"
	verify = "/verify"
)

var loads = []load{
	{"me", "`GET /api/v1/me`, warm", me, http.StatusOK, warmed, warmed.presented},
	{"verify", "`GET /verify`, warm", verify, http.StatusOK, warmed, warmed.presented},
	{"cold", "`GET /api/v1/me`, cold", me, http.StatusOK, asking, coldTokens},
	{"checksum", "bad checksum", me, http.StatusUnauthorized, fresh, spoilt},
	{"unknown", "unknown token", me, http.StatusUnauthorized, fresh, func(d *database) []string { return d.strangers }},
	{"revoked", "revoked token", me, http.StatusUnauthorized, fresh, func(d *database) []string { return d.revoked }},
}

// parts are what can be measured alone.
var parts = []string{"me", "verify", "cold", "checksum", "unknown", "revoked", "lists", "gateway", "changes", "withdrawal", "processes"}

// coldTokens are as many as there are requests, where there are as many.
func coldTokens(d *database) []string { return d.tokens[:min(len(d.tokens), d.rounds*d.requests)] }

// spoilt are tokens with another character among the random ones.
func spoilt(d *database) []string {
	list := make([]string, min(len(d.tokens), d.requests))
	for i := range list {
		s := []byte(d.tokens[i])
		if s[10] == 'a' {
			s[10] = 'b'
		} else {
			s[10] = 'a'
		}
		list[i] = string(s)
	}
	return list
}

// A staged is a Latchkey that stands as its stage says.
type staged struct {
	*process
	stage *stage
	idle  int64         // bytes in memory before the first request
	first result        // of presenting each token for the first time
	cost  time.Duration // of each of these requests
}

func (d *database) stand(ctx context.Context, on *stage) (s *staged, err error) {
	s = &staged{stage: on}
	if s.process, err = d.serve(ctx, on.environment...); err != nil {
		return nil, err
	}
	tokens, before := on.presented(d), s.cpu()
	s.idle = s.resident()
	r := round{addrs: []string{s.addr}, path: me, status: on.status, tokens: tokens, n: len(tokens), connections: d.connections}
	if s.first, err = r.run(); err != nil {
		return nil, errors.Join(err, s.kill())
	}
	s.cost = (s.cpu() - before) / time.Duration(len(tokens))
	return s, nil
}

// verifications measures every load that is wanted and prints the table.
func (d *database) verifications(ctx context.Context) (err error) {
	if !slices.ContainsFunc(loads, func(l load) bool { return d.wants(l.name) }) {
		return nil
	}
	if err := d.revoke(ctx); err != nil {
		return fmt.Errorf("revoking: %w", err)
	}
	var s *staged
	defer func() {
		if s != nil {
			err = errors.Join(err, s.kill())
		}
	}()
	var rows []row
	for _, l := range loads {
		if !d.wants(l.name) {
			continue
		}
		if s == nil || s.stage != l.on {
			if s != nil {
				if err := s.kill(); err != nil {
					return err
				}
			}
			if s, err = d.stand(ctx, l.on); err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
		}
		made, err := d.compare(ctx, s, l)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		rows = append(rows, made...)
	}
	d.summary.add(titles[d.kind]+", "+count(d.size), rows)
	printRows(rows)
	return nil
}

// revoke ends some tokens over the API, each with itself.
func (d *database) revoke(ctx context.Context) error {
	p, err := d.serve(ctx)
	if err != nil {
		return err
	}
	r := round{addrs: []string{p.addr}, method: http.MethodDelete, path: "/api/v1/tokens/current", status: http.StatusNoContent,
		tokens: d.revoked, n: len(d.revoked), connections: d.connections}
	_, err = r.run()
	return errors.Join(err, p.stop())
}

// compare measures a load on Latchkey and on a bare server in turn. The load
// of warm requests has a second row: what each token cost the first time.
func (d *database) compare(ctx context.Context, s *staged, l load) (rows []row, err error) {
	tokens := l.tokens(d)
	r := round{path: l.path, status: l.status, tokens: tokens, n: d.requests, connections: d.connections}
	bare, err := bareFor(ctx, s.process, r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()
	made := row{name: l.name, title: l.title}
	for i := -1; i < d.rounds; i++ {
		r.first = max(0, i) * r.n
		servers := []*process{s.process, bare}
		if i%2 == 0 { // who comes second finds another machine than who comes first
			slices.Reverse(servers)
		}
		both := map[*process]turn{}
		for _, p := range servers {
			if both[p], err = take(r, p); err != nil {
				return nil, err
			}
		}
		if i >= 0 { // the first turn only warms both up
			made.add(both[s.process], both[bare])
		}
	}
	rows = append(rows, made)
	if l.name == "me" && len(tokens) >= d.requests {
		first := row{title: "`GET /api/v1/me`, each token for the first time"}
		first.once = true
		first.add(turn{s.first, s.cost}, turn{cpu: made.median(bareCPU)})
		rows = append(rows, first)
	}
	if l.name == "me" {
		fmt.Printf("Ready after %d ms with %s resident; %s after %s tokens were presented and %s requests more.\n", s.ready.Milliseconds(),
			mebibytes(s.idle), mebibytes(s.resident()), count(len(s.first.took)), count((d.rounds+1)*r.n))
	}
	return rows, nil
}

// A turn is what one server did in one round.
type turn struct {
	result
	cpu time.Duration // of a request
}

func take(r round, p *process) (turn, error) {
	r.addrs = []string{p.addr}
	before := p.cpu()
	res, err := r.run()
	return turn{res, (p.cpu() - before) / time.Duration(r.n)}, err
}

// bareFor starts a bare server that writes what Latchkey writes, byte for byte
// but for the date.
func bareFor(ctx context.Context, latchkey *process, r round) (*process, error) {
	want, err := one(latchkey.addr, r)
	if err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(want)), nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // it is memory
	a := answer{Path: r.path, Status: r.status, Header: res.Header}
	_, a.Body, _ = bytes.Cut(want, headEnd)
	a.Header.Del("Date")
	a.Header.Del("Content-Length")
	bare, err := startBare(ctx, a)
	if err != nil {
		return nil, err
	}
	got, err := one(bare.addr, r)
	if err == nil && !bytes.Equal(undated(got), undated(want)) {
		err = fmt.Errorf("the bare server writes\n%s\nand Latchkey\n%s", got, want)
	}
	if err != nil {
		return nil, errors.Join(err, bare.stop())
	}
	return bare, nil
}

var dateLine = regexp.MustCompile(`\r\nDate: [^\r]*`)

func undated(answer []byte) []byte { return dateLine.ReplaceAll(answer, nil) }

// one sends the request of a round once and returns the answer as it came.
func one(addr string, r round) ([]byte, error) {
	c, err := dial(addr)
	if err != nil {
		return nil, err
	}
	defer c.Close() //nolint:errcheck // the answer is here
	status, err := c.exchange([]byte("GET " + r.path + " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " + r.tokens[0] + "\r\n\r\n"))
	if err == nil && status != r.status {
		err = fmt.Errorf("GET %s: status %d, want %d: %s", r.path, status, r.status, c.answer)
	}
	return c.answer, err
}
