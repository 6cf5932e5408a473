package ttl_test

import (
	"math"
	"slices"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/uds-platform/state/ttl"
)

// record is something that waits, as a cache's node does.
type record struct {
	timer         ttl.Timer // first, so that recordOf works
	deadlineNanos int64
	visits        int
	fired         bool
	firedNanos    int64
}

func recordOf(t *ttl.Timer) *record { return (*record)(unsafe.Pointer(t)) }

// fire marks what is due and keeps the rest.
func fire(t *ttl.Timer, now int64) int64 {
	r := recordOf(t)
	r.visits++
	if r.deadlineNanos > now {
		return r.deadlineNanos
	}
	r.fired, r.firedNanos = true, now
	return 0
}

const noLimit = math.MaxInt

// The wheel against the obvious: at every moment, exactly the records whose
// whole tick has passed have fired.
func TestWheelFiresLikeASortedList(t *testing.T) {
	const rounds = 30 // of as many sequences as rapid's flag says
	for range rounds {
		rapid.Check(t, checkAgainstSortedList)
	}
}

func checkAgainstSortedList(t *rapid.T) {
	tick := time.Duration(rapid.SampledFrom([]int64{1, 7, 1000, int64(time.Millisecond)}).Draw(t, "tick"))
	now := rapid.Int64Range(0, 1<<40).Draw(t, "now")
	w := ttl.NewWheel(tick, now, fire)
	var all []*record
	deadline := func() int64 {
		digits := rapid.IntRange(0, 62).Draw(t, "digits")
		ahead := rapid.Int64Range(0, 1<<digits).Draw(t, "ahead")
		if ahead > math.MaxInt64-now {
			return math.MaxInt64
		}
		return now + ahead
	}
	t.Repeat(map[string]func(*rapid.T){
		"schedule": func(*rapid.T) {
			r := &record{deadlineNanos: deadline()}
			all = append(all, r)
			w.Schedule(&r.timer, r.deadlineNanos)
		},
		"reschedule": func(t *rapid.T) {
			if r := pick(t, all); r != nil {
				r.deadlineNanos, r.fired = deadline(), false
				w.Schedule(&r.timer, r.deadlineNanos)
			}
		},
		"prolong without telling": func(t *rapid.T) {
			if r := pick(t, all); r != nil && !r.fired && r.deadlineNanos < math.MaxInt64/2 {
				r.deadlineNanos += rapid.Int64Range(0, 1<<40).Draw(t, "more")
			}
		},
		"cancel": func(t *rapid.T) {
			if r := pick(t, all); r != nil {
				if w.Cancel(&r.timer) == r.fired {
					t.Fatalf("Cancel of a record with fired=%v said the opposite", r.fired)
				}
				all = slices.DeleteFunc(all, func(other *record) bool { return other == r })
			}
		},
		"advance": func(t *rapid.T) {
			digits := rapid.IntRange(0, 45).Draw(t, "digits")
			now += rapid.Int64Range(0, 1<<digits).Draw(t, "step")
			limit := rapid.SampledFrom([]int{noLimit, 1, 3}).Draw(t, "limit")
			for w.Advance(now, limit) {
			}
		},
		"": func(t *rapid.T) {
			checkFired(t, all, now, int64(tick))
			checkNext(t, w, all, int64(tick))
		},
	})
}

func pick(t *rapid.T, all []*record) *record {
	if len(all) == 0 {
		return nil
	}
	return rapid.SampledFrom(all).Draw(t, "record")
}

func checkFired(t *rapid.T, all []*record, now, tick int64) {
	for _, r := range all {
		if r.fired != !r.timer.Scheduled() {
			t.Fatalf("fired=%v and scheduled=%v", r.fired, r.timer.Scheduled())
		}
		if r.fired && r.firedNanos < r.deadlineNanos {
			t.Fatalf("fired at %d, before its deadline %d", r.firedNanos, r.deadlineNanos)
		}
		if !r.fired && now >= r.deadlineNanos && now-r.deadlineNanos > 2*tick {
			t.Fatalf("not fired at %d, long after its deadline %d (tick %d)", now, r.deadlineNanos, tick)
		}
	}
}

func checkNext(t *rapid.T, w *ttl.Wheel, all []*record, tick int64) {
	next, ok := w.Next()
	waiting := false
	for _, r := range all {
		if r.fired {
			continue
		}
		waiting = true
		if ok && r.deadlineNanos < math.MaxInt64-tick && next > r.deadlineNanos+2*tick {
			t.Fatalf("Next is %d, after the deadline %d", next, r.deadlineNanos)
		}
	}
	if ok != waiting {
		t.Fatalf("Next says waiting=%v, want %v", ok, waiting)
	}
}

// A timer is not one nanosecond early, and less than a tick late.
func TestWheelIsPreciseToOneTick(t *testing.T) {
	const tick = int64(time.Millisecond)
	for _, deadline := range []int64{1, tick - 1, tick, tick + 1, 64 * tick, 65*tick - 1, 5000*tick + 3} {
		w := ttl.NewWheel(time.Duration(tick), 0, fire)
		r := &record{deadlineNanos: deadline}
		w.Schedule(&r.timer, deadline)
		due := (deadline + tick - 1) / tick * tick
		w.Advance(deadline-1, noLimit)
		if r.fired {
			t.Errorf("deadline %d fired by %d", deadline, deadline-1)
		}
		w.Advance(due, noLimit)
		if !r.fired {
			t.Errorf("deadline %d has not fired by %d", deadline, due)
		}
	}
}

func TestWheelMovesATimerAtMostOnceALevel(t *testing.T) {
	const levels = 11
	w := ttl.NewWheel(1, 0, fire)
	r := &record{deadlineNanos: math.MaxInt64 - 1}
	w.Schedule(&r.timer, r.deadlineNanos)
	steps := 0
	for {
		next, ok := w.Next()
		if !ok {
			break
		}
		steps++
		w.Advance(next, noLimit)
	}
	if !r.fired || r.visits > levels || steps > levels {
		t.Fatalf("the latest possible timer: fired=%v after %d visits in %d steps, want at most %d", r.fired, r.visits, steps, levels)
	}
}

func TestWheelTakesTheLargestDeadline(t *testing.T) {
	for _, tick := range []time.Duration{1, time.Millisecond, time.Minute} {
		w := ttl.NewWheel(tick, 1<<50, fire)
		r := &record{deadlineNanos: math.MaxInt64}
		w.Schedule(&r.timer, r.deadlineNanos)
		for w.Advance(math.MaxInt64-int64(tick), noLimit) {
		}
		if r.fired {
			t.Errorf("tick %v: fired early", tick)
		}
		if next, ok := w.Next(); !ok || next < math.MaxInt64-int64(tick) {
			t.Errorf("tick %v: Next = %d, %v", tick, next, ok)
		}
	}
}

func TestWheelStopsAtItsLimit(t *testing.T) {
	w := ttl.NewWheel(time.Millisecond, 0, fire)
	records := make([]record, 10)
	for i := range records {
		records[i].deadlineNanos = 5
		w.Schedule(&records[i].timer, 5)
	}
	for round := range 3 {
		more := w.Advance(int64(time.Second), 4)
		fired := 0
		for i := range records {
			if records[i].fired {
				fired++
			}
		}
		if want := min(4*(round+1), 10); fired != want || more != (want < 10) {
			t.Fatalf("after round %d: %d fired, more=%v; want %d", round, fired, more, want)
		}
	}
}

// A slot of an upper level that is left half emptied goes on before anything that
// has just moved down from it.
func TestWheelGoesOnWhereItStopped(t *testing.T) {
	for limit := 1; limit <= 4; limit++ {
		w := ttl.NewWheel(1, 0, fire)
		var early, late [5]record
		for i := range early {
			early[i].deadlineNanos, late[i].deadlineNanos = 64*64*64, 64*64*64+64*64
			w.Schedule(&early[i].timer, early[i].deadlineNanos)
			w.Schedule(&late[i].timer, late[i].deadlineNanos)
		}
		for w.Advance(64*64*64, limit) {
			if next, ok := w.Next(); !ok || next > 64*64*64 {
				t.Fatalf("limit %d: there is more to do now, and Next is %d", limit, next)
			}
		}
		for i := range early {
			if !early[i].fired || late[i].fired {
				t.Fatalf("limit %d: fired %v at its deadline, %v before it", limit, early[i].fired, late[i].fired)
			}
		}
	}
}

func TestWheelIgnoresTimeThatRunsBackwards(t *testing.T) {
	w := ttl.NewWheel(time.Millisecond, int64(time.Hour), fire)
	w.Advance(0, noLimit)
	r := &record{deadlineNanos: int64(time.Minute)}
	w.Schedule(&r.timer, r.deadlineNanos)
	if w.Advance(int64(time.Hour), noLimit); r.fired {
		t.Fatal("a deadline in the past fired before the next tick")
	}
	if w.Advance(int64(time.Hour+time.Millisecond), noLimit); !r.fired {
		t.Fatal("a deadline in the past did not fire with the next tick")
	}
}

func TestWheelRefusesNonsense(t *testing.T) {
	for name, make := range map[string]func(){
		"no tick":    func() { ttl.NewWheel(0, 0, fire) },
		"no visitor": func() { ttl.NewWheel(1, 0, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			make()
		}()
	}
}
