package warm

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// noDecay is a half-life beside which a test takes no time.
const noDecay = math.MaxInt64

// checkTally verifies the tally's invariants.
func checkTally[K comparable](t interface{ Fatalf(string, ...any) }, y *tally[K]) {
	if len(y.counters) > y.limit || len(y.places) != len(y.counters) {
		t.Fatalf("%d counters and %d places; want as many of both, and at most %d", len(y.counters), len(y.places), y.limit)
	}
	for at, c := range y.counters {
		if y.places[c.key] != at {
			t.Fatalf("%v is at %d, but its place says %d", c.key, at, y.places[c.key])
		}
		if at > 0 && y.counters[(at-1)/2].weight > c.weight {
			t.Fatalf("counter %d is lighter than its parent", at)
		}
		if c.excess < 0 || c.excess > c.weight {
			t.Fatalf("%v weighs %v with an excess of %v", c.key, c.weight, c.excess)
		}
	}
}

// What Space-Saving promises, against exact counts.
func TestTallyNeverUnderratesAndNeverMissesTheHeavy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 8).Draw(t, "limit")
		keys := rapid.SliceOfN(rapid.IntRange(0, 20), 1, 300).Draw(t, "keys")
		y := newTally[int](limit, noDecay, 0)
		exact, total := map[int]float64{}, 0.0
		for i, key := range keys {
			weight := float64(1 + i%3)
			y.add(key, weight, int64(i))
			exact[key] += weight
			total += weight
			checkTally(t, y)
		}
		now := int64(len(keys))
		if got := y.sum(now); math.Abs(got-total) > 1e-6 {
			t.Fatalf("the sum is %v, want %v", got, total)
		}
		for key, weight := range exact {
			c := y.read(key, now)
			if c.weight == 0 && weight > total/float64(limit)+1e-6 {
				t.Fatalf("%d weighs %v of %v and is missing among %d", key, weight, total, limit)
			}
			if c.weight > 0 && (c.weight < weight-1e-6 || c.sure() > weight+1e-6) {
				t.Fatalf("%d weighs %v; the tally says %v to %v", key, weight, c.sure(), c.weight)
			}
		}
	})
}

func TestTallyIsExactWhileThereIsRoom(t *testing.T) {
	y := newTally[string](3, noDecay, 0)
	for _, key := range []string{"a", "b", "a", "c", "a", "c"} {
		y.add(key, 1, 0)
	}
	got := y.heaviest(10, 0)
	want := []counter[string]{{"a", 3, 0}, {"c", 2, 0}, {"b", 1, 0}}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %v, want %v", i, got[i], want[i])
		}
	}
	if got := y.heaviest(1, 0); len(got) != 1 || got[0].key != "a" {
		t.Errorf("the heaviest is %v, want a", got)
	}
}

func TestTheHeaviestButOneIsAnother(t *testing.T) {
	y := newTally[string](3, noDecay, 0)
	if key, ok := y.heaviestBut("a"); ok {
		t.Errorf("%q in an empty tally", key)
	}
	y.add("a", 5, 0)
	if key, ok := y.heaviestBut("a"); ok {
		t.Errorf("%q beside the only one", key)
	}
	y.add("b", 1, 0)
	y.add("c", 2, 0)
	for not, want := range map[string]string{"a": "c", "c": "a", "x": "a"} {
		if key, ok := y.heaviestBut(not); !ok || key != want {
			t.Errorf("the heaviest but %q is %q, want %q", not, key, want)
		}
	}
}

func TestTallyHalvesWhatIsAHalfLifeOld(t *testing.T) {
	y := newTally[string](4, time.Hour, 0)
	y.add("old", 8, 0)
	now := int64(3 * time.Hour)
	y.add("new", 2, now)
	if old, recent := y.read("old", now).weight, y.read("new", now).weight; math.Abs(old-1) > 1e-9 || math.Abs(recent-2) > 1e-9 {
		t.Errorf("old weighs %v and new %v, want 1 and 2", old, recent)
	}
	if got := y.sum(now); math.Abs(got-3) > 1e-9 {
		t.Errorf("the sum is %v, want 3", got)
	}
	if first := y.heaviest(1, now)[0].key; first != "new" {
		t.Errorf("%q is the heaviest, want new", first)
	}
}

// Exponents never grow out of what a float64 holds, however long it runs and
// however long it is left alone.
func TestTallyScalesDownInTime(t *testing.T) {
	y := newTally[int](4, time.Second, 0)
	now := int64(0)
	for i := range 5000 {
		now += int64(time.Second)
		y.add(i%3, 1, now)
		checkTally(t, y)
	}
	if got := y.sum(now); math.Abs(got-2) > 1e-6 { // 1 + 1/2 + 1/4 …
		t.Errorf("the sum is %v, want 2", got)
	}
	y.add(9, 1, math.MaxInt64)
	if got := y.sum(math.MaxInt64); got != 1 {
		t.Errorf("after 292 years the sum is %v, want 1", got)
	}
	y.add(9, 1, 0) // the clock was set back
	if got := y.sum(0); got != 2 {
		t.Errorf("with the clock set back the sum is %v, want 2", got)
	}
}
