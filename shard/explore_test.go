//go:build explore

package shard

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/explore"
	"github.com/uds-platform/state/ttl"
)

// TestExplore walks through interleavings of the engine's operations: see package
// explore for how, and the families' tables for what. After each of them the
// deep check is made, every value is accounted for, and the history must be
// linearizable.
//
//	cd shard && go test -tags explore -run TestExplore
//	go test -tags explore ./shard -run TestExplore -explore.budget 30m -timeout 0
//	go test -tags explore ./shard -run 'TestExplore/^pairs$' -explore.bound 3 -explore.limit 1000000
//	go test -tags explore ./shard -run TestExplore -explore.scenario 'pairs/...' -explore.replay a12b7a3
var (
	exploreBound    = flag.Int("explore.bound", 0, "preemptions in the depth-first search; 0 for what each family says")
	exploreLimit    = flag.Int("explore.limit", 0, "interleavings walked depth first for each scenario; 0 for what each family says")
	exploreSeeds    = flag.Int("explore.seeds", 0, "interleavings sampled for each scenario; 0 for what each family says")
	exploreSeed     = flag.Uint64("explore.seed", 1, "the first seed")
	exploreDepth    = flag.Int("explore.depth", 4, "ordering constraints that sampling looks for")
	exploreBudget   = flag.Duration("explore.budget", 0, "go on sampling, with other seeds, until each family has had so long")
	exploreScenario = flag.String("explore.scenario", "", "only the scenario of this name")
	exploreGoOn     = flag.Bool("explore.goon", false, "go on with a family's other scenarios after a failure")
	exploreReplay   = flag.String("explore.replay", "", "a schedule that a failure printed: walk that alone, and print it")
)

// family is a table of scenarios, and how thoroughly to explore each.
type family struct {
	name      string
	scenarios []*scenario
	bound     int
	limit     int
	seeds     int
}

// tally counts what has been walked.
type tally struct {
	scenarios, complete           int
	exhausted, sampled, suspended int
	steps, histories              int
}

func (t *tally) add(other tally) {
	t.scenarios += other.scenarios
	t.complete += other.complete
	t.exhausted += other.exhausted
	t.sampled += other.sampled
	t.suspended += other.suspended
	t.steps += other.steps
	t.histories += other.histories
}

func (t tally) interleavings() int { return t.exhausted + t.sampled + t.suspended }

func (t tally) String() string {
	return fmt.Sprintf("%4d scenarios (%4d complete), %8d interleavings: %8d depth first, %6d sampled, %6d suspended; %9d steps, %6d histories",
		t.scenarios, t.complete, t.interleavings(), t.exhausted, t.sampled, t.suspended, t.steps, t.histories)
}

func TestExplore(t *testing.T) {
	var mutex sync.Mutex
	var total tally
	for _, family := range families() {
		t.Run(family.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			sum := family.walk(t, family.explore)
			for round := uint64(1); time.Since(start) < *exploreBudget && !t.Failed(); round++ {
				sum.add(family.walk(t, func(t *testing.T, e *explore.Explorer, sc *scenario) (sum tally) {
					return family.sample(t, e, sc, round)
				}))
			}
			mutex.Lock()
			defer mutex.Unlock()
			total.add(sum)
			fmt.Printf("%-10s %v, %v\n", family.name, sum, time.Since(start).Round(time.Millisecond))
		})
	}
	t.Cleanup(func() {
		if total.interleavings() == 0 && !t.Failed() {
			t.Errorf("nothing was explored: no scenario is called %q", *exploreScenario)
		}
		fmt.Printf("%-10s %v\n", "all", total)
	})
}

// walk calls visit with an explorer for each scenario, in a bubble.
func (f *family) walk(t *testing.T, visit func(*testing.T, *explore.Explorer, *scenario) tally) (sum tally) {
	synctest.Test(t, func(t *testing.T) {
		var past ttl.Manager
		past.Start(defaultTick, func(int64) {})
		sleep(time.Second)
		for _, sc := range f.scenarios {
			if *exploreScenario != "" && *exploreScenario != sc.name {
				continue
			}
			var seen histories
			e := explore.New(sc.program(&past, &seen))
			e.StepLimit, e.ThreadLimit = sc.stepLimits()
			sum.add(visit(t, e, sc))
			sum.steps += e.Steps
			sum.histories += seen.checked
			e.Close()
			if t.Failed() && !*exploreGoOn {
				return
			}
		}
	})
	return sum
}

// explore explores one scenario in every way, or replays it.
func (f *family) explore(t *testing.T, e *explore.Explorer, sc *scenario) tally {
	sum := tally{scenarios: 1}
	if *exploreReplay != "" {
		failure, trace := e.Replay(*exploreReplay)
		fmt.Fprintln(os.Stderr, trace)
		sc.report(t, failure)
		sum.sampled = 1
		return sum
	}
	coverage, failure := e.Exhaust(override(*exploreBound, f.bound), override(*exploreLimit, f.limit))
	sum.exhausted = coverage.Interleavings
	if coverage.Complete {
		sum.complete = 1
	}
	if failure == nil {
		sum.suspended, failure = e.Suspend()
	}
	sc.report(t, failure)
	if failure == nil {
		sum.add(f.sample(t, e, sc, 0))
	}
	return sum
}

// sample samples one scenario, with other seeds in each round.
func (f *family) sample(t *testing.T, e *explore.Explorer, sc *scenario, round uint64) tally {
	seeds := override(*exploreSeeds, f.seeds)
	sc.report(t, e.Sample(*exploreDepth, *exploreSeed+round*uint64(seeds), seeds))
	return tally{sampled: seeds}
}

func override(flag, otherwise int) int {
	if flag > 0 {
		return flag
	}
	return otherwise
}

func (sc *scenario) report(t *testing.T, failure *explore.Failure) {
	t.Helper()
	if failure == nil {
		return
	}
	t.Errorf("%s: %v\nreplay it: go test -tags explore ./shard -run 'TestExplore/^%s$' -explore.scenario '%s' -explore.replay '%s'",
		sc.name, failure, familyOf(sc.name), sc.name, failure.Schedule)
}
