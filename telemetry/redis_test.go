//go:build unix

package telemetry

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/newrelic/go-agent/v3/newrelic"
	agent "github.com/newrelic/go-agent/v3/newrelic/integrationsupport"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/internal/redistest"
	"github.com/uds-platform/state/session"
)

// sharing is a State with Redis and an Adapter of its own.
func sharing(t *testing.T, s *redistest.Server) (agent.ExpectApp, *state.State) {
	t.Helper()
	app := testApp()
	a := adapterOf(t, Options{Application: app.Application})
	st := open(t, state.Config{
		Tracer: a, Querier: querier(answer), Store: state.StoreRedis, RedisURL: state.RedisURL(s.URL()), RedisWait: 2 * time.Second,
	})
	redistest.Await(t, "Redis is live", func() bool { return st.Health().Store == state.StoreRedis })
	return app, st
}

func TestWhatRedisIsAskedIsOnTheTransaction(t *testing.T) {
	server := redistest.Start(t, redistest.Options{})
	first, a := sharing(t, server)
	second, b := sharing(t, server)
	ask := func(app agent.ExpectApp, st *state.State, name string) {
		t.Helper()
		inTransaction(app, name, func(ctx context.Context, _ *newrelic.Transaction) {
			if _, err := st.Query(ctx, 1, "SHOW EVENT TYPES"); err != nil {
				t.Error(err)
			}
		})
	}
	ask(first, a, "miss")
	wantScoped(t, first, "miss", map[string]float64{
		"Custom/state/load/query": 1, "Datastore/statement/Redis/query/get": 1, "Datastore/statement/Redis/query/lease": 1,
		"External/nrdb/NerdGraph/query": 1,
	})
	redistest.Await(t, "it is written", func() bool { return a.Health().Redis.Stats.Writes > 0 })
	ask(second, b, "shared")
	wantScoped(t, second, "shared", map[string]float64{"Custom/state/load/query": 1, "Datastore/statement/Redis/query/get": 1})
	// NRDB was not asked, and nothing says that it was.
	second.ExpectMetrics(t, []agent.WantMetric{
		{Name: "OtherTransaction/Go/shared", Forced: true}, {Name: "OtherTransaction/all", Forced: true},
		{Name: "OtherTransactionTotalTime", Forced: true}, {Name: "OtherTransactionTotalTime/Go/shared"},
		{Name: "DurationByCaller/Unknown/Unknown/Unknown/Unknown/all"}, {Name: "DurationByCaller/Unknown/Unknown/Unknown/Unknown/allOther"},
		{Name: "Custom/state/load/query"}, {Name: "Custom/state/load/query", Scope: "OtherTransaction/Go/shared"},
		{Name: "Datastore/all", Forced: true}, {Name: "Datastore/allOther", Forced: true},
		{Name: "Datastore/Redis/all", Forced: true}, {Name: "Datastore/Redis/allOther", Forced: true},
		{Name: "Datastore/operation/Redis/get"},
		{Name: "Datastore/statement/Redis/query/get"}, {Name: "Datastore/statement/Redis/query/get", Scope: "OtherTransaction/Go/shared"},
	})
}

func TestWhoWaitsForASessionHasASegment(t *testing.T) {
	server := redistest.Start(t, redistest.Options{})
	app, st := sharing(t, server)
	redistest.Await(t, "sessions are shared", func() bool { return !st.Sessions().Volatile() })
	inTransaction(app, "absent", func(ctx context.Context, _ *newrelic.Transaction) {
		_, err := st.Sessions().Get(ctx, "alice", session.Handle(strings.Repeat("a", 24)))
		if !errors.Is(err, session.ErrNotFound) {
			t.Error(err)
		}
	})
	wantScoped(t, app, "absent", map[string]float64{
		"Custom/state/session/fetch": 1, "Datastore/statement/Redis/session/merge": 1,
	})
	app.ExpectErrors(t, nil)
}

// A store that does not answer is in the health and in the events, and is no error of
// each caller.
func TestTheErrorOfAStoreIsOnItsSegmentAlone(t *testing.T) {
	app := testApp()
	a := adapterOf(t, Options{Application: app.Application})
	inTransaction(app, "away", func(ctx context.Context, _ *newrelic.Transaction) {
		a.Begin(ctx, state.Operation{Wait: state.WaitShared, Name: "get", Collection: "query"}).End(errors.New("away"))
		a.Begin(ctx, state.Operation{Wait: state.WaitSession, Name: "fetch"}).End(context.DeadlineExceeded)
	})
	app.ExpectErrors(t, nil)
}

func TestTheErrorOfAStoreHasAClass(t *testing.T) {
	for _, c := range []struct {
		wait state.Wait
		err  error
		want string
	}{
		{state.WaitShared, errors.New("away"), storeClass},
		{state.WaitSession, errors.New("away"), storeClass},
		{state.WaitShared, context.Canceled, "context.Canceled"},
		{state.WaitLoad, errors.New("broken"), otherClass},
	} {
		s := span{op: state.Operation{Wait: c.wait}}
		if got := s.classOf(c.err); got != c.want {
			t.Errorf("%v in %v is %q: want %q", c.err, c.wait, got, c.want)
		}
	}
}

// A State is asked for all that it has: nobody has to hand that on.
func TestAStateIsReportedWhole(t *testing.T) {
	server := redistest.Start(t, redistest.Options{})
	app := testApp()
	a := adapterOf(t, Options{Application: app.Application})
	st := open(t, state.Config{
		Store: state.StoreRedis, RedisURL: state.RedisURL(server.URL()), RedisWait: 2 * time.Second, SnapshotFolder: t.TempDir(),
	})
	other := open(t, state.Config{Store: state.StoreRedis, RedisURL: state.RedisURL(server.URL()), RedisWait: 2 * time.Second})
	redistest.Await(t, "sessions are shared", func() bool { return !st.Sessions().Volatile() && !other.Sessions().Volatile() })
	redistest.Await(t, "there is a snapshot", func() bool { return st.Health().Snapshots.Taken > 0 })
	if err := a.Watch(Sources{State: st}); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Sessions().Create(t.Context(), "alice", nil); err != nil {
		t.Fatal(err)
	}
	redistest.Await(t, "it is here", func() bool { return st.Sessions().Len() == 1 })
	here, err := st.Sessions().Create(t.Context(), "alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Sessions().Delete(t.Context(), "alice", here.Handle()); err != nil {
		t.Fatal(err)
	}
	a.Close()
	one := func(name string, value float64) wantMetric {
		return wantMetric{"Custom/State/" + name, []float64{1, value, value, value, value, value * value}}
	}
	wantMetrics(t, app, one("sessions_open", 1), one("sessions_volatile", 0), one("sessions_ended", 1), one("sessions_expired", 0),
		one("sessions_synced", 1), one("redis_live", 1), one("snapshots_failed", 0))
	for _, measured := range []string{"session_sync_lag_seconds", "session_duration_seconds", "snapshot_age_seconds"} {
		wantMetrics(t, app, wantMetric{"Custom/State/" + measured, []float64{1}})
	}
}
