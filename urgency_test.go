package state

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/internal/limiter"
	"github.com/uds-platform/state/warm"
)

// orderedQuerier answers each query after a second, and notes the order in which
// they came.
type orderedQuerier struct {
	mu    sync.Mutex
	order []string
}

func (q *orderedQuerier) QueryNRQL(ctx context.Context, _ int, nrql string) (Rows, error) {
	q.mu.Lock()
	q.order = append(q.order, nrql)
	q.mu.Unlock()
	return Rows{{"query": nrql}}, clock.Sleep(ctx, time.Second)
}

// asking sends a query in the background and returns once it waits.
func asking(ctx context.Context, wg *sync.WaitGroup, st *State, nrql string) {
	wg.Go(func() { st.Query(ctx, 1, nrql) })
	synctest.Wait()
}

// Who joins a prefetch that waits for its turn makes it demand; and so for a load
// within a load.
func TestDemandRaisesThePrefetchThatItJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &orderedQuerier{}
		st := open(t, Config{Querier: q, QueryConcurrency: 1})
		outer, err := NewCache[Rows](st, Kind{Name: "outer"})
		if err != nil {
			t.Fatal(err)
		}
		key := keyOf(t, "nested")
		nested := func(ctx context.Context) (Rows, error) {
			res, err := st.Query(ctx, 1, "nested")
			return res.Value, err
		}
		var wg sync.WaitGroup
		asking(t.Context(), &wg, st, "first")
		background := limiter.WithPriority(t.Context(), warm.Prefetch)
		asking(background, &wg, st, "prefetched")
		asking(background, &wg, st, "wanted")
		wg.Go(func() { outer.Fetch(background, key, nested) })
		synctest.Wait()
		asking(limiter.WithPriority(t.Context(), warm.Refresh), &wg, st, "refreshed")
		asking(t.Context(), &wg, st, "wanted")
		wg.Go(func() { outer.Fetch(t.Context(), key, nested) })
		wg.Wait()
		want := []string{"first", "wanted", "nested", "refreshed", "prefetched"}
		if !slices.Equal(q.order, want) {
			t.Errorf("served in the order %q: want %q", q.order, want)
		}
		// What a load needs besides is part of it.
		if n := st.Health().Warming.Budget.Demand; n != 1 {
			t.Errorf("%d demand loads: want 1, the first, since the others began in the background", n)
		}
	})
}

func TestALoadWithinALoadEarnsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Querier: querierFunc(echo)})
		outer, err := NewCache[Rows](st, Kind{Name: "outer"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = outer.Fetch(t.Context(), keyOf(t, 1), func(ctx context.Context) (Rows, error) {
			res, err := st.Query(ctx, 1, "SELECT 1")
			return res.Value, err
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := st.Health().Warming.Budget.Demand; n != 1 {
			t.Errorf("%d demand loads: want 1", n)
		}
	})
}
