//go:build explore

package ttl_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/internal/explore"
	"github.com/uds-platform/state/ttl"
)

// sleeper is a manager of which it is known what was watched. Only one thread runs
// at a time, so it needs no protection.
type sleeper struct {
	manager ttl.Manager
	watched []int64
	woken   []int64 // what due was called with
	passed  time.Duration
	closed  bool
}

// heard: due was called when the deadline had passed.
func (s *sleeper) heard(deadline int64) bool {
	for _, now := range s.woken {
		if now >= deadline {
			return true
		}
	}
	return false
}

// act is something that happens to a manager.
type act struct {
	name string
	do   func(s *sleeper)
}

func (s *sleeper) watch(after time.Duration) {
	deadline := s.manager.Exact() + int64(after)
	s.watched = append(s.watched, deadline)
	s.manager.Watch(deadline)
}

// due goes on watching what is still to come, as a wheel's owner does.
func (s *sleeper) due(now int64) {
	s.woken = append(s.woken, now)
	for _, deadline := range s.watched {
		if deadline > now {
			s.manager.Watch(deadline)
		}
	}
}

var acts = []act{
	{"WatchSoon", func(s *sleeper) { s.watch(tick) }},
	{"WatchLater", func(s *sleeper) { s.watch(10 * tick) }},
	{"Wake", func(s *sleeper) { s.manager.Wake() }},
	{"Pass", func(s *sleeper) { s.manager.Pass(5 * tick); s.passed += 5 * tick }},
	{"Ring", func(s *sleeper) { s.manager.Ring() }},
	{"Close", func(s *sleeper) { s.manager.Close(); s.closed = true }},
}

// program is a trial of acts, each a thread, at a manager that has planned to wake.
func program(past *ttl.Manager, threads []act) explore.Program {
	return func() explore.Trial {
		s := &sleeper{}
		s.manager.Start(tick, s.due)
		s.manager.Continue(past)
		s.watch(2 * tick)
		trial := explore.Trial{Check: s.check}
		for _, a := range threads {
			trial.Threads = append(trial.Threads, explore.Thread{Name: a.name, Body: func() { a.do(s) }})
		}
		return trial
	}
}

// check: the timer is set to what is planned, or earlier; and when all that was
// watched has passed, and the timer has rung, the owner has heard of it and the clock
// says so. Nothing wakes a manager that is closed.
func (s *sleeper) check() error {
	m := &s.manager
	defer m.Close()
	if s.closed {
		if m.Set() != clock.Never {
			return fmt.Errorf("the timer of a closed manager is set to %d", m.Set())
		}
		return nil
	}
	// Where time goes by between the look at the clock and the setting of the timer,
	// that rings later by as much.
	if late := m.Set() - max(m.Planned(), m.Exact()); late > int64(s.passed) {
		return fmt.Errorf("the timer is set to %d, and the manager has planned to wake at %d", m.Set(), m.Planned())
	}
	for _, deadline := range s.watched {
		if !s.heard(deadline) && m.Planned() > deadline+int64(tick) {
			return fmt.Errorf("the deadline %d is to come, and the manager has planned to wake at %d", deadline, m.Planned())
		}
	}
	m.Pass(time.Second)
	for range 100 {
		if !m.Ring() {
			break
		}
	}
	if m.Set() != clock.Never || m.Planned() != clock.Never {
		return fmt.Errorf("nothing is left to wake for, and the timer is set to %d, the plan is %d", m.Set(), m.Planned())
	}
	for _, deadline := range s.watched {
		if !s.heard(deadline) || m.Now() < deadline {
			return fmt.Errorf("the deadline %d has passed; the clock says %d, and due was called at %v", deadline, m.Now(), s.woken)
		}
	}
	return nil
}

// However the runtime's timer, those who watch deadlines, time and Close come
// together, no wake-up is lost.
func TestExploreWakeUps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var past ttl.Manager
		past.Start(tick, func(int64) {})
		time.Sleep(time.Second)
		scenarios, interleavings := 0, 0
		explored := func(threads ...act) {
			var names []string
			for _, a := range threads {
				names = append(names, a.name)
			}
			e := explore.New(program(&past, threads))
			defer e.Close()
			coverage, failure := e.Exhaust(2, 20_000)
			if failure == nil {
				_, failure = e.Suspend()
			}
			if failure == nil {
				failure = e.Sample(4, 1, 20)
			}
			if failure != nil {
				t.Errorf("%s: %v", strings.Join(names, "+"), failure)
			} else if !coverage.Complete {
				t.Errorf("%s: %d interleavings were not all", strings.Join(names, "+"), coverage.Interleavings)
			}
			scenarios++
			interleavings += e.Interleavings
		}
		for i, first := range acts {
			for j, second := range acts[i:] {
				explored(first, second)
				for _, third := range acts[i+j:] {
					explored(first, second, third)
				}
			}
		}
		fmt.Printf("%-10s %4d scenarios, %8d interleavings\n", "wake-ups", scenarios, interleavings)
	})
}
