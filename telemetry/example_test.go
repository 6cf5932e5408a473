package telemetry_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/newrelic/go-agent/v3/newrelic"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/session"
	"github.com/uds-platform/state/telemetry"
)

func Example() {
	app, err := newrelic.NewApplication(
		newrelic.ConfigAppName("discovery"),
		newrelic.ConfigLicense(os.Getenv("NEW_RELIC_LICENSE_KEY")),
		newrelic.ConfigEnabled(os.Getenv("NEW_RELIC_LICENSE_KEY") != ""),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	adapter, err := telemetry.New(telemetry.Options{Application: app})
	if err != nil {
		fmt.Println(err)
		return
	}
	st, err := state.Open(context.Background(), state.Config{Tracer: adapter})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := adapter.Watch(telemetry.Sources{State: st}); err != nil {
		fmt.Println(err)
		return
	}

	// A server gets its context from the request, with newrelic.WrapHandle.
	txn := app.StartTransaction("list_event_types")
	_, err = st.Query(newrelic.NewContext(context.Background(), txn), 1, "SHOW EVENT TYPES")
	txn.End()
	fmt.Println(err)

	st.Close()
	adapter.Close() // reports what is left
	app.Shutdown(0)
	// Output: state: no querier is configured
}

// Sessions are read off their store.
func ExampleMetricsHandler() {
	st, err := state.Open(context.Background(), state.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer st.Close()
	store, err := session.New(session.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	if _, err := store.Create(context.Background(), "ada", nil); err != nil {
		fmt.Println(err)
		return
	}

	handler, err := telemetry.MetricsHandler(telemetry.Sources{
		State: st,
		Sessions: func() telemetry.Sessions {
			stats := store.Stats()
			return telemetry.Sessions{
				Open: store.Len(), Conflicts: stats.Conflicts, Exchanges: stats.Exchanges, ExchangeFailures: stats.Failures,
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	lines := bufio.NewScanner(w.Body)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "sessions_open") {
			fmt.Println(lines.Text())
		}
	}
	// Output:
	// # TYPE state_sessions_open gauge
	// # HELP state_sessions_open Sessions that there are.
	// state_sessions_open 1
}
