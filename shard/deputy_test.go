package shard

import (
	"testing"
	"time"
)

// veteran makes a cache with an entry that is older than the first deadline, and
// gives that entry one.
func veteran(t *testing.T, o Options[int, int], ttl time.Duration) (*Cache[int, int], *segment[int, int], *node[int, int]) {
	t.Helper()
	o.Segments = 1
	c := newChecked(t, o)
	c.Set(1, 1)
	s := &c.segments[0]
	n, _ := s.find(uint32(c.hasher.sum(1)), 1)
	if n.is(timed) {
		t.Fatal("a node has a place in the wheel where nothing has ever had a deadline")
	}
	if !c.SetTTL(1, ttl) {
		t.Fatal("SetTTL found no entry")
	}
	if deputies, timer := s.waiting(t); deputies != 1 || !timer {
		t.Fatalf("%d deputies, a timer waits: %v; want 1 that does", deputies, timer)
	}
	return c, s, n
}

// waiting returns, as the segment's owner, how many deputies there are and whether a
// timer waits.
func (s *segment[K, V]) waiting(t *testing.T) (deputies int, timer bool) {
	t.Helper()
	if !s.own() {
		t.Fatal("the segment stays owned")
	}
	defer s.owner.Store(free)
	_, timer = s.nextTimer()
	return len(s.deputies), timer
}

func TestVeteranExpires(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, s, _ := veteran(t, Options[int, int]{MaximumSize: 100}, time.Second)
		c.SetTTL(1, 2*time.Second)
		time.Sleep(time.Second + 10*time.Millisecond)
		deputies, _ := s.waiting(t)
		if _, ok := c.Get(1); !ok || deputies != 1 {
			t.Errorf("found: %v, with %d deputies; its life was prolonged", ok, deputies)
		}
		c.SetTTL(1, time.Millisecond)
		if deputies, _ := s.waiting(t); deputies != 1 {
			t.Errorf("%d deputies wait for one entry", deputies)
		}
		time.Sleep(10 * time.Millisecond)
		if _, ok := c.Get(1); ok || c.Len() != 0 {
			t.Errorf("found: %v, of %d; its deadline has passed", ok, c.Len())
		}
		if deputies, timer := s.waiting(t); timer || deputies != 0 {
			t.Errorf("%d deputies are left, a timer waits: %v", deputies, timer)
		}
	})
}

func TestVeteranThatGoesDismissesItsDeputy(t *testing.T) {
	for name, leave := range map[string]func(c *Cache[int, int]){
		"evicted": func(c *Cache[int, int]) {
			for key := 2; key < 100; key++ {
				c.Set(key, key)
				c.Get(key)
			}
		},
		"deleted": func(c *Cache[int, int]) { c.Delete(1); c.segments[0].tidy() },
		"cleared": func(c *Cache[int, int]) { c.Clear() },
	} {
		t.Run(name, func(t *testing.T) {
			c, s, _ := veteran(t, Options[int, int]{MaximumSize: 4}, time.Hour)
			leave(c)
			if _, ok := c.GetQuietly(1); ok {
				t.Fatal("it is still there")
			}
			if deputies, timer := s.waiting(t); timer || deputies != 0 {
				t.Errorf("%d deputies are left, a timer waits: %v", deputies, timer)
			}
		})
	}
}

// A copy in a larger table has a place in the wheel of its own.
func TestVeteranThatMovesNeedsNoDeputy(t *testing.T) {
	c, s, n := veteran(t, Options[int, int]{Unbounded: true}, time.Hour)
	s.grow(s.table.Load())
	s.keepMoving()
	c.comeToRest()
	if deputies, _ := s.waiting(t); deputies != 0 {
		t.Error("the old node's deputy is still there")
	}
	twin, _ := s.find(n.hash, 1)
	defer suspendOwners(t, c)()
	if twin == n || !twin.is(timed) || !s.scheduled(twin) {
		t.Errorf("moved: %v; with a place of its own: %v, which waits: %v", twin != n, twin.is(timed), s.scheduled(twin))
	}
}

func TestEntriesAfterTheFirstDeadlineHaveTimers(t *testing.T) {
	c, s, _ := veteran(t, Options[int, int]{MaximumSize: 10}, time.Hour)
	c.Set(2, 2)
	if n, _ := s.find(uint32(c.hasher.sum(2)), 2); !n.is(timed) {
		t.Error("a node has no place in the wheel although there are deadlines")
	}
}
