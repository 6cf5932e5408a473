package warm

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/clock"
)

// byTemplate makes a template the only call of its kind.
func byTemplate(_ Call, next Template) []Item {
	if next.Subject == "" {
		return nil
	}
	return []Item{itemOf(next)}
}

func itemOf(t Template) Item { return Item{Account: t.Account, Query: t.Tool + " " + t.Subject} }

// callOf is a session's call of a template.
func callOf(session string, t Template, missed bool) Call {
	return Call{Session: session, Template: t, Item: itemOf(t), Missed: missed}
}

func nothing(context.Context, Item) error { return nil }

func newPredictor(t testing.TB, o PredictorOptions) *Predictor {
	t.Helper()
	if o.Loader == nil {
		o.Loader = LoaderFunc(nothing)
	}
	if o.Expander == nil {
		o.Expander = ExpanderFunc(byTemplate)
	}
	if o.Budget == nil {
		o.Budget = budgetOf(t, BudgetOptions{Burst: 1000, Reserve: -1})
	}
	if o.Chains == nil {
		o.Chains = []Chain{discovery}
	}
	if o.Logger == nil {
		o.Logger = quiet
	}
	p, err := NewPredictor(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Close()
		ended(t, p.Wait)
	})
	return p
}

func TestNewPredictorNamesEveryFault(t *testing.T) {
	_, err := NewPredictor(PredictorOptions{
		Chains: []Chain{{{Tool: "alone"}}, {{Tool: "a"}, {}}, make(Chain, 1000)}, ChainWeight: -1, Templates: -1, Successors: 257, Sessions: 2_000_000,
		HalfLife: 1, MinimumProbability: 2, Ahead: 5, InFlight: -1, Timeout: 1, Horizon: 1, AccuracyFloor: -1, CoverageFloor: 7, Trial: -1, ProbeAfter: 1,
	})
	refuses(t, err, "Loader is <nil>; want a Loader", "Expander is <nil>; want an Expander", "Budget is <nil>; want a Budget",
		"Chains[0] is 1 steps long; want at least 2 steps", "Chains[1][1].Tool is empty; want a tool's name", "Chains is 1003 steps long; want at most 1000 steps in all",
		"ChainWeight is -1", "Templates is -1", "Successors is 257", "Sessions is 2000000", "HalfLife is 1ns", "MinimumProbability is 2", "Ahead is 5", "InFlight is -1",
		"Timeout is 1ns", "Horizon is 1ns", "AccuracyFloor is -1", "CoverageFloor is 7", "Trial is -1", "ProbeAfter is 1ns")
}

func TestWhatComesNextIsLoadedWhileTheSessionThinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var loaded []string
		budget := budgetOf(t, BudgetOptions{})
		p := newPredictor(t, PredictorOptions{Budget: budget, Loader: LoaderFunc(func(_ context.Context, item Item) error {
			mu.Lock()
			loaded = append(loaded, item.Query)
			mu.Unlock()
			time.Sleep(time.Second)
			return nil
		})})
		began := time.Now()
		p.Observe(callOf("s", of("explore", "Log"), true))
		if time.Since(began) != 0 {
			t.Error("the caller waited for a load")
		}
		time.Sleep(2 * time.Second)
		p.Observe(callOf("s", of("profile", "Log"), false)) // in memory, thanks to the load
		p.Observe(callOf("s", of("relate", "Log"), false))  // that too: it was two calls ahead
		synctest.Wait()
		got := p.Stats()
		want := PredictorStats{Calls: 3, Misses: 1, Guesses: 2, Right: 2, Followed: 2, Foreseen: 2, Issued: 3, Used: 2, Active: true}
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(loaded)
		if want := []string{"assess Log", "profile Log", "relate Log"}; !slices.Equal(loaded, want) {
			t.Errorf("loaded %v, want %v", loaded, want)
		}
		if got := budget.Stats(); got.Refunded != 2 {
			t.Errorf("%d refunded, want the two that were used", got.Refunded)
		}
	})
}

func TestWhatBecameOfALoadIsCountedOnce(t *testing.T) {
	next := of("profile", "Log")
	for _, tc := range []struct {
		name  string
		load  func(context.Context, Item) error
		after time.Duration // until the next call
		call  *Call
		want  PredictorStats // Issued, Used, Late, Wasted, Failed, Unneeded, and Misses of the next call
	}{
		{"used in time", nothing, time.Second, call(next, false), PredictorStats{Issued: 1, Used: 1}},
		{"used late", slow, time.Second, call(next, true), PredictorStats{Issued: 1, Used: 1, Late: 1}},
		{"gone by then", nothing, time.Second, call(next, true), PredictorStats{Issued: 1, Wasted: 1, Misses: 1}},
		{"not asked for", nothing, 5 * time.Minute, nil, PredictorStats{Issued: 1, Wasted: 1}},
		{"not asked for yet", nothing, 5*time.Minute - 1, nil, PredictorStats{Issued: 1}},
		{"asked for too late", nothing, 5 * time.Minute, call(next, false), PredictorStats{Issued: 1, Wasted: 1}},
		{"failed", failing(errors.New("no")), time.Second, call(next, true), PredictorStats{Issued: 1, Failed: 1, Misses: 1}},
		{"panicked", func(context.Context, Item) error { panic("no") }, time.Second, nil, PredictorStats{Issued: 1, Failed: 1}},
		{"exited", func(context.Context, Item) error { runtime.Goexit(); return nil }, time.Second, nil, PredictorStats{Issued: 1, Failed: 1}},
		{"timed out", func(ctx context.Context, _ Item) error { <-ctx.Done(); return ctx.Err() }, 2 * time.Minute, nil, PredictorStats{Issued: 1, Failed: 1}},
		{"was there", failing(ErrFresh), time.Second, call(next, false), PredictorStats{Issued: 1, Unneeded: 1}},
		{"used while it fails", func(ctx context.Context, _ Item) error { time.Sleep(time.Minute); return errors.New("no") }, time.Second, call(next, true), PredictorStats{Issued: 1, Used: 1, Late: 1}},
	} {
		synctest.Test(t, func(t *testing.T) {
			budget := budgetOf(t, BudgetOptions{Burst: 1, Reserve: -1})
			p := newPredictor(t, PredictorOptions{
				Loader: LoaderFunc(tc.load), Budget: budget, Ahead: 1, Horizon: 5 * time.Minute,
				// One guess alone is acted on, so that there is one load.
				Expander: ExpanderFunc(func(after Call, t Template) []Item {
					if after.Template.Tool != "explore" {
						return nil
					}
					return byTemplate(after, t)
				}),
			})
			p.Observe(callOf("s", of("explore", "Log"), false))
			time.Sleep(tc.after)
			synctest.Wait()
			if tc.call != nil {
				p.Observe(*tc.call)
				time.Sleep(time.Minute)
				synctest.Wait()
			}
			s := p.Stats()
			got := PredictorStats{Issued: s.Issued, Used: s.Used, Late: s.Late, Wasted: s.Wasted, Failed: s.Failed, Unneeded: s.Unneeded, Misses: s.Misses}
			if got != tc.want {
				t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
			}
			if got, want := budget.Stats().Refunded, tc.want.Used+tc.want.Unneeded; got != want {
				t.Errorf("%s: %d refunded, want %d", tc.name, got, want)
			}
		})
	}
}

func call(t Template, missed bool) *Call { c := callOf("s", t, missed); return &c }

func failing(err error) func(context.Context, Item) error {
	return func(context.Context, Item) error { return err }
}

// slow takes half a minute, unless it is cancelled.
func slow(ctx context.Context, _ Item) error { return clock.Sleep(ctx, 30*time.Second) }

func TestLoadsStayWithinBudgetAndPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := budgetOf(t, BudgetOptions{Burst: 3, Reserve: -1})
		p := newPredictor(t, PredictorOptions{Loader: LoaderFunc(slow), Budget: budget, InFlight: 2, Ahead: 1})
		for i := range 4 {
			p.Observe(callOf(fmt.Sprint(i), of("explore", fmt.Sprintf("Type%d", i)), true))
		}
		if got := p.Stats(); got.Issued != 2 || got.Crowded != 2 || got.OverBudget != 0 {
			t.Errorf("%+v; want 2 issued of 4, and 2 that found no place", got)
		}
		time.Sleep(time.Minute)
		for i := range 2 {
			p.Observe(callOf(fmt.Sprint(i), of("relate", fmt.Sprintf("Type%d", i)), true))
		}
		if got := p.Stats(); got.Issued != 3 || got.OverBudget != 1 {
			t.Errorf("%+v; want the third issued, and no fourth", got)
		}
	})
}

func TestAwaitedLoadsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPredictor(t, PredictorOptions{InFlight: 1000, Ahead: 1, Budget: budgetOf(t, BudgetOptions{Burst: 10_000, Reserve: -1})})
		for i := range maxAwaited + 10 {
			p.Observe(callOf(fmt.Sprint(i), of("explore", fmt.Sprintf("Type%d", i)), true))
			synctest.Wait()
		}
		if got := p.Stats(); got.Issued != maxAwaited || got.Crowded != 10 {
			t.Errorf("%d issued and %d refused; want %d and 10", got.Issued, got.Crowded, maxAwaited)
		}
	})
}

func TestAnItemIsLoadedOnceForAllSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPredictor(t, PredictorOptions{Loader: LoaderFunc(slow), Ahead: 1})
		for i := range 5 {
			p.Observe(callOf(fmt.Sprint(i), of("explore", "Log"), true))
		}
		if got := p.Stats(); got.Issued != 1 || got.Crowded != 0 {
			t.Errorf("%d issued, want 1", got.Issued)
		}
	})
}

func TestOneGuessMayBeSeveralItemsUpToABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPredictor(t, PredictorOptions{Ahead: 1, InFlight: 100, Expander: ExpanderFunc(func(after Call, next Template) []Item {
			if after.Template != of("explore", "Log") || next != of("profile", "Log") {
				t.Errorf("asked for %v after %v", next, after)
			}
			return append([]Item{{}, {}}, itemsOf(100)...)
		})})
		p.Observe(callOf("s", of("explore", "Log"), true))
		if got := p.Stats().Issued; got != maxItems-2 {
			t.Errorf("%d issued, want the first %d less two that are no items", got, maxItems)
		}
	})
}

func TestAPanicOfTheExpanderIsNotTheCallers(t *testing.T) {
	p := newPredictor(t, PredictorOptions{Expander: ExpanderFunc(func(Call, Template) []Item { panic("no") })})
	p.Observe(callOf("s", of("explore", "Log"), true))
	if got := p.Stats(); got.Calls != 1 || got.Issued != 0 {
		t.Errorf("%+v", got)
	}
}

func TestGuessesLookAheadWithTheProductOfProbabilities(t *testing.T) {
	p := newPredictor(t, PredictorOptions{Ahead: 3, MinimumProbability: 0.5})
	want := []Guess{{of("profile", "Log"), 0.8, 1}, {of("relate", "Log"), 0.64, 2}, {of("assess", "Log"), 0.512, 3}}
	got := p.Predict(of("explore", "Log"))
	if len(got) != len(want) {
		t.Fatalf("%+v, want %+v", got, want)
	}
	for i := range want {
		if got[i].Template != want[i].Template || got[i].Ahead != want[i].Ahead || got[i].Probability-want[i].Probability > 1e-9 || want[i].Probability-got[i].Probability > 1e-9 {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}

func TestSessionsAreSequencesOfTheirOwn(t *testing.T) {
	p := newPredictor(t, PredictorOptions{Chains: []Chain{{{Tool: "x"}, {Tool: "y"}}}, Sessions: 2})
	p.Observe(callOf("a", of("keyset", "Log"), true))
	p.Observe(callOf("b", of("sample", "Log"), true)) // does not follow a's
	if got := p.Stats().Followed; got != 0 {
		t.Errorf("%d calls followed another, want none", got)
	}
	p.Observe(callOf("a", of("sample", "Log"), true))
	if got := p.Stats().Followed; got != 1 {
		t.Errorf("%d calls followed another, want a's second", got)
	}
	p.Forget("a")
	p.Observe(callOf("a", of("keyset", "Log"), true))
	p.Observe(callOf("c", of("keyset", "Log"), true)) // b is dropped
	p.Observe(callOf("b", of("keyset", "Log"), true))
	if got := p.Stats().Followed; got != 1 {
		t.Errorf("%d calls followed another, want no more: a was forgotten, b dropped", got)
	}
}

func TestTextsThatAreTooLongAreNotFollowed(t *testing.T) {
	p := newPredictor(t, PredictorOptions{})
	p.Observe(callOf("s", of("explore", strings.Repeat("x", MaxTemplateBytes)), true))
	p.Observe(callOf(strings.Repeat("s", maxSessionBytes+1), of("explore", "Log"), true))
	if got := p.Stats(); got.Ignored != 2 || got.Misses != 2 || got.Issued != 0 || p.sessions.len() != 0 {
		t.Errorf("%+v with %d sessions", got, p.sessions.len())
	}
}

func TestAClosedPredictorLoadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPredictor(t, PredictorOptions{Ahead: 1, Loader: LoaderFunc(func(ctx context.Context, _ Item) error { <-ctx.Done(); return ctx.Err() })})
		p.Observe(callOf("s", of("explore", "Log"), true))
		before := p.Stats()
		p.Close()
		p.Close()
		ended(t, p.Wait)
		p.Observe(callOf("s", of("profile", "Log"), true))
		if got, want := p.Stats().Minus(before), (PredictorStats{Calls: 1, Misses: 1, Followed: 1, Foreseen: 1, Guesses: 1, Right: 1, Crowded: 1, Active: true}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}

func TestPredictionOfWhatIsWastedTurnsItselfOffAndProbesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPredictor(t, PredictorOptions{Ahead: 1, Trial: 8, Horizon: time.Minute, ProbeAfter: time.Hour})
		// The guesses are right, but whatever is loaded is gone again by then.
		walk := func(rounds int) {
			for i := range rounds {
				session, subject := fmt.Sprint(i), fmt.Sprintf("Type%d", i)
				for _, tool := range []string{"explore", "profile", "relate", "assess"} {
					p.Observe(callOf(session, of(tool, subject), true))
					synctest.Wait()
				}
			}
		}
		walk(20)
		got := p.Stats()
		if p.Active() || got.Active || got.TurnedOff != 1 || got.Wasted != 8 {
			t.Fatalf("%+v; want it off after 8 wasted loads", got)
		}
		time.Sleep(59 * time.Minute)
		walk(20)
		if again := p.Stats(); again.Issued != got.Issued {
			t.Errorf("%d loads while it was off", again.Issued-got.Issued)
		}
		time.Sleep(time.Minute)
		walk(20)
		if again := p.Stats(); again.TurnedOff != 2 || again.Issued <= got.Issued {
			t.Errorf("%+v; want a probe after an hour that fails in turn", again)
		}
	})
}

func TestPredictorStatsAreRatiosOfWhatIsKnown(t *testing.T) {
	s := PredictorStats{Issued: 12, Used: 6, Late: 2, Wasted: 2, Failed: 1, Misses: 4}
	for _, tc := range []struct {
		name      string
		got, want float64
	}{
		{"accuracy", s.Accuracy(), 6.0 / 9}, {"coverage", s.Coverage(), 0.6}, {"timeliness", s.Timeliness(), 4.0 / 6}, {"waste", s.Waste(), 0.3},
		{"accuracy of nothing", PredictorStats{}.Accuracy(), 0},
	} {
		if tc.got != tc.want {
			t.Errorf("%s is %v, want %v", tc.name, tc.got, tc.want)
		}
	}
}

// Many sessions at once, under the race detector.
func TestThePredictorIsSafeForConcurrentUse(t *testing.T) {
	p := newPredictor(t, PredictorOptions{Sessions: 4, Templates: 16})
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 200 {
				p.Observe(callOf(fmt.Sprint(worker), of(discovery[i%5].Tool, fmt.Sprintf("Type%d", i/5%7)), i%3 == 0))
				p.Predict(of("explore", "Type1"))
				p.Active()
			}
			p.Forget(fmt.Sprint(worker))
		})
	}
	all.Wait()
	if got := p.Stats().Calls; got != 8*200 {
		t.Errorf("%d calls, want %d", got, 8*200)
	}
}
