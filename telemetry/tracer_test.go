package telemetry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/newrelic/go-agent/v3/newrelic"
	agent "github.com/newrelic/go-agent/v3/newrelic/integrationsupport"

	"github.com/uds-platform/state"
)

// inTransaction runs f in a transaction of a name, which has ended afterwards.
func inTransaction(app agent.ExpectApp, name string, f func(ctx context.Context, txn *newrelic.Transaction)) {
	txn := app.StartTransaction(name)
	defer txn.End()
	f(newrelic.NewContext(context.Background(), txn), txn)
}

// traced is a State with an Adapter of its own.
func traced(t *testing.T, q querier) (agent.ExpectApp, *Adapter, *state.State) {
	t.Helper()
	app := testApp()
	a := adapterOf(t, Options{Application: app.Application})
	return app, a, open(t, state.Config{Tracer: a, Querier: q})
}

func cacheOf(t *testing.T, st *state.State, k state.Kind) (*state.Cache[int], state.Key) {
	t.Helper()
	c, err := state.NewCache[int](st, k)
	if err != nil {
		t.Fatal(err)
	}
	key, err := state.NewKey(state.Scope{Account: 1}, "test", "part")
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

func TestAQueryIsAnExternalSegmentAndAHitIsNone(t *testing.T) {
	app, _, st := traced(t, answer)
	inTransaction(app, "miss", func(ctx context.Context, _ *newrelic.Transaction) {
		for range 3 {
			if _, err := st.Query(ctx, 1, "SHOW EVENT TYPES"); err != nil {
				t.Error(err)
			}
		}
	})
	wantScoped(t, app, "miss", map[string]float64{"External/nrdb/NerdGraph/query": 1})
	wantMetrics(t, app, wantMetric{"External/nrdb/all", []float64{1}})
}

// Who joins a load makes no second request.
func TestWhoJoinsHasASegmentOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		app, _, st := traced(t, func(ctx context.Context, text string) (state.Rows, error) {
			<-release
			return answer(ctx, text)
		})
		done := make(chan struct{}, 2)
		var transactions []*newrelic.Transaction
		for _, name := range []string{"first", "second"} {
			txn := app.StartTransaction(name)
			transactions = append(transactions, txn)
			go func() {
				st.Query(newrelic.NewContext(context.Background(), txn), 1, "SHOW EVENT TYPES")
				done <- struct{}{}
			}()
			synctest.Wait()
		}
		close(release)
		<-done
		<-done
		for _, txn := range transactions { // one after the other: the agent takes no lock while it is tested
			txn.End()
		}
		wantScoped(t, app, "first", map[string]float64{"External/nrdb/NerdGraph/query": 1})
		wantScoped(t, app, "second", map[string]float64{"Custom/state/join/query": 1})
		wantMetrics(t, app, wantMetric{"External/nrdb/all", []float64{1}})
	})
}

// A load runs in another goroutine, so what it does stands in a thread of its own
// of the transaction, beside the segment of who waits.
func TestWhatALoadAsksIsOnTheTransactionToo(t *testing.T) {
	app, _, st := traced(t, answer)
	c, key := cacheOf(t, st, state.Kind{Name: "schema"})
	inTransaction(app, "nested", func(ctx context.Context, txn *newrelic.Transaction) {
		_, err := c.Fetch(ctx, key, func(ctx context.Context) (int, error) {
			if inner := newrelic.FromContext(ctx); inner == nil || inner == txn {
				t.Errorf("the load has the transaction %p: want a view of %p of its own", inner, txn)
			}
			defer newrelic.FromContext(ctx).StartSegment("inside").End()
			_, err := st.Query(ctx, 1, "SHOW EVENT TYPES")
			return 1, err
		})
		if err != nil {
			t.Error(err)
		}
	})
	wantScoped(t, app, "nested", map[string]float64{
		"Custom/state/load/schema": 1, "Custom/inside": 1, "External/nrdb/NerdGraph/query": 1,
	})
}

func TestARefreshHasNoTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, _, st := traced(t, answer)
		c, key := cacheOf(t, st, state.Kind{Name: "schema", TTL: time.Minute, StaleFor: time.Hour})
		c.Set(key, 1)
		time.Sleep(time.Minute + time.Second)
		ran := false
		inTransaction(app, "stale", func(ctx context.Context, _ *newrelic.Transaction) {
			c.Fetch(ctx, key, func(ctx context.Context) (int, error) {
				ran = true
				if txn := newrelic.FromContext(ctx); txn != nil {
					t.Error("the refresh has its caller's transaction")
				}
				return 2, nil
			})
			synctest.Wait()
		})
		if !ran {
			t.Error("there was no refresh")
		}
	})
}

func TestATransactionThatEndedEarlyIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, a, st := traced(t, func(ctx context.Context, text string) (state.Rows, error) {
			time.Sleep(time.Second)
			if txn := newrelic.FromContext(ctx); txn != nil && !txn.IsEnded() {
				t.Error("it has not ended")
			}
			return nil, errors.New("broken")
		})
		txn := app.StartTransaction("early")
		ctx := newrelic.NewContext(t.Context(), txn)
		go func() {
			time.Sleep(time.Millisecond)
			txn.End()
		}()
		if _, err := st.Query(ctx, 1, "SHOW EVENT TYPES"); err == nil {
			t.Error("no error")
		}
		app.ExpectErrors(t, nil)
		if span := a.Begin(ctx, state.Operation{Wait: state.WaitQuery, Name: "query"}); span != nil {
			t.Error("a span begins on a transaction that has ended")
		}
		if got := newrelic.FromContext(a.Detach(ctx, false)); got != nil {
			t.Error("a load has a transaction that has ended")
		}
		a.Notice(ctx, errors.New("late"))
		app.ExpectErrors(t, nil)
	})
}

// A transaction that Gin's middleware put there is found as well, and left out.
func TestTransactionsAreFoundUnderEveryKeyOfTheAgent(t *testing.T) {
	app := testApp()
	a := adapterOf(t, Options{Application: app.Application})
	txn := app.StartTransaction("keys")
	defer txn.End()
	if len(transactionKeys) < 2 {
		t.Fatalf("the agent has the keys %v: want its own and Gin's", transactionKeys)
	}
	for _, key := range transactionKeys {
		ctx := context.WithValue(t.Context(), key, txn)
		if got := transactionOf(ctx); got != txn || newrelic.FromContext(ctx) != txn {
			t.Errorf("%v: found %p: want %p", key, got, txn)
		}
		if got := newrelic.FromContext(a.Detach(ctx, true)); got != nil {
			t.Errorf("%v: a refresh has its caller's transaction", key)
		}
	}
}

func TestRedisAndSessionsHaveSegments(t *testing.T) {
	app := testApp()
	a := adapterOf(t, Options{Application: app.Application})
	inTransaction(app, "stores", func(ctx context.Context, _ *newrelic.Transaction) {
		a.Begin(ctx, state.Operation{Wait: state.WaitShared, Name: "GET", Collection: "query"}).End(nil)
		a.Begin(ctx, state.Operation{Wait: state.WaitSession, Name: "update"}).End(nil)
	})
	wantScoped(t, app, "stores", map[string]float64{
		"Datastore/statement/Redis/query/GET": 1, "Custom/state/session/update": 1,
	})
	wantMetrics(t, app, wantMetric{"Datastore/operation/Redis/GET", []float64{1}})
}

func TestErrorsAreNoticedOnceAndByTheirSentinel(t *testing.T) {
	for name, c := range map[string]struct {
		err      error
		class    string
		expected bool
	}{
		"denied":    {fmt.Errorf("%w: 403", state.ErrDenied), "state.ErrDenied", true},
		"permanent": {fmt.Errorf("%w: syntax", state.ErrPermanent), "state.ErrPermanent", true},
		"temporary": {fmt.Errorf("%w: 503", state.ErrTemporary), "state.ErrTemporary", false},
		"canceled":  {context.Canceled, "context.Canceled", true},
		"deadline":  {context.DeadlineExceeded, "context.DeadlineExceeded", true},
		"own":       {errOwn, "state.error", true},
		"other":     {errors.New("broken"), "state.error", false},
	} {
		t.Run(name, func(t *testing.T) {
			app := testApp()
			a := adapterOf(t, Options{Application: app.Application, Expected: func(err error) bool { return errors.Is(err, errOwn) }})
			st := open(t, state.Config{Tracer: a, Querier: querier(func(context.Context, string) (state.Rows, error) { return nil, c.err })})
			cache, key := cacheOf(t, st, state.Kind{Name: "schema"})
			var got error
			inTransaction(app, "failing", func(ctx context.Context, _ *newrelic.Transaction) {
				_, got = cache.Fetch(ctx, key, func(ctx context.Context) (int, error) { // the load's own error is the same
					_, err := st.Query(ctx, 1, "SHOW EVENT TYPES")
					return 0, err
				})
			})
			wantNoticed(t, app, "failing", got, c.class, c.expected)
		})
	}
}

var errOwn = errors.New("own")

// external are the transactions of these tests in which NRDB is asked.
var external = []string{"failing"}

// wantNoticed checks that a transaction has one error.
func wantNoticed(t *testing.T, app agent.ExpectApp, transaction string, err error, class string, expected bool) {
	t.Helper()
	if err == nil {
		t.Fatal("there is no error")
	}
	intrinsics := map[string]any{
		"error.class": class, "error.message": err.Error(), "transactionName": "OtherTransaction/Go/" + transaction,
		"guid": agent.MatchAnything, "traceId": agent.MatchAnything, "priority": agent.MatchAnything,
		"sampled": agent.MatchAnything, "spanId": agent.MatchAnything, "timestamp": agent.MatchAnything,
	}
	if expected {
		intrinsics["error.expected"] = true
	}
	if slices.Contains(external, transaction) {
		intrinsics["externalCallCount"], intrinsics["externalDuration"] = 1, agent.MatchAnything
	}
	app.ExpectErrorEvents(t, []agent.WantEvent{{Intrinsics: intrinsics}})
}

func TestErrorsThatNobodyWaitedForAreNoticed(t *testing.T) {
	app, _, st := traced(t, answer)
	var err error
	inTransaction(app, "blank", func(ctx context.Context, _ *newrelic.Transaction) { _, err = st.Query(ctx, 1, " ") })
	wantNoticed(t, app, "blank", err, "state.ErrBadQuery", true)

	app, a, _ := traced(t, nil)
	without := open(t, state.Config{Tracer: a})
	inTransaction(app, "without", func(ctx context.Context, _ *newrelic.Transaction) {
		_, err = without.Query(ctx, 1, "SHOW EVENT TYPES")
	})
	wantNoticed(t, app, "without", err, "state.ErrNoQuerier", true)
}

// A load that runs out of its own time matches context.DeadlineExceeded as well, and
// that is no caller who had enough.
func TestALoadTimeoutIsNotExpected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, _, st := traced(t, answer)
		c, key := cacheOf(t, st, state.Kind{Name: "slow", LoadTimeout: time.Second})
		var err error
		inTransaction(app, "slow", func(ctx context.Context, _ *newrelic.Transaction) {
			_, err = c.Fetch(ctx, key, func(ctx context.Context) (int, error) {
				<-ctx.Done()
				return 0, ctx.Err()
			})
		})
		wantNoticed(t, app, "slow", err, "state.ErrLoadTimeout", false)
	})
}

func TestTracingWithoutATransactionAllocatesNothing(t *testing.T) {
	a := adapterOf(t, Options{})
	ctx := context.WithValue(t.Context(), errOwn, nil)
	if n := testing.AllocsPerRun(1000, func() {
		for wait := state.WaitNone; wait <= state.WaitSession; wait++ {
			if a.Begin(ctx, state.Operation{Wait: wait, Name: "get", Collection: "query"}) != nil {
				t.Error("something begins without a transaction")
			}
		}
		if a.Detach(ctx, false) != ctx {
			t.Error("a load without a transaction has a context of its own")
		}
		a.Notice(ctx, nil)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTracing(b *testing.B) {
	app := testApp()
	a := adapterOf(b, Options{Application: app.Application})
	query := state.Operation{Wait: state.WaitQuery, Name: "query"}
	shared := state.Operation{Wait: state.WaitShared, Name: "get", Collection: "query"}
	txn := app.StartTransaction("benchmark")
	defer txn.End()
	for name, ctx := range map[string]context.Context{
		"no transaction": b.Context(), "transaction": newrelic.NewContext(b.Context(), txn),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, op := range []state.Operation{query, shared} {
					if s := a.Begin(ctx, op); s != nil {
						s.End(nil)
					}
				}
			}
		})
	}
}
