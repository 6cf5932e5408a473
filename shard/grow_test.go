package shard

import (
	"testing"
	"testing/synctest"
	"time"
)

// growing returns a cache with one segment whose table has just been given a
// larger successor, with nothing moved yet and no owner at work.
func growing(t *testing.T, entries int) (*Cache[int, int], *segment[int, int]) {
	t.Helper()
	c := newChecked(t, Options[int, int]{MaximumSize: 4096, Segments: 1})
	c.makeTables(growEntries)
	s := &c.segments[0]
	small := s.table.Load()
	for i := range entries {
		c.Set(i, i)
	}
	s.grow(small)
	return c, s
}

const growEntries = 64

func TestEveryOperationFollowsAMove(t *testing.T) {
	for name, op := range map[string]func(t *testing.T, c *Cache[int, int], key int){
		"Get": func(t *testing.T, c *Cache[int, int], key int) {
			if v, ok := c.Get(key); !ok || v != key {
				t.Errorf("Get(%d) = %d, %v", key, v, ok)
			}
		},
		"Set": func(t *testing.T, c *Cache[int, int], key int) {
			c.Set(key, key+1)
			if v, _ := c.Get(key); v != key+1 {
				t.Errorf("after Set, Get(%d) = %d", key, v)
			}
		},
		"Delete": func(t *testing.T, c *Cache[int, int], key int) {
			if v, ok := c.Delete(key); !ok || v != key {
				t.Errorf("Delete(%d) = %d, %v", key, v, ok)
			}
			if _, ok := c.Get(key); ok {
				t.Errorf("key %d has come back", key)
			}
		},
		"SetTTL": func(t *testing.T, c *Cache[int, int], key int) {
			if !c.SetTTL(key, time.Hour) {
				t.Errorf("SetTTL(%d) found nothing", key)
			}
		},
		"Compute": func(t *testing.T, c *Cache[int, int], key int) {
			if v, _ := c.Compute(key, func(old int, _ bool) (int, Op) { return old * 2, Write }); v != 2*key {
				t.Errorf("Compute(%d) = %d", key, v)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for stop, interrupt := range interruptedMoves {
				c, s := growing(t, growEntries)
				for key := range growEntries {
					interrupt(s, uint32(c.hasher.sum(key)))
					op(t, c, key)
				}
				c.deepCheck(t)
				if t.Failed() {
					t.Fatalf("with a move that %s", stop)
				}
			}
		})
	}
}

// interruptedMoves do a part of a move and stop there for good, as a goroutine
// that is descheduled does. Everybody else must get along.
var interruptedMoves = map[string]func(s *segment[int, int], hash uint32){
	"has not begun": func(*segment[int, int], uint32) {},
	"has frozen the chain": func(s *segment[int, int], hash uint32) {
		if t := s.table.Load(); t.next.Load() != nil {
			s.freeze(t, hash)
		}
	},
	"has sealed one cell": func(s *segment[int, int], hash uint32) {
		t := s.table.Load()
		if t.next.Load() == nil {
			return
		}
		if first := s.freeze(t, hash).next.Load(); first != nil {
			s.seal(first)
		}
	},
	"has installed one chain": func(s *segment[int, int], hash uint32) {
		t := s.table.Load()
		larger := t.next.Load()
		if larger == nil {
			return
		}
		first := s.freeze(t, hash).next.Load()
		for n := first; n != nil; n = n.next.Load() {
			s.seal(n)
		}
		bucket := hash & uint32(len(t.heads)-1)
		larger.head(bucket).CompareAndSwap(s.cache.unborn, s.copyChain(first, bucket, larger))
	},
	"has done everything": func(s *segment[int, int], hash uint32) {
		if t := s.table.Load(); t.next.Load() != nil {
			s.move(t, hash)
		}
	},
}

// A straggler that installs its chain after everybody has gone on must fail:
// its copies hold cells that have been replaced since.
func TestStragglerCannotBringBackTheOld(t *testing.T) {
	c, s := growing(t, growEntries)
	old := s.table.Load()
	larger := old.next.Load()
	const key = 5
	hash := uint32(c.hasher.sum(key))
	first := s.freeze(old, hash).next.Load()
	for n := first; n != nil; n = n.next.Load() {
		s.seal(n)
	}
	bucket := hash & uint32(len(larger.heads)-1)
	late := s.copyChain(first, bucket, larger)
	s.move(old, hash)
	c.Delete(key)
	for other := range growEntries {
		if uint32(c.hasher.sum(other))&uint32(len(larger.heads)-1) == bucket {
			c.Delete(other) // the bucket is empty now, as it was born
		}
	}
	if larger.head(bucket).CompareAndSwap(c.unborn, late) {
		t.Fatal("a straggler installed its chain")
	}
	if _, ok := c.Get(key); ok {
		t.Fatal("a deleted key is back")
	}
}

// Entries keep their deadline, their place in the queues and their cost when
// their node is replaced by a copy.
func TestMovedEntriesExpireAndAreEvicted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[int, int]{Unbounded: true, Segments: 1, DefaultTTL: time.Minute})
		for i := range 5000 {
			c.Set(i, i)
		}
		synctest.Wait()
		if got := len(c.segments[0].table.Load().heads); got <= initialBuckets {
			t.Fatalf("the table still has %d buckets", got)
		}
		for i := range 100 {
			c.SetTTL(i, Forever)
			c.SetTTL(1000+i, time.Second)
		}
		sleep(2 * time.Second)
		if c.Len() != 4900 {
			t.Errorf("%d entries after the shortened ones expired, want 4900", c.Len())
		}
		sleep(time.Minute)
		if c.Len() != 100 {
			t.Errorf("%d entries after a minute, want 100", c.Len())
		}
	})
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[int, int]{MaximumCost: 10_000, Cost: func(int, int) int64 { return 1 }, Segments: 1})
		for i := range 50_000 {
			c.Set(i, i)
		}
		synctest.Wait()
		if c.Cost() != 10_000 || c.Len() != 10_000 {
			t.Errorf("cost %d with %d entries after growth, want 10000", c.Cost(), c.Len())
		}
	})
}

// A writer that looked at the table before the growth, and at the bucket after
// it was frozen, is sent away and leaves the marker alone.
func TestScanStopsAtAMarker(t *testing.T) {
	c, s := growing(t, growEntries)
	old := s.table.Load()
	hash := uint32(c.hasher.sum(5))
	frozen := s.freeze(old, hash)
	if _, ok := s.scan(old, hash, 5); ok {
		t.Error("a scan of a frozen bucket says that it may be written to")
	}
	if old.head(hash).Load() != frozen {
		t.Error("a scan took the marker out")
	}
	// One that has gone past where the marker is now meets the seal.
	const other = 6
	hash = uint32(c.hasher.sum(other))
	if old.head(hash).Load() == frozen {
		t.Fatal("both keys are in one bucket: choose others")
	}
	n, _ := s.find(hash, other)
	s.seal(n)
	if _, ok := s.scan(old, hash, other); ok {
		t.Error("a scan says that a sealed entry may be written to")
	}
}

// A growth is finished though nobody writes any more.
func TestGrowthEndsWithoutWriters(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[int, int]{Unbounded: true, Segments: 1})
		s := &c.segments[0]
		i := 0
		for s.table.Load().next.Load() == nil || len(s.table.Load().heads) < 1000 {
			c.Set(i, i)
			i++
		}
		synctest.Wait()
		if s.table.Load().next.Load() != nil || s.policy.sweptTable != s.table.Load() {
			t.Error("a growth is still under way, with nobody to end it")
		}
		if c.Len() != i {
			t.Errorf("%d entries, want %d", c.Len(), i)
		}
	})
}
