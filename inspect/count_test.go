package inspect

import (
	"testing"

	"github.com/uds-platform/state"
)

// The world asks 4 times for each of 3 queries, and preloads another.
func TestALoadAheadIsNoCallersMiss(t *testing.T) {
	w := newWorld(t)
	got := getJSON[Overview](t, w.handler(t), "/").Calls
	if k := w.state.Health().Kinds[0]; k.Loads != 4 || k.Prefetches != 1 {
		t.Fatalf("%d loads, %d of them ahead: this test sees nothing", k.Loads, k.Prefetches)
	}
	if got.Loaded != 3 || got.FromMemory != 9 || got.Shared != 0 || got.HitRatio == nil || *got.HitRatio != 0.75 {
		t.Errorf("%+v: want 3 loads, 9 from memory", got)
	}
}

func TestLoadsBehindCallersAreTheStates(t *testing.T) {
	for name, k := range map[string]state.KindStats{
		"refreshed":       {Hits: 6, Loads: 5, Refreshes: 3},
		"refreshed ahead": {Hits: 6, Loads: 5, RefreshesAhead: 3},
		"refined":         {Hits: 6, Loads: 5, Refinements: 3},
		"ahead":           {Hits: 6, Loads: 5, Prefetches: 3},
	} {
		if got := countOf(&k); got.Loaded != 2 || *got.HitRatio != 0.75 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// Counters are read one after the other.
	if got := countOf(&state.KindStats{Loads: 1, Prefetches: 2}); got.Loaded != 0 {
		t.Errorf("%+v", got)
	}
}
