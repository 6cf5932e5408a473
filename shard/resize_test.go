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

// What a write announces while Resize owns the segment is admitted when Resize has
// left: nobody else may come.
func TestResizeLooksBackAtWhatWasAnnounced(t *testing.T) {
	const newcomer = 100
	var c *Cache[int, int]
	armed := false
	c = newChecked(t, Options[int, int]{MaximumSize: 3, Segments: 1, OnRemoval: func(int, int, Cause) {
		if !armed {
			return
		}
		armed = false
		for key := range c.Keys() {
			c.Delete(key) // so that there is room, and Resize need not come again
			break
		}
		c.Set(newcomer, newcomer)
	}})
	for key := range 3 {
		c.Set(key, key)
	}
	armed = true
	if err := c.Resize(2); err != nil {
		t.Fatal(err)
	}
	if armed {
		t.Fatal("Resize evicted nothing")
	}
	if _, ok := c.Get(newcomer); !ok {
		t.Fatal("the newcomer is not there")
	}
	if c.segments[0].hasWork() {
		t.Error("the newcomer is on the stack, and nobody is going to admit it")
	}
}
