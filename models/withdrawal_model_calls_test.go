package models_test

// call is what a withdrawer does next.
func (w *modelWorld) call(s modelState, i int, yield modelYield) {
	c, host := &s.calls[i], w.calls[i].host
	who := len(s.replicas) + i
	switch c.phase {
	case callIdle, callSent:
		w.commit(s, i, yield)
	case callCommit:
		lost := s
		lost.calls[i].phase, lost.calls[i].timer = callOver, 0
		yield(staysUnknown, who, lost)
		if c.phase = callWait; host >= 0 {
			c.phase = callCount
		}
		if w.flaw != waitFromBeforeCommit {
			c.timer = w.wait
		}
		yield(isToldSo, who, s)
	case callCount, callMark:
		w.forget(&s.replicas[host], c.phase == callMark, w.calls[i].ours)
		c.phase++
		yield(isForgottenAtHome, who, s)
	case callOwn:
		s.replicas[host].own |= 1 << i
		c.phase = callWait
		yield(isNotedAsOwn, who, s)
	case callWait:
		w.await(s, i, yield)
	case callReturned:
		w.strike(s, i, yield)
	}
}

// commit gives a withdrawal its number and commits it, in one step: the lock on
// the counter's row lets nobody between.
func (w *modelWorld) commit(s modelState, i int, yield modelYield) {
	c := &s.calls[i]
	who := len(s.replicas) + i
	if c.phase == callIdle && w.flaw == waitFromBeforeCommit {
		c.phase, c.timer = callSent, w.wait
		yield(isSent, who, s)
		return
	}
	if c.seq == 0 {
		c.seq = s.next()
	}
	if c.phase == callIdle && w.flaw == numbersOutOfOrder {
		c.phase = callSent
		yield(isSent, who, s)
		return
	}
	c.phase = callCommit
	yield(isCommitted, who, s)
}

// await returns from a call, and so before it strikes anybody out: what it
// strikes out later, or never, is then explored as well.
func (w *modelWorld) await(s modelState, i int, yield modelYield) {
	c, host := &s.calls[i], w.calls[i].host
	what := allHaveSeen
	for r := range w.replicas {
		if w.behind(&s, i, r) && !(r == host && s.replicas[r].named) {
			what = hasWaited
		}
	}
	if what == hasWaited && c.timer > 0 {
		return
	}
	c.phase, c.timer = callReturned, 0
	c.spared = host >= 0 && s.replicas[host].named
	s.returned = s.returned || w.calls[i].ours
	yield(what, len(s.replicas)+i, s)
}

// behind reports whether a replica has a row that has not seen a withdrawal.
func (w *modelWorld) behind(s *modelState, call, replica int) bool {
	row := s.replicas[replica].row
	return row > 0 && row-1 < s.calls[call].seq
}

func (w *modelWorld) strike(s modelState, i int, yield modelYield) {
	struck := false
	for r := range w.replicas {
		if w.behind(&s, i, r) && !(r == w.calls[i].host && s.calls[i].spared) {
			s.replicas[r].row, s.replicas[r].late, struck = 0, 0, true
		}
	}
	s.calls[i].phase, s.calls[i].spared = callOver, false
	if struck {
		yield(strikesOut, len(s.replicas)+i, s)
	}
}

// remember is somebody in the first replica who reads the credential to keep
// it. One is enough: to answer wrongly, memory needs one wrong entry.
func (w *modelWorld) remember(s modelState, yield modelYield) {
	r := &s.replicas[0]
	if r.read < readDone && (r.entry || w.withdrawn(&s)) {
		return
	}
	what := [...]modelStep{readNone: beginsToRead, readCounted: readsThatItWorks, readDone: takesMarks,
		readMarked: findsNothingApplied, readChecked: keepsEntry}[r.read]
	if r.read++; r.read > readChecked {
		r.read, r.entry = readNone, true
	}
	yield(what, 0, s)
}

// serve is a request to the first replica. One that began before a withdrawal
// returned changes nothing and may be answered either way: it is one step.
func (w *modelWorld) serve(s modelState, yield modelYield) {
	r := s.replicas[0]
	first, second := r.lease > 0, r.entry
	if w.flaw == marksBeforeLease {
		first, second = second, first
	}
	switch good := first; {
	case !s.returned && r.lease > 0 && r.entry:
		yield(answersFromMemory, 0, s)
	case !s.returned:
	case s.request == requestNone:
		s.request = requestBegun
		yield(isAsked, 0, s)
	default:
		if s.request == requestFirst {
			good = second
		}
		if s.request++; good {
			yield(looks, 0, s)
			return
		}
		s.request = requestNone
		if !w.withdrawn(&s) {
			s.request = requestAccepted
		}
		yield(asksDatabase, 0, s)
	}
}
