package shard

import "testing"

// met returns a cache with the keys 0 and 1 whose owner is away, and whose
// entries the hand has passed once.
func met(t *testing.T) (*Cache[int, int], *segment[int, int]) {
	t.Helper()
	c := newChecked(t, Options[int, int]{MaximumSize: 10, Segments: 1})
	s := &c.segments[0]
	for key := range 2 {
		c.Set(key, key)
		n, _ := s.find(uint32(c.hasher.sum(key)), key)
		n.greet()
	}
	t.Cleanup(suspendOwners(t, c))
	return c, s
}

// Wherever the hand begins, it evicts the one without hits.
func TestHandEvictsTheEntryWithoutHits(t *testing.T) {
	for hot := range 2 {
		c, s := met(t)
		c.Get(hot)
		c.Get(hot)
		if !s.evictCold(nil) {
			t.Fatal("the hand found nothing")
		}
		if _, ok := c.GetQuietly(hot); !ok {
			t.Errorf("the hand evicted key %d, which has hits", hot)
		}
	}
}

func TestHandSparesWhatIsBeingWritten(t *testing.T) {
	for written := range 2 {
		c, s := met(t)
		spare, _ := s.find(uint32(c.hasher.sum(written)), written)
		for s.evictCold(spare) {
		}
		if _, ok := c.GetQuietly(written); !ok || c.Len() != 1 {
			t.Errorf("the hand evicted the entry that it was to spare: %v; or not the other: %d are left", !ok, c.Len())
		}
	}
}
