package hits

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/workload"
)

// best tries every choice that a cache has: after each access, any subset of
// what it held and what it has just seen, as long as it fits.
func best(accesses []uint32, capacity int) int {
	type state struct {
		now  int
		held uint32 // one bit an object
	}
	known := map[state]int{}
	var from func(s state) int
	from = func(s state) int {
		if s.now == len(accesses) {
			return 0
		}
		if hits, ok := known[s]; ok {
			return hits
		}
		bit := uint32(1) << accesses[s.now]
		hit := 0
		if s.held&bit != 0 {
			hit = 1
		}
		with := s.held | bit
		most := 0
		for subset := with; ; subset = (subset - 1) & with {
			if ones(subset) <= capacity {
				most = max(most, from(state{s.now + 1, subset}))
			}
			if subset == 0 {
				break
			}
		}
		known[s] = hit + most
		return hit + most
	}
	return from(state{})
}

func ones(x uint32) (n int) {
	for ; x != 0; x &= x - 1 {
		n++
	}
	return n
}

func TestTheOptimumIsTheBestOfAllChoices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		accesses := rapid.SliceOfN(rapid.Uint32Range(0, 5), 1, 14).Draw(t, "accesses")
		capacity := rapid.IntRange(1, 4).Draw(t, "capacity")
		if got, want := optimum(accesses, 6, capacity), best(accesses, capacity); got != want {
			t.Fatalf("optimum %d, the best of all choices %d", got, want)
		}
	})
}

// modelLRU is LRU by a slice, the most recently used last.
func modelLRU(accesses []uint32, capacity int) (hits int) {
	var held []uint32
	for _, x := range accesses {
		if i := slices.Index(held, x); i >= 0 {
			hits++
			held = slices.Delete(held, i, i+1)
		}
		held = append(held, x)
		if len(held) > capacity {
			held = held[1:]
		}
	}
	return hits
}

func TestLRUHitsWhatItsModelHits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		accesses := rapid.SliceOfN(rapid.Uint32Range(0, 20), 1, 200).Draw(t, "accesses")
		capacity := rapid.IntRange(1, 22).Draw(t, "capacity")
		if got, want := lru(accesses, 21, capacity), modelLRU(accesses, capacity); got != want {
			t.Fatalf("%d hits, want %d", got, want)
		}
	})
}

func TestTimesAreASetThatKnowsItsGreatest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 300_000).Draw(t, "most")
		set, model := newTimes(most), map[int]bool{}
		for range 50 {
			x := rapid.IntRange(0, most-1).Draw(t, "x")
			if rapid.Bool().Draw(t, "add") {
				set.add(x)
				model[x] = true
			} else {
				if set.remove(x) != model[x] {
					t.Fatalf("remove(%d) is wrong", x)
				}
				delete(model, x)
			}
			greatest := -1
			for y := range model {
				greatest = max(greatest, y)
			}
			if greatest >= 0 && set.latest() != greatest {
				t.Fatalf("latest %d, want %d", set.latest(), greatest)
			}
		}
	})
}

func small() Sequence {
	accesses := workload.Generators()[0].Make(30_000)
	return Sequence{Name: "small", Accesses: accesses, Objects: 100_000, Capacities: []int{500}}
}

func run(t *testing.T, names ...string) Results {
	t.Helper()
	var results Results
	var mu sync.Mutex
	left, err := Run(t.Context(), []Sequence{small()}, names, 2, func(s Sample) {
		mu.Lock()
		defer mu.Unlock()
		results.Add(s)
	}, func(string, ...any) {})
	if err != nil || left != 0 {
		t.Fatalf("%d replays left out, %v", left, err)
	}
	return results
}

func TestARunThatHasNoTimeLeavesReplaysOut(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	left, err := Run(ctx, []Sequence{small()}, []string{LRU, contest.Ours}, 1, func(s Sample) { t.Errorf("replayed %v", s) }, t.Logf)
	if left != 2 || err != nil {
		t.Errorf("%d left out, %v", left, err)
	}
}

func TestNoCacheBeatsTheOptimumAndExactLRUsEqualTheModel(t *testing.T) {
	results := run(t)
	cells := results.cells()
	if len(cells) != 1 {
		t.Fatalf("%d cells", len(cells))
	}
	share := cells[0].share
	for _, name := range []string{contest.Ours, "otter", "theine", "ristretto", "sturdyc", "golang-lru", "expirable", "ttlcache"} {
		if share[name] <= 0 || share[name] > share[Optimum] {
			t.Errorf("%s hits %.4f, the optimum %.4f", name, share[name], share[Optimum])
		}
	}
	for _, name := range []string{"golang-lru", "expirable", "ttlcache"} {
		if share[name] != share[LRU] {
			t.Errorf("%s hits %v, the model of LRU %v", name, share[name], share[LRU])
		}
	}
	if _, ok := share["xsync.Map"]; ok {
		t.Error("a map that never evicts was measured")
	}
	left := results.Table()
	if rows := left.Select("cache", "freecache"); len(rows) != 1 || !strings.Contains(rows[0]["left_out_because"], "entries") {
		t.Errorf("freecache: %v", rows)
	}
}

func TestOurHitRatioIsTheSameInEveryRun(t *testing.T) {
	first, second := run(t, contest.Ours), run(t, contest.Ours)
	if a, b := first.samples[0], second.samples[0]; a != b || a.HitShare == 0 {
		t.Errorf("%v, then %v", a, b)
	}
}

func TestCapacitiesAreThoseKnownOrSharesOfTheObjects(t *testing.T) {
	if got := Capacities("oltp", 5); !slices.Equal(got, []int{250, 500, 1000, 2000}) {
		t.Errorf("oltp: %v", got)
	}
	if got := Capacities("unknown", 100_000); !slices.Equal(got, []int{500, 1000, 2000, 5000, 10_000, 20_000}) {
		t.Errorf("100,000 objects: %v", got)
	}
	if got := Capacities("tiny", 100); !slices.Equal(got, []int{16, 20}) {
		t.Errorf("100 objects: %v", got)
	}
}

func TestTheSummaryIsTheMeanAndNamesTheWorstCell(t *testing.T) {
	var r Results
	add := func(sequence string, capacity int, generated bool, cache string, share float64) {
		r.Add(Sample{Cell: Cell{sequence, generated, capacity}, Cache: cache, HitShare: share})
	}
	add("a", 10, false, contest.Ours, 0.50)
	add("a", 10, false, "x", 0.40)
	add("a", 10, false, LRU, 0.90)
	add("a", 20, false, contest.Ours, 0.60)
	add("a", 20, false, "x", 0.68)
	add("a", 20, false, "y", 0.61)
	add("g", 10, true, contest.Ours, 0.30)
	add("g", 10, true, "x", 0.20)
	r.Add(Sample{Cell: Cell{"a", false, 10}, Cache: "z", Lacks: "a reason"})
	summary := r.Summary()
	x := summary.Select("source", "trace", "cache", "x")[0]
	if x["mean_hit_percent"] != "54.00" || x["ours_ahead_by_points"] != "1.00" || x["ours_worst_by_points"] != "-8.00" ||
		x["worst_sequence"] != "a" || x["worst_capacity"] != "20" || x["cells"] != "2" {
		t.Errorf("x over traces: %v", x)
	}
	if both := summary.Select("source", "both", "cache", "x")[0]; both["cells"] != "3" || both["ours_ahead_by_points"] != "4.00" {
		t.Errorf("x over both: %v", both)
	}
	if got := summary.Select("cache", "z"); len(got) != 0 {
		t.Errorf("a cache that was left out is in the summary: %v", got)
	}
	cells := r.Cells()
	if c := cells.Select("sequence", "a", "capacity", "10")[0]; c["best_peer"] != "x" || c["ours_ahead_by_points"] != "10.00" {
		t.Errorf("LRU is no peer: %v", c)
	}
	if c := cells.Select("sequence", "a", "capacity", "20")[0]; c["best_peer"] != "x" || c["ours_ahead_by_points"] != "-8.00" {
		t.Errorf("the best of two peers: %v", c)
	}
}
