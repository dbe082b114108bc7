package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// A tally is what happened in one phase.
type tally struct {
	name string
	calm bool // nothing was made to go wrong

	mu         sync.Mutex
	ways       map[string]int
	verdicts   map[verdict]int
	took       []time.Duration // by a replica that was well from beginning to end
	tookBy     []time.Duration // by the command line, its start included
	failures   map[string]int  // of withdrawals, which promised nothing then
	faults     int
	violations []violation
}

func newTally(name string, calm bool) *tally {
	return &tally{name: name, calm: calm, ways: map[string]int{}, verdicts: map[verdict]int{}, failures: map[string]int{}}
}

// asked takes a request into account.
func (t *tally) asked(r *right, q request) verdict {
	v, wrong := r.judge(q)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.verdicts[v]++
	if wrong != nil {
		t.violations = append(t.violations, *wrong)
	}
	return v
}

// withdrew takes a withdrawal into account that returned.
func (t *tally) withdrew(l loss, w withdrawal) {
	for _, r := range l.rights {
		if wrong := r.withdrawn(w); wrong != nil {
			t.mu.Lock()
			t.violations = append(t.violations, *wrong)
			t.mu.Unlock()
		}
	}
}

func (t *tally) failed(how string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures[how]++
}

func (t *tally) struck() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults++
}

func (t *tally) timed(list *[]time.Duration, w withdrawal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*list = append(*list, time.Duration(w.returned-w.sent))
}

func (t *tally) done(way string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ways[way]++
}

// total is how many withdrawals were checked.
func (t *tally) total() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return sum(t.ways)
}

func sum(of map[string]int) (n int) {
	for _, part := range of {
		n += part
	}
	return n
}

// report prints what happened in all phases. The phases have ended.
func report(w io.Writer, tallies []*tally) {
	if len(tallies) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%-28s%12s%8s%12s%12s%12s%10s%10s%12s\n", "phase", "withdrawals", "faults",
		"let in", "refused", "refused", "requests", "withdr.", "violations")
	fmt.Fprintf(w, "%-28s%12s%8s%12s%12s%12s%10s%10s%12s\n", "", "", "", "before", "meanwhile", "after", "failed", "failed", "")
	for _, t := range tallies {
		v := t.verdicts
		fmt.Fprintf(w, "%-28s%12d%8d%12d%12d%12d%10d%10d%12d\n", t.name, t.total(), t.faults,
			v[before], v[during]+v[early], v[after], v[failure], sum(t.failures), len(t.violations))
	}
	fmt.Fprintf(w, "\n%-28s%12s%12s%12s   %s\n", "time of a withdrawal", "p50", "p99", "max", "through")
	for _, t := range tallies {
		latency(w, t.name, "a replica", t.took)
		latency(w, t.name, "the command line", t.tookBy)
	}
	list(w, "withdrawals by way", tallies, func(t *tally) map[string]int { return t.ways })
	list(w, "withdrawals that failed", tallies, func(t *tally) map[string]int { return t.failures })
	for _, t := range tallies {
		t.printViolations(w)
	}
}

// enough is how many violations of a phase are told in full.
const enough = 20

func (t *tally) printViolations(w io.Writer) {
	for i, wrong := range t.violations {
		if i == enough {
			fmt.Fprintf(w, "and %d violations more during %q\n", len(t.violations)-enough, t.name)
			return
		}
		fmt.Fprintln(w, "VIOLATION", wrong)
	}
}

// list adds up what was counted in all phases.
func list(w io.Writer, title string, tallies []*tally, of func(*tally) map[string]int) {
	all := map[string]int{}
	for _, t := range tallies {
		for what, n := range of(t) {
			all[what] += n
		}
	}
	if len(all) > 0 {
		fmt.Fprintf(w, "\n%s\n", title)
	}
	for _, what := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(w, "%8d  %s\n", all[what], strings.TrimSpace(what))
	}
}

func latency(w io.Writer, phase, through string, list []time.Duration) {
	if len(list) == 0 {
		return
	}
	slices.Sort(list)
	fmt.Fprintf(w, "%-28s%9.1f ms%9.1f ms%9.1f ms   %s (%d)\n", phase, millis(list[len(list)/2]),
		millis(list[len(list)*99/100]), millis(list[len(list)-1]), through, len(list))
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
