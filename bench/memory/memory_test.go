package memory

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/uds-platform/state/bench/contest"
)

func smallPlan(names ...string) Plan {
	return Plan{
		Entries: []int{10_000}, Peers: names, Statistics: true,
		GarbageEntries: 2000, GarbageOperations: 20_000,
		CollectorEntries: 10_000, CollectorTime: 10 * time.Millisecond,
	}
}

func TestAnEntryWeighsAtLeastItsKeyAndValue(t *testing.T) {
	var samples []EntrySample
	if err := MeasureEntries(t.Context(), smallPlan(), func(s EntrySample) { samples = append(samples, s) }, t.Logf); err != nil {
		t.Fatal(err)
	}
	table := EntriesTable(samples)
	if got := len(table.Select("ttl", "without")); got != 13 {
		t.Errorf("%d caches", got)
	}
	const keyAndValue = 16 + 8 // a string's header and an integer
	for _, s := range samples {
		if s.Lacks != "" {
			continue
		}
		if s.PerEntry < keyAndValue || s.PerEntry > 10_000 || s.Held < s.Entries/2 || s.Held > s.Entries*11/10 {
			t.Errorf("%s, TTL %v: %.1f bytes each of %d entries", s.Peer, s.TTL, s.PerEntry, s.Held)
		}
	}
	if r := table.Select("cache", "xsync.Map", "ttl", "with")[0]; r["left_out_because"] == "" {
		t.Error("a map without expiry was measured with a TTL")
	}
}

func TestGarbageIsWhatOperationsAllocate(t *testing.T) {
	found, expiring := map[string]GarbageSample{}, map[string]GarbageSample{}
	if err := MeasureGarbage(t.Context(), smallPlan(contest.Ours, "golang-lru", "xsync.Map"), func(s GarbageSample) {
		if s.TTL {
			expiring[s.Peer+" "+s.Operation] = s
		} else {
			found[s.Peer+" "+s.Operation] = s
		}
	}, t.Logf); err != nil {
		t.Fatal(err)
	}
	if s := found[contest.Ours+" "+Reads]; s.Objects > 0.01 {
		t.Errorf("a read of ours allocates %v", s)
	}
	if s := found[contest.Ours+" "+Updates]; s.Objects > 0.01 {
		t.Errorf("an update of ours changes a number where it is: %v", s)
	}
	if s := expiring[contest.Ours+" "+Updates]; s.Objects < 0.9 || s.Objects > 1.1 || s.Bytes < 8 {
		t.Errorf("an update of ours with a deadline allocates one cell, not %v", s)
	}
	if s := found[contest.Ours+" "+Inserts]; s.Objects < 0.9 || s.Objects > 1.1 || s.Bytes < 60 { // 64, less the share of what is there already
		t.Errorf("an insert of ours allocates a node with its first cell, not %v", s)
	}
	if s := found["golang-lru "+Updates]; s.Objects > 0.01 {
		t.Errorf("golang-lru updates in place: %v", s)
	}
	if s := found["xsync.Map "+Inserts]; s.Lacks == "" {
		t.Error("a map that never evicts was filled without end")
	}
}

func TestTheCollectorIsWatched(t *testing.T) {
	var samples []CollectorSample
	if err := MeasureCollector(t.Context(), smallPlan(contest.Ours, "golang-lru"), func(s CollectorSample) { samples = append(samples, s) }, t.Logf); err != nil {
		t.Fatal(err)
	}
	table := CollectorTable(samples)
	ours := table.Select("cache", contest.Ours)[0]
	if !(ours.Number("forced_ms") > 0) || !(ours.Number("operations_per_second") > 0) || !(ours.Number("gc_cpu_share") >= 0) || ours.Number("gc_cpu_share") > 1 {
		t.Errorf("ours: %v", ours)
	}
	if r := table.Select("cache", "golang-lru")[0]; r["left_out_because"] == "" {
		t.Error("a cache without expiry was measured with a TTL")
	}
}

func TestQuantilesOfTheRuntimesHistograms(t *testing.T) {
	bounds := []float64{math.Inf(-1), 1, 2, 4, math.Inf(1)}
	counts := []uint64{0, 3, 1, 0}
	if got := quantile(counts, bounds, 0.5); got != 2 {
		t.Errorf("median %v, want 2", got)
	}
	if got := quantile(counts, bounds, 1); got != 4 {
		t.Errorf("worst %v, want 4", got)
	}
	if got := quantile([]uint64{0, 0, 0, 1}, bounds, 1); got != 4 {
		t.Errorf("beyond the last bound: %v, want 4", got)
	}
	if !math.IsNaN(quantile([]uint64{0, 0, 0, 0}, bounds, 0.5)) {
		t.Error("nothing has a median")
	}
}

func TestWhatHasNoTimeIsSaid(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := smallPlan()
	for name, err := range map[string]error{
		"entries":   MeasureEntries(ctx, p, func(s EntrySample) { t.Errorf("measured %v", s) }, t.Logf),
		"garbage":   MeasureGarbage(ctx, p, func(s GarbageSample) { t.Errorf("measured %v", s) }, t.Logf),
		"collector": MeasureCollector(ctx, p, func(s CollectorSample) { t.Errorf("measured %v", s) }, t.Logf),
	} {
		if !errors.Is(err, ErrTime) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
