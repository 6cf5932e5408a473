package shard

import "testing"

// A straggler is a goroutine that saw a bucket before it had arrived in the
// larger table and goes on afterwards: it repeats every step, and changes
// nothing. Here it is made by forgetting that the bucket has arrived.
func TestStragglerLeavesAnArrivedBucketAlone(t *testing.T) {
	c, s := growing(t, growEntries)
	old := s.table.Load()
	const key = 5
	hash := uint32(c.hasher.sum(key))
	s.move(old, hash)
	c.Set(key, key+1)
	remaining := old.remaining.Load()

	old.head(hash).Load().state.And(^uint32(moved))
	old.remaining.Add(1)
	s.move(old, hash)
	if got := mustGet(t, c, key); got != key+1 {
		t.Errorf("a straggler brought back the value %d", got)
	}
	if got := old.remaining.Load(); got != remaining {
		t.Errorf("%d buckets are said to have yet to arrive, want %d", got, remaining)
	}
}

// A table has one successor for good, and only the present table gets one.
func TestTableHasOneSuccessor(t *testing.T) {
	c, s := growing(t, growEntries)
	old := s.table.Load()
	larger := old.next.Load()
	s.grow(old)
	s.grow(larger)
	if old.next.Load() != larger {
		t.Error("a moving table has got another successor")
	}
	if larger.next.Load() != nil {
		t.Error("a table that others still move to has got a successor")
	}
	c.comeToRest()
}
