package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"latchkey/models"
)

// A fault is something that goes wrong with one replica at a time, again and
// again, while rights are withdrawn through the others.
type fault struct {
	name   string
	what   string
	leaves condition // what can be expected of the replica meanwhile
	local  bool      // it can happen to a server on SQLite too
	// strike breaks the replica, waits, and mends it, also when ctx has ended.
	strike func(ctx context.Context, c *campaign, r *replica, random *rand.Rand) error
}

var faults = []fault{
	{"stop", "stopped with SIGSTOP", hung, true, stopped},
	{"database", "database cut", cutOff, false, databaseCut},
	{"slow", "database slow", well, false, databaseSlow},
	{"listener", "listener cut", well, false, listenerCut},
	{"kill", "killed with SIGKILL", hung, true, killed},
	{"clock", "wrong wall clock", hung, true, clockWrong},
}

// strike lets the fault happen until ctx ends.
func (c *campaign) strike(ctx context.Context, random *rand.Rand) error {
	for ctx.Err() == nil {
		r := c.victim(ctx, random)
		r.become(c.fault.leaves)
		if err := c.fault.strike(ctx, c, r, random); err != nil {
			return err
		}
		if err := r.ready(context.WithoutCancel(ctx)); err != nil {
			return err
		}
		r.become(well)
		c.tally.struck()
		c.struck.Add(1)
		pause(ctx, between(random, 100*time.Millisecond, 600*time.Millisecond))
	}
	return nil
}

// victim is any replica, or one in the middle of a withdrawal: it leaves work
// half done, and others find it so.
func (c *campaign) victim(ctx context.Context, random *rand.Rand) *replica {
	if random.IntN(2) == 0 {
		select {
		case r := <-c.sending:
			pause(ctx, between(random, 0, 8*time.Millisecond))
			return r
		case <-ctx.Done():
		}
	}
	return pick(random, c.fleet.replicas)
}

// spell is how long a fault lasts: any time, or about as long as a lease,
// where its end and the fault's can race.
func spell(random *rand.Rand) time.Duration {
	if random.IntN(2) == 0 {
		return between(random, 50*time.Millisecond, 3*time.Second)
	}
	return between(random, 800*time.Millisecond, 1200*time.Millisecond)
}

// stopped stops the process once, or again and again for moments, so that it
// stands still at any of its lines.
func stopped(ctx context.Context, _ *campaign, r *replica, random *rand.Rand) error {
	times, length := 1, spell
	if random.IntN(3) == 0 {
		times, length = 20, func(r *rand.Rand) time.Duration { return between(r, time.Millisecond, 120*time.Millisecond) }
	}
	for range times {
		if err := r.signal(syscall.SIGSTOP); err != nil {
			return err
		}
		pause(ctx, length(random))
		if err := r.signal(syscall.SIGCONT); err != nil {
			return err
		}
		pause(ctx, between(random, 0, 20*time.Millisecond))
	}
	return nil
}

func databaseCut(ctx context.Context, _ *campaign, r *replica, random *rand.Rand) error {
	cut(ctx, r.pool, random)
	return nil
}

// databaseSlow lets what is read overtake what is withdrawn, and the other way
// round, or has a lease renewed by an answer that is nearly as old as a lease.
// Nothing fails, so rights are withdrawn through the replica too.
func databaseSlow(ctx context.Context, _ *campaign, r *replica, random *rand.Rand) error {
	defer r.pool.mend()
	longest := between(random, 5*time.Millisecond, 60*time.Millisecond)
	if random.IntN(2) == 0 {
		longest = between(random, 400*time.Millisecond, 850*time.Millisecond)
	}
	r.pool.slowDown(longest)
	pause(ctx, between(random, time.Second, 2*time.Second))
	return nil
}

func listenerCut(ctx context.Context, _ *campaign, r *replica, random *rand.Rand) error {
	cut(ctx, r.listener, random)
	return nil
}

// cut breaks connections and refuses new ones, breaks them only, or holds
// everything back and delivers it late.
func cut(ctx context.Context, p *proxy, random *rand.Rand) {
	defer p.mend()
	switch random.IntN(5) {
	case 0, 1:
		p.refuse()
	case 2, 3:
		p.stall()
	case 4:
		p.cut()
	}
	pause(ctx, spell(random))
}

func killed(ctx context.Context, c *campaign, r *replica, random *rand.Rand) error {
	r.kill()
	if random.IntN(2) == 0 {
		pause(ctx, spell(random))
	}
	return r.start(context.WithoutCancel(ctx), c.fleet.programs.plain)
}

// clockWrong runs the replica with a clock that is hours off. It is as good as
// the others: rights are withdrawn through it too.
func clockWrong(ctx context.Context, c *campaign, r *replica, random *rand.Rand) error {
	offset := between(random, 2*time.Hour, 20*time.Hour)
	if random.IntN(2) == 0 {
		offset = -offset
	}
	if err := c.restart(ctx, r, c.fleet.programs.odd, offsetVariable+"="+offset.String()); err != nil {
		return err
	}
	if err := c.clockIsWrong(ctx, r); err != nil {
		return err
	}
	r.become(well)
	pause(ctx, between(random, time.Second, 2*time.Second))
	r.become(hung)
	return c.restart(ctx, r, c.fleet.programs.plain)
}

func (c *campaign) restart(ctx context.Context, r *replica, program string, env ...string) error {
	if err := r.stop(); err != nil {
		return err
	}
	return r.start(context.WithoutCancel(ctx), program, env...)
}

// clockIsWrong makes sure of it by the date of a token that the replica makes.
func (c *campaign) clockIsWrong(ctx context.Context, r *replica) error {
	ctx = context.WithoutCancel(ctx)
	g, err := newGround(ctx, c.fleet)
	if err != nil {
		return err
	}
	_, parent, err := g.token(ctx, g.owner, models.Never, "*", "tokens:write")
	if err != nil {
		return err
	}
	made, err := g.child(ctx, r, parent)
	if err != nil {
		return err
	}
	if off := time.Since(made.CreatedAt).Abs(); off < 30*time.Minute {
		return fmt.Errorf("the clock of %s is right: it dates a token %v off", r.name, off)
	}
	return nil
}
