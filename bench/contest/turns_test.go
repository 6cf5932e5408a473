package contest

import (
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestEverybodyHasATurnInEveryRound(t *testing.T) {
	turns := map[int][]int{}
	rounds := Rounds(3, Limits{Least: 4}, func(round, contestant int) {
		turns[round] = append(turns[round], contestant)
	})
	if rounds != 4 || len(turns) != 4 {
		t.Fatalf("%d rounds, %d of them with turns; want 4", rounds, len(turns))
	}
	firsts := map[int]bool{}
	for round, order := range turns {
		firsts[order[0]] = true
		sorted := slices.Sorted(slices.Values(order))
		if !slices.Equal(sorted, []int{0, 1, 2}) {
			t.Errorf("round %d had turns of %v", round, order)
		}
	}
	if len(firsts) != 3 {
		t.Errorf("only %v ever went first", firsts)
	}
}

func TestRoundsFillTheBudgetAndDoNotPassIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		rounds := Rounds(2, Limits{Least: 1, Budget: 10 * time.Second}, func(int, int) { time.Sleep(700 * time.Millisecond) })
		if rounds != 7 || time.Since(start) != 9800*time.Millisecond {
			t.Errorf("%d rounds in %v; want 7 in 9.8s", rounds, time.Since(start))
		}
	})
}

func TestRoundsEndAtTheMostThoughThereIsTime(t *testing.T) {
	if rounds := Rounds(1, Limits{Least: 1, Most: 3, Budget: time.Hour}, func(int, int) {}); rounds != 3 {
		t.Errorf("%d rounds, want 3", rounds)
	}
}

var kept []byte

func TestTheCollectorCollectsAfterGarbageAndOnlyThen(t *testing.T) {
	c := NewCollector()
	before := collections()
	c.BetweenTurns()
	if got := collections() - before; got != 0 {
		t.Fatalf("%d collections without garbage", got)
	}
	for range 64 {
		kept = make([]byte, (c.liveBytes+2*garbageBytes)/64)
	}
	c.BetweenTurns()
	if collections() == before {
		t.Fatal("no collection although as much as is alive was allocated")
	}
}

func collections() uint32 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumForcedGC
}
