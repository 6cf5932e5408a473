package shard

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNewNamesEveryFault(t *testing.T) {
	cost := func(string, int) int64 { return 1 }
	for _, tc := range []struct {
		name    string
		options Options[string, int]
		faults  []string
	}{
		{"nothing", Options[string, int]{}, []string{"neither MaximumSize nor MaximumCost"}},
		{"negative", Options[string, int]{MaximumSize: -1, MaximumCost: -2, Cost: cost, InitialSize: -3, DefaultTTL: -4, Tick: -5, Segments: -6},
			[]string{"MaximumSize is -1", "MaximumCost is -2", "InitialSize is -3", "DefaultTTL is -4ns", "Tick is -5ns", "Segments is -6"}},
		{"cost too large", Options[string, int]{MaximumCost: math.MaxInt64, Cost: cost}, []string{"want a number from 1 to 2^60"}},
		{"segments", Options[string, int]{MaximumSize: 100, Segments: 3}, []string{"Segments is 3; want a power of two"}},
		{"too many segments", Options[string, int]{Unbounded: true, Segments: 1 << 17}, []string{"Segments is 131072"}},
		{"more segments than entries", Options[string, int]{MaximumSize: 4, Segments: 8}, []string{"at least one entry a segment"}},
		{"more segments than cost", Options[string, int]{MaximumCost: 4, Cost: cost, Segments: 8}, []string{"cost of at least 1 a segment"}},
		{"cost without function", Options[string, int]{MaximumCost: 4}, []string{"Cost is nil"}},
		{"function without cost", Options[string, int]{MaximumSize: 4, Cost: cost}, []string{"MaximumCost is 0"}},
		{"bounded and not", Options[string, int]{MaximumSize: 4, Unbounded: true}, []string{"Unbounded is true although"}},
		{"tick too small", Options[string, int]{MaximumSize: 4, Tick: 1}, []string{"Tick is 1ns"}},
		{"tick too large", Options[string, int]{MaximumSize: 4, Tick: time.Hour}, []string{"Tick is 1h0m0s"}},
	} {
		c, err := New(tc.options)
		if c != nil || !errors.Is(err, ErrOptions) {
			t.Errorf("%s: New = %v, %v; want ErrOptions", tc.name, c, err)
			continue
		}
		for _, fault := range tc.faults {
			if !strings.Contains(err.Error(), fault) {
				t.Errorf("%s: the error lacks %q:\n%v", tc.name, fault, err)
			}
		}
	}
}

// A cache of N holds N keys, and one more key takes exactly one place.
func TestCapacityIsExact(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		sizes := []int{1023, 1024, 1025, 5000, 20_000}
		for n := 1; n <= 130; n++ {
			sizes = append(sizes, n)
		}
		for _, n := range sizes {
			checkCapacity(t, n, Options[int, int]{MaximumSize: n})
		}
	})
}

// With more segments than is wise, some stay empty: an insert there must find
// its victim elsewhere.
func TestCapacityIsExactWithAnEntryASegment(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		for _, n := range []int{2, 16, 64} {
			checkCapacity(t, n, Options[int, int]{MaximumSize: n, Segments: n})
		}
	})
}

func checkCapacity(t *testing.T, n int, o Options[int, int]) {
	t.Helper()
	c := newChecked(t, o)
	for i := range n {
		c.Set(i, i)
	}
	for i := range n {
		if v, ok := c.Get(i); !ok || v != i {
			t.Fatalf("a cache of %d given %d keys lacks key %d", n, n, i)
		}
	}
	for i := n; i < 2*n+1000; i++ {
		c.Set(i, i)
		if v, ok := c.Get(i); !ok || v != i {
			t.Fatalf("a cache of %d: key %d has vanished right after Set", n, i)
		}
		synctest.Wait()
		if c.Len() != n {
			t.Fatalf("a cache of %d holds %d entries after key %d", n, c.Len(), i)
		}
	}
}

// The largest maximum neither overflows nor takes memory that nobody uses.
func TestLargestMaximum(t *testing.T) {
	if math.MaxInt == math.MaxInt32 {
		return // 2^24 chain heads are a large part of a 32-bit address space
	}
	c := newChecked(t, Options[int, int]{MaximumSize: math.MaxInt, MaximumCost: 1 << 60, Cost: func(int, int) int64 { return 1 << 50 }})
	for i := range 1000 {
		c.Set(i, i)
	}
	resume := suspendOwners(t, c)
	c.Set(1000, 1000)
	resume()
	if c.Len() != 1001 || c.Cost() != 1001<<50 {
		t.Errorf("%d entries that cost %d", c.Len(), c.Cost())
	}
}

func TestReadsAndWrites(t *testing.T) {
	c := newChecked(t, Options[string, int]{MaximumSize: 10})
	if _, ok := c.Get("a"); ok {
		t.Error("an empty cache has a")
	}
	if !c.Set("a", 1) || !c.Set("a", 2) {
		t.Error("Set refused")
	}
	if v, ok := c.Get("a"); !ok || v != 2 {
		t.Errorf("Get = %d, %v; want 2", v, ok)
	}
	if v, set := c.SetIfAbsent("a", 3); set || v != 2 {
		t.Errorf("SetIfAbsent of a present key = %d, %v", v, set)
	}
	if v, set := c.SetIfAbsent("b", 4); !set || v != 4 {
		t.Errorf("SetIfAbsent of an absent key = %d, %v", v, set)
	}
	if v, ok := c.Delete("a"); !ok || v != 2 {
		t.Errorf("Delete = %d, %v; want 2", v, ok)
	}
	if _, ok := c.Delete("a"); ok {
		t.Error("a second Delete found something")
	}
	if v, ok := c.GetQuietly("b"); !ok || v != 4 {
		t.Errorf("GetQuietly = %d, %v; want 4", v, ok)
	}
	want := Stats{Hits: 1, Misses: 1, Inserts: 2, Updates: 1, Removals: 1}
	if got := c.Stats(); got != want {
		t.Errorf("Stats = %+v\nwant    %+v", got, want)
	}
	if got := c.Stats().Minus(Stats{Hits: 1}); got.Hits != 0 || got.Misses != 1 {
		t.Errorf("Minus = %+v", got)
	}
	if got := c.Stats().HitRatio(); got != 0.5 {
		t.Errorf("HitRatio = %v, want 0.5", got)
	}
}

func TestComputeInOneStep(t *testing.T) {
	c := newChecked(t, Options[string, int]{MaximumSize: 10})
	increment := func(old int, found bool) (int, Op) { return old + 1, Write }
	for want := 1; want <= 3; want++ {
		if v, ok := c.Compute("n", increment); !ok || v != want {
			t.Fatalf("Compute = %d, %v; want %d", v, ok, want)
		}
	}
	if v, ok := c.Compute("n", func(old int, found bool) (int, Op) { return 99, Keep }); !ok || v != 3 {
		t.Errorf("Compute that keeps = %d, %v; want 3", v, ok)
	}
	if _, ok := c.Compute("n", func(int, bool) (int, Op) { return 0, Remove }); ok {
		t.Error("Compute that removes says there is a value")
	}
	if _, ok := c.Compute("n", func(_ int, found bool) (int, Op) {
		if found {
			t.Error("the removed value was found")
		}
		return 0, Remove
	}); ok {
		t.Error("removing nothing made something")
	}
	// A write between f and the CAS makes f run again, with the value it left.
	calls := 0
	v, _ := c.Compute("m", func(old int, _ bool) (int, Op) {
		if calls++; calls == 1 {
			c.Set("m", 10)
		}
		return old + 1, Write
	})
	if v != 11 || calls != 2 {
		t.Errorf("Compute = %d after %d calls; want 11 after 2", v, calls)
	}
}

func TestCostIsExact(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[string, int64]{
			MaximumCost: 100,
			Cost:        func(_ string, cost int64) int64 { return cost },
		})
		for _, step := range []struct {
			key       string
			cost      int64
			ok        bool
			wantTotal int64
		}{
			{"a", 30, true, 30}, {"b", 40, true, 70}, {"a", 10, true, 50}, {"b", 0, true, 10},
			{"c", 90, true, 100}, {"d", 101, false, 100}, {"d", -1, false, 100}, {"c", 101, false, 10},
		} {
			ok := c.Set(step.key, step.cost)
			synctest.Wait()
			if ok != step.ok || c.Cost() != step.wantTotal {
				t.Fatalf("Set(%q, %d) = %v, total %d; want %v, %d", step.key, step.cost, ok, c.Cost(), step.ok, step.wantTotal)
			}
		}
		if _, ok := c.Get("c"); ok {
			t.Error("a refused value left the old one in place")
		}
		if v, set := c.SetIfAbsent("e", 500); set || v != 500 {
			t.Errorf("SetIfAbsent of a value too costly = %d, %v", v, set)
		}
		if c.Stats().Refusals != 4 {
			t.Errorf("%d refusals counted, want 4", c.Stats().Refusals)
		}
		for i := range 1000 {
			c.Set(strconv.Itoa(i), int64(i%30))
			synctest.Wait()
			if c.Cost() > 100 {
				t.Fatalf("cost %d after Set %d", c.Cost(), i)
			}
		}
		c.Clear()
		c.Set("a", 50)
		c.Set("b", 50)
		c.Set("a", 60)
		synctest.Wait()
		if c.Cost() > 100 {
			t.Fatalf("cost %d after an update", c.Cost())
		}
	})
}

// One costly entry may have to push out many cheap ones, in other segments too.
func TestCostIsExactAcrossSegments(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[int, int64]{
			MaximumCost: 1600, Segments: 16,
			Cost: func(_ int, cost int64) int64 { return cost },
		})
		for i := range 2000 {
			c.Set(i, 1)
		}
		for i := range 300 {
			c.Set(10_000+i, 100)
			synctest.Wait()
			if _, ok := c.Get(10_000 + i); !ok || c.Cost() > 1600 {
				t.Fatalf("after costly entry %d: there %v, total cost %d", i, ok, c.Cost())
			}
		}
	})
}

func TestTTL(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[string, int]{MaximumSize: 100, DefaultTTL: time.Minute})
		c.Set("default", 1)
		c.SetWithTTL("zero is the default", 2, 0)
		c.SetWithTTL("short", 3, 100*time.Microsecond)
		c.SetWithTTL("forever", 4, Forever)
		c.SetWithTTL("almost forever", 5, Forever-1)
		if c.SetWithTTL("negative", 6, -1) {
			t.Error("a negative TTL was accepted")
		}
		for key, want := range map[string]time.Duration{
			"default": time.Minute, "zero is the default": time.Minute,
			"short": 100 * time.Microsecond, "forever": Forever, "almost forever": Forever,
		} {
			if got, ok := c.TTL(key); !ok || got != want {
				t.Errorf("TTL(%q) = %v, %v; want %v", key, got, ok, want)
			}
		}
		if _, ok := c.TTL("negative"); ok {
			t.Error("what was refused has a TTL")
		}
		sleep(time.Millisecond + 100*time.Microsecond)
		if _, ok := c.Get("short"); ok || c.Len() != 4 {
			t.Errorf("a tick after its deadline a value is there; %d entries", c.Len())
		}
		sleep(time.Minute - 10*time.Millisecond)
		if _, ok := c.Get("default"); !ok {
			t.Error("a value is gone before its deadline")
		}
		sleep(10 * time.Millisecond)
		if c.Len() != 2 {
			t.Errorf("%d entries are left, want the 2 without a deadline", c.Len())
		}
		sleep(100 * 365 * 24 * time.Hour)
		if _, ok := c.Get("forever"); !ok {
			t.Error("forever has ended")
		}
	})
}

// Far more entries than a turn clears away expire at once, and others not yet.
func TestManyExpireAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[int, int]{MaximumSize: 40_000, Segments: 1})
		for i := range 20_000 {
			c.SetWithTTL(i, i, time.Hour)
			c.SetWithTTL(-1-i, i, time.Hour+time.Second)
		}
		sleep(time.Hour + 2*time.Millisecond)
		if c.Len() != 20_000 || c.Stats().Expirations != 20_000 {
			t.Errorf("%d entries are left after %d expirations, want 20000 of each", c.Len(), c.Stats().Expirations)
		}
		sleep(time.Second)
		if c.Len() != 0 {
			t.Errorf("%d entries are left, want none", c.Len())
		}
	})
}

func TestEveryWriteSetsTheDeadlineAnew(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[string, int]{MaximumSize: 100, DefaultTTL: time.Minute})
		c.SetWithTTL("a", 1, time.Hour)
		c.Set("a", 2)
		if got, _ := c.TTL("a"); got != time.Minute {
			t.Errorf("a Set without a TTL left %v, want the default", got)
		}
		sleep(30 * time.Second)
		c.Set("a", 3)
		sleep(45 * time.Second)
		if _, ok := c.Get("a"); !ok {
			t.Error("an update did not prolong the entry")
		}
		if !c.SetTTL("a", time.Second) {
			t.Error("SetTTL found nothing")
		}
		sleep(time.Second + 2*time.Millisecond)
		if _, ok := c.Get("a"); ok || c.Len() != 0 {
			t.Errorf("SetTTL did not shorten the entry's life; %d entries", c.Len())
		}
		if c.SetTTL("a", time.Second) || c.SetTTL("a", -1) {
			t.Error("SetTTL of nothing, or to a negative TTL, says it did")
		}
	})
}

func TestExactExpiry(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[string, int]{MaximumSize: 10, DefaultTTL: time.Second, Tick: time.Minute, ExactExpiry: true})
		c.Set("a", 1)
		c.SetWithTTL("b", 1, Forever)
		time.Sleep(time.Second - 1)
		if _, ok := c.Get("a"); !ok {
			t.Error("gone a nanosecond before the deadline")
		}
		time.Sleep(time.Nanosecond)
		if _, ok := c.Get("a"); ok {
			t.Error("there at the deadline")
		}
		if _, ok := c.Get("b"); !ok {
			t.Error("an entry without a deadline is gone")
		}
	})
}

// What has expired is reported as expired, whoever comes across it.
func TestExpiredIsNeverCalledAnythingElse(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var causes []Cause
		c := newChecked(t, Options[string, int]{
			MaximumSize: 10, DefaultTTL: time.Second, Tick: time.Minute, ExactExpiry: true,
			OnRemoval: func(_ string, _ int, cause Cause) { causes = append(causes, cause) },
		})
		c.Set("set", 1)
		c.Set("delete", 1)
		c.Set("compute", 1)
		c.Set("absent", 1)
		time.Sleep(2 * time.Second)
		c.Set("set", 2)
		if _, ok := c.Delete("delete"); ok {
			t.Error("Delete returned an expired value")
		}
		c.Compute("compute", func(_ int, found bool) (int, Op) {
			if found {
				t.Error("Compute found an expired value")
			}
			return 2, Write
		})
		if _, set := c.SetIfAbsent("absent", 2); !set {
			t.Error("an expired value kept SetIfAbsent from setting")
		}
		if want := []Cause{CauseExpired, CauseExpired, CauseExpired, CauseExpired}; !slices.Equal(causes, want) {
			t.Errorf("causes %v, want %v", causes, want)
		}
		if got := c.Stats().Expirations; got != 4 {
			t.Errorf("%d expirations counted, want 4", got)
		}
	})
}

func TestIdleCacheIsNeverWoken(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[int, int]{MaximumSize: 10_000})
		for i := range 20_000 {
			c.Set(i, i)
		}
		synctest.Wait()
		before := c.manager.Wakeups()
		sleep(1000 * time.Hour)
		if got := c.manager.Wakeups() - before; got != 0 {
			t.Errorf("%d wake-ups of a cache without deadlines", got)
		}
		c.SetWithTTL(1, 1, time.Hour)
		before = c.manager.Wakeups()
		sleep(1000 * time.Hour)
		if got := c.manager.Wakeups() - before; got > 11 {
			t.Errorf("%d wake-ups for one deadline, want at most one a level of the wheel", got)
		}
	})
}

func TestOneTickOneWakeup(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[int, int]{MaximumSize: 100_000, DefaultTTL: 10 * time.Millisecond})
		for i := range 50 {
			c.Set(i, i)
		}
		synctest.Wait()
		before := c.manager.Wakeups()
		sleep(time.Second)
		if got := c.manager.Wakeups() - before; got > 3 || c.Len() != 0 {
			t.Errorf("%d wake-ups, and %d entries left; want at most 3 and none", got, c.Len())
		}
	})
}

func TestResize(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[int, int]{MaximumSize: 1000})
		for i := range 1000 {
			c.Set(i, i)
		}
		for _, size := range []int{10, 1, 5000} {
			if err := c.Resize(size); err != nil {
				t.Fatal(err)
			}
			if c.Len() > size {
				t.Fatalf("after Resize(%d): %d entries", size, c.Len())
			}
			for i := range 6000 {
				c.Set(i, i)
			}
			synctest.Wait()
			if c.Len() != size {
				t.Fatalf("after Resize(%d) and 6000 Sets: %d entries", size, c.Len())
			}
		}
		for _, size := range []int{0, -1} {
			if err := c.Resize(size); !errors.Is(err, ErrOptions) {
				t.Errorf("Resize(%d) = %v", size, err)
			}
		}
		if err := c.ResizeCost(5); !errors.Is(err, ErrOptions) {
			t.Errorf("ResizeCost of a cache without cost = %v", err)
		}
		costed := newChecked(t, Options[int, int]{MaximumCost: 1000, Cost: func(int, int) int64 { return 10 }})
		for i := range 200 {
			costed.Set(i, i)
		}
		if err := costed.ResizeCost(50); err != nil || costed.Cost() != 50 {
			t.Errorf("ResizeCost(50) = %v, cost %d", err, costed.Cost())
		}
		if costed.ResizeCost(9); costed.Set(1, 1) {
			t.Error("an entry that costs more than the new maximum was accepted")
		}
	})
}

func TestClear(t *testing.T) {
	removed := make(map[int]Cause)
	c := newChecked(t, Options[int, int]{MaximumSize: 10_000, OnRemoval: func(key, _ int, cause Cause) { removed[key] = cause }})
	for i := range 10_000 {
		c.Set(i, i)
	}
	c.Clear()
	if c.Len() != 0 || len(removed) != 10_000 || removed[7] != CauseCleared {
		t.Fatalf("after Clear: %d entries, %d reported, the cause %v", c.Len(), len(removed), removed[7])
	}
	for i := range c.segments {
		if got := c.segments[i].policy.length(); got != 0 {
			t.Errorf("segment %d keeps %d dead nodes after Clear", i, got)
		}
	}
	c.Set(1, 1)
	if _, ok := c.Get(1); !ok {
		t.Error("Set after Clear has vanished")
	}
}

func TestClosedCacheAnswers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		removed := 0
		c := newChecked(t, Options[string, int]{MaximumSize: 10, DefaultTTL: time.Hour, OnRemoval: func(string, int, Cause) { removed++ }})
		c.Set("a", 1)
		c.Close()
		c.Close()
		if removed != 1 {
			t.Errorf("%d values reported, want 1", removed)
		}
		if _, ok := c.Get("a"); ok || c.Set("a", 1) || c.SetWithTTL("a", 1, time.Second) || c.SetTTL("a", time.Second) || c.Len() != 0 {
			t.Error("a closed cache keeps or accepts something")
		}
		if _, set := c.SetIfAbsent("a", 1); set {
			t.Error("SetIfAbsent set something")
		}
		if _, ok := c.Compute("a", func(int, bool) (int, Op) { return 1, Write }); ok {
			t.Error("Compute wrote something")
		}
		if _, ok := c.Delete("a"); ok {
			t.Error("Delete found something")
		}
		c.Clear()
		for range c.All() {
			t.Error("All found something")
		}
		if err := c.Resize(5); err != nil {
			t.Error(err)
		}
		before := c.manager.Wakeups()
		sleep(2 * time.Hour)
		if c.manager.Wakeups() != before {
			t.Error("woken after Close")
		}
	})
}

func TestIterators(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[int, string]{MaximumSize: 5000})
		want := make(map[int]string)
		for i := range 3000 {
			want[i] = fmt.Sprint(i)
			c.Set(i, want[i])
		}
		c.SetWithTTL(-1, "expired", time.Second)
		sleep(2 * time.Second)
		got := make(map[int]string)
		for key, value := range c.All() {
			if _, twice := got[key]; twice {
				t.Errorf("key %d visited twice", key)
			}
			got[key] = value
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("All visited %d entries, want %d", len(got), len(want))
		}
		if keys := slices.Collect(c.Keys()); len(keys) != 3000 {
			t.Errorf("Keys visited %d", len(keys))
		}
		if values := slices.Collect(c.Values()); len(values) != 3000 {
			t.Errorf("Values visited %d", len(values))
		}
		if c.Stats().Hits != 0 {
			t.Error("visiting counted as hits")
		}
		for range c.All() {
			break
		}
		for range c.Keys() {
			break
		}
		for range c.Values() {
			break
		}
		for range c.Hottest() {
			break
		}
	})
}

// What has been deleted is let go of, though nobody inserts any more, and so are
// its timers.
func TestDeletedEntriesAreLetGo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[int, int]{MaximumSize: 1000, Segments: 1, DefaultTTL: 24 * time.Hour})
		for i := range 1000 {
			c.Set(i, i)
		}
		for i := range 990 {
			c.Delete(i)
		}
		synctest.Wait()
		p := &c.segments[0].policy
		if got, limit := p.length(), 10+2*sweepFloor; got > limit {
			t.Errorf("the queues hold %d nodes for 10 entries, want at most %d", got, limit)
		}
		for i := range 1000 {
			c.Delete(i)
		}
		p.sweepAll()
		if _, ok := c.segments[0].nextTimer(); ok || p.length() != 0 {
			t.Errorf("an empty cache holds %d nodes; a timer waits: %v", p.length(), ok)
		}
	})
}

func TestAClearedCacheHoldsNoNode(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 1000, Segments: 1})
	for i := range 3 {
		c.Set(i, i)
	}
	c.Clear()
	if got := c.segments[0].policy.length(); got != 0 {
		t.Errorf("the queues hold %d nodes", got)
	}
}

func TestEvictionCancelsTheTimer(t *testing.T) {
	c := newChecked(t, Options[string, int]{MaximumSize: 1})
	c.SetWithTTL("a", 1, 24*time.Hour)
	c.SetWithTTL("b", 1, Forever)
	if _, ok := c.segments[0].nextTimer(); ok {
		t.Error("an evicted entry's timer waits on")
	}
}

func TestHottestAndColdest(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 100})
	for i := range 100 {
		c.Set(i, i)
	}
	for range 3 {
		c.Get(42)
	}
	for key := range c.Hottest() {
		if key != 42 {
			t.Errorf("the hottest is %d, want 42", key)
		}
		break
	}
	last := -1
	for key := range c.Coldest() {
		last = key
	}
	if last != 42 {
		t.Errorf("the last of the coldest is %d, want 42", last)
	}
}

// A scan of keys that are seen once must not push out what is in use.
func TestScanDoesNotEvictWhatIsUsed(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 1000})
	for round := range 10 {
		for i := range 500 {
			if _, ok := c.Get(i); !ok {
				c.Set(i, round)
			}
		}
	}
	for i := range 100_000 {
		c.Set(1_000_000+i, i)
	}
	kept := 0
	for i := range 500 {
		if _, ok := c.Get(i); ok {
			kept++
		}
	}
	if kept < 450 {
		t.Errorf("%d of 500 entries in use survived a scan, want nearly all", kept)
	}
}

func TestCauseHasAName(t *testing.T) {
	for cause, want := range map[Cause]string{
		CauseReplaced: "replaced", CauseDeleted: "deleted", CauseEvicted: "evicted",
		CauseExpired: "expired", CauseCleared: "cleared", 0: "Cause(0)",
	} {
		if got := cause.String(); got != want {
			t.Errorf("Cause %d is %q, want %q", cause, got, want)
		}
	}
}

// sleep lets virtual time pass and everything that is due happen.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
