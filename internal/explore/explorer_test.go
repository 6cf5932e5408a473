//go:build explore

package explore_test

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/uds-platform/state/internal/atomics"
	"github.com/uds-platform/state/internal/explore"
)

const unlimited = 1 << 30

func newExplorer(t *testing.T, program explore.Program) *explore.Explorer {
	t.Helper()
	e := explore.New(program)
	t.Cleanup(e.Close)
	return e
}

// steps is a program of threads that each write to one variable so many times.
func steps(counts ...int) explore.Program {
	return func() explore.Trial {
		var shared atomics.Int64
		var threads []explore.Thread
		for i, count := range counts {
			threads = append(threads, explore.Thread{Name: fmt.Sprint("writer ", i), Body: func() {
				for range count {
					shared.Add(1)
				}
			}})
		}
		return explore.Trial{Threads: threads, Check: func() error { return nil }}
	}
}

func binomial(n, k int) int { return int(new(big.Int).Binomial(int64(n), int64(k)).Int64()) }

func TestAllInterleavingsAreWalkedOnce(t *testing.T) {
	for _, tc := range []struct {
		counts []int
		want   int
	}{
		{[]int{1, 1}, 2},
		{[]int{3, 4}, binomial(7, 3)},
		{[]int{6, 6}, binomial(12, 6)},
		{[]int{2, 2, 2}, 90},                                // 6! / (2! 2! 2!)
		{[]int{1, 2, 3, 2}, 8 * 7 * 6 * 5 * 4 * 3 * 2 / 24}, // 8! / (1! 2! 3! 2!)
		{[]int{5, 0}, 1},
	} {
		got, failure := newExplorer(t, steps(tc.counts...)).ExhaustAll(unlimited, unlimited)
		if failure != nil || !got.Complete || got.Interleavings != tc.want {
			t.Errorf("%v steps: %+v, %v; want %d interleavings", tc.counts, got, failure, tc.want)
		}
	}
}

// Two threads of k steps make m blocks in all; the last switch is free, since the
// other thread has finished, so there are m-2 preemptions.
func TestPreemptionsAreBounded(t *testing.T) {
	const k = 6
	for bound := range 5 {
		want := 0
		for blocks := 2; blocks <= bound+2; blocks++ {
			want += 2 * binomial(k-1, (blocks+1)/2-1) * binomial(k-1, blocks/2-1)
		}
		got, failure := newExplorer(t, steps(k, k)).ExhaustAll(bound, unlimited)
		if failure != nil || !got.Complete || got.Interleavings != want {
			t.Errorf("up to %d preemptions: %+v, %v; want %d interleavings", bound, got, failure, want)
		}
	}
}

func TestALimitStopsTheSearch(t *testing.T) {
	got, failure := newExplorer(t, steps(6, 6)).ExhaustAll(unlimited, 100)
	if failure != nil || got.Complete || got.Interleavings != 100 {
		t.Errorf("with a limit of 100: %+v, %v", got, failure)
	}
}

// Threads that share nothing need one interleaving.
func TestReductionLeavesOutWhatDoesNotConflict(t *testing.T) {
	program := func() explore.Trial {
		var mine, yours, read atomics.Int64
		work := func(own *atomics.Int64) func() {
			return func() {
				for range 10 {
					own.Add(read.Load())
				}
			}
		}
		return explore.Trial{
			Threads: []explore.Thread{{Name: "mine", Body: work(&mine)}, {Name: "yours", Body: work(&yours)}},
			Check:   func() error { return nil },
		}
	}
	if got, failure := newExplorer(t, program).Exhaust(unlimited, unlimited); failure != nil || got.Interleavings != 1 {
		t.Errorf("%+v, %v; want 1 interleaving", got, failure)
	}
}

// Explorers at work at once don't meet, and goroutines that none runs pass.
func TestExplorersRunInParallel(t *testing.T) {
	var outside atomics.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			e := explore.New(steps(5, 5))
			defer e.Close()
			if got, failure := e.ExhaustAll(unlimited, unlimited); failure != nil || got.Interleavings != binomial(10, 5) {
				t.Errorf("in parallel: %+v, %v", got, failure)
			}
		})
		all.Go(func() {
			for range 10_000 {
				outside.Add(1)
			}
		})
	}
	all.Wait()
	if outside.Load() != 40_000 {
		t.Errorf("goroutines outside counted to %d", outside.Load())
	}
}

func TestAPanicIsAFailure(t *testing.T) {
	program := func() explore.Trial {
		var flag atomics.Bool
		return explore.Trial{
			Threads: []explore.Thread{
				{Name: "setter", Body: func() { flag.Store(true); flag.Store(false) }},
				{Name: "reader", Body: func() {
					if flag.Load() {
						panic("seen")
					}
				}},
			},
			Check: func() error { return nil },
		}
	}
	e := newExplorer(t, program)
	_, failure := e.Exhaust(2, unlimited)
	if failure == nil || !strings.Contains(failure.Error(), "panic: seen") {
		t.Fatalf("no panic was found: %v", failure)
	}
	if strings.Contains(failure.Trace, "ended otherwise") {
		t.Errorf("the replay of a panic is not recognized:\n%v", failure)
	}
	if again, _ := e.Replay(failure.Schedule); again == nil || !strings.Contains(again.Error(), "panic: seen") {
		t.Errorf("replayed: %v", again)
	}
	if again, _ := e.Replay("a2b1"); again != nil {
		t.Errorf("another schedule fails too: %v", again)
	}
}

func TestALoopWithoutEndIsAFailure(t *testing.T) {
	program := func() explore.Trial {
		var flag atomics.Bool
		return explore.Trial{
			Threads: []explore.Thread{
				{Name: "waiter", Body: func() {
					for !flag.Load() {
					}
				}},
				{Name: "idler", Body: func() { flag.Load() }},
			},
			Check: func() error { return nil },
		}
	}
	if _, failure := newExplorer(t, program).Exhaust(0, unlimited); !errors.Is(failure, explore.ErrStuck) {
		t.Errorf("a loop without end: %v", failure)
	}
}

func TestBadSchedulesAreRefused(t *testing.T) {
	e := newExplorer(t, steps(3, 3))
	for _, schedule := range []string{"a", "7", "a1?2", "A3", "a1b2!", "x9"} {
		if failure, _ := e.Replay(schedule); failure == nil {
			t.Errorf("schedule %q is accepted", schedule)
		}
	}
	if failure, _ := e.Replay("a4"); !errors.Is(failure, explore.ErrDiverged) {
		t.Errorf("a schedule with more steps than there are: %v", failure)
	}
	failure, trace := e.Replay("a1b2a2")
	if failure != nil || strings.Count(trace, "\n") != 6 {
		t.Errorf("a good schedule: %v, with the trace\n%s", failure, trace)
	}
}
