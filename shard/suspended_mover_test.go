package shard

import "testing"

// A goroutine that is descheduled for good after it has marked a bucket as moved,
// and before it has counted it, must not keep the table from ever growing again.
func TestSuspendedMoverDoesNotStopGrowth(t *testing.T) {
	c := newChecked(t, Options[int, int]{Unbounded: true, Segments: 1})
	s := &c.segments[0]
	next := 0
	for ; s.table.Load().next.Load() == nil; next++ {
		c.Set(next, next)
	}
	old := s.table.Load()
	bucket := uint32(len(old.heads) - 1) // which nobody has moved yet
	frozen := s.freeze(old, bucket)
	if frozen.is(moved) {
		t.Fatal("the bucket has moved already: choose another")
	}
	old.remaining.Add(1)                       // so that what follows is all of move ...
	s.move(old, bucket)                        // ... but its last line: the count is
	resume := func() { old.remaining.Add(-1) } // as if it had never been made

	for end := next + 50_000; next < end; next++ {
		c.Set(next, next)
	}
	longest := 0
	for key := range next {
		longest = max(longest, chainLength(s, uint32(c.hasher.sum(key))))
	}
	t.Logf("longest chain: %d, table of %d", longest, len(s.table.Load().heads))
	if longest > 2*maxChain {
		t.Errorf("a chain of %d nodes, want at most %d", longest, 2*maxChain)
	}
	resume()
	s.keepMoving()
}
