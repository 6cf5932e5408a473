package throughput

import (
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/workload"
)

// counted counts what is done to it, and has every other key.
type counted struct {
	mu         sync.Mutex
	gets, sets int
}

func (c *counted) Get(key uint64) (uint64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gets++
	return 0, key%2 == 0
}

func (c *counted) Set(uint64, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sets++
}

func (c *counted) Delete(uint64) {}
func (c *counted) Len() int      { return 0 }
func (c *counted) Settle()       {}
func (c *counted) Close()        {}

func TestEachWorkloadDoesTheOperationsItIsNamedAfter(t *testing.T) {
	keys := make([]uint64, 10_000)
	for i := range keys {
		keys[i] = uint64(i)
	}
	for _, c := range []struct {
		workload          string
		gets, sets, extra int
	}{
		{"reads", 10_000, 0, 0},
		{"reads-ttl", 10_000, 0, 0},
		{"mixed-75-25", 7_500, 2_500, 2},
		{"mixed-50-50", 5_000, 5_000, 2},
		{"updates", 0, 10_000, 0},
		{"churn", 10_000, 5_000, 0},
	} {
		cache := new(counted)
		reads, hits := Walk[uint64](named(t, c.workload))(cache, keys, 0)
		if d := cache.gets - c.gets; d > c.extra || d < -c.extra {
			t.Errorf("%s: %d Gets, want %d", c.workload, cache.gets, c.gets)
		}
		if d := cache.sets - c.sets; d > c.extra || d < -c.extra {
			t.Errorf("%s: %d Sets, want %d", c.workload, cache.sets, c.sets)
		}
		if reads != cache.gets {
			t.Errorf("%s: %d reads reported, %d done", c.workload, reads, cache.gets)
		}
		if share := float64(hits) / float64(max(reads, 1)); reads > 0 && math.Abs(share-0.5) > 0.02 {
			t.Errorf("%s: half of the keys are there, and %.3f of the reads hit", c.workload, share)
		}
	}
}

func named(t *testing.T, name string) Workload {
	t.Helper()
	for _, w := range Workloads {
		if w.Name == name {
			return w
		}
	}
	t.Fatalf("no workload %q", name)
	return Workload{}
}

func TestATurnCountsWhatAllItsGoroutinesDid(t *testing.T) {
	cache := new(counted)
	drawn := workload.Integers(4 * batch)
	got := run(contest.Cache[uint64](cache), drawn, Walk[uint64](named(t, "reads")), 2, 1, time.Millisecond)
	if got.operations != cache.gets || got.reads != cache.gets || got.operations == 0 {
		t.Errorf("%d operations and %d reads reported, %d done", got.operations, got.reads, cache.gets)
	}
	if got.elapsed < time.Millisecond {
		t.Errorf("a turn of a millisecond took %v", got.elapsed)
	}
}

func TestSequencesAreLongAndWholeBatches(t *testing.T) {
	for keys, want := range map[int]int{1: leastDraws, 1 << 15: leastDraws, 1 << 20: 1 << 21, 10 << 20: mostDraws} {
		if got := draws(keys); got != want || got%batch != 0 {
			t.Errorf("%d draws for %d keys, want %d", got, keys, want)
		}
	}
}

func plan(budget time.Duration, cells ...Cell) Plan {
	return Plan{Cells: cells, CPUs: []int{1, 2}, ScalingCells: 1, Turn: time.Millisecond, Budget: budget, Rounds: 2, Statistics: true}
}

func TestARunMeasuresEveryPeerOrSaysWhyNot(t *testing.T) {
	cells := []Cell{
		{named(t, "reads"), workload.Zipf, 2000, StringKeys},
		{named(t, "reads-ttl"), workload.Uniform, 2000, IntegerKeys},
		{named(t, "churn"), workload.Zipf, 1000, IntegerKeys},
	}
	var results Results
	p := plan(time.Hour, cells...)
	p.MostRounds = 2
	left, err := Run(p, results.Add, t.Logf)
	if err != nil || len(left) > 0 {
		t.Fatalf("%d cells left out, %v", len(left), err)
	}
	table := results.Table()
	reads := table.Select("workload", "reads", "cpus", "2")
	if len(reads) != 14 {
		t.Errorf("%d peers in reads of string keys", len(reads))
	}
	for _, row := range reads {
		if row["left_out_because"] != "" || !(row.Number("ns") > 0) || !(row.Number("ours_is_faster") > 0) {
			t.Errorf("reads: %v", row)
		}
	}
	for _, row := range table.Select("workload", "reads-ttl") {
		if row["cache"] == "xsync.Map" && row["left_out_because"] == "" {
			t.Error("a map without expiry was measured with a TTL")
		}
	}
	scaling := results.Scaling()
	if got := len(scaling.Select("workload", "reads")); got != 14 {
		t.Errorf("%d peers in scaling of reads", got)
	}
}

func TestARunWithoutTimeLeavesCellsOutAndSaysWhich(t *testing.T) {
	first := Cell{named(t, "reads"), workload.Zipf, 1000, IntegerKeys}
	sameCaches, others := first, first
	sameCaches.Workload, others.Workload = named(t, "updates"), named(t, "churn")
	left, err := Run(plan(1, first, sameCaches, others), func(s Sample) {
		if s.Cell != first {
			t.Errorf("measured %v", s)
		}
	}, t.Logf)
	if err != nil || !slices.Equal(left, []Cell{sameCaches, others}) {
		t.Errorf("left out %v (%v)", left, err)
	}
}

func TestRatiosCompareTurnsOfTheSameRound(t *testing.T) {
	var r Results
	cell := Cell{named(t, "reads"), workload.Zipf, 1000, IntegerKeys}
	// The machine is ten times as slow in the second round, for both.
	r.Add(Sample{Cell: cell, CPUs: 2, Peer: contest.Ours, Nanoseconds: []float64{10, 100, 10}})
	r.Add(Sample{Cell: cell, CPUs: 2, Peer: "other", Nanoseconds: []float64{20, 200, 20}})
	r.Add(Sample{Cell: cell, CPUs: 2, Peer: "unfit", Lacks: "a reason"})
	table := r.Table()
	other := table.Select("cache", "other")[0]
	if other["ours_is_faster_low"] != "2" || other["ours_is_faster"] != "2" || other["ours_is_faster_high"] != "2" {
		t.Errorf("ratios %v", other)
	}
	r.Add(Sample{Cell: cell, CPUs: 2, Peer: "slow", Nanoseconds: []float64{30, 300, 30}})
	r.Add(Sample{Cell: cell, CPUs: 2, Peer: "xsync.Map", Nanoseconds: []float64{5, 50, 5}})
	r.Add(Sample{Cell: cell, CPUs: 2, Peer: contest.Empty, Nanoseconds: []float64{1, 1, 1}})
	best := r.Best()
	if b := best.Select(); len(b) != 1 || b[0]["fastest"] != "other" || b[0]["ours_is_faster"] != "2" || b[0]["times_a_bare_map"] != "2" || b[0]["harness_ns"] != "1" {
		t.Errorf("best %v", b)
	}
	if unfit := table.Select("cache", "unfit")[0]; unfit["left_out_because"] != "a reason" || unfit["ns"] != "" {
		t.Errorf("unfit %v", unfit)
	}
}
