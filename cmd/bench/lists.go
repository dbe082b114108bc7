package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"latchkey/models"
)

const (
	listed    = 100_000         // tokens of the one member whose lists are read
	listsSlug = "lists"         // their tenant
	enough    = 5 * time.Second // what one kind of page is given
)

// A page is one kind of page of a list, read at most so many times.
type page struct {
	title string
	admin bool
	most  int
	path  func(i int) string
	walk  bool // follow the cursors; otherwise each path by itself
}

var pages = []page{
	{title: "`/tokens?limit=100`, page after page", most: listed / 100, walk: true, path: fixed("/tokens?limit=100")},
	{title: "`/tokens?limit=100&sort=name`, page after page", most: 300, walk: true, path: fixed("/tokens?limit=100&sort=name")},
	{title: "`/tokens?limit=100&sort=-last_used`", most: 50, path: fixed("/tokens?limit=100&sort=-last_used")},
	{title: "`/tokens?q=…`, in many names", most: 200, path: search("/tokens", func(i int) string { return fmt.Sprintf("0%d", i%10) })},
	{title: "`/tokens?q=…`, in one name", most: 200, path: search("/tokens", numbered)},
	{title: "`/tokens?q=…`, in none", most: 100, path: search("/tokens", missing)},
	{title: "`/tenant-tokens?limit=100`, page after page", admin: true, most: listed / 100, walk: true, path: fixed("/tenant-tokens?limit=100")},
	{title: "`/tenant-tokens?q=…`, in one name", admin: true, most: 200, path: search("/tenant-tokens", numbered)},
	{title: "`/tenant-tokens?q=…`, in none", admin: true, most: 100, path: search("/tenant-tokens", missing)},
}

func fixed(path string) func(int) string { return func(int) string { return path } }

func search(path string, text func(int) string) func(int) string {
	return func(i int) string { return path + "?limit=100&q=" + url.QueryEscape(text(i)) }
}

// numbered is the number in one seeded name, each time another, and missing is
// in no name.
func numbered(i int) string { return fmt.Sprintf("%08d", i*7919%listed) }
func missing(i int) string  { return fmt.Sprintf("no token %d", i) }

// lists measures the lists of one member with many tokens, in a tenant of
// their own beside all others.
func (d *database) lists(ctx context.Context) (err error) {
	if !d.wants("lists") {
		return nil
	}
	owner, admin, err := d.fillList(ctx)
	if err != nil {
		return err
	}
	p, err := d.serve(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	own, all := newCaller(p.addr, owner), newCaller(p.addr, admin)
	defer own.close()
	defer all.close()
	t := table{"one member with " + count(listed) + " tokens", "pages", "p50", "p99", "longest"}
	t.begin()
	for _, kind := range pages {
		c := own
		if kind.admin {
			c = all
		}
		res, err := kind.read(ctx, c)
		if err != nil {
			return err
		}
		t.row(kind.title, count(len(res.took)), millis(res.at(.5)), millis(res.at(.99)), millis(res.at(1)))
	}
	return nil
}

// fillList makes the tenant, and tokens of a member and of an administrator
// to read its lists with.
func (d *database) fillList(ctx context.Context) (owner, admin string, err error) {
	err = d.within(ctx, func(s *models.Store) error {
		if _, err := s.Operator().CreateTenant(ctx, listsSlug, ""); err != nil {
			return err
		}
		if err := s.Operator().Seed(ctx, listsSlug, listed, listed, func(secret string) { owner = secret }); err != nil {
			return err
		}
		a, err := member(ctx, s, listsSlug, "lists-admin", models.Admin)
		if err != nil {
			return err
		}
		k, err := newKey(ctx, a, "reads lists")
		admin = k.secret
		return err
	})
	if err == nil {
		_, err = d.settle(ctx)
	}
	return owner, admin, err
}

func (p page) read(ctx context.Context, c *caller) (res result, err error) {
	cursor := ""
	for start, i := time.Now(), 0; i < p.most && time.Since(start) < enough; i++ {
		path := "/api/v1" + p.path(i)
		if cursor != "" {
			path += "&cursor=" + url.QueryEscape(cursor)
		}
		answer, took, err := c.call(ctx, http.MethodGet, path, "", http.StatusOK)
		if err != nil {
			return res, err
		}
		res.took = append(res.took, took)
		if !p.walk {
			continue
		}
		list, err := decode[struct {
			Next *string `json:"next_cursor"`
		}](answer)
		if err != nil {
			return res, err
		}
		if cursor = ""; list.Next != nil { // after the last page comes the first
			cursor = *list.Next
		}
	}
	slices.Sort(res.took)
	return res, nil
}
