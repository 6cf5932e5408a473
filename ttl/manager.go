package ttl

import (
	"time"

	"github.com/uds-platform/state/internal/atomics"
	"github.com/uds-platform/state/internal/clock"
)

// Manager tells the time to everyone who compares deadlines, and wakes its
// owner when the earliest watched deadline passes.
//
// The problem: a cache must not serve a value past its deadline, must not read
// the machine's clock for every Get (37 ns, more than the rest of it), must
// not burn CPU on a ticker, and must not let a caller wait. So the manager
// keeps a coarse clock that moves only when a watched deadline passes. It is
// late by the tick to which deadlines are rounded up, plus the delay with which
// the runtime fires a timer, or runs a goroutine that is setting it.
//
// Contract: whoever publishes a record with a deadline calls [Manager.Watch]
// afterwards. Wake-ups run on a goroutine of the runtime's timer, one at a time
// as a rule, but two may overlap: the due function must allow that.
//
// Rejected: a goroutine that sleeps (it must be woken through a channel, on
// the caller's path, and leaks where Close is forgotten); a ticker (an idle
// cache would burn CPU); advancing the coarse clock from every Set (all cores
// would write one cache line).
//
// All methods are safe for concurrent use once Start has returned.
type Manager struct {
	clock     timepiece
	tickNanos int64
	due       func(now int64)
	timer     *alarm

	// INVARIANT: coarse never goes back and never runs ahead of the clock.
	coarse atomics.Int64

	// planned is the time at which the runtime timer is to fire, or
	// clock.Never.
	//
	// INVARIANT: when every call of arm has returned, the runtime timer is set
	// to planned or earlier. Each change of planned is followed by arm.
	planned atomics.Int64

	closed  atomics.Bool
	wakeups atomics.Uint64
}

// Start sets the clock going. The due function is called with the real time
// whenever a watched deadline has passed; deadlines are rounded up to whole
// ticks. Start must be called once, before any other method.
func (m *Manager) Start(tick time.Duration, due func(now int64)) {
	m.clock = startTimepiece()
	m.tickNanos = int64(tick)
	m.due = due
	m.planned.Store(clock.Never)
	m.timer = newAlarm(&m.clock, m.wake)
	m.timer.Stop()
}

// Now returns the coarse time in nanoseconds: at or after every watched
// deadline that passed more than a tick ago, and never ahead of the clock. It
// costs one atomic load.
func (m *Manager) Now() int64 { return m.coarse.Load() }

// Exact reads the clock, in nanoseconds.
func (m *Manager) Exact() int64 { return m.clock.Now() }

// Watch makes sure that the manager wakes up when the deadline, in
// nanoseconds, has passed. Where something earlier is watched already, it
// costs one atomic load.
func (m *Manager) Watch(deadline int64) {
	if m.planned.Load() <= deadline {
		return
	}
	wakeup := m.ceil(deadline)
	for {
		planned := m.planned.Load()
		if planned <= wakeup {
			return
		}
		if m.planned.CompareAndSwap(planned, wakeup) {
			m.arm()
			return
		}
	}
}

// Wake has the due function called soon, on another goroutine, whatever the
// deadlines are. It is for work that a caller should not wait for.
func (m *Manager) Wake() { m.Watch(0) }

// Wakeups returns how often the manager has been woken since Start.
func (m *Manager) Wakeups() uint64 { return m.wakeups.Load() }

// Close stops all further wake-ups; one that is under way may still end. Both
// clocks go on answering. It may be called more than once.
func (m *Manager) Close() {
	m.closed.Store(true)
	m.timer.Stop()
}

// ceil rounds a deadline up to a whole tick, so that however many deadlines
// fall into one tick they cost one wake-up.
func (m *Manager) ceil(deadline int64) int64 {
	rest := deadline % m.tickNanos
	if rest == 0 {
		return deadline
	}
	return clock.After(deadline, time.Duration(m.tickNanos-rest))
}

// wake runs when the runtime timer fires.
func (m *Manager) wake() {
	if m.closed.Load() {
		return
	}
	m.wakeups.Add(1)
	now := m.clock.Now()
	m.advance(now)
	m.unplan(now)
	m.due(now)
	m.arm()
}

// advance moves the coarse clock before anything else happens, so that a value
// whose deadline has passed is a miss from here on, however long the clearing
// up may take.
func (m *Manager) advance(now int64) {
	for {
		before := m.coarse.Load()
		if before >= now || m.coarse.CompareAndSwap(before, now) {
			return
		}
	}
}

// unplan forgets a plan that is being fulfilled, and leaves a later one alone.
func (m *Manager) unplan(now int64) {
	for {
		planned := m.planned.Load()
		if planned > now || m.planned.CompareAndSwap(planned, clock.Never) {
			return
		}
	}
}

// arm sets the runtime timer to the plan. Several goroutines may do so at
// once, and a slow one may overwrite a faster one's earlier time; so each
// looks again after setting, until the plan that it set is still the plan. The
// last to set therefore set the last plan, or an earlier time, and an early
// wake-up merely arms again.
func (m *Manager) arm() {
	for {
		planned := m.planned.Load()
		if planned == clock.Never {
			return
		}
		m.timer.Reset(time.Duration(max(planned-m.clock.Now(), 0)))
		if m.closed.Load() {
			m.timer.Stop()
			return
		}
		if m.planned.Load() == planned {
			return
		}
	}
}
