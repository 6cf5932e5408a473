package telemetry

import (
	"context"
	"sync"
	"testing"

	"github.com/newrelic/go-agent/v3/newrelic"
	"github.com/newrelic/go-agent/v3/newrelic/integrationsupport"
	"go.uber.org/goleak"

	"github.com/uds-platform/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testApp is the agent with its network cut off, and everything recorded.
func testApp() integrationsupport.ExpectApp {
	return integrationsupport.NewTestApp(integrationsupport.SampleEverythingReplyFn, integrationsupport.ConfigFullTraces,
		newrelic.ConfigCodeLevelMetricsEnabled(false))
}

// adapterOf makes an Adapter that is closed with the test.
func adapterOf(t testing.TB, o Options) *Adapter {
	t.Helper()
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// open opens a State that is closed with the test.
func open(t testing.TB, cfg state.Config) *state.State {
	t.Helper()
	st, err := state.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// querier answers every query with what the function returns.
type querier func(ctx context.Context, nrql string) (state.Rows, error)

func (q querier) QueryNRQL(ctx context.Context, _ int, nrql string) (state.Rows, error) {
	return q(ctx, nrql)
}

func answer(context.Context, string) (state.Rows, error) { return state.Rows{{"n": 1}}, nil }

// script is a Source that says what it is told to.
type script struct {
	mu     sync.Mutex
	health state.Health // INVARIANT: guarded by mu.
}

func (s *script) Health() state.Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health
}

func (s *script) set(h state.Health) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.health = h
}
