package warm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/clock"
)

// world is a cache, an NRDB behind it, and people who explore: time is virtual,
// and everything follows from the seed. People think in whole milliseconds and a
// load takes half a one more, so that no two things that matter fall together.
type world struct {
	random *rand.Rand
	types  *rand.Zipf
	ttl    time.Duration

	mu    sync.Mutex
	until map[Item]time.Time // of what is in memory

	predictor *Predictor // nil for a world without
	budget    *Budget
	queries   int // sent, by demand or ahead
	coldWaits int // calls that waited for all of a load
}

const loadTakes = time.Second + 500*time.Microsecond

func newWorld(t *testing.T, seed uint64, predict bool) *world {
	w := &world{random: rand.New(rand.NewPCG(seed, 1)), ttl: 5 * time.Minute, until: make(map[Item]time.Time)}
	w.types = rand.NewZipf(w.random, 1.1, 4, 299)
	if predict {
		w.budget = budgetOf(t, BudgetOptions{})
		w.predictor = newPredictor(t, PredictorOptions{Loader: w, Expander: ExpanderFunc(w.expand), Budget: w.budget})
	}
	return w
}

func (w *world) cached(item Item) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Before(w.until[item])
}

// Load is a query to NRDB, whoever sends it.
func (w *world) Load(ctx context.Context, item Item) error {
	w.mu.Lock()
	w.queries++
	w.mu.Unlock()
	if err := clock.Sleep(ctx, loadTakes); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.until[item] = time.Now().Add(w.ttl)
	return nil
}

// expand leaves out what is in memory.
func (w *world) expand(_ Call, next Template) []Item {
	if item := itemOf(next); !w.cached(item) {
		return []Item{item}
	}
	return nil
}

// call is a call of a session, up to its answer. A prefetch that is under way
// counts as a cold wait too: at worst it is one.
func (w *world) call(session string, template Template) {
	item := itemOf(template)
	missed := !w.cached(item)
	if w.predictor != nil {
		w.predictor.Observe(callOf(session, template, missed))
	}
	if missed {
		w.coldWaits++
		if w.budget != nil {
			w.budget.Demand()
		}
		if err := w.Load(context.Background(), item); err != nil {
			panic(err)
		}
	}
	time.Sleep(time.Duration(500+w.random.IntN(3000)) * time.Millisecond)
}

// explorer walks the tool chain for one event type after the other: mostly in
// order, sometimes skipping a step, sometimes leaving early.
type explorer struct {
	name    string
	subject string
	step    int
}

func (w *world) advance(e *explorer) {
	if e.step >= len(discovery) || w.random.IntN(20) == 0 {
		e.step = 0
	}
	switch {
	case e.step == 0:
		e.subject = fmt.Sprintf("Type%d", w.types.Uint64())
		w.call(e.name, of(discovery[0].Tool, ""))
	default:
		w.call(e.name, of(discovery[e.step].Tool, e.subject))
	}
	e.step++
	if e.step > 1 && w.random.IntN(10) == 0 {
		e.step++
	}
}

func (w *world) run(sessions, calls int) {
	people := make([]explorer, sessions)
	for i := range people {
		people[i] = explorer{name: fmt.Sprint(i)}
	}
	for range calls {
		w.advance(&people[w.random.IntN(len(people))])
	}
}

// Sessions that walk the tool chain over event types by Zipf's law.
func TestPredictionAvertsColdWaitsOfDiscoveries(t *testing.T) {
	for seed := range uint64(3) {
		var without, with *world
		var s PredictorStats
		synctest.Test(t, func(t *testing.T) {
			without = newWorld(t, seed, false)
			without.run(8, 3000)
		})
		synctest.Test(t, func(t *testing.T) {
			with = newWorld(t, seed, true)
			with.run(8, 3000)
			time.Sleep(defaultHorizon) // until all is known
			s = with.predictor.Stats()
		})
		averted := 1 - float64(with.coldWaits)/float64(without.coldWaits)
		extra := float64(with.queries)/float64(without.queries) - 1
		t.Logf("seed %d: cold waits %d → %d (%.0f %% averted), queries %d → %d (%.1f %% extra); accuracy %.2f, coverage %.2f, timeliness %.2f, waste %.3f",
			seed, without.coldWaits, with.coldWaits, 100*averted, without.queries, with.queries, 100*extra,
			s.Accuracy(), s.Coverage(), s.Timeliness(), s.Waste())
		if averted < 0.5 || extra > 0.2 {
			t.Errorf("seed %d: %.2f of the cold waits averted at %.2f extra queries, want at least 0.5 at no more than 0.2", seed, averted, extra)
		}
		if s.Coverage() < 0.5 || s.Accuracy() < 0.7 || s.Timeliness() < 0.9 || s.Waste() > 0.2 {
			t.Errorf("seed %d: accuracy %.2f, coverage %.2f, timeliness %.2f, waste %.2f; want at least 0.7, 0.5, 0.9, and at most 0.2",
				seed, s.Accuracy(), s.Coverage(), s.Timeliness(), s.Waste())
		}
		if !s.Active || s.TurnedOff > 0 {
			t.Errorf("seed %d: prediction turned itself off", seed)
		}
	}
}

// Calls that follow no order at all. What the chains promise is wrong here, and
// there is nothing to learn.
func TestPredictionTurnsItselfOffOnRandomCalls(t *testing.T) {
	for seed := range uint64(10) {
		for _, sessions := range []int{1, 10, 40} {
			for _, subjects := range []int{2, 30, 1000} {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, seed, true)
					random := func() {
						tool := discovery[w.random.IntN(len(discovery))].Tool
						w.call(fmt.Sprint(w.random.IntN(sessions)), of(tool, fmt.Sprintf("Type%d", w.random.IntN(subjects))))
					}
					for range 200 {
						random()
					}
					before := w.predictor.Stats()
					if before.Active {
						t.Fatalf("seed %d, %d sessions, %d subjects: still on after 200 random calls: %+v", seed, sessions, subjects, before)
					}
					for range 300 {
						random()
					}
					if after := w.predictor.Stats(); after.Active || after.Issued != before.Issued {
						t.Errorf("seed %d, %d sessions, %d subjects: on again: %+v", seed, sessions, subjects, after)
					}
				})
			}
		}
	}
}

// What was random becomes orderly, and prediction comes back by itself.
func TestPredictionComesBackWhenThereIsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 7, true)
		for range 200 {
			w.call("random", of(discovery[w.random.IntN(5)].Tool, fmt.Sprintf("Type%d", w.random.IntN(30))))
		}
		if w.predictor.Active() {
			t.Fatal("still on after 200 random calls")
		}
		w.run(8, 1000)
		if !w.predictor.Active() {
			t.Errorf("still off after 1000 calls in order: %+v", w.predictor.Stats())
		}
	})
}

// The same seed gives the same figures: nothing is left to chance or to the order
// of a map.
func TestPredictionIsDeterministic(t *testing.T) {
	var first PredictorStats
	for round := range 2 {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 3, true)
			w.run(8, 500)
			got := w.predictor.Stats()
			if round > 0 && got != first {
				t.Errorf("%+v, and before %+v", got, first)
			}
			first = got
		})
	}
}
