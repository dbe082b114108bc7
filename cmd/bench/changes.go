package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"latchkey/models"
)

const (
	clients  = 8   // that change tokens at the same time, each its own
	most     = 500 // tokens that each of them makes
	creating = 4 * time.Second
)

// changes measures how fast tokens are made and revoked over the API.
func (d *database) changes(ctx context.Context) (err error) {
	if !d.wants("changes") {
		return nil
	}
	keys := make([]key, clients)
	err = d.within(ctx, func(s *models.Store) error {
		for i := range keys {
			a, err := member(ctx, s, tenant, fmt.Sprintf("changes-%d", i))
			if err != nil {
				return err
			}
			if keys[i], err = newKey(ctx, a, "makes tokens", "tokens:write", "projects:read"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	p, err := d.serve(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	return change(ctx, p, keys)
}

// change prints how fast the keys' owners make tokens and revoke them.
func change(ctx context.Context, p *process, keys []key) error {
	ids, callers := make([][]string, len(keys)), make([]*caller, len(keys))
	for i, k := range keys {
		callers[i] = newCaller(p.addr, k.secret)
		defer callers[i].close()
	}
	if err := callers[0].strikeOut(ctx); err != nil {
		return err
	}
	t := table{fmt.Sprintf("%d members at the same time", clients), "a second", "p50", "p99", "longest", "CPU of a request"}
	t.begin()
	for _, kind := range []struct {
		title string
		do    func(i int) ([]time.Duration, error)
	}{
		{"`POST /api/v1/tokens`", func(i int) (took []time.Duration, err error) {
			ids[i], took, err = callers[i].make(ctx, most)
			return took, err
		}},
		{"`DELETE /api/v1/tokens/{id}`", func(i int) ([]time.Duration, error) { return callers[i].revoke(ctx, ids[i]) }},
	} {
		before := p.cpu()
		res, err := together(len(keys), kind.do)
		if err != nil {
			return err
		}
		spent := (p.cpu() - before) / time.Duration(max(1, len(res.took)))
		t.row(kind.title, count(int(res.perSecond())), millis(res.at(.5)), millis(res.at(.99)), millis(res.at(1)), micros(spent))
	}
	return nil
}

// strikeOut makes a token and revokes it. The first revocation after a process
// was killed waits for that process, which no later one does.
func (c *caller) strikeOut(ctx context.Context) error {
	ids, _, err := c.make(ctx, 1)
	if err == nil {
		_, err = c.revoke(ctx, ids)
	}
	return err
}

// make makes tokens one after the other, until there are enough or it took
// long enough.
func (c *caller) make(ctx context.Context, most int) (ids []string, took []time.Duration, err error) {
	for start := time.Now(); len(ids) < most && time.Since(start) < creating; {
		body := fmt.Sprintf(`{"name": "made %d", "expires_at": null, "scopes": ["projects:read"]}`, len(ids))
		answer, t, err := c.call(ctx, http.MethodPost, "/api/v1/tokens", body, http.StatusCreated)
		if err != nil {
			return ids, took, err
		}
		made, err := decode[struct {
			ID string `json:"id"`
		}](answer)
		if err != nil {
			return ids, took, err
		}
		ids, took = append(ids, made.ID), append(took, t)
	}
	return ids, took, nil
}

func (c *caller) revoke(ctx context.Context, ids []string) (took []time.Duration, err error) {
	for _, id := range ids {
		_, t, err := c.call(ctx, http.MethodDelete, "/api/v1/tokens/"+id, "", http.StatusNoContent)
		if err != nil {
			return took, err
		}
		took = append(took, t)
	}
	return took, nil
}
