package state

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/clock"
)

func TestCoarseClockFollowsTheExactOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCoarseClock()
		defer k.close()
		for range 1000 {
			time.Sleep(3 * time.Millisecond)
			exact := k.exact.Now()
			if late := exact - k.now(); late < 0 || late > int64(coarseStep) {
				t.Fatalf("%v late: want 0 to %v", time.Duration(late), coarseStep)
			}
			synctest.Wait()
		}
	})
}

func TestCoarseClockStandsWhenNobodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCoarseClock()
		defer k.close()
		if got := k.reading.Load(); got != clock.Never {
			t.Errorf("a new clock reads %d: want clock.Never", got)
		}
		for range 3 { // and goes again after each stop
			if got, want := k.now(), k.exact.Now(); got != want {
				t.Errorf("a standing clock says %d: want %d", got, want)
			}
			synctest.Wait()
			if k.reading.Load() == clock.Never {
				t.Error("the clock stands right after somebody asked")
			}
			time.Sleep(coarseSteps*coarseStep + time.Millisecond)
			synctest.Wait()
			if got := k.reading.Load(); got != clock.Never {
				t.Errorf("the clock reads %d a second later: want clock.Never", got)
			}
		}
	})
}
