//go:build explore

package ttl

import (
	"time"

	"github.com/uds-platform/state/internal/atomics"
	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/internal/explore"
)

// This file is what an explorer of interleavings needs to make expiry some of its
// threads: one that lets time go by, and one that is the runtime's timer. Normal
// builds are without it; see alarm.go.

// timepiece is a clock that can be put forward. To read it is a step.
type timepiece struct {
	clock.Clock
	aheadNanos int64
}

func startTimepiece() timepiece { return timepiece{Clock: clock.Start()} }

func (c *timepiece) Now() int64 {
	explore.Event(&c.aheadNanos, false, "reads the clock")
	return c.Clock.Now() + c.aheadNanos
}

// alarm is a runtime timer of which it is known when it is due, and which rings on
// the goroutine of whoever says so. It does what a real one does, too, for tests
// that no explorer runs.
type alarm struct {
	timer *time.Timer
	clock *timepiece
	due   atomics.Int64
}

func newAlarm(c *timepiece, ring func()) *alarm {
	a := &alarm{timer: time.AfterFunc(clock.Never, ring), clock: c}
	a.due.Store(clock.Never)
	return a
}

func (a *alarm) Reset(after time.Duration) bool {
	// A timer is set and its time is read in one step: it counts from when it is set.
	a.due.Store(clock.After(a.clock.Clock.Now()+a.clock.aheadNanos, after))
	return a.timer.Reset(after)
}

func (a *alarm) Stop() bool {
	a.due.Store(clock.Never)
	return a.timer.Stop()
}

// take reports whether the alarm is due, and sees to it that it rings once.
func (a *alarm) take() bool {
	due := a.due.Load()
	return due <= a.clock.Now() && a.due.CompareAndSwap(due, clock.Never)
}

// Ring does what the runtime does at a timer that is due, on the caller's goroutine.
// It is false where the timer is not.
func (m *Manager) Ring() bool {
	if !m.timer.take() {
		return false
	}
	m.wake()
	return true
}

// Fire wakes the manager, whatever its timer is set to.
func (m *Manager) Fire() { m.wake() }

// Pass lets time go by.
func (m *Manager) Pass(by time.Duration) {
	explore.Event(&m.clock.aheadNanos, true, "time goes by")
	m.clock.aheadNanos += int64(by)
}

// Continue takes over another manager's clock, so that a new manager has a past.
// It must be called before any deadline is watched.
func (m *Manager) Continue(other *Manager) { m.clock = other.clock }

// Planned is the time for which the manager has planned to wake, or later than any.
func (m *Manager) Planned() int64 { return m.planned.Load() }

// Set is the time that the runtime timer is set to, or later than any.
func (m *Manager) Set() int64 { return m.timer.due.Load() }
