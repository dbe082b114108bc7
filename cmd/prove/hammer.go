package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// pace is the mean pause of a hammer between two requests. It leaves the
// processors to the replicas, whose races are what is looked for.
const pace = 2 * time.Millisecond

// A target is what the hammers of a worker hit now.
type target struct{ atomic.Pointer[loss] }

// hammer sends requests to one replica until ctx ends, most of them with the
// rights that are about to be withdrawn, some with rights that were. A replica
// that is stopped stops its hammer, and no other.
func (c *campaign) hammer(ctx context.Context, r *replica, at *target, random *rand.Rand) {
	for ctx.Err() == nil {
		one := c.graves.any(random)
		if l := at.Load(); l != nil && (one == nil || random.IntN(5) > 0) {
			one = pick(random, l.rights)
		}
		if one != nil {
			// A request outlives the phase, or what a stopped replica answers
			// at its end would never be seen.
			c.tally.asked(one, r.ask(context.WithoutCancel(ctx), pick(random, one.asks), one.secret))
		}
		pause(ctx, time.Duration(random.Int64N(int64(2*pace))))
	}
}

// probe sends one request with each right to each replica, as soon as a
// withdrawal has returned. It does not wait for replicas that take their time;
// the campaign does at its end.
func (c *campaign) probe(ctx context.Context, l loss) {
	var answered sync.WaitGroup
	for _, one := range l.rights {
		path := one.asks[rand.IntN(len(one.asks))]
		for _, r := range c.fleet.replicas {
			answered.Add(1)
			c.inFlight.Go(func() {
				defer answered.Done()
				c.tally.asked(one, r.ask(context.WithoutCancel(ctx), path, one.secret))
			})
		}
	}
	all := make(chan struct{})
	go func() {
		defer close(all)
		answered.Wait()
	}()
	select {
	case <-all:
	case <-time.After(50 * time.Millisecond):
	}
}

// graves are rights that were withdrawn lately. They must stay so, whatever
// happens to the replicas.
type graves struct {
	mu   sync.Mutex
	list []*right
	next int
}

// remembered is how many rights the graves hold.
const remembered = 200

func (g *graves) add(list ...*right) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range list {
		if len(g.list) < remembered {
			g.list = append(g.list, r)
			continue
		}
		g.list[g.next] = r
		g.next = (g.next + 1) % remembered
	}
}

func (g *graves) any(random *rand.Rand) *right {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.list) == 0 {
		return nil
	}
	return pick(random, g.list)
}

func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// between is a random duration.
func between(random *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(random.Int64N(int64(most-least)))
}
