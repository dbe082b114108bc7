package models_test

// A modelReplica is what matters of a process that serves from memory. What it
// remembers is one credential; one that was read in vain is not kept.
type modelReplica struct {
	row     uint8 // one more than seen_seq of its row; 0 when it has none
	lease   uint8 // ticks until the lease is over
	phase   uint8 // of its loop
	age     uint8 // ticks since the loop noted the time
	last    uint8 // the counter, as the loop read it
	seen    uint8 // seen_seq, as the loop read it
	reached uint8 // the last withdrawal that is forgotten
	foreign uint8 // the last of them that another process may wait for
	own     uint8 // withdrawals of its own that the loop has not met, a bit each
	named   bool  // the process knows the id of its row
	late    uint8 // a value of row that may come true by and by: an UPDATE given up, or a crash
	read    uint8 // how far somebody is who reads the credential to remember it
	entry   bool  // the credential is remembered, and its marks are as they were
}

// The phases of a replica's loop.
const (
	loopNew     = iota // no row yet
	loopStruck         // no row any more
	loopInsert         // the counter is read, the row is not committed
	loopClear          // everything is to be forgotten
	loopClear2         // half of that is done
	loopIdle           // registered, with nothing to do
	loopAsk            // the time is noted
	loopForget         // one withdrawal is to be forgotten
	loopForget2        // half of that is done
	loopUpdate         // the row is to say what is forgotten
	loopExtend         // the lease is to be extended
)

// The phases of who reads a credential to remember it. What the rules throw
// away in the end is thrown away at once.
const (
	readNone    = iota
	readCounted // applied is noted
	readDone    // the database said that the credential works
	readMarked  // the marks are taken
	readChecked // applied was still the same
)

// A modelWithdrawer is one call that takes a right away.
type modelWithdrawer struct {
	phase  uint8
	seq    uint8 // 0 before it has a number
	timer  uint8 // ticks that it still waits
	spared bool  // it knows the row of its own process, and does not strike it out
}

const (
	callIdle     = iota
	callSent     // the wait or the number came before the commit: broken variants
	callCommit   // committed, and the answer is on its way
	callCount    // the process is to forget it
	callMark     // half of that is done
	callOwn      // the loop is to be told
	callWait     // waiting for the others
	callReturned // about to strike out, or never
	callOver
)

// The phases of a request that began after a withdrawal of its right returned.
// One such request is enough, for requests change nothing.
const (
	requestNone = iota
	requestBegun
	requestFirst    // the first of two looks, at lease and marks, is done
	requestAccepted // what must never be
)

const modelMax = 3 // withdrawals

// A modelState is all that is true at one moment. It is comparable.
type modelState struct {
	replicas [2]modelReplica
	calls    [modelMax]modelWithdrawer
	returned bool // a withdrawal of the credential's right has
	request  uint8
}

// A modelFlaw is the one rule that a broken variant lacks.
type modelFlaw int

const (
	sound modelFlaw = iota
	leaseBeforeRow
	leaseFromAnswer
	marksBeforeLease
	racedReadKept
	marksBeforeCount
	numbersOutOfOrder
	clearsBeforeCommit
	rowNotLookedAt
	waitFromBeforeCommit
	rowBeforeForgetting
	ownOutlivesTheRow
	lateUpdateLowers
	crashLosesUpdate
)

// A modelCall is a withdrawal that somebody will make, at any time.
type modelCall struct {
	ours bool // it takes away what the credential rests on, or something else
	host int  // the replica whose process makes it; -1 for the command line
}

// A modelWorld says who takes part, with how many ticks, and what is broken.
type modelWorld struct {
	replicas int
	calls    []modelCall
	hold     uint8 // the length of a lease
	wait     uint8 // how long a withdrawer waits for who does not answer
	flaw     modelFlaw
}

// number returns the call whose withdrawal has a number, -1 when it is not
// committed.
func (s *modelState) number(seq uint8) int {
	for i, c := range s.calls {
		if c.seq == seq && c.phase >= callCommit {
			return i
		}
	}
	return -1
}

// last is the counter, as everybody sees it.
func (s *modelState) last() (n uint8) {
	for _, c := range s.calls {
		if c.phase >= callCommit {
			n = max(n, c.seq)
		}
	}
	return n
}

// next is the number for the next withdrawal.
func (s *modelState) next() (n uint8) {
	for _, c := range s.calls {
		n = max(n, c.seq)
	}
	return n + 1
}

// withdrawn reports whether the database refuses the credential.
func (w *modelWorld) withdrawn(s *modelState) bool {
	for i, c := range w.calls {
		if c.ours && s.calls[i].phase >= callCommit {
			return true
		}
	}
	return false
}

// settled reports whether nothing can be accepted any more: the database
// refuses, and nothing is remembered or about to be.
func (w *modelWorld) settled(s *modelState) bool {
	r := s.replicas[0]
	return w.withdrawn(s) && !r.entry && r.read < readDone && s.request != requestFirst
}

// count is the first half of forgetting: whoever reads will not keep it.
func (w *modelWorld) count(r *modelReplica) {
	if w.flaw != racedReadKept && r.read < readChecked {
		r.read = readNone
	}
}

// mark is the second half: what is remembered, or about to be, is stale.
func (r *modelReplica) mark() {
	r.entry = false
	if r.read >= readMarked {
		r.read = readNone
	}
}

// forget does one half of forgetting a withdrawal; all says that it is every
// credential that is forgotten.
func (w *modelWorld) forget(r *modelReplica, second, ours bool) {
	if second == (w.flaw == marksBeforeCount) {
		w.count(r)
	} else if ours {
		r.mark()
	}
}

// rest lets the loop wait for its next turn.
func (r *modelReplica) rest() {
	r.phase, r.age, r.last, r.seen = loopIdle, 0, 0, 0
}

// leave takes away the row, so that the loop must register.
func (r *modelReplica) leave(phase uint8) {
	r.rest()
	r.phase, r.row, r.named, r.late = phase, 0, false, 0
}
