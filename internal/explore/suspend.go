//go:build explore

package explore

import (
	"fmt"
	"strings"
)

// suspension runs one thread for so many steps and then the others to their end,
// in a given order. Only then does the first go on.
type suspension struct {
	victim int
	after  int   // steps
	order  []int // of the others

	met     bool // the victim was suspended and had not finished
	resumed bool
}

func (s *suspension) choose(e *Explorer) int {
	if s.resumed {
		return e.follow()
	}
	victim := e.threads[s.victim]
	if !victim.finished && victim.taken < s.after {
		return s.victim
	}
	for _, other := range s.order {
		if e.enabled&(1<<other) == 0 {
			continue
		}
		if t := e.threads[other]; t.taken >= e.ThreadLimit {
			e.fail(fmt.Errorf("%w: not lock-free: thread %s has not finished after %d steps, while thread %s is suspended",
				ErrStuck, t.label(), t.taken, victim.label()))
			return none
		}
		return other
	}
	s.met, s.resumed = true, true
	if interim := e.trial.Interim; interim != nil {
		e.passing = true
		err := interim()
		e.passing = false
		if err != nil {
			e.fail(fmt.Errorf("while thread %s is suspended: %w", victim.label(), err))
		}
	}
	return s.victim
}

// String returns the suspension as a schedule.
func (s *suspension) String() string {
	var others strings.Builder
	for _, other := range s.order {
		others.WriteByte(byte('a' + other))
	}
	return fmt.Sprintf("%c%d!%s", 'a'+s.victim, s.after, others.String())
}

// Suspend stops each thread before each of its steps until all others have
// finished, in every order, and fails where one of them takes more steps than
// ThreadLimit. It returns how many suspensions it made.
func (e *Explorer) Suspend() (made int, failure *Failure) {
	if err := e.walk(&replay{}); err != nil {
		return 0, e.failure(err, "running one thread after the other", formatSchedule(e.events))
	}
	count := len(e.trial.Threads)
	for victim := range count {
		for _, order := range permutations(count, victim) {
			for after := 0; ; after++ {
				s := &suspension{victim: victim, after: after, order: order}
				if err := e.walk(s); err != nil {
					return made, e.failure(err, "suspending a thread", s.String())
				}
				if !s.met {
					break
				}
				made++
			}
		}
	}
	return made, nil
}

// permutations returns every order of the threads but one.
func permutations(count, except int) [][]int {
	orders := [][]int{nil}
	for i := range count {
		if i == except {
			continue
		}
		var longer [][]int
		for _, order := range orders {
			for at := 0; at <= len(order); at++ {
				one := append([]int(nil), order[:at]...)
				one = append(one, i)
				longer = append(longer, append(one, order[at:]...))
			}
		}
		orders = longer
	}
	return orders
}
