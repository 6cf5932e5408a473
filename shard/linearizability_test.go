package shard

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

var linearizeRounds = flag.Int("linearize.rounds", 60, "histories recorded for each configuration of TestHistoriesAreLinearizable")

// Histories of goroutines that run in parallel, as the machine happens to run them,
// must be explained by the sequential model. Package explore makes the
// interleavings that the machine doesn't.
func TestHistoriesAreLinearizable(t *testing.T) {
	writes := []verb{verbSet, verbSetIfAbsent, verbDelete, verbCompute, verbRemove}
	for _, tc := range []struct {
		name    string
		options Options[int, int]
		verbs   []verb
		relaxed bool
		heads   int // of the first table; 0 for as many as the options make
		others  int // how many other keys are written meanwhile
		cells   bool
	}{
		{name: "room for every key", options: Options[int, int]{MaximumSize: 1000, Segments: 1}, verbs: writes},
		{name: "growing", options: Options[int, int]{Unbounded: true, Segments: 1}, verbs: writes, heads: 1, others: 2},
		{name: "growing, by cells", options: Options[int, int]{Unbounded: true, Segments: 1}, verbs: writes, heads: 1, others: 2, cells: true},
		{name: "evicting", options: Options[int, int]{MaximumSize: 3}, verbs: writes, relaxed: true, others: 1},
		// A Compute that overlaps the moment of expiry may carry on with a value
		// that others have missed already; so it is not among these.
		{name: "expiring", options: Options[int, int]{MaximumSize: 1000, DefaultTTL: 20 * time.Microsecond, Tick: minTick},
			verbs: []verb{verbSet, verbSetIfAbsent, verbDelete}, relaxed: true},
		{name: "expiring, evicting", options: Options[int, int]{MaximumSize: 3, DefaultTTL: 20 * time.Microsecond, Tick: minTick, ExactExpiry: true},
			verbs: []verb{verbSet, verbSetIfAbsent, verbDelete}, relaxed: true, others: 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			model := sequentialModel(tc.relaxed)
			for round := range *linearizeRounds {
				c := newChecked(t, tc.options)
				if tc.heads > 0 {
					c.makeTables(tc.heads)
				}
				if tc.cells {
					c.shape = noWord
				}
				requireLinearizable(t, model, record(c, tc.verbs, tc.others, uint64(round)))
			}
		})
	}
}

const (
	recorders     = 4
	recordedEach  = 400
	recordedKeys  = 3
	firstOtherKey = 1000
)

// record lets goroutines loose on a few keys, and returns what they did and when.
// Half of what they do is reading.
func record(c *Cache[int, int], verbs []verb, others int, seed uint64) (history []porcupine.Operation) {
	start := time.Now()
	histories := make([][]porcupine.Operation, recorders)
	var ready atomic.Int32
	var all sync.WaitGroup
	for client := range recorders {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(client)))
			for ready.Add(1); ready.Load() < recorders; {
				runtime.Gosched() // awake, so that all begin at once
			}
			for i := range recordedEach {
				number := client*recordedEach + i + 1 // so that no two writes write the same
				r := request{verb: verbGet, key: random.IntN(recordedKeys)}
				if random.IntN(2) == 0 {
					r.verb, r.value = verbs[random.IntN(len(verbs))], number
				}
				operation := porcupine.Operation{ClientId: client, Input: r, Call: int64(time.Since(start))}
				operation.Output = perform(c, r)
				operation.Return = int64(time.Since(start))
				histories[client] = append(histories[client], operation)
				for other := range others {
					c.Set(firstOtherKey+number*others+other, 0)
				}
			}
		})
	}
	all.Wait()
	for _, one := range histories {
		history = append(history, one...)
	}
	return history
}

func perform(c *Cache[int, int], r request) (a answer) {
	switch r.verb {
	case verbGet:
		a.value, a.ok = c.Get(r.key)
	case verbSet:
		a.ok = c.Set(r.key, r.value)
	case verbSetIfAbsent:
		if a.value, a.ok = c.SetIfAbsent(r.key, r.value); a.ok {
			a.value = 0
		}
	case verbDelete:
		a.value, a.ok = c.Delete(r.key)
	case verbCompute:
		c.Compute(r.key, func(old int, found bool) (int, Op) {
			a = answer{old, found}
			return r.value, Write
		})
	case verbRemove:
		c.Compute(r.key, func(old int, found bool) (int, Op) {
			a = answer{old, found}
			return 0, Remove
		})
	default:
		panic(fmt.Sprintf("verb %v can't be recorded", r.verb))
	}
	return a
}

// requireLinearizable draws a picture of a history that is not.
func requireLinearizable(t *testing.T, model porcupine.Model, history []porcupine.Operation) {
	t.Helper()
	const patience = time.Minute
	result, info := porcupine.CheckOperationsVerbose(model, history, patience)
	if result == porcupine.Ok {
		return
	}
	path := filepath.Join(t.ArtifactDir(), "history.html")
	if err := porcupine.VisualizePath(model, info, path); err != nil {
		t.Errorf("no picture: %v", err)
	}
	t.Fatalf("the history is not linearizable: %v; see %s (go test keeps it with -artifacts)", result, path)
}

// The model must reject what a broken cache would do.
func TestSequentialModelTellsRightFromWrong(t *testing.T) {
	type step struct {
		request request
		answer  answer
	}
	var (
		set      = func(value int) step { return step{request{verb: verbSet, value: value}, answer{ok: true}} }
		refused  = step{request{verb: verbSet, value: 9}, answer{}}
		hit      = func(value int) step { return step{request{verb: verbGet}, answer{value, true}} }
		miss     = step{request{verb: verbGet}, answer{}}
		deleted  = func(value int) step { return step{request{verb: verbDelete}, answer{value, true}} }
		absent   = func(value int) step { return step{request{verb: verbSetIfAbsent, value: value}, answer{ok: true}} }
		there    = func(value int) step { return step{request{verb: verbSetIfAbsent, value: 9}, answer{value: value}} }
		computed = func(old, value int) step {
			return step{request{verb: verbCompute, value: value}, answer{old, old != 0}}
		}
		shortened = func(value int) step { return step{request{verb: verbShorten}, answer{value, true}} }
		prolonged = func(straddles bool) step {
			return step{request{verb: verbProlong, straddles: straddles}, answer{ok: true}}
		}
		expire = step{request{verb: verbExpire}, answer{}}
		clear  = step{request{verb: verbClear}, answer{}}
		shut   = step{request{verb: verbShut}, answer{}}
	)
	for _, tc := range []struct {
		name            string
		steps           []step
		strict, relaxed bool // what each model says
	}{
		{"a write is read", []step{set(1), hit(1)}, true, true},
		{"nothing is read from nothing", []step{miss}, true, true},
		{"a value from nowhere", []step{set(1), hit(2)}, false, false},
		{"a value before it is written", []step{hit(1), set(1)}, false, false},
		{"a stale value", []step{set(1), set(2), hit(1)}, false, false},
		{"a value that vanished", []step{set(1), miss}, false, true},
		{"a value that came back", []step{set(1), miss, hit(1)}, false, false},
		{"a value that came back from deletion", []step{set(1), deleted(1), hit(1)}, false, false},
		{"deleted twice", []step{set(1), deleted(1), deleted(1)}, false, false},
		{"a lost update", []step{set(1), computed(1, 2), computed(1, 3)}, false, false},
		{"updates", []step{set(1), computed(1, 2), computed(2, 3), hit(3)}, true, true},
		{"set though there", []step{set(1), absent(2), hit(2)}, false, true},
		{"not set though absent", []step{there(1)}, false, false},
		{"not set since there", []step{set(1), there(1), hit(1)}, true, true},
		{"cleared", []step{set(1), clear, miss}, true, true},
		{"there after a clear", []step{set(1), clear, hit(1)}, false, false},
		{"expired", []step{set(1), shortened(1), hit(1), expire, miss}, true, true},
		{"served past its deadline", []step{set(1), shortened(1), expire, hit(1)}, false, false},
		{"written past the old one's deadline", []step{set(1), shortened(1), expire, set(2), hit(2)}, true, true},
		{"prolonged past its deadline", []step{set(1), shortened(1), expire, prolonged(false), hit(1)}, false, false},
		{"prolonged at its deadline", []step{set(1), shortened(1), expire, prolonged(true), hit(1)}, true, true},
		{"refused by an open cache", []step{refused}, false, false},
		{"written to a closed cache", []step{shut, set(1)}, false, false},
		{"refused by a closed cache", []step{shut, refused, miss}, true, true},
	} {
		var history []porcupine.Operation
		for i, s := range tc.steps {
			history = append(history, porcupine.Operation{Input: s.request, Output: s.answer, Call: int64(2 * i), Return: int64(2*i + 1)})
		}
		if got := porcupine.CheckOperations(sequentialModel(false), history); got != tc.strict {
			t.Errorf("%s: the strict model says %v", tc.name, got)
		}
		if got := porcupine.CheckOperations(sequentialModel(true), history); got != tc.relaxed {
			t.Errorf("%s: the relaxed model says %v", tc.name, got)
		}
	}
}

// Overlapping operations may take effect in any order, others only in that of time.
func TestRealTimeIsRespected(t *testing.T) {
	history := func(getFrom, getTo int64) []porcupine.Operation {
		return []porcupine.Operation{
			{Input: request{verb: verbSet, value: 1}, Output: answer{ok: true}, Call: 0, Return: 10},
			{ClientId: 1, Input: request{verb: verbGet}, Output: answer{}, Call: getFrom, Return: getTo},
		}
	}
	if !porcupine.CheckOperations(sequentialModel(false), history(5, 15)) {
		t.Error("a miss during the write is rejected")
	}
	if porcupine.CheckOperations(sequentialModel(false), history(11, 15)) {
		t.Error("a miss after the write is accepted")
	}
}
