package ttl_test

import (
	"testing"

	"github.com/uds-platform/state/ttl"
)

// A deadline in the past comes up with the next tick, and not within the Advance
// that is under way: a visitor that keeps scheduling would never let it end.
func TestWheelPutsThePastIntoTheNextTick(t *testing.T) {
	const tick, now = 10, 1000
	var r record
	w := ttl.NewWheel(tick, now, fire)
	w.Schedule(&r.timer, now-5*tick)
	if next, ok := w.Next(); !ok || next != now+tick {
		t.Errorf("Next is %d (%v), want %d", next, ok, now+tick)
	}
	if w.Advance(now+tick-1, noLimit); r.visits != 0 {
		t.Error("a deadline in the past came up before the next tick")
	}
	if w.Advance(now+tick, noLimit); !r.fired {
		t.Error("a deadline in the past did not come up with the next tick")
	}
}

func TestWheelRefusesATickThatRunsBackwards(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	ttl.NewWheel(-1, 0, fire)
}
