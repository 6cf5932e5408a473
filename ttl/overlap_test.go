package ttl

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/clock"
)

// Two wake-ups may overlap, and Watch and Close may come in the middle of one.
// Each test here is the step that a slow one makes after a fast one.

func startedManager() *Manager {
	m := new(Manager)
	m.Start(time.Millisecond, func(int64) {})
	return m
}

func TestCoarseClockNeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := startedManager()
		defer m.Close()
		m.advance(200)
		m.advance(100)
		if got := m.Now(); got != 200 {
			t.Fatalf("a slow wake-up has set the clock from 200 to %d", got)
		}
	})
}

func TestPlanThatIsNotYetDueStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := startedManager()
		defer m.Close()
		m.Watch(int64(time.Second))
		m.unplan(int64(time.Second) - 1)
		if m.planned.Load() == clock.Never {
			t.Fatal("a wake-up has forgotten a later plan")
		}
		m.unplan(int64(time.Second))
		if got := m.planned.Load(); got != clock.Never {
			t.Fatalf("a plan for %d that has been fulfilled stays", got)
		}
	})
}

func TestClosedManagerIsNotArmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := startedManager()
		m.Close()
		m.Watch(int64(time.Second))
		if m.timer.Stop() {
			t.Fatal("a Watch after Close has set the timer")
		}
	})
}
