package shard

import (
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/uds-platform/state/internal/clock"
)

// reporter is what a check needs of a testing.T or a rapid.T.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// deepCheck verifies every invariant that the sources state beside their fields.
// It must be called when nobody uses the cache; every test of this package that
// makes a cache has it called at the end.
func (c *Cache[K, V]) deepCheck(t reporter) {
	t.Helper()
	c.comeToRest()
	seen := make(map[K]bool)
	var size, total int64
	for i := range c.segments {
		s := &c.segments[i]
		if !s.own() {
			t.Fatalf("segment %d stays owned", i)
		}
		s.checkStacks(t)
		s.checkDeputies(t)
		standing := s.checkQueues(t)
		for bucket := range s.table.Load().heads {
			for _, found := range s.collect(nil, s.table.Load(), uint32(bucket)) {
				n, cl := found.node, found.cell
				if seen[n.key] {
					t.Errorf("key %v is alive twice", n.key)
				}
				seen[n.key] = true
				size++
				total += cl.costIn(c.costed)
				s.checkNode(t, n, cl, standing)
				delete(standing, n)
			}
		}
		for n := range standing {
			t.Errorf("a queue holds key %v, which is alive in no chain", n.key)
		}
		s.owner.Store(free)
	}
	c.checkAccounts(t, size, total)
}

// own waits until the manager, if it is at work, is done with the segment.
func (s *segment[K, V]) own() bool {
	for range 100_000_000 {
		if s.owner.CompareAndSwap(free, owned) {
			return true
		}
		runtime.Gosched()
	}
	return false
}

// comeToRest does what is left for owners and the manager to do.
func (c *Cache[K, V]) comeToRest() {
	for range 1_000_000 {
		busy := false
		for i := range c.segments {
			s := &c.segments[i]
			s.keepMoving()
			s.settle(nil)
			busy = busy || !s.atRest()
		}
		if !busy {
			return
		}
	}
}

func (s *segment[K, V]) atRest() bool {
	if !s.owner.CompareAndSwap(free, owned) {
		return false
	}
	defer s.owner.Store(free)
	t := s.table.Load()
	return !s.hasWork() && t.next.Load() == nil && s.policy.sweeping == 0 && s.policy.sweptTable == t
}

func (s *segment[K, V]) checkStacks(t reporter) {
	t.Helper()
	if s.pending.Load() != nil || s.notices.Load() != nil {
		t.Errorf("segment %d has work on its stacks at rest", s.index)
	}
}

func (s *segment[K, V]) checkDeputies(t reporter) {
	t.Helper()
	for n, stand := range s.deputies {
		if n.is(timed) || !stand.is(deputy) || stand.link != n || !stand.timer().Scheduled() {
			t.Errorf("segment %d has a deputy for key %v that waits for nothing", s.index, n.key)
		}
	}
}

// checkQueues walks the queues and returns the live nodes that they hold.
func (s *segment[K, V]) checkQueues(t reporter) map[*node[K, V]]bool {
	t.Helper()
	standing := make(map[*node[K, V]]bool)
	var husks int64
	for number := uint32(inWindow); number <= inProtected; number++ {
		q := s.policy.queue(number)
		length, sweptInside := 0, q.swept == nil
		var last *node[K, V]
		for n := q.head; n != nil; n = n.link {
			length++
			last = n
			sweptInside = sweptInside || n == q.swept
			live := n
			if c := n.cell.Load(); c == nil {
				husks++
				continue
			} else if c.isSealed() {
				twin, _ := s.find(n.hash, n.key)
				if twin == nil || !twin.is(copied) {
					husks++
					continue
				}
				live = twin
			}
			if standing[live] {
				t.Errorf("key %v is in the queues twice", live.key)
			}
			standing[live] = true
			if got := live.state.Load() & queueMask >> queueShift; got != number {
				t.Errorf("key %v in queue %d says it is in %d", live.key, number, got)
			}
		}
		if length != q.length || last != q.tail || !sweptInside {
			t.Errorf("segment %d, queue %d: %d nodes, length %d; tail right: %v; swept inside: %v",
				s.index, number, length, q.length, last == q.tail, sweptInside)
		}
	}
	if got := s.husks.Load(); got != husks {
		t.Errorf("segment %d counts %d husks, and its queues hold %d", s.index, got, husks)
	}
	return standing
}

func (s *segment[K, V]) checkNode(t reporter, n *node[K, V], cl *cell[V], standing map[*node[K, V]]bool) {
	t.Helper()
	c := s.cache
	hash := c.hasher.sum(n.key)
	switch {
	case uint32(hash) != n.hash || c.segment(hash) != s:
		t.Errorf("key %v is in the wrong place", n.key)
	case n.is(marker):
		t.Errorf("key %v is marked as no entry", n.key)
	case !standing[n]:
		t.Errorf("key %v is alive and in no queue: it could never be evicted", n.key)
	case !cl.lasts() && !s.scheduled(n) && !n.is(copied):
		t.Errorf("key %v has a deadline and no timer", n.key)
	}
	if next, ok := s.nextTimer(); s.scheduled(n) && !cl.lasts() && (!ok || next > max(cl.deadlineNanos, c.manager.Exact())+2*int64(c.tick)) {
		t.Errorf("key %v is due at %d, and the wheel wakes at %d", n.key, cl.deadlineNanos, next)
	}
}

func (s *segment[K, V]) nextTimer() (int64, bool) {
	if s.wheel == nil {
		return clock.Never, false
	}
	return s.wheel.Next()
}

func (c *Cache[K, V]) checkAccounts(t reporter, size, total int64) {
	t.Helper()
	if got := c.size.Load(); got != size {
		t.Errorf("size is %d, and %d entries are alive", got, size)
	}
	if got := c.total.Load(); got != total {
		t.Errorf("the cost is said to be %d, and is %d", got, total)
	}
	if c.overSize() || c.overCost() {
		t.Errorf("over the maximum at rest: %d of %d entries, cost %d of %d", size, c.maxSize.Load(), total, c.maxCost.Load())
	}
	if c.stats.stripes == nil {
		return
	}
	s := c.Stats()
	if left := s.Evictions + s.Expirations + s.Removals; s.Inserts-left != uint64(size) {
		t.Errorf("%d inserts less %d that left is not the size %d: %+v", s.Inserts, left, size, s)
	}
}

// newChecked makes a cache whose invariants are verified when the test ends.
func newChecked[K Key, V any](t testing.TB, o Options[K, V]) *Cache[K, V] {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.deepCheck(t)
		c.Close()
		c.deepCheck(t)
	})
	return c
}

// inBubble runs a test in virtual time.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}
