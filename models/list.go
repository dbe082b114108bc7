package models

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Bounds of a page of a list (contract 6).
const (
	DefaultLimit = 30
	MaxLimit     = 100
)

// Paging says which part of a list is wanted.
type Paging struct {
	Limit  int    // how many, DefaultLimit when 0
	Cursor string // where to go on, as List gave it; empty for the beginning
}

// ParsePaging reads a limit and a cursor as a client wrote them. A limit that
// is not a number from 1 to MaxLimit is Invalid.
func ParsePaging(limit, cursor string) (Paging, error) {
	p := Paging{Limit: DefaultLimit, Cursor: cursor}
	if limit == "" {
		return p, nil
	}
	n, err := strconv.Atoi(limit)
	if err != nil || n < 1 || n > MaxLimit || limit != strconv.Itoa(n) {
		return p, invalid(map[string]string{"limit": "Give a number from 1 to 100."})
	}
	p.Limit = n
	return p, nil
}

func (p Paging) limit() int {
	if p.Limit == 0 {
		return DefaultLimit
	}
	return p.Limit
}

var errBadCursor = invalid(map[string]string{"cursor": "This cursor does not belong to this list. Start again without it."})

// A List is one page of things. Next and Prev are cursors, empty at the ends.
type List[T any] struct {
	Items      []T
	Next, Prev string
	From       int // the place of the first item in the whole list, from 1
}

// An order is how a list is sorted. Column is SQL of our own, never input.
type order struct {
	column string // unique together with id
	id     string
	desc   bool
}

func (o order) by(desc bool) string {
	if desc {
		return o.column + " DESC, " + o.id + " DESC"
	}
	return o.column + ", " + o.id
}

// unindexed is a column that no index is taken for: what few rows are found by
// something else are sorted, or looked at, one by one.
func unindexed(column string) string { return "coalesce(" + column + ", " + column + ")" }

// A place is where a page begins or ends: what a cursor holds.
type place struct {
	Time *time.Time `json:"t,omitempty"`
	Text string     `json:"s,omitempty"`
	ID   string     `json:"i"`
	Back bool       `json:"b,omitempty"`
	From int        `json:"n"`
}

// newPlace is the place of an item whose sort key is a time or a string.
func newPlace(key any, id string) place {
	switch k := key.(type) {
	case time.Time:
		k = stamp(k)
		return place{Time: &k, ID: id}
	case string:
		return place{Text: k, ID: id}
	}
	panic("models: a list is sorted by a time or a string")
}

func (p place) key() any {
	if p.Time != nil {
		return stamp(*p.Time)
	}
	return p.Text
}

// pageOf reads one page of q. name stands for the list and all its filters: a
// cursor of another list, tenant or person is refused.
func pageOf[T any](a *Access, q *gorm.DB, name string, p Paging, o order, at func(T) place) (List[T], error) {
	list, limit := List[T]{From: 1}, p.limit()
	var from place
	if p.Cursor != "" {
		var ok bool
		if from, ok = a.openCursor(name, p.Cursor); !ok {
			return list, errBadCursor
		}
		sign := " > "
		if o.desc != from.Back {
			sign = " < "
		}
		q = ahead(q, o.column+sign[:2]+"= ? AND ("+o.column+", "+o.id+")"+sign+"(?, ?)", from.key(), from.key(), from.ID)
	}
	if err := q.Order(o.by(o.desc != from.Back)).Limit(limit + 1).Find(&list.Items).Error; err != nil {
		return list, err
	}
	more := len(list.Items) > limit
	list.Items = list.Items[:min(limit, len(list.Items))]
	if from.Back {
		slices.Reverse(list.Items)
	}
	a.setCursors(&list.Next, &list.Prev, name, from, more, len(list.Items), func(i int) place { return at(list.Items[i]) })
	list.From = firstIndex(from, len(list.Items))
	return list, nil
}

// ahead adds a condition before all others. Of two bounds of a column, SQLite
// searches by the one that comes first and goes through what lies between.
func ahead(q *gorm.DB, condition string, args ...any) *gorm.DB {
	q = q.Where(condition, args...)
	c := q.Statement.Clauses["WHERE"]
	if where, ok := c.Expression.(clause.Where); ok {
		last := len(where.Exprs) - 1
		c.Expression = clause.Where{Exprs: append(slices.Clone(where.Exprs[last:]), where.Exprs[:last]...)}
		q.Statement.Clauses["WHERE"] = c
	}
	return q
}

// firstIndex counts along with the cursor, so that a page can say "31–60".
func firstIndex(from place, n int) int {
	switch {
	case from.ID == "":
		return 1
	case from.Back:
		return max(1, from.From-n)
	}
	return from.From
}

func (a *Access) setCursors(next, prev *string, name string, from place, more bool, n int, at func(int) place) {
	if n == 0 {
		return
	}
	first, last := at(0), at(n-1)
	first.Back = true
	first.From = firstIndex(from, n)
	last.From = first.From + n
	if more || from.Back {
		*next = a.sealCursor(name, last)
	}
	if from.ID != "" && (more || !from.Back) {
		*prev = a.sealCursor(name, first)
	}
}

const cursorMAC = 12 // bytes of the signature that a cursor carries

func (a *Access) sealCursor(name string, p place) string {
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // a place holds only what JSON can say
	}
	return base64.RawURLEncoding.EncodeToString(append(a.cursorSum(name, body), body...))
}

func (a *Access) openCursor(name, cursor string) (p place, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) < cursorMAC || len(raw) > 2048 {
		return p, false
	}
	mac, body := raw[:cursorMAC], raw[cursorMAC:]
	if !hmac.Equal(mac, a.cursorSum(name, body)) {
		return p, false
	}
	return p, json.Unmarshal(body, &p) == nil
}

func (a *Access) cursorSum(name string, body []byte) []byte {
	return sum(a.store.keys.cursors, a.tenant.ID+"\n"+a.user.ID+"\n"+name+"\n"+string(body))[:cursorMAC]
}

// RolesPage lists the roles of the tenant a page at a time, the built-in ones
// first. There are few, so they are cut to pages here.
func (a *Access) RolesPage(ctx context.Context, p Paging) (List[RoleRow], error) {
	list := List[RoleRow]{From: 1}
	all, err := a.Roles(ctx)
	if err != nil {
		return list, err
	}
	if p.Cursor != "" {
		from, ok := a.openCursor("roles", p.Cursor)
		if !ok {
			return list, errBadCursor
		}
		list.From = from.From
	}
	start := min(list.From-1, len(all))
	end := min(start+p.limit(), len(all))
	if list.Items = all[start:end]; end < len(all) {
		list.Next = a.sealCursor("roles", place{ID: all[end-1].Name, From: end + 1})
	}
	return list, nil
}
