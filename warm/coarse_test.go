package warm

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestTheCoarseClockFollowsWhileItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &coarse{now: time.Now, resolution: 50 * time.Millisecond}
		defer c.close()
		start := time.Now().UnixNano()
		if got := c.load(); got != start {
			t.Fatalf("the first reading is %d, want %d", got, start)
		}
		for range 100 {
			time.Sleep(30 * time.Millisecond)
			behind := time.Duration(time.Now().UnixNano() - c.load())
			if behind < 0 || behind > 50*time.Millisecond {
				t.Fatalf("the clock is %v behind, want at most its resolution", behind)
			}
		}
	})
}

func TestTheCoarseClockSleepsWhenNobodyReadsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		c := &coarse{now: func() time.Time { reads++; return time.Now() }, resolution: time.Second}
		defer c.close()
		c.load()
		time.Sleep(time.Hour)
		synctest.Wait()
		if reads != 2 { // the first, and the tick after which nobody had read
			t.Errorf("the machine's clock was read %d times in an idle hour, want 2", reads)
		}
		if got, want := c.load(), time.Now().UnixNano(); got != want {
			t.Errorf("after an idle hour the clock is %v behind, want 0", time.Duration(want-got))
		}
		time.Sleep(1500 * time.Millisecond)
		if got := c.reading.Load(); got == 0 {
			t.Error("the clock was read a moment ago and sleeps")
		}
	})
}

func TestAClosedCoarseClockReadsZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &coarse{now: time.Now, resolution: time.Second}
		c.load()
		c.close()
		if got := c.load(); got != 0 {
			t.Errorf("a closed clock reads %d, want 0", got)
		}
		c.tick() // one that had begun when it was closed
		if got := c.reading.Load(); got != 0 {
			t.Errorf("a late tick set a closed clock to %d", got)
		}
		(&coarse{}).close() // never read
	})
}

// Of two that find the clock asleep, the second is told what the first has set.
func TestTheSecondToWakeTheClockFindsItAwake(t *testing.T) {
	c := &coarse{now: time.Now, resolution: time.Hour}
	defer c.close()
	if first, second := c.wake(), c.wake(); first != second {
		t.Errorf("woken twice, the clock reads %d and %d", first, second)
	}
}
