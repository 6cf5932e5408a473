package shard

import "testing"

// An entry may cost a segment's share and no more, however empty the cache is: a
// costlier one would empty its segment.
func TestNoEntryCostsMoreThanASegmentsShare(t *testing.T) {
	const segments, maximum = 4, 100
	c := newChecked(t, Options[int, int64]{MaximumCost: maximum, Segments: segments, Cost: func(_ int, cost int64) int64 { return cost }})
	if !c.Set(1, maximum/segments) {
		t.Error("an entry of exactly a segment's share was refused")
	}
	if c.Set(2, maximum/segments+1) {
		t.Error("an entry of more than a segment's share was kept")
	}
}
