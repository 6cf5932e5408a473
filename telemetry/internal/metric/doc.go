// Package metric is the table of everything that is measured about a State, from
// which all else is made: what package telemetry reports to New Relic, publishes
// as expvar and serves as OpenMetrics, the dashboard, the alert conditions, and
// the page of docs that explains each metric.
//
// # The idea
//
// A metric that is on a dashboard under a name that nobody reports any more draws
// a flat line, and an alert on it is quiet for ever. So a metric is one row of one
// table ([Table], in table.go): its name, kind, unit and meaning, how it is read
// off a [Reading], where it is drawn, and when somebody is to be woken. Names are
// written there once; a test fails when the generated files are not what the table
// makes.
//
// # Three kinds
//
// A Counter only grows; New Relic gets by how much it did since the last report. A
// Gauge is what it is at the moment. A Ratio is the growth of one counter by that
// of another in the same time, such as hits by lookups; where the other did not
// grow there is nothing to report. A ratio since the start would hide what is going
// on now.
//
// OpenMetrics and expvar get the counters and the gauges: whoever collects those
// works out ratios over a time of their own choice.
package metric
