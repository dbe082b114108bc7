package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// A campaign is a number of withdrawals under one kind of fault, or none.
type campaign struct {
	fleet    *fleet
	graves   *graves
	tally    *tally
	fault    *fault // nil for none
	number   int    // withdrawals at least
	strikes  int    // of the fault at least
	workers  int
	commands float64 // the share of withdrawals with the command line
	random   *rand.Rand

	struck   atomic.Int64
	sending  chan *replica // what is withdrawn through now, for who waits for it
	inFlight sync.WaitGroup
}

// run makes the withdrawals and returns when every request that was sent has
// its answer, or had the time for one.
func (c *campaign) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hammering, rest := context.WithCancel(ctx)
	var workers, others sync.WaitGroup
	if c.fault != nil {
		random := c.fork()
		others.Go(func() { c.stopFor(cancel, c.strike(hammering, random)) })
	}
	for range c.workers {
		w := &worker{campaign: c, random: c.fork()}
		for _, r := range c.fleet.replicas {
			random := c.fork()
			others.Go(func() { c.hammer(hammering, r, &w.target, random) })
		}
		workers.Go(func() { c.stopFor(cancel, w.run(ctx)) })
	}
	workers.Wait()
	rest()
	others.Wait()
	c.inFlight.Wait()
	return context.Cause(ctx)
}

func (c *campaign) stopFor(cancel context.CancelCauseFunc, err error) {
	if err != nil {
		cancel(fmt.Errorf("%s: %w", c.tally.name, err))
	}
}

// fork is randomness for one goroutine. It is called by one.
func (c *campaign) fork() *rand.Rand {
	return rand.New(rand.NewPCG(c.random.Uint64(), c.random.Uint64()))
}

// A worker makes one withdrawal after the other.
type worker struct {
	*campaign
	random *rand.Rand
	ground *ground
	target target
}

func (w *worker) run(ctx context.Context) error {
	for w.tally.total() < w.number || w.struck.Load() < int64(w.strikes) {
		err := w.once(ctx)
		if errors.Is(err, errReplicaFailed) {
			continue // it was to make a child, and something is wrong with it
		}
		if err != nil || ctx.Err() != nil {
			return err
		}
		if w.fault != nil {
			pause(ctx, between(w.random, 0, breath)) // faults take their time
		}
	}
	return nil
}

// breath is the longest pause of a worker between two withdrawals under
// faults, so that they fall into every stage of many faults.
const breath = 100 * time.Millisecond

// once makes rights, has them hammered, withdraws them, and looks who is let
// in afterwards.
func (w *worker) once(ctx context.Context) error {
	l, err := w.prepare(ctx)
	if err != nil {
		return err
	}
	w.target.Store(&l)
	if w.random.IntN(3) > 0 {
		if err := w.warm(ctx, l); err != nil {
			return err
		}
	} else {
		// Replicas that read a right for the first time race its withdrawal.
		pause(ctx, between(w.random, 0, 2*pace))
	}
	promised, err := w.withdraw(ctx, l)
	if err != nil || !promised {
		w.target.Store(nil)
		return err
	}
	w.tally.done(l.way)
	w.target.Store(nil)
	w.graves.add(l.rights...)
	return nil
}

// prepare chooses a way and makes what it takes away.
func (w *worker) prepare(ctx context.Context) (l loss, err error) {
	if w.ground == nil || w.ground.spoil || w.ground.uses >= groundUses {
		if w.ground, err = newGround(ctx, w.fleet); err != nil {
			return l, err
		}
	}
	w.ground.uses++
	command := w.random.Float64() < w.commands
	ways := byCall
	if command {
		ways = byCommand
	}
	chosen := pick(w.random, ways)
	if l, err = chosen.prepare(ctx, w.ground, w.anyWell(ctx)); err != nil {
		return l, fmt.Errorf("%s: %w", chosen.name, err)
	}
	l.way, w.ground.spoil = chosen.name, l.spoils
	if command {
		l.call = call{}
	}
	for _, r := range l.rights {
		r.way, r.phase = l.way, w.tally.name
	}
	return l, nil
}

// anyWell waits for a replica that nothing is wrong with.
func (w *worker) anyWell(ctx context.Context) *replica {
	for {
		if list := w.fleet.well(); len(list) > 0 {
			return pick(w.random, list)
		}
		if pause(ctx, 5*time.Millisecond); ctx.Err() != nil {
			return w.fleet.replicas[0]
		}
	}
}

// warm asks replicas until they let the rights in. One that is well and goes on
// refusing a right that nobody withdrew is a fault of its own.
func (w *worker) warm(ctx context.Context, l loss) error {
	var all sync.WaitGroup
	var problems sync.Map
	for _, r := range w.fleet.well() {
		for _, one := range l.rights {
			all.Go(func() {
				if err := w.untilLetIn(ctx, r, one); err != nil {
					problems.Store(one, err)
				}
			})
		}
	}
	all.Wait()
	for _, err := range problems.Range {
		return err.(error)
	}
	return nil
}

func (w *worker) untilLetIn(ctx context.Context, r *replica, one *right) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	turns := r.turns.Load()
	for {
		q := r.ask(ctx, one.asks[0], one.secret)
		v := w.tally.asked(one, q)
		switch {
		case v == before, r.turns.Load() != turns:
			return nil
		case ctx.Err() != nil && v == early:
			return fmt.Errorf("%s refuses a right that was not withdrawn: %s, %s: status %d", r.name, one.way, one.name, q.status)
		case ctx.Err() != nil:
			return nil
		}
		pause(ctx, 10*time.Millisecond)
	}
}

// withdraw takes the rights away and reports whether it was promised. What
// failed is tried again: a right may be gone then without anybody having
// waited for the other replicas, and still the promise must hold.
func (w *worker) withdraw(ctx context.Context, l loss) (promised bool, err error) {
	if l.call.method != "" && w.random.IntN(10) == 0 {
		return w.twice(ctx, l)
	}
	for try := range 4 {
		if l.call.method == "" {
			promised = w.withCommand(ctx, l)
		} else {
			promised, err = w.through(ctx, l, w.door(ctx, try), try > 0)
		}
		if promised || err != nil || ctx.Err() != nil {
			return promised, err
		}
	}
	return false, nil
}

// twice withdraws through two replicas at the same time. Whoever returns first
// promises, also when it found the right gone.
func (w *worker) twice(ctx context.Context, l loss) (promised bool, err error) {
	var both sync.WaitGroup
	var promises [2]bool
	var errs [2]error
	doors := [2]*replica{w.door(ctx, 0), w.door(ctx, 1)}
	for i := range 2 {
		both.Go(func() { promises[i], errs[i] = w.through(ctx, l, doors[i], true) })
	}
	both.Wait()
	return promises[0] || promises[1], errors.Join(errs[:]...)
}

// door is the replica to withdraw through: one that is well, and now and then
// one that is cut off.
func (w *worker) door(ctx context.Context, try int) *replica {
	if r := pick(w.random, w.fleet.replicas); try == 0 && r.is(cutOff) && w.random.IntN(4) == 0 {
		return r
	}
	return w.anyWell(ctx)
}

// through withdraws through a replica. again says that it may be gone already.
func (w *worker) through(ctx context.Context, l loss, r *replica, again bool) (promised bool, err error) {
	turns, sound := r.turns.Load(), r.is(well)
	select {
	case w.sending <- r:
	default:
	}
	done := withdrawal{sent: now(), through: r.name}
	status, body, err := r.send(ctx, l.call)
	done.returned = now()
	switch {
	case err != nil:
		w.tally.failed("a call without an answer")
		return false, nil
	case status >= 500:
		w.tally.failed(fmt.Sprintf("%s: status %d", l.way, status))
		return false, nil
	case status >= 300 && again:
		return false, nil // what is not there any more cannot be withdrawn
	case status >= 300:
		return false, fmt.Errorf("%s: %s %s through %s: status %d: %s", l.way, l.call.method, l.call.path, r.name, status, body)
	}
	w.tally.withdrew(l, done)
	w.probe(ctx, l)
	if sound && r.turns.Load() == turns {
		w.tally.timed(&w.tally.took, done)
	}
	return true, nil
}

func (w *worker) withCommand(ctx context.Context, l loss) (promised bool) {
	done := withdrawal{sent: now(), through: "the command line"}
	if err := w.fleet.command(ctx, l.command...); err != nil {
		w.tally.failed(fmt.Sprintf("%s: %v", l.way, err))
		return false
	}
	done.returned = now()
	w.tally.withdrew(l, done)
	w.probe(ctx, l)
	w.tally.timed(&w.tally.tookBy, done)
	return true
}
