package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A load is one kind of request.
type load struct {
	name   string
	status int // that Latchkey must answer
	secret func(b *bench) string
}

// loads begin with what writes nothing, so that no write of one is counted as
// another's.
var loads = []load{
	{"GET /api/v1/me, bad checksum", http.StatusUnauthorized, func(b *bench) string {
		s := []byte(b.secrets[rand.IntN(len(b.secrets))])
		s[10] ^= 1 // another letter or digit, or nothing that a token may hold
		return string(s)
	}},
	{"GET /api/v1/me, valid token", http.StatusOK, func(b *bench) string { return b.secrets[rand.IntN(len(b.secrets))] }},
}

// compare measures each load on both servers, in turn, and prints the medians.
func (b *bench) compare(ctx context.Context, latchkey *process) error {
	fmt.Printf("%-32s %12s %12s %8s %10s %10s\n", "", "Latchkey", "bare Echo", "ratio", "p50", "p99")
	for _, l := range loads {
		sample, contentType, err := b.sample(latchkey, l)
		if err != nil {
			return err
		}
		bare, err := startBare(ctx, l.status, contentType, sample)
		if err != nil {
			return err
		}
		err = b.row(l, latchkey, bare)
		bare.stop()
		if err != nil {
			return err
		}
	}
	return nil
}

// sample asks Latchkey once, so that the bare server can answer the same bytes.
func (b *bench) sample(p *process, l load) (body, contentType string, err error) {
	r, err := http.NewRequest(http.MethodGet, "http://"+p.addr+"/api/v1/me", nil)
	if err != nil {
		return "", "", err
	}
	r.Header.Set("Authorization", "Bearer "+l.secret(b))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != l.status {
		err = fmt.Errorf("%s: status %d, want %d: %s", l.name, res.StatusCode, l.status, raw)
	}
	return string(raw), res.Header.Get("Content-Type"), err
}

func (b *bench) row(l load, latchkey, bare *process) error {
	var ours, theirs, ratios []float64
	var took []time.Duration
	for range b.rounds {
		mine, times, err := b.round(l, latchkey)
		if err != nil {
			return err
		}
		other, _, err := b.round(l, bare)
		if err != nil {
			return err
		}
		ours, theirs, ratios, took = append(ours, mine), append(theirs, other), append(ratios, mine/other), append(took, times...)
	}
	slices.Sort(took)
	fmt.Printf("%-32s %9.1f µs %9.1f µs %7.2f× %7.2f ms %7.2f ms\n", l.name, median(ours), median(theirs), median(ratios),
		millis(took[len(took)/2]), millis(took[len(took)*99/100]))
	return nil
}

// round sends the requests and returns the processor time of each, in µs.
func (b *bench) round(l load, p *process) (perRequest float64, took []time.Duration, err error) {
	before := p.cpu()
	var wait sync.WaitGroup
	times, errs := make([][]time.Duration, b.connections), make([]error, b.connections)
	for i := range b.connections {
		wait.Go(func() { times[i], errs[i] = b.connection(l, p.addr, b.requests/b.connections) })
	}
	wait.Wait()
	spent := p.cpu() - before
	return float64(spent.Nanoseconds()) / 1000 / float64(b.requests), slices.Concat(times...), errors.Join(errs...)
}

// connection sends n requests, one after the other.
func (b *bench) connection(l load, addr string, n int) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	in, took := bufio.NewReader(conn), make([]time.Duration, 0, n)
	for range n {
		start := time.Now()
		if _, err := fmt.Fprintf(conn, "GET /api/v1/me HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n", l.secret(b)); err != nil {
			return nil, err
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return nil, err
		}
		_, err = io.Copy(io.Discard, res.Body)
		if err = errors.Join(err, res.Body.Close()); err != nil {
			return nil, err
		}
		if res.StatusCode != l.status {
			return nil, fmt.Errorf("%s: status %d, want %d", l.name, res.StatusCode, l.status)
		}
		took = append(took, time.Since(start))
	}
	return took, nil
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
