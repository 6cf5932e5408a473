package shard

import "testing"

// A closed cache refuses a write before it makes it: nothing gets in, so nothing
// has to be taken out and reported.
func TestClosedCacheRefusesBeforeItWrites(t *testing.T) {
	reports := 0
	c := newChecked(t, Options[string, int]{MaximumSize: 10, OnRemoval: func(string, int, Cause) { reports++ }})
	c.Close()
	c.Set("a", 1)
	c.SetIfAbsent("b", 1)
	c.Compute("c", func(int, bool) (int, Op) { return 1, Write })
	if s := c.Stats(); reports != 0 || s.Refusals != 3 || s.Inserts != 0 {
		t.Errorf("%d values were reported, and counted were %+v; want 3 refusals and nothing else", reports, s)
	}
}

// A write that began before Close, and gets in after it has cleared everything
// away, is taken back by whoever made it. Here Close comes while the cost is being
// worked out.
func TestWriteThatMeetsCloseIsTakenBack(t *testing.T) {
	var c *Cache[string, int]
	var causes []Cause
	c = newChecked(t, Options[string, int]{
		MaximumCost: 100, Segments: 1,
		Cost:      func(string, int) int64 { c.Close(); return 1 },
		OnRemoval: func(_ string, _ int, cause Cause) { causes = append(causes, cause) },
	})
	if c.Set("a", 1) {
		t.Error("a write into a closed cache says that it stands")
	}
	if c.Len() != 0 || len(causes) != 1 || causes[0] != CauseCleared {
		t.Errorf("%d entries, and the reports were %v; want none, and one of cleared", c.Len(), causes)
	}
}
