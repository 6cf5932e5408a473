package shard

import (
	"testing"
	"testing/synctest"
	"time"
)

// These tests stand in for an owner that has been descheduled for good: they
// take ownership of every segment and do nothing with it.

func suspendOwners[K Key, V any](t *testing.T, c *Cache[K, V]) (resume func()) {
	t.Helper()
	for i := range c.segments {
		if !c.segments[i].own() {
			t.Fatalf("segment %d stays owned", i)
		}
	}
	return func() {
		for i := range c.segments {
			c.segments[i].release()
			c.segments[i].settle(nil)
		}
	}
}

func stackLength[K Key, V any](s *segment[K, V]) (length int) {
	for n := s.pending.Load(); n != nil; n = n.link {
		length++
	}
	for m := s.notices.Load(); m != nil; m = m.next {
		length++
	}
	return length
}

func chainLength[K Key, V any](s *segment[K, V], hash uint32) (length int) {
	for n := s.chain(s.table.Load(), hash); n != nil; n = n.next.Load() {
		length++
	}
	return length
}

func TestSuspendedOwnerBlocksNobodyAndNothingGrows(t *testing.T) {
	const maximum = 1000
	c := newChecked(t, Options[int, int]{MaximumSize: maximum, Segments: 2})
	for i := range maximum {
		c.Set(i, i)
	}
	resume := suspendOwners(t, c)
	slack := int(slackEntries(maximum))
	for i := range 200_000 {
		c.Set(maximum+i, i)
		if v, ok := c.Get(maximum + i); !ok || v != i {
			t.Fatalf("key %d has vanished right after Set", i)
		}
		if c.Len() > maximum+slack {
			t.Fatalf("%d entries, over %d and the slack of %d", c.Len(), maximum, slack)
		}
	}
	for i := range c.segments {
		if got, limit := stackLength(&c.segments[i]), 2*(maximum+slack)+2*pendingLimit; got > limit {
			t.Errorf("segment %d: %d nodes wait for the owner, want at most %d", i, got, limit)
		}
	}
	resume()
	c.comeToRest()
	if c.Len() > maximum {
		t.Errorf("%d entries after the owner came back", c.Len())
	}
}

func TestSuspendedOwnerDoesNotLetCostGrow(t *testing.T) {
	const maximum = 3200
	c := newChecked(t, Options[int, int]{MaximumCost: maximum, Cost: func(_, cost int) int64 { return int64(cost) }})
	resume := suspendOwners(t, c)
	for i := range 50_000 {
		c.Set(i%500, i%50)
		if got, limit := c.Cost(), int64(maximum)+slackCost(maximum)+50; got > limit {
			t.Fatalf("cost %d, want at most %d", got, limit)
		}
	}
	resume()
}

// A key that comes and goes leaves its dead nodes neither in its chain nor on
// the stack.
func TestSuspendedOwnerLeavesNoDeadBehind(t *testing.T) {
	c := newChecked(t, Options[string, int]{MaximumSize: 100})
	resume := suspendOwners(t, c)
	for i := range 100_000 {
		c.Set("a", i)
		c.Delete("a")
	}
	s := &c.segments[0]
	if got := stackLength(s); got > 2*pendingLimit {
		t.Errorf("%d dead nodes wait for the owner, want at most %d", got, 2*pendingLimit)
	}
	if got := chainLength(s, uint32(c.hasher.sum("a"))); got > 1 {
		t.Errorf("%d dead nodes are in the chain", got)
	}
	resume()
}

// Every other update shortens the entry's life, which sends the owner a notice.
func TestSuspendedOwnerLetsNoNoticesPileUp(t *testing.T) {
	c := newChecked(t, Options[string, int]{MaximumSize: 100})
	c.Set("a", 0)
	resume := suspendOwners(t, c)
	for i := range 100_000 {
		c.SetWithTTL("a", i, time.Duration(2-i%2)*time.Hour)
	}
	if got := stackLength(&c.segments[0]); got > 2*pendingLimit {
		t.Errorf("%d notices wait for the owner, want at most %d", got, 2*pendingLimit)
	}
	resume()
	c.comeToRest()
	if got, ok := c.segments[0].nextTimer(); !ok || got > c.manager.Exact()+int64(time.Hour) {
		t.Errorf("the wheel wakes at %d: the last notice was lost", got)
	}
}

// While the owner is away the wheel stands still, but nothing is served past its
// deadline: reads go by the coarse clock, which goes on.
func TestSuspendedOwnerServesNothingPastItsDeadline(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[string, int]{MaximumSize: 100, DefaultTTL: time.Second})
		c.Set("before", 1)
		c.Set("prolonged", 1)
		resume := suspendOwners(t, c)
		c.Set("during", 1)
		sleep(900 * time.Millisecond)
		c.Set("prolonged", 2)
		sleep(102 * time.Millisecond)
		if _, ok := c.Get("prolonged"); !ok {
			t.Error("what was prolonged is gone")
		}
		for _, key := range []string{"before", "during"} {
			if _, ok := c.Get(key); ok {
				t.Errorf("%q is served past its deadline", key)
			}
		}
		sleep(900 * time.Millisecond)
		if _, ok := c.Get("prolonged"); ok {
			t.Error("what was prolonged is served past its second deadline")
		}
		resume()
		synctest.Wait()
		sleep(2 * time.Millisecond)
		if c.Len() != 0 {
			t.Errorf("%d entries are left after the owner came back", c.Len())
		}
	})
}

// Nor does it need another deadline, watched before, to keep the clock going.
func TestSuspendedOwnerWatchesNewDeadlines(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[string, int]{MaximumSize: 100})
		c.Set("shortened", 1)
		resume := suspendOwners(t, c)
		c.SetWithTTL("new", 1, time.Second)
		sleep(time.Second + 2*time.Millisecond)
		if _, ok := c.Get("new"); ok {
			t.Error("a new entry is served past its deadline")
		}
		c.SetTTL("shortened", time.Hour)
		sleep(time.Hour + 2*time.Millisecond)
		if _, ok := c.Get("shortened"); ok {
			t.Error("a shortened entry is served past its deadline")
		}
		resume()
	})
}

// What is published while somebody else owns the segment is not left lying when
// that one has looked at the stack already: an owner looks again.
func TestOwnerLooksAgain(t *testing.T) {
	var c *Cache[int, int]
	again := true
	c = newChecked(t, Options[int, int]{MaximumSize: 10, Segments: 1, OnRemoval: func(int, int, Cause) {
		if again {
			again = false
			c.Set(-1, 0) // on the owner's own goroutine, which owns the segment
		}
	}})
	for i := range 11 {
		c.Set(i, i)
	}
	if again || c.segments[0].pending.Load() != nil {
		t.Errorf("called back: %v; the news of it is on the stack still", !again)
	}
}

// Clear, Resize and Close work without the owners too.
func TestSuspendedOwnerLetsClearAndResizeThrough(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 1000})
	for i := range 1000 {
		c.Set(i, i)
	}
	resume := suspendOwners(t, c)
	if err := c.Resize(100); err != nil || c.Len() > 100 {
		t.Errorf("Resize: %v, %d entries", err, c.Len())
	}
	c.Clear()
	if c.Len() != 0 {
		t.Errorf("Clear left %d entries", c.Len())
	}
	resume()
}

// An unbounded cache forgets nothing, and its chains stay short, though no owner
// is there to notice that the table is crowded.
func TestSuspendedOwnerLetsTheTableGrow(t *testing.T) {
	c := newChecked(t, Options[int, int]{Unbounded: true, Segments: 1})
	resume := suspendOwners(t, c)
	const entries = 50_000
	for i := range entries {
		c.Set(i, i)
	}
	s := &c.segments[0]
	longest := 0
	for i := range entries {
		mustGet(t, c, i)
		longest = max(longest, chainLength(s, uint32(c.hasher.sum(i))))
	}
	if longest > 2*maxChain {
		t.Errorf("a chain of %d nodes, want at most %d", longest, 2*maxChain)
	}
	resume()
}

// The hand passes by what it has never met, so what has just been written is not
// what goes.
func TestHandPassesTheNew(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 100, Segments: 1})
	s := &c.segments[0]
	for old := range 3 {
		c.Set(old, old)
	}
	if s.evictCold(nil) {
		t.Fatal("the hand evicted an entry when it met it first")
	}
	const newest = 100
	c.Set(newest, 0)
	for range 3 {
		if !s.evictCold(nil) {
			t.Fatal("the hand evicted nothing although it had met three entries")
		}
	}
	if _, ok := c.GetQuietly(newest); !ok || c.Len() != 1 {
		t.Errorf("of four entries %d are left, the newest among them: %v", c.Len(), ok)
	}
}

// A segment that had nothing to evict but its newest entry is made up for by the
// others, or not at all.
func TestEvictingElsewhereSparesTheSegment(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 100, Segments: 2})
	c.Set(1, 1)
	s := c.segment(c.hasher.sum(1))
	if c.evictFrom(0, s, nil) {
		t.Error("an entry of the spared segment was evicted")
	}
	if !c.evictFrom(0, nil, nil) || c.Len() != 0 {
		t.Errorf("with no segment spared, %d entries are left", c.Len())
	}
}

// A removal callback that panics must not take the segment's ownership with it.
func TestPanicInOnRemovalReleasesTheSegment(t *testing.T) {
	armed := true
	c := newChecked(t, Options[int, int]{MaximumSize: 1, OnRemoval: func(int, int, Cause) {
		if armed {
			armed = false
			panic("the embedder's fault")
		}
	}})
	c.Set(1, 1)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not reach the caller")
			}
		}()
		c.Set(2, 2)
	}()
	for i := range 100 {
		c.Set(i, i)
	}
	c.comeToRest()
	if c.Len() != 1 {
		t.Errorf("%d entries after a panic, want 1", c.Len())
	}
}

// Nor may it take the new nodes with it that the owner had yet to admit: they
// could never be evicted.
func TestPanicInOnRemovalLosesNoNode(t *testing.T) {
	armed := false
	c := newChecked(t, Options[int, int]{MaximumSize: 10, Segments: 1, OnRemoval: func(int, int, Cause) {
		if armed {
			armed = false
			panic("the embedder's fault")
		}
	}})
	resume := suspendOwners(t, c)
	for i := range 12 {
		c.Set(i, i)
	}
	armed = true
	func() {
		defer func() { _ = recover() }()
		resume()
	}()
	if armed {
		t.Fatal("nothing was evicted, so nothing panicked")
	}
	for i := range 100 {
		c.Set(100+i, i)
	}
}

// A callback may use the cache.
func TestOnRemovalMayUseTheCache(t *testing.T) {
	var c *Cache[int, int]
	seen := 0
	c = newChecked(t, Options[int, int]{MaximumSize: 100, OnRemoval: func(key, _ int, cause Cause) {
		if cause == CauseEvicted {
			seen++
			c.Get(key)
			c.Delete(key)
			c.Set(-1, 0)
			c.Delete(-1)
		}
	}})
	for i := range 1000 {
		c.Set(i, i)
	}
	if seen < 900 {
		t.Errorf("%d evictions reported, want 900", seen)
	}
}
