package state

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/internal/limiter"
	"github.com/uds-platform/state/warm"
)

// countingQuerier answers each query after a second, and counts them by text.
type countingQuerier struct {
	mu   sync.Mutex
	sent map[string]int
}

func (q *countingQuerier) QueryNRQL(ctx context.Context, _ int, nrql string) (Rows, error) {
	q.mu.Lock()
	if q.sent == nil {
		q.sent = make(map[string]int)
	}
	q.sent[nrql]++
	q.mu.Unlock()
	return Rows{{"query": nrql}}, clock.Sleep(ctx, time.Second)
}

func (q *countingQuerier) count(nrql string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.sent[nrql]
}

// ask sends a query of a call, and lets what it causes begin.
func ask(t *testing.T, st *State, c Call, query string) Result[Rows] {
	t.Helper()
	res, err := st.Query(WithCall(t.Context(), c), 1, query)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return res
}

const (
	attributesOf = "SELECT keyset() FROM %s SINCE 1 hour ago"
	countOf      = "SELECT count(*) FROM %s SINCE 24 hours ago"
)

// What follows one event type's query follows another's, which nobody has asked
// for yet.
func TestNextQueryIsLoadedBeforeItIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &countingQuerier{}
		st := open(t, Config{Querier: q})
		for i, eventType := range []string{"Transaction", "PageView", "Log"} {
			session := Call{Session: fmt.Sprint(i)}
			ask(t, st, session, fmt.Sprintf(attributesOf, eventType))
			ask(t, st, session, fmt.Sprintf(countOf, eventType))
		}
		session := Call{Session: "another"}
		ask(t, st, session, fmt.Sprintf(attributesOf, "Metric"))
		time.Sleep(2 * time.Second) // to think
		if res := ask(t, st, session, fmt.Sprintf(countOf, "Metric")); res.Source != Memory {
			t.Errorf("the second query came from %v", res.Source)
		}
		if n := q.count(fmt.Sprintf(countOf, "Metric")); n != 1 {
			t.Errorf("it was sent %d times", n)
		}
		p := st.Health().Warming.Prediction
		if p.Used < 1 || p.Late > p.Used-1 || p.Accuracy == 0 || p.Coverage == 0 || !p.Active {
			t.Errorf("%+v", p)
		}
	})
}

// A tool is known by the queries that it sent for other event types, and the order
// of tools by its chain: nobody has gone from the one to the other before.
func TestNextToolIsLoadedBeforeItIsCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &countingQuerier{}
		st := open(t, Config{Querier: q})
		ctx := WithCall(t.Context(), Call{Session: "one", Tool: "profile", Subject: "Transaction"})
		for _, form := range []string{countOf, attributesOf} {
			if _, err := st.Query(ctx, 1, fmt.Sprintf(form, "Transaction")); err != nil {
				t.Fatal(err)
			}
		}
		ask(t, st, Call{Session: "another", Tool: "explore", Subject: "Log"}, "SELECT * FROM Log")
		time.Sleep(2 * time.Second)
		ctx = WithCall(t.Context(), Call{Session: "another", Tool: "profile", Subject: "Log"})
		for _, form := range []string{countOf, attributesOf} {
			res, err := st.Query(ctx, 1, fmt.Sprintf(form, "Log"))
			if err != nil || res.Source != Memory {
				t.Errorf("%v, %v: want it from memory", res.Source, err)
			}
		}
		synctest.Wait()
		if p := st.Health().Warming.Prediction; p.Calls != 3+5 || p.Used != 2 {
			t.Errorf("%+v: want 3 calls of 5 queries, of which the last used 2 loads", p)
		}
	})
}

// Which tool follows which is learned though each sends a query that nobody has
// sent before.
func TestToolsAreASequenceOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &countingQuerier{}
		st := open(t, Config{Querier: q, Warming: Warming{Chains: []warm.Chain{}}})
		for i := range 6 {
			session, eventType := fmt.Sprint("session ", i), fmt.Sprint("Type", i)
			ask(t, st, Call{Session: session, Tool: "join", Subject: eventType}, fmt.Sprintf("SELECT %d FROM %s", i, eventType))
			time.Sleep(2 * time.Second)
			if n := q.count(fmt.Sprintf(countOf, eventType)); i == 5 && n != 1 {
				t.Errorf("the tool that follows had sent its query %d times", n)
			}
			ask(t, st, Call{Session: session, Tool: "weigh", Subject: eventType}, fmt.Sprintf(countOf, eventType))
		}
	})
}

// Who asks for what is being prefetched waits for that.
func TestPrefetchIsJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &countingQuerier{}
		st := open(t, Config{Querier: q})
		ask(t, st, Call{Session: "one", Tool: "profile", Subject: "Log"}, fmt.Sprintf(countOf, "Log"))
		var wg sync.WaitGroup
		wg.Go(func() {
			st.Query(WithCall(t.Context(), Call{Session: "two", Tool: "explore", Subject: "Metric"}), 1, "SELECT * FROM Metric")
		})
		time.Sleep(time.Second / 2)
		if res := ask(t, st, Call{Session: "two", Tool: "profile", Subject: "Metric"}, fmt.Sprintf(countOf, "Metric")); res.Source != Flight {
			t.Errorf("it came from %v", res.Source)
		}
		wg.Wait()
		if p := st.Health().Warming.Prediction; q.count(fmt.Sprintf(countOf, "Metric")) != 1 || p.Used != 1 || p.Late != 1 {
			t.Errorf("sent %v, %+v", q.sent, p)
		}
		if k := st.Health().Kinds[0]; k.Prefetches != 1 || k.Collapsed != 1 || k.Loads != 3 {
			t.Errorf("%d of %d loads were ahead, %d joined: want 1 of 3, and 1", k.Prefetches, k.Loads, k.Collapsed)
		}
	})
}

// What is in memory is not loaded ahead, nor is there a place or credit lost on it.
func TestWhatIsInMemoryIsNotPrefetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Querier: &countingQuerier{}})
		ask(t, st, Call{Session: "one", Tool: "profile", Subject: "Log"}, fmt.Sprintf(countOf, "Log"))
		ask(t, st, Call{Session: "two", Tool: "explore", Subject: "Log"}, "SELECT * FROM Log")
		if s := st.Health().Warming; s.Prediction.Issued != 0 || s.Budget.Granted != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// Nobody's calls are guessed who does not name them, and nothing that runs in the
// background is taken for a call.
func TestOnlyCallsAreObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Querier: &countingQuerier{}})
		if _, err := st.Query(t.Context(), 1, "SELECT 1 FROM A"); err != nil {
			t.Fatal(err)
		}
		call := WithCall(t.Context(), Call{Session: "one"})
		for _, p := range []warm.Priority{warm.Refresh, warm.Prefetch} {
			if _, err := st.Query(limiter.WithPriority(call, p), 1, "SELECT 1 FROM A"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := st.Query(call, 1, "SELECT 1 FROM A WHERE b = '\x00'"); err != nil {
			t.Fatal(err)
		}
		if p := st.Health().Warming.Prediction; p.Calls != 0 {
			t.Errorf("%+v", p)
		}
	})
}

func TestNoWarmingPredictsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &countingQuerier{}
		st := open(t, Config{Querier: q, Warming: Warming{Share: NoWarming}})
		for _, s := range []string{"one", "two"} {
			ask(t, st, Call{Session: s, Tool: "explore", Subject: s}, fmt.Sprintf(attributesOf, s))
			ask(t, st, Call{Session: s, Tool: "profile", Subject: s}, fmt.Sprintf(countOf, s))
		}
		ask(t, st, Call{Session: "three", Tool: "explore", Subject: "Log"}, fmt.Sprintf(attributesOf, "Log"))
		if n := q.count(fmt.Sprintf(countOf, "Log")); n != 0 {
			t.Error("something was loaded ahead")
		}
	})
}

// An embedder with caches of its own says itself what to load, and how.
func TestOwnExpanderAndLoader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type profile struct{ eventType string }
		var profiles *Cache[profile]
		st := open(t, Config{Querier: &countingQuerier{}, Warming: Warming{
			Expander: warm.ExpanderFunc(func(_ warm.Call, next warm.Template) []warm.Item {
				if next.Tool != "profile" {
					return nil
				}
				return []warm.Item{{Account: next.Account, Kind: "profile", Query: next.Subject}}
			}),
			Loader: warm.LoaderFunc(func(ctx context.Context, item warm.Item) error {
				if limiter.UrgencyOf(ctx).Now() != warm.Prefetch {
					t.Error("it is no prefetch")
				}
				_, err := profiles.Fetch(ctx, keyOf(t, item.Query), func(context.Context) (profile, error) {
					return profile{item.Query}, nil
				})
				return err
			}),
		}})
		profiles, err := NewCache[profile](st, Kind{Name: "profile"})
		if err != nil {
			t.Fatal(err)
		}
		ask(t, st, Call{Session: "one", Tool: "explore", Subject: "Log"}, fmt.Sprintf(attributesOf, "Log"))
		if res, ok := profiles.Get(keyOf(t, "Log")); !ok || res.Value.eventType != "Log" {
			t.Errorf("got %+v, %v", res, ok)
		}
	})
}

func TestCloseEndsPrefetches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		st := open(t, Config{Querier: querierFunc(func(ctx context.Context, account int, nrql string) (Rows, error) {
			if limiter.UrgencyOf(ctx).Now() == warm.Prefetch {
				<-ctx.Done()
				ended <- ctx.Err()
			}
			return echo(ctx, account, nrql)
		})})
		ask(t, st, Call{Session: "one", Tool: "profile", Subject: "A"}, fmt.Sprintf(countOf, "A"))
		ask(t, st, Call{Session: "two", Tool: "explore", Subject: "B"}, fmt.Sprintf(attributesOf, "B"))
		if n := st.Health().Warming.Prediction.Issued; n != 1 {
			t.Fatalf("%d were issued", n)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(ended) != 1 {
			t.Error("the prefetch goes on")
		}
	})
}
