package warm

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// always draws what makes XFetch earliest, never what makes it latest.
func always() float64 { return math.Nextafter(1, 0) }
func never() float64  { return 0 }

// quiet is for tests in which loads panic on purpose.
var quiet = slog.New(slog.DiscardHandler)

func newRefresher(t testing.TB, o RefresherOptions) *Refresher {
	t.Helper()
	if o.Budget == nil {
		o.Budget = budgetOf(t, BudgetOptions{})
	}
	r, err := NewRefresher(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Close()
		ended(t, r.Wait)
	})
	return r
}

// nanosecondsFromNow is an expiry.
func nanosecondsFromNow(left time.Duration) int64 { return time.Now().Add(left).UnixNano() }

func TestNewRefresherNamesEveryFault(t *testing.T) {
	_, err := NewRefresher(RefresherOptions{Beta: -1, MinimumHits: 255, Concurrency: -2, Timeout: 1, Resolution: time.Hour})
	refuses(t, err, "Budget is <nil>; want a Budget", "Beta is -1; want a number above 0 and up to 100, or 0 for 1",
		"MinimumHits is 255; want a number from 1 to 254, or 0 for 2", "Concurrency is -2", "Timeout is 1ns; want 1ms to 24h0m0s, or 0 for 2m0s", "Resolution is 1h0m0s")
}

func TestWantsOnlyWhatIsPopularAndNearItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tc := range []struct {
			name     string
			left     time.Duration
			loadTime time.Duration
			random   func() float64
			hits     int
			want     bool
		}{
			{"popular and near", 10 * time.Second, time.Second, always, 2, true},
			{"hit once", 10 * time.Second, time.Second, always, 1, false},
			{"not drawn", 10 * time.Second, time.Second, never, 9, false},
			{"out of reach", 17 * time.Second, time.Second, always, 9, false},
			{"of unknown load time", time.Nanosecond, 0, always, 9, false},
			{"of no load time and over", -time.Second, 0, always, 9, false},
			{"over", -time.Second, time.Second, never, 2, true},
		} {
			r := newRefresher(t, RefresherOptions{Random: tc.random})
			expiry, wanted := nanosecondsFromNow(tc.left), false
			for range tc.hits {
				wanted = r.Wants("key", expiry, tc.loadTime) || wanted
			}
			if wanted != tc.want {
				t.Errorf("%s: wanted is %v", tc.name, wanted)
			}
		}
	})
}

func TestWantsAsksOneHitALife(t *testing.T) {
	r := newRefresher(t, RefresherOptions{Random: always})
	for life := range 3 {
		expiry, asked := nanosecondsFromNow(time.Duration(life+1)*time.Second), 0
		for range 1000 {
			if r.Wants("key", expiry, time.Second) {
				asked++
			}
		}
		if asked != 1 {
			t.Errorf("life %d: asked %d times, want once", life, asked)
		}
	}
	if got := r.Stats().Wanted; got != 3 {
		t.Errorf("%d wanted in three lives", got)
	}
}

// In the Refresher too, popular keys are drawn at XFetch's rate.
func TestWantsDrawsAtXFetchsRate(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	r := newRefresher(t, RefresherOptions{MinimumHits: 1, Now: func() time.Time { return now }, Resolution: time.Minute})
	const draws = 100_000
	early := 0
	for life := range draws {
		// A nanosecond makes another life, and no difference to the rate.
		if r.Wants("key", now.Add(2*time.Second).UnixNano()+int64(life), time.Second) {
			early++
		}
	}
	if got, want := float64(early)/draws, math.Exp(-2); math.Abs(got-want) > 0.05*want {
		t.Errorf("refreshed at a rate of %.5f, want %.5f ± 5 %%", got, want)
	}
}

func TestAHitOutOfReachTakesNoLockAndAllocatesNothing(t *testing.T) {
	r := newRefresher(t, RefresherOptions{Random: never, Resolution: time.Minute})
	far, near := nanosecondsFromNow(time.Hour), nanosecondsFromNow(5*time.Second)
	r.Wants("key", far, time.Second) // wakes the clock
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock.mu.Lock()
	defer r.clock.mu.Unlock()
	if n := testing.AllocsPerRun(100, func() {
		r.Wants("key", far, time.Second)
		r.Wants("key", near, time.Second)
	}); n != 0 {
		t.Errorf("%v allocations a hit, want 0", n)
	}
}

func TestOneRefreshAKeyIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRefresher(t, RefresherOptions{})
		release := make(chan struct{})
		load := func(context.Context) error { <-release; return nil }
		if !r.Refresh("a", 1, load) || !r.Refresh("b", 1, load) {
			t.Fatal("two keys were not refreshed side by side")
		}
		if r.Refresh("a", 2, load) {
			t.Error("a second refresh of a key was started")
		}
		close(release)
		synctest.Wait()
		if !r.Refresh("a", 3, load) {
			t.Error("a key cannot be refreshed again")
		}
		synctest.Wait()
		if got, want := r.Stats(), (RefreshStats{Started: 3, Duplicates: 1, Succeeded: 3, Used: 1}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}

func TestRefreshesStayWithinPoolAndBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := budgetOf(t, BudgetOptions{Burst: 3})
		r := newRefresher(t, RefresherOptions{Budget: budget, Concurrency: 2})
		release := make(chan struct{})
		load := func(context.Context) error { <-release; return nil }
		for _, key := range []string{"a", "b", "c"} {
			r.Refresh(key, 1, load)
		}
		close(release)
		synctest.Wait()
		if got, want := r.Stats(), (RefreshStats{Started: 2, Crowded: 1, Succeeded: 2}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		if !r.Refresh("c", 1, load) {
			t.Error("the third was not paid back what it could not use")
		}
		synctest.Wait()
		if r.Refresh("d", 1, load) {
			t.Error("a fourth was granted by a budget of three")
		}
		if got := r.Stats(); got.OverBudget != 1 {
			t.Errorf("%d over budget, want 1", got.OverBudget)
		}
		// a's result is wanted again, so its refresh was of use.
		if !r.Refresh("a", 2, load) {
			t.Error("what was of use was not refunded")
		}
		synctest.Wait()
		if got := budget.Stats(); got.Refunded != 2 {
			t.Errorf("%d refunded, want 2", got.Refunded)
		}
	})
}

func TestARefusedRefreshMayBeDrawnAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := budgetOf(t, BudgetOptions{Burst: 1, Share: 1, Reserve: -1})
		r := newRefresher(t, RefresherOptions{Budget: budget, Random: always, MinimumHits: 2, Concurrency: 1})
		expiry := nanosecondsFromNow(5 * time.Second)
		hits := func() (wanted bool) {
			first := r.Wants("key", expiry, time.Second)
			return r.Wants("key", expiry, time.Second) && !first
		}
		release := make(chan struct{})
		defer close(release)
		load := func(context.Context) error { <-release; return nil }
		budget.Take(Refresh)
		if !hits() || r.Refresh("key", expiry, load) {
			t.Fatal("wanted, and granted by an empty budget")
		}
		budget.Demand()
		budget.Demand()
		if !r.Refresh("other", expiry, load) {
			t.Fatal("the pool is not full yet")
		}
		budget.Demand()
		if !hits() {
			t.Fatal("what the budget refused is not drawn again")
		}
		if r.Refresh("key", expiry, load) {
			t.Fatal("a full pool takes more")
		}
		if !hits() {
			t.Error("what the pool refused is not drawn again")
		}
	})
}

func TestARefreshEndsHoweverItsLoadDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := budgetOf(t, BudgetOptions{})
		r := newRefresher(t, RefresherOptions{Budget: budget, Logger: quiet, Timeout: time.Minute, Concurrency: 8})
		for key, load := range map[string]func(context.Context) error{
			"error":   func(context.Context) error { return errors.New("no") },
			"panic":   func(context.Context) error { panic("no") },
			"exit":    func(context.Context) error { runtime.Goexit(); return nil },
			"timeout": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
			"fresh":   func(context.Context) error { return ErrFresh },
		} {
			if !r.Refresh(key, 1, load) {
				t.Errorf("%s was not started", key)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got, want := r.Stats(), (RefreshStats{Started: 5, Failed: 4, Skipped: 1}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		if got := budget.Stats(); got.Refunded != 1 {
			t.Errorf("%d refunded, want the one that was not needed", got.Refunded)
		}
	})
}

func TestAClosedRefresherRefusesAndCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRefresher(t, RefresherOptions{Random: always, MinimumHits: 1})
		var cancelled atomic.Bool
		r.Refresh("key", 1, func(ctx context.Context) error {
			<-ctx.Done()
			cancelled.Store(true)
			return ctx.Err()
		})
		before := r.Stats()
		r.Close()
		r.Close()
		ended(t, r.Wait)
		if !cancelled.Load() {
			t.Error("the refresh under way was not cancelled")
		}
		if r.Wants("other", nanosecondsFromNow(time.Second), time.Second) {
			t.Error("a closed refresher wants")
		}
		if r.Refresh("other", 1, func(context.Context) error { return nil }) {
			t.Error("a closed refresher refreshes")
		}
		if got, want := r.Stats().Minus(before), (RefreshStats{Crowded: 1}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}
