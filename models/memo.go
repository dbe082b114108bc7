package models

import "sync/atomic"

// A Memo is something worked out of the rights of a caller once, and shared by
// all their tokens with the same patterns. It may depend on the caller's user,
// tenant, roles and scopes, and on nothing else of the request or the token.
type Memo[T any] struct {
	slot int
	make func(*Access) T
}

// keptMemos has room for every Memo of the program.
type keptMemos [4]atomic.Value

var memos int

// NewMemo declares a Memo, for a package variable.
func NewMemo[T any](of func(*Access) T) Memo[T] {
	memos++
	return Memo[T]{memos - 1, of}
}

// Of returns what was worked out for the caller. Nobody may change it.
func (m Memo[T]) Of(a *Access) T {
	kept := &a.rights.kept[m.slot]
	if v, ok := kept.Load().(T); ok {
		return v
	}
	v := m.make(a)
	kept.Store(v)
	return v
}
