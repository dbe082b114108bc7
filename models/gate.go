package models

import (
	"context"
	"sync/atomic"
	"time"
)

// maxLookups is how many lookups may wait for the database at once. Whoever
// comes then is told to come again: a queue that no client outwaits only keeps
// the database busy for nobody.
const maxLookups = 512

// A gate lets a few lookups ask the database at a time. It leaves connections
// to everything else, so that a flood of tokens that nobody made stops neither
// the console nor those whose tokens are remembered.
type gate struct {
	inside          chan struct{}
	waiting         atomic.Int64
	passed, refused atomic.Uint64
}

func newGate(places int) *gate { return &gate{inside: make(chan struct{}, max(2, places))} }

var errBusy = &Error{Kind: Unavailable, Message: "Too many tokens are being looked up. Try again in a moment.", RetryAfter: time.Second}

// enter waits for a place; leave gives it back.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.inside <- struct{}{}:
		g.passed.Add(1)
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > maxLookups {
		g.refused.Add(1)
		return errBusy
	}
	select {
	case g.inside <- struct{}{}:
		g.passed.Add(1)
		return nil
	case <-ctx.Done():
		g.refused.Add(1)
		return errBusy
	}
}

func (g *gate) leave() { <-g.inside }
