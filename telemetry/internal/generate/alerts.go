package main

import "github.com/uds-platform/state/telemetry/internal/metric"

// These are inputs of NerdGraph's alertsNrqlConditionStaticCreate, one for each
// condition.
type (
	condition struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Enabled     bool   `json:"enabled"`
		NRQL        nrql   `json:"nrql"`
		Signal      signal `json:"signal"`
		Terms       []term `json:"terms"`
		// ViolationTimeLimitSeconds closes an incident that nobody closed.
		ViolationTimeLimitSeconds int `json:"violationTimeLimitSeconds"`
	}
	nrql struct {
		Query string `json:"query"`
	}
	signal struct {
		AggregationWindow int    `json:"aggregationWindow"`
		AggregationMethod string `json:"aggregationMethod"`
		AggregationDelay  int    `json:"aggregationDelay"`
	}
	term struct {
		Operator             string  `json:"operator"`
		Priority             string  `json:"priority"`
		Threshold            float64 `json:"threshold"`
		ThresholdDuration    int     `json:"thresholdDuration"`
		ThresholdOccurrences string  `json:"thresholdOccurrences"`
	}
)

const (
	aggregationSeconds = 60 // the agent's reports come once a minute
	delaySeconds       = 120
	incidentSeconds    = 24 * 60 * 60
)

func alertsJSON() ([]byte, error) {
	var all []condition
	for i := range metric.Table {
		if m := &metric.Table[i]; m.Alert != nil {
			all = append(all, conditionOf(m))
		}
	}
	return encode(all)
}

// conditionOf leaves out which application is meant: add it where an account has
// several.
func conditionOf(m *metric.Metric) condition {
	a := m.Alert
	t := term{Operator: "ABOVE", Priority: "WARNING", Threshold: a.Threshold, ThresholdDuration: a.Seconds, ThresholdOccurrences: "ALL"}
	if a.Below {
		t.Operator = "BELOW"
	}
	if a.Critical {
		t.Priority = "CRITICAL"
	}
	return condition{
		Name: a.Name, Description: a.Why, Enabled: true,
		NRQL:                      nrql{selection(m, "")},
		Signal:                    signal{aggregationSeconds, "EVENT_FLOW", delaySeconds},
		Terms:                     []term{t},
		ViolationTimeLimitSeconds: incidentSeconds,
	}
}
