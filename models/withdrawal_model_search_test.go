package models_test

import "fmt"

// A modelStep is something that happens.
type modelStep uint8

const (
	timePasses modelStep = iota
	leaseIsOver
	isKilled
	insertsRow
	insertsRowAnew
	commitsRow
	beginsToForgetAll
	hasForgottenAll
	notesTime
	readsNothingNew
	readsWithdrawal
	readsRowGone
	beginsToForget
	hasForgotten
	updatesRow
	updatesUnanswered
	updatesLate
	rowChangesLate
	isRefused
	getsNoAnswer
	extendsLease
	answersFromMemory
	beginsToRead
	readsThatItWorks
	takesMarks
	findsNothingApplied
	keepsEntry
	isSent
	isCommitted
	isToldSo
	staysUnknown
	isForgottenAtHome
	isNotedAsOwn
	allHaveSeen
	hasWaited
	strikesOut
	isAsked
	looks
	asksDatabase
	modelSteps
)

var stepWords = [modelSteps]string{
	timePasses:          "a tick passes",
	leaseIsOver:         "a tick passes and a lease is over",
	isKilled:            "is killed and started again",
	insertsRow:          "begins to insert its row",
	insertsRowAnew:      "begins to insert a row anew",
	commitsRow:          "commits its row",
	beginsToForgetAll:   "begins to forget everything",
	hasForgottenAll:     "has forgotten everything",
	notesTime:           "notes the time",
	readsNothingNew:     "reads its row and the counter: nothing is new",
	readsWithdrawal:     "reads its row and the counter: something was withdrawn",
	readsRowGone:        "reads that its row is gone",
	beginsToForget:      "begins to forget a withdrawal",
	hasForgotten:        "has forgotten a withdrawal",
	updatesRow:          "updates its row",
	updatesUnanswered:   "updates its row, and the answer is lost",
	updatesLate:         "gives up an update that may still be done",
	rowChangesLate:      "has its row changed when it does not expect it",
	isRefused:           "is told at its update that its row is gone",
	getsNoAnswer:        "gets no answer and gives up",
	extendsLease:        "extends its lease",
	answersFromMemory:   "answers from memory",
	beginsToRead:        "begins to read the credential",
	readsThatItWorks:    "reads that the credential works",
	takesMarks:          "takes the marks",
	findsNothingApplied: "finds that nothing was withdrawn meanwhile",
	keepsEntry:          "remembers the credential",
	isSent:              "is sent, and not committed yet",
	isCommitted:         "is committed",
	isToldSo:            "is told that it is committed",
	staysUnknown:        "is never told that it is committed",
	isForgottenAtHome:   "is forgotten in its own process, by half",
	isNotedAsOwn:        "is noted as the process's own",
	allHaveSeen:         "returns, for all others have seen it",
	hasWaited:           "returns, for it has waited long enough",
	strikesOut:          "strikes out who has not seen it",
	isAsked:             "is asked by a request that begins now",
	looks:               "looks at lease or marks for it: they are good",
	asksDatabase:        "asks the database for it",
}

// A modelNode is a state that was reached, and from where.
type modelNode struct {
	state  modelState
	parent int32
}

// A modelSearch is what can happen in a world: all of it, or as much as it
// takes to break the promise.
type modelSearch struct {
	world  *modelWorld
	nodes  []modelNode // in the order of the fewest steps to each
	found  map[modelState]struct{}
	count  [modelSteps]int
	broken int // the node that breaks the promise, -1 when none does
}

// explore walks through every state that can be reached, those that need the
// fewest steps first.
func (w *modelWorld) explore() *modelSearch {
	x := &modelSearch{world: w, found: map[modelState]struct{}{}, broken: -1}
	x.add(modelState{}, 0)
	for at := 0; at < len(x.nodes) && x.broken < 0; at++ {
		w.steps(x.nodes[at].state, func(what modelStep, _ int, s modelState) {
			x.count[what]++
			x.add(s, at)
		})
	}
	return x
}

func (x *modelSearch) add(s modelState, parent int) {
	if _, ok := x.found[s]; ok {
		return
	}
	x.found[s] = struct{}{}
	if s.request == requestAccepted && x.broken < 0 {
		x.broken = len(x.nodes)
	}
	x.nodes = append(x.nodes, modelNode{s, int32(parent)})
}

// trace tells how the promise was broken, in as few steps as can be.
func (x *modelSearch) trace() (lines []string) {
	for at := x.broken; at > 0; at = int(x.nodes[at].parent) {
		lines = append([]string{x.line(int(x.nodes[at].parent), at)}, lines...)
	}
	return lines
}

// line tells what led from one state to another.
func (x *modelSearch) line(from, to int) (line string) {
	x.world.steps(x.nodes[from].state, func(what modelStep, who int, s modelState) {
		if line != "" || s != x.nodes[to].state {
			return
		}
		switch line = stepWords[what]; {
		case who >= len(s.replicas):
			line = fmt.Sprintf("withdrawal %d %s", who-len(s.replicas)+1, line)
		case who >= 0:
			line = fmt.Sprintf("replica %d %s", who+1, line)
		}
	})
	return line
}
