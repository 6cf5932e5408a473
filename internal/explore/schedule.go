//go:build explore

package explore

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// A schedule in print says which thread takes how many steps, one after the
// other: a12b7a3 is 12 steps of thread a, 7 of b, 3 of a. After the last run
// each thread goes on to its end.
//
// A suspension in print is b12!ca: thread b is suspended after 12 steps until c
// and then a have finished.

// run is so many steps of one thread.
type run struct{ thread, steps int }

func formatSchedule(events []event) string {
	var b strings.Builder
	for i := 0; i < len(events); {
		start := i
		for i < len(events) && events[i].thread == events[start].thread {
			i++
		}
		fmt.Fprintf(&b, "%c%d", 'a'+events[start].thread, i-start)
	}
	return b.String()
}

func parseSchedule(schedule string) (runs []run, err error) {
	for rest := schedule; rest != ""; {
		thread := int(rest[0]) - 'a'
		end := 1
		for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
			end++
		}
		steps, err := strconv.Atoi(rest[1:end])
		if err != nil || thread < 0 || thread >= maxThreads {
			return nil, fmt.Errorf("explore: schedule %q at %q; want a letter from a to %c and a number, again and again", schedule, rest, 'a'+maxThreads-1)
		}
		runs = append(runs, run{thread: thread, steps: steps})
		rest = rest[end:]
	}
	return runs, nil
}

// parse returns the strategy that a schedule stands for.
func parse(schedule string) (strategy, error) {
	before, others, suspended := strings.Cut(schedule, "!")
	runs, err := parseSchedule(before)
	if err != nil || !suspended {
		return &replay{runs: runs}, err
	}
	if len(runs) != 1 {
		return nil, fmt.Errorf("explore: schedule %q; want one thread and a number before the exclamation mark", schedule)
	}
	s := &suspension{victim: runs[0].thread, after: runs[0].steps}
	for _, letter := range others {
		s.order = append(s.order, int(letter-'a'))
	}
	return s, nil
}

// replay follows a schedule.
type replay struct {
	runs []run
	used int // steps of the first run that have been taken
}

func (r *replay) choose(e *Explorer) int {
	for len(r.runs) > 0 && r.used == r.runs[0].steps {
		r.runs, r.used = r.runs[1:], 0
	}
	if len(r.runs) == 0 {
		return e.follow()
	}
	r.used++
	return r.runs[0].thread
}

// Replay walks the interleaving of a schedule, and returns what is wrong with it
// or nil. The trace is there either way.
func (e *Explorer) Replay(schedule string) (failure *Failure, trace string) {
	s, err := parse(schedule)
	if err != nil {
		return &Failure{Err: err, Schedule: schedule, Origin: "replay"}, ""
	}
	e.tracing = true
	defer func() { e.tracing = false }()
	err = e.walk(s)
	trace = formatTrace(e.trace)
	if err == nil {
		return nil, trace
	}
	return &Failure{Err: err, Schedule: schedule, Trace: trace, Origin: "replay"}, trace
}

// first returns the lowest thread of a set that is not empty.
func first(set uint) int { return bits.TrailingZeros(set) }
