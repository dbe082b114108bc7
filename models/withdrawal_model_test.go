package models_test

import (
	"strings"
	"testing"
)

// These tests hold the protocol of docs/revocation.md to its promise by brute
// force: no request that began after a withdrawal had returned is accepted for
// what was withdrawn. They walk through every state that a small world can
// reach, in which
//
//   - everybody may stand still between any two steps, for any time;
//   - a statement may fail, be done without an answer, or be done long after it
//     was given up;
//   - a process may be killed and started again, and a call may never return;
//   - nobody is woken, and everybody may look at any moment.
//
// The worlds are small, and left out is only what cannot help to break the
// promise. Only the first replica remembers, for a request is answered by one,
// and the others count for their rows. The rows of the dead are gone at once,
// for they only make withdrawers wait. A call returns before it strikes out,
// for then that may also happen late or never.

// In the worlds, a withdrawal takes away what the one credential rests on, or
// something else; it is made by the process of a replica, or elsewhere.
var (
	ours         = modelCall{true, -1}
	oursAtOne    = modelCall{true, 0}
	another      = modelCall{false, -1}
	anotherAtOne = modelCall{false, 0}
)

func TestNoInterleavingAcceptsWhatWasWithdrawn(t *testing.T) {
	var taken [modelSteps]int
	for name, test := range map[string]struct {
		world modelWorld
		least int // states; with fewer, the search has become empty
	}{
		"a withdrawal":                       {modelWorld{1, []modelCall{ours}, 3, 4, sound}, 1_000},
		"two of different things":            {modelWorld{1, []modelCall{another, ours}, 3, 4, sound}, 70_000},
		"two of the same thing":              {modelWorld{1, []modelCall{oursAtOne, ours}, 3, 4, sound}, 10_000},
		"at home and elsewhere":              {modelWorld{1, []modelCall{anotherAtOne, ours}, 3, 4, sound}, 200_000},
		"elsewhere and at home":              {modelWorld{1, []modelCall{another, oursAtOne}, 3, 4, sound}, 90_000},
		"both at home":                       {modelWorld{1, []modelCall{anotherAtOne, oursAtOne}, 3, 4, sound}, 250_000},
		"clocks that differ by all they may": {modelWorld{1, []modelCall{anotherAtOne, oursAtOne}, 4, 4, sound}, 400_000},
		"three":                              {modelWorld{1, []modelCall{anotherAtOne, another, ours}, 1, 1, sound}, 1_400_000},
		"two replicas":                       {modelWorld{2, []modelCall{another, ours}, 1, 1, sound}, 900_000},
		"two replicas, one withdraws":        {modelWorld{2, []modelCall{{true, 1}}, 3, 4, sound}, 20_000},
	} {
		t.Run(name, func(t *testing.T) {
			x := test.world.explore()
			if x.broken >= 0 {
				t.Errorf("accepted:\n%s", strings.Join(x.trace(), "\n"))
			}
			if len(x.nodes) < test.least {
				t.Errorf("%d states, want %d at least", len(x.nodes), test.least)
			}
			t.Logf("%d states", len(x.nodes))
			for what, n := range x.count {
				taken[what] += n
			}
		})
	}
	// Where the lease is held after the return, nothing wrong is remembered, so
	// nothing is left to look at.
	never := map[modelStep]bool{looks: true, isSent: true}
	for what, n := range taken {
		if (n > 0) == never[modelStep(what)] {
			t.Errorf("%q was seen %d times", stepWords[what], n)
		}
	}
}

// Every rule is there for a reason, and the search would notice its absence.
func TestEachRuleOfWithdrawalIsNeeded(t *testing.T) {
	for name, w := range map[string]modelWorld{
		"the lease is extended before the row says what is forgotten": {flaw: leaseBeforeRow, calls: []modelCall{another, ours}},
		"the lease counts from the answer of the database":            {flaw: leaseFromAnswer, calls: []modelCall{ours}},
		"marks are looked at before the lease":                        {flaw: marksBeforeLease, calls: []modelCall{ours}},
		"what was read during a withdrawal is kept":                   {flaw: racedReadKept, calls: []modelCall{ours}},
		"marks move on before the count":                              {flaw: marksBeforeCount, calls: []modelCall{ours}},
		"numbers come in another order than commits":                  {flaw: numbersOutOfOrder, calls: []modelCall{another, ours}},
		"everything is forgotten before the new row is committed":     {flaw: clearsBeforeCommit, calls: []modelCall{ours}},
		"a renewal does not look at its row":                          {flaw: rowNotLookedAt, calls: []modelCall{another, ours}},
		"the wait begins before the commit":                           {flaw: waitFromBeforeCommit, calls: []modelCall{ours}},
		"the row says what is not forgotten yet":                      {flaw: rowBeforeForgetting, calls: []modelCall{ours}},
		"own withdrawals are still own under a new row":               {flaw: ownOutlivesTheRow, calls: []modelCall{anotherAtOne, ours}},
		"a late update lowers the row":                                {flaw: lateUpdateLowers, calls: []modelCall{another, another, ours}, hold: 1, wait: 1},
		"a crash of the database loses an update of the row":          {flaw: crashLosesUpdate, calls: []modelCall{another, ours}},
	} {
		t.Run(name, func(t *testing.T) {
			w.replicas = 1
			if w.wait == 0 {
				w.hold, w.wait = 3, 4
			}
			mustBreak(t, w)
			w.flaw = sound
			if x := w.explore(); x.broken >= 0 {
				t.Error("it breaks with the rule as well")
			}
		})
	}
}

// Withdrawers must wait as long as a lease can last on their own clock, which
// may be the faster one, and need not wait any longer.
func TestAWithdrawerWaitsAsLongAsALease(t *testing.T) {
	for wait := range uint8(3) {
		mustBreak(t, modelWorld{1, []modelCall{ours}, 3, wait, sound})
	}
	mustBreak(t, modelWorld{1, []modelCall{ours}, 5, 4, sound})
	for _, w := range []modelWorld{{1, []modelCall{another, ours}, 3, 3, sound}, {1, []modelCall{another, ours}, 4, 4, sound}} {
		if x := w.explore(); x.broken >= 0 {
			t.Errorf("a lease of %d and a wait of %d break it", w.hold, w.wait)
		}
	}
}

func mustBreak(t *testing.T, w modelWorld) {
	t.Helper()
	x := w.explore()
	if x.broken < 0 {
		t.Errorf("%+v: nothing wrong in %d states", w, len(x.nodes))
		return
	}
	t.Logf("a request is accepted:\n%s", strings.Join(x.trace(), "\n"))
}
