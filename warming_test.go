package state

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/limiter"
	"github.com/uds-platform/state/warm"
)

func itemsOf(queries ...string) (items []warm.Item) {
	for _, query := range queries {
		items = append(items, warm.Item{Account: 1, Query: query})
	}
	return items
}

// Open does not wait for what is preloaded, and who asks meanwhile joins.
func TestOpenDoesNotWaitForThePreload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &countingQuerier{}
		began := time.Now()
		st := open(t, Config{Querier: q, Warming: Warming{Preload: itemsOf("a", "b", "a")}})
		if time.Since(began) != 0 {
			t.Error("Open took its time")
		}
		synctest.Wait()
		if res, err := st.Query(t.Context(), 1, "b"); err != nil || res.Source != Flight {
			t.Errorf("%v, %v: want the flight of the preload", res.Source, err)
		}
		synctest.Wait()
		if got, want := st.Health().Warming.Preload, (PreloadStats{Total: 3, Done: 2, Skipped: 1}); got != want {
			t.Errorf("got %+v: want %+v", got, want)
		}
		if q.count("a") != 1 || q.count("b") != 1 {
			t.Errorf("sent %v", q.sent)
		}
		if k := st.Health().Kinds[0]; k.Prefetches != 2 || k.Loads != 2 {
			t.Errorf("%d of %d loads were ahead: want both", k.Prefetches, k.Loads)
		}
	})
}

func TestPreloadSkipsWhatIsThereAndReportsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sorry := errors.New("sorry")
		st := open(t, Config{Querier: querierFunc(func(ctx context.Context, account int, nrql string) (Rows, error) {
			if p := limiter.UrgencyOf(ctx).Now(); p != warm.Prefetch && nrql != "there" {
				t.Errorf("%q is %v", nrql, p)
			}
			if nrql == "faulty" {
				return nil, sorry
			}
			return echo(ctx, account, nrql)
		})})
		if _, err := st.Query(t.Context(), 1, "there"); err != nil {
			t.Fatal(err)
		}
		items := append(itemsOf("there", "faulty", "new"), warm.Item{Account: 1, Kind: "schema", Query: "Log"})
		var progress []int
		p, err := st.Preload(t.Context(), items, func(s warm.PreloadSummary) { progress = append(progress, s.Done+s.Failed+s.Skipped) })
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.Wait(t.Context())
		if err != nil || s.Done != 1 || s.Skipped != 1 || s.Failed != 2 || !slices.Equal(progress, []int{1, 2, 3, 4}) {
			t.Errorf("%+v, %v, progress %v", s, err, progress)
		}
		var lacks, fails bool
		for _, one := range s.Errors {
			lacks = lacks || errors.Is(one, ErrNoLoader)
			fails = fails || errors.Is(one, sorry)
		}
		if !lacks || !fails {
			t.Errorf("errors %v: want ErrNoLoader and the querier's", s.Errors)
		}
	})
}

func TestCloseEndsPreloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Querier: &countingQuerier{}})
		var preloads []*warm.Preload
		for range 3 {
			p, err := st.Preload(t.Context(), itemsOf("a", "b", "c", "d", "e", "f"), nil)
			if err != nil {
				t.Fatal(err)
			}
			preloads = append(preloads, p)
		}
		synctest.Wait()
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for _, p := range preloads {
			if s := p.Summary(); !p.Ended() || s.Cancelled == 0 {
				t.Errorf("ended %v, %+v", p.Ended(), s)
			}
		}
		if _, err := st.Preload(t.Context(), itemsOf("a"), nil); !errors.Is(err, ErrClosed) {
			t.Errorf("error %v: want ErrClosed", err)
		}
	})
}

func TestPreloadsThatHaveEndedAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Querier: querierFunc(echo)})
		for range 10 {
			if _, err := st.Preload(t.Context(), itemsOf("a"), nil); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if len(st.preloads) != 1 {
			t.Errorf("%d are kept", len(st.preloads))
		}
	})
}

func TestFaultyPreloadIsRefused(t *testing.T) {
	st := open(t, Config{Querier: querierFunc(echo)})
	if _, err := st.Preload(t.Context(), itemsOf("a", " "), nil); !errors.Is(err, warm.ErrOptions) {
		t.Errorf("error %v: want warm.ErrOptions", err)
	}
	if _, err := st.Preload(t.Context(), []warm.Item{{Query: "a"}}, nil); !errors.Is(err, warm.ErrOptions) {
		t.Errorf("error %v: want warm.ErrOptions", err)
	}
}

// The queries that spared the most waiting are what the next process starts with.
func TestHottestQueriesAreRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Querier: &countingQuerier{}, CacheTTL: time.Hour})
		for query, hits := range map[string]int{"often": 200 * savingsSample, "seldom": 20 * savingsSample, "never": 0} {
			for range 1 + hits {
				if _, err := st.Query(t.Context(), 1, query); err != nil {
					t.Fatal(err)
				}
			}
		}
		hottest := st.Hottest(10)
		if len(hottest) != 2 || hottest[0].Item != itemsOf("often")[0] || hottest[1].Item != itemsOf("seldom")[0] {
			t.Fatalf("hottest are %+v", hottest)
		}
		// One hit in 64 is counted, as 64.
		if saved := hottest[0].Saved / (200 * savingsSample); saved < time.Second/2 || saved > 3*time.Second/2 {
			t.Errorf("a hit saved %v: want about a second", saved)
		}
		next := open(t, Config{Querier: &countingQuerier{}})
		if leftOut := next.RestoreHottest(append(hottest, warm.Saving{})); leftOut != 1 {
			t.Errorf("%d were left out", leftOut)
		}
		if got := next.Hottest(1); len(got) != 1 || got[0].Item != hottest[0].Item {
			t.Errorf("restored %+v", got)
		}
	})
}
