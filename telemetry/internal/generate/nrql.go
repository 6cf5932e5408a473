package main

import (
	"fmt"

	"github.com/uds-platform/state/telemetry/internal/metric"
)

// What the agent's custom metrics are in NRQL: they are timeslice metrics, whose
// values are newrelic.timeslice.value. One without a label is found by its name;
// METRIC_FORMAT cuts the label out of the names of the others.

// series is the NRQL of a metric over time.
func series(m *metric.Metric, where string) string {
	return selection(m, where) + " TIMESERIES"
}

// selection is the NRQL of a metric, by its label where it has one. where is a
// condition that is to hold besides, or empty.
func selection(m *metric.Metric, where string) string {
	query := fmt.Sprintf("FROM Metric SELECT %s AS '%s'", m.Function(), m.Title())
	if m.Label == "" {
		query += fmt.Sprintf(" WHERE metricTimesliceName = '%s'", m.Timeslice())
		if where != "" {
			query += " AND " + where
		}
		return query
	}
	if where != "" {
		query += " WHERE " + where
	}
	return query + fmt.Sprintf(" WITH METRIC_FORMAT '%s' FACET %s", m.Timeslice(), m.Label)
}
