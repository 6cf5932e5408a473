//go:build explore

package explore_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/uds-platform/state/internal/atomics"
	"github.com/uds-platform/state/internal/explore"
)

// randomProgram draws threads that read and write a few variables, where what is
// written depends on what was read. It books every outcome.
func randomProgram(seed uint64, outcomes map[string]bool) explore.Program {
	random := rand.New(rand.NewPCG(seed, 3))
	type instruction struct{ op, variable int }
	programs := make([][]instruction, 2+random.IntN(2))
	for i := range programs {
		programs[i] = make([]instruction, 2+random.IntN(3))
		for j := range programs[i] {
			programs[i][j] = instruction{op: random.IntN(4), variable: random.IntN(3)}
		}
	}
	return func() explore.Trial {
		var variables [3]atomics.Int64
		registers := make([]int64, len(programs))
		trial := explore.Trial{Check: func() error {
			outcome := fmt.Sprint(registers)
			for i := range variables {
				outcome += fmt.Sprint(" ", variables[i].Load())
			}
			outcomes[outcome] = true
			return nil
		}}
		for i, program := range programs {
			mine := &registers[i]
			trial.Threads = append(trial.Threads, explore.Thread{Body: func() {
				for _, next := range program {
					switch x := &variables[next.variable]; next.op {
					case 0:
						*mine = *mine*10 + x.Load()
					case 1:
						x.Store(int64(i+1) + *mine*7%5)
					case 2:
						x.Add(int64(i + 1))
					case 3:
						x.CompareAndSwap(*mine%3, int64(i+4))
					}
				}
			}})
		}
		return trial
	}
}

// The reduction may leave out interleavings and must not leave out an outcome,
// within any bound.
func TestReductionLosesNoOutcome(t *testing.T) {
	walked, reduced := 0, 0
	for seed := range uint64(60) {
		for _, bound := range []int{0, 1, 2, 3, unlimited} {
			all, some := make(map[string]bool), make(map[string]bool)
			full, failure := newExplorer(t, randomProgram(seed, all)).ExhaustAll(bound, unlimited)
			if failure != nil {
				t.Fatal(failure)
			}
			few, failure := newExplorer(t, randomProgram(seed, some)).Exhaust(bound, unlimited)
			if failure != nil || !few.Complete {
				t.Fatalf("seed %d, bound %d: %+v, %v", seed, bound, few, failure)
			}
			if !maps.Equal(all, some) {
				t.Fatalf("seed %d, bound %d: with the reduction the outcomes are\n%q\nwithout it\n%q",
					seed, bound, slices.Sorted(maps.Keys(some)), slices.Sorted(maps.Keys(all)))
			}
			walked += full.Interleavings
			reduced += few.Interleavings
		}
	}
	if reduced*2 > walked {
		t.Errorf("%d of %d interleavings are left: hardly a reduction", reduced, walked)
	}
	t.Logf("%d of %d interleavings are left", reduced, walked)
}

func BenchmarkInterleaving(b *testing.B) {
	e := explore.New(counting(2, incrementWell))
	defer e.Close()
	for b.Loop() {
		e.Sample(3, 1, 1)
	}
	b.ReportMetric(float64(e.Steps)/b.Elapsed().Seconds(), "steps/s")
}

func BenchmarkStep(b *testing.B) {
	e := explore.New(steps(50, 50))
	defer e.Close()
	for b.Loop() {
		e.Exhaust(2, 1000)
	}
	b.ReportMetric(float64(e.Steps)/b.Elapsed().Seconds(), "steps/s")
}
