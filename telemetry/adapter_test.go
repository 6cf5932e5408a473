package telemetry

import (
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state"
)

func TestNewNamesWhatIsWrong(t *testing.T) {
	for _, interval := range []time.Duration{time.Second, -1, 2 * time.Minute} {
		if _, err := New(Options{Interval: interval}); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), "10s to 1m0s") {
			t.Errorf("interval %v: %v", interval, err)
		}
	}
	for _, interval := range []time.Duration{0, 10 * time.Second, time.Minute} {
		adapterOf(t, Options{Interval: interval})
	}
}

func TestWatchRefusesWhatCannotBe(t *testing.T) {
	a := adapterOf(t, Options{})
	if err := a.Watch(Sources{}); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), "State is nil") {
		t.Errorf("no State: %v", err)
	}
	if err := a.Watch(Sources{State: &script{}}); err != nil {
		t.Fatal(err)
	}
	if err := a.Watch(Sources{State: &script{}}); !errors.Is(err, ErrOptions) {
		t.Errorf("twice: %v", err)
	}
	closed := adapterOf(t, Options{})
	closed.Close()
	if err := closed.Watch(Sources{State: &script{}}); !errors.Is(err, ErrOptions) {
		t.Errorf("closed: %v", err)
	}
}

func TestANilApplicationIsFine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := adapterOf(t, Options{})
		st := open(t, state.Config{Tracer: a, Querier: querier(answer)})
		if err := a.Watch(Sources{State: st}); err != nil {
			t.Fatal(err)
		}
		if _, err := st.Query(t.Context(), 1, "SHOW EVENT TYPES"); err != nil {
			t.Error(err)
		}
		a.Notice(t.Context(), errors.New("x"))
		time.Sleep(5 * time.Minute)
		a.Close()
		a.Close()
	})
}

// Each interval reports what happened in it, and Close what is left.
func TestCountersAreReportedByDeltas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := testApp()
		s := &script{}
		s.set(state.Health{Status: state.StatusLive, Origin: state.OriginStats{Sent: 5}})
		a := adapterOf(t, Options{Application: app.Application, Interval: 10 * time.Second})
		if err := a.Watch(Sources{State: s}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		wantMetrics(t, app, wantMetric{"Custom/State/queries_sent", []float64{1, 5, 5, 5, 5, 25}})
		s.set(state.Health{Status: state.StatusLive, Origin: state.OriginStats{Sent: 7}})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		wantMetrics(t, app, wantMetric{"Custom/State/queries_sent", []float64{2, 7, 7, 2, 5, 29}})
		s.set(state.Health{Status: state.StatusLive, Origin: state.OriginStats{Sent: 8}})
		a.Close()
		wantMetrics(t, app, wantMetric{"Custom/State/queries_sent", []float64{3, 8, 8, 1, 5, 30}})
	})
}

func TestEveryPartIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := testApp()
		a := adapterOf(t, Options{Application: app.Application})
		st := open(t, state.Config{Tracer: a, Querier: querier(answer)})
		err := a.Watch(Sources{
			State:    st,
			Sessions: func() Sessions { return Sessions{Open: 3} },
			Redis:    func() Redis { return Redis{Status: "live", Hits: 3, Misses: 1} },
			Snapshot: func() Snapshot { return Snapshot{Saved: time.Now().Add(-time.Minute)} },
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			if _, err := st.Query(t.Context(), 1, "SHOW EVENT TYPES"); err != nil {
				t.Fatal(err)
			}
		}
		a.Close()
		one := func(name string, value float64) wantMetric {
			return wantMetric{"Custom/State/" + name, []float64{1, value, value, value, value, value * value}}
		}
		wantMetrics(t, app,
			one("hit_ratio/query", 0.75), one("queries_sent", 1), one("queries_saved", 3), one("degraded", 0),
			one("sessions_open", 3), one("redis_live", 1), one("redis_hit_ratio", 0.75), one("snapshot_age_seconds", 60),
			one("departures/eviction", 0))
	})
}

func TestASourceThatPanicsCostsOneReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := testApp()
		var log strings.Builder
		var fault atomic.Bool
		a := adapterOf(t, Options{
			Application: app.Application, Interval: 10 * time.Second, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		s := &script{}
		s.set(state.Health{Status: state.StatusLive})
		err := a.Watch(Sources{State: s, Sessions: func() Sessions {
			if fault.Load() {
				panic("oh")
			}
			return Sessions{Open: 3}
		}})
		if err != nil {
			t.Fatal(err)
		}
		fault.Store(true)
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		fault.Store(false)
		a.Close()
		wantMetrics(t, app, wantMetric{"Custom/State/sessions_open", []float64{1, 3, 3, 3, 3, 9}})
		if !strings.Contains(log.String(), "panicked") {
			t.Errorf("the log says %q", log.String())
		}
	})
}
