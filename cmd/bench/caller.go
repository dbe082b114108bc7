package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"latchkey/models"
)

// A caller uses the API as a program would, with a connection of its own.
type caller struct {
	http   *http.Client
	addr   string
	secret string
}

func newCaller(addr, secret string) *caller {
	return &caller{&http.Client{Transport: &http.Transport{}, Timeout: time.Minute}, addr, secret}
}

func (c *caller) close() { c.http.CloseIdleConnections() }

// call sends a request and reads the whole answer within the time it tells.
// An answer with another status than want is an error.
func (c *caller) call(ctx context.Context, method, path, body string, want int) (answer []byte, took time.Duration, err error) {
	start := time.Now()
	status, answer, err := c.ask(ctx, method, path, body)
	took = time.Since(start)
	if err == nil && status != want {
		err = fmt.Errorf("%s %s: status %d, want %d: %s", method, path, status, want, answer)
	}
	return answer, took, err
}

func (c *caller) ask(ctx context.Context, method, path, body string) (status int, answer []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+c.addr+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+c.secret)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close() //nolint:errcheck // it is read to its end
	answer, err = io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// decode reads an answer of the API.
func decode[T any](answer []byte) (out T, err error) {
	err = json.NewDecoder(bytes.NewReader(answer)).Decode(&out)
	return out, err
}

// together runs f for the numbers below n at the same time and puts the times
// of all that they did into one result.
func together(n int, f func(i int) ([]time.Duration, error)) (result, error) {
	times, errs := make([][]time.Duration, n), make([]error, n)
	start := time.Now()
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { times[i], errs[i] = f(i) })
	}
	group.Wait()
	res := result{took: slices.Concat(times...), elapsed: time.Since(start)}
	slices.Sort(res.took)
	for _, err := range errs {
		if err != nil {
			return res, err
		}
	}
	return res, nil
}

// member makes a machine that is a member of a tenant.
func member(ctx context.Context, s *models.Store, slug, name string, roles ...string) (*models.Access, error) {
	in := models.NewUser{Username: name, Kind: models.Service}
	if _, err := s.Operator().CreateUser(ctx, in, slug, roles); err != nil {
		return nil, err
	}
	return s.Operator().As(ctx, slug, name)
}

// A key is a token that was made for a measurement.
type key struct{ id, secret string }

func newKey(ctx context.Context, a *models.Access, name string, scopes ...string) (key, error) {
	t, secret, err := a.CreateToken(ctx, models.NewToken{Name: name, Expires: models.Never, Scopes: scopes})
	return key{t.ID, secret.Reveal()}, err
}
