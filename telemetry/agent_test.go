package telemetry

import (
	"testing"

	agent "github.com/newrelic/go-agent/v3/newrelic/integrationsupport"
)

// wantMetric is a metric as the agent has it: its name, and count, total, exclusive
// total, least, most and sum of squares, or less of that to check less.
type wantMetric struct {
	name string
	data []float64
}

// wantMetrics checks that the agent has metrics, and perhaps others.
func wantMetrics(t *testing.T, app agent.ExpectApp, want ...wantMetric) {
	t.Helper()
	list := make([]agent.WantMetric, len(want))
	for i, w := range want {
		list[i] = agent.WantMetric{Name: w.name, Data: w.data}
	}
	app.ExpectMetricsPresent(t, list)
}

// wantScoped checks that the agent has segments of a transaction, so many each.
func wantScoped(t *testing.T, app agent.ExpectApp, transaction string, want map[string]float64) {
	t.Helper()
	var list []agent.WantMetric
	for name, count := range want {
		list = append(list, agent.WantMetric{Name: name, Scope: "OtherTransaction/Go/" + transaction, Data: []float64{count}})
	}
	app.ExpectMetricsPresent(t, list)
}

// wantEvents checks that the agent has these transitions and no others.
func wantEvents(t *testing.T, app agent.ExpectApp, want ...map[string]any) {
	t.Helper()
	list := make([]agent.WantEvent, len(want))
	for i, w := range want {
		list[i] = agent.WantEvent{
			Intrinsics:     map[string]any{"type": TransitionEvent, "timestamp": agent.MatchAnything},
			UserAttributes: w,
		}
	}
	app.ExpectCustomEvents(t, list)
}
