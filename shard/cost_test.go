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

// An update that makes the cache too costly pushes out others, however few there
// are and whichever queues they are in, and never itself.
func TestUpdateNeverEvictsItself(t *testing.T) {
	for others := 1; others <= 6; others++ {
		for updated := 0; updated <= others; updated++ {
			c := newChecked(t, Options[int, int]{
				MaximumCost: int64(others + 1), Segments: 1,
				Cost: func(_, cost int) int64 { return int64(cost) },
			})
			for key := range others + 1 {
				c.Set(key, 1)
			}
			for cost := 2; cost <= others+1; cost++ {
				c.Set(updated, cost)
				if got, ok := c.Get(updated); !ok || got != cost {
					t.Errorf("of %d entries, number %d at cost %d: %d, %v", others+1, updated, cost, got, ok)
				}
			}
			if c.Len() != 1 {
				t.Errorf("%d entries beside one that costs all there is", c.Len()-1)
			}
		}
	}
}

func TestAnOpThatDoesNotExistKeepsTheValue(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 10})
	c.Set(1, 1)
	if got, ok := c.Compute(1, func(int, bool) (int, Op) { return 2, Op(9) }); !ok || got != 1 {
		t.Errorf("Compute = %d, %v; want 1, true", got, ok)
	}
	if got, ok := c.Get(1); !ok || got != 1 {
		t.Errorf("afterwards the value is %d, %v; want 1, true", got, ok)
	}
}
