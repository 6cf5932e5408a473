// Package telemetry shows a State to those who run it: in New Relic APM, and for
// those without, as expvar and as OpenMetrics text.
//
// # The idea
//
// A hit costs tens of nanoseconds, so nothing may be recorded for each. The State
// counts anyway; an [Adapter] reads its counters every 10 to 60 s, and reports by
// how much they grew. What is slow enough to be worth a line in a trace, which is
// where a caller waits for NRDB, for Redis or for a session, becomes a segment of
// the caller's transaction:
//
//	app, err := newrelic.NewApplication(newrelic.ConfigFromEnvironment())
//	adapter, err := telemetry.New(telemetry.Options{Application: app})
//	st, err := state.Open(ctx, state.Config{Tracer: adapter})
//	err = adapter.Watch(telemetry.Sources{State: st})
//	defer adapter.Close() // reports what is left; before app.Shutdown
//
// A nil Application is fine: then there is nothing to report to, and nothing runs.
//
// # Segments
//
// They go on the transaction in the context that a call is given; without one
// nothing is recorded, nothing allocated.
//
//   - A miss of Query by the caller who started the load: an external segment, host
//     "nrdb", with the time in the queue of the query limits in it. Who joined a load
//     has a segment "state/join/query", since no second request was made.
//   - A miss of another kind: a segment "state/load/KIND", or "state/join/KIND".
//     What its load asks of NRDB is recorded inside.
//   - A wait for Redis: a datastore segment.
//   - A wait for a session: a segment "state/session/OPERATION".
//
// A transaction belongs to the goroutine that began it. A load runs in another,
// so it gets a view of the transaction of its own ([newrelic.Transaction.NewGoroutine]);
// a refresh, which may outlive the request behind which it runs, gets none.
//
// # Errors
//
// The error that a caller gets from the State is noticed on its transaction, under
// the name of the sentinel that it matches. Those that a healthy server sees too are marked as
// expected, so that they wake nobody: ErrBadQuery, ErrNoQuerier, ErrDenied,
// ErrPermanent, contexts that end, and what Options.Expected says. An error inside a
// load is noticed once, by who waits for the load.
//
// # Metrics and events
//
// The table of metrics is in telemetry/internal/metric; docs/observability.md
// explains each, docs/newrelic-dashboard.json draws them and
// docs/newrelic-alerts.json has conditions for alerts. All three are generated from
// the table:
//
//	go generate ./telemetry
//
// When the status of the State, or of a part of it, changes, there is a custom
// event StateTransition. It is noticed when counters are read: what went and came
// back in between is not.
//
// # Without New Relic
//
// [PublishExpvar] and [MetricsHandler] serve the same numbers, as they are since the
// start. Both read the State when they are asked; nothing runs for them.
package telemetry

//go:generate go run ./internal/generate -folder ../docs
