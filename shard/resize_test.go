package shard

import (
	"errors"
	"testing"
)

// Only a bound that a cache was made with can be changed.
func TestResizeNeedsABound(t *testing.T) {
	cost := func(int, int) int64 { return 1 }
	for name, o := range map[string]Options[int, int]{
		"unbounded":  {Unbounded: true},
		"by cost":    {MaximumCost: 10, Cost: cost},
		"by entries": {MaximumSize: 10},
	} {
		c := newChecked(t, o)
		if err := c.Resize(5); errors.Is(err, ErrOptions) != (o.MaximumSize == 0) {
			t.Errorf("%s: Resize: %v", name, err)
		}
		if err := c.ResizeCost(5); errors.Is(err, ErrOptions) != (o.MaximumCost == 0) {
			t.Errorf("%s: ResizeCost: %v", name, err)
		}
	}
}
