package models_test

// A modelYield takes what happens, who does it, and what is true then. Replicas
// are 0 and 1, withdrawals follow, and time is nobody.
type modelYield func(what modelStep, who int, s modelState)

const nobody = -1

// steps yields all that can happen next. Whoever takes part may stand still
// for as long as it likes, for any other may go first, and time as well.
func (w *modelWorld) steps(s modelState, yield modelYield) {
	if w.settled(&s) {
		return
	}
	w.tick(s, yield)
	for i := range w.calls {
		w.call(s, i, yield)
	}
	for i := range w.replicas {
		w.kill(s, i, yield)
		w.late(s, i, yield)
		w.register(s, i, yield)
		w.renew(s, i, yield)
		w.acknowledge(s, i, yield)
	}
	w.remember(s, yield)
	w.serve(s, yield)
}

func (w *modelWorld) tick(s modelState, yield modelYield) {
	what := timePasses
	r := &s.replicas[0]
	if r.lease == 1 {
		what = leaseIsOver
	}
	r.lease -= min(r.lease, 1)
	if r.phase >= loopAsk {
		r.age = min(r.age+1, w.hold)
	}
	for i := range s.calls {
		s.calls[i].timer -= min(s.calls[i].timer, 1)
	}
	yield(what, nobody, s)
}

// kill ends a process and starts it again. The row that stays behind could only
// make withdrawers wait, and they may wait anyway, so it is dropped.
func (w *modelWorld) kill(s modelState, i int, yield modelYield) {
	s.replicas[i] = modelReplica{}
	for c := range w.calls {
		if call := &s.calls[c]; w.calls[c].host == i && call.phase > callSent && call.phase < callReturned {
			call.phase, call.timer = callOver, 0
		}
	}
	if i == 0 {
		s.request = requestNone
	}
	yield(isKilled, i, s)
}

// late lets happen to a row what its process does not wait for any more.
func (w *modelWorld) late(s modelState, i int, yield modelYield) {
	r := &s.replicas[i]
	if r.late == 0 || r.row == 0 {
		return
	}
	if r.row < r.late || w.flaw == lateUpdateLowers || w.flaw == crashLosesUpdate {
		r.row = r.late
	}
	r.late = 0
	yield(rowChangesLate, i, s)
}

func (w *modelWorld) register(s modelState, i int, yield modelYield) {
	early := w.flaw == clearsBeforeCommit
	switch r := &s.replicas[i]; r.phase {
	case loopNew, loopStruck:
		what := insertsRow
		if r.phase == loopStruck {
			what = insertsRowAnew
		}
		r.phase, r.last, r.lease = loopInsert, s.last(), 0
		if early {
			r.phase, r.last = loopClear, 0
		}
		yield(what, i, s)
	case loopInsert:
		w.commitRow(s, i, yield)
	case loopClear:
		w.forget(r, false, true)
		r.phase = loopClear2
		yield(beginsToForgetAll, i, s)
	case loopClear2:
		w.forget(r, true, true)
		if early {
			r.phase, r.last = loopInsert, s.last()
		} else {
			w.enter(r)
		}
		yield(hasForgottenAll, i, s)
	}
}

// commitRow ends an INSERT. One whose answer is lost leaves a row that nobody
// knows, which is dropped like that of the dead.
func (w *modelWorld) commitRow(s modelState, i int, yield modelYield) {
	failed := s
	failed.replicas[i].leave(loopNew)
	yield(getsNoAnswer, i, failed)
	r := &s.replicas[i]
	r.row, r.phase = r.last+1, loopClear
	if w.flaw == clearsBeforeCommit {
		w.enter(r)
	}
	for c := range w.calls {
		s.calls[c].spared = s.calls[c].spared && w.calls[c].host != i
	}
	yield(commitsRow, i, s)
}

// enter makes the new row the one that the process knows as its own.
func (w *modelWorld) enter(r *modelReplica) {
	r.named, r.reached, r.foreign = true, r.last, r.last
	if w.flaw != ownOutlivesTheRow {
		r.own = 0
	}
	r.rest()
}

// renew is the loop's work but for telling the row.
func (w *modelWorld) renew(s modelState, i int, yield modelYield) {
	switch r := &s.replicas[i]; r.phase {
	case loopIdle:
		if i > 0 {
			w.readRow(s, i, yield)
			return
		}
		r.phase = loopAsk
		yield(notesTime, i, s)
	case loopAsk:
		failed := s
		failed.replicas[i].rest()
		yield(getsNoAnswer, i, failed)
		w.readRow(s, i, yield)
	case loopForget, loopForget2:
		w.catchUp(s, i, yield)
	case loopExtend:
		if i == 0 && w.flaw == leaseFromAnswer {
			r.lease = w.hold
		} else if i == 0 {
			r.lease = w.hold - r.age
		}
		if w.flaw == leaseBeforeRow && r.seen < r.foreign {
			r.phase = loopUpdate
		} else {
			r.rest()
		}
		yield(extendsLease, i, s)
	}
}

// readRow reads the row and the counter at one instant.
func (w *modelWorld) readRow(s modelState, i int, yield modelYield) {
	r := &s.replicas[i]
	if r.row == 0 && w.flaw != rowNotLookedAt {
		r.leave(loopStruck)
		yield(readsRowGone, i, s)
		return
	}
	r.last, r.seen = s.last(), r.reached
	if r.row > 0 {
		r.seen = r.row - 1
	}
	what := readsNothingNew
	if r.reached < r.last {
		what = readsWithdrawal
	}
	w.proceed(&s, i, w.flaw == rowBeforeForgetting && r.seen < r.last)
	yield(what, i, s)
}

// proceed chooses what the loop does next: forget, then tell, then extend.
func (w *modelWorld) proceed(s *modelState, i int, tellFirst bool) {
	r := &s.replicas[i]
	switch {
	case tellFirst:
		r.phase = loopUpdate
	case r.reached < r.last:
		r.phase = loopForget
	case r.seen < r.foreign && w.flaw != leaseBeforeRow && w.flaw != rowBeforeForgetting:
		r.phase = loopUpdate
	case i > 0:
		r.rest()
	default:
		r.phase = loopExtend
	}
}

// catchUp forgets one withdrawal, in two steps. Where a number is missing,
// everything is forgotten.
func (w *modelWorld) catchUp(s modelState, i int, yield modelYield) {
	r, call := &s.replicas[i], s.number(s.replicas[i].reached+1)
	ours := call < 0 || w.calls[call].ours
	if r.phase == loopForget {
		w.forget(r, false, ours)
		r.phase = loopForget2
		yield(beginsToForget, i, s)
		return
	}
	w.forget(r, true, ours)
	r.reached++
	if call >= 0 && r.own&(1<<call) != 0 {
		r.own &^= 1 << call
	} else {
		r.foreign = r.reached
	}
	w.proceed(&s, i, false)
	yield(hasForgotten, i, s)
}

// acknowledge tells the row what is forgotten. The UPDATE may fail, be done
// without an answer, or be done long after it was given up.
func (w *modelWorld) acknowledge(s modelState, i int, yield modelYield) {
	r := &s.replicas[i]
	if r.phase != loopUpdate {
		return
	}
	failed := s
	failed.replicas[i].rest()
	yield(getsNoAnswer, i, failed)
	failed.replicas[i].late = r.last + 1
	yield(updatesLate, i, failed)
	if !w.update(r) {
		r.leave(loopStruck)
		yield(isRefused, i, s)
		return
	}
	lost := s
	lost.replicas[i].rest()
	yield(updatesUnanswered, i, lost)
	if w.proceed(&s, i, false); w.flaw == leaseBeforeRow {
		r.rest()
	}
	yield(updatesRow, i, s)
}

// update changes the row, and reports whether the process believes so.
func (w *modelWorld) update(r *modelReplica) bool {
	if r.row == 0 || r.row > r.last+1 {
		return w.flaw == rowNotLookedAt
	}
	if w.flaw == crashLosesUpdate {
		r.late = r.row
	}
	r.row, r.seen = r.last+1, r.last
	return true
}
