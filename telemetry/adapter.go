package telemetry

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/newrelic/go-agent/v3/newrelic"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/telemetry/internal/metric"
)

// Adapter reports a State to New Relic: its counters every interval, and, as its
// Tracer, what callers wait for.
//
// It is made before the State, which needs it in its Config, and is told of the
// State by Watch. Rejected: to give New the State, and have a second type for the
// Tracer; the two share the Application and what errors are expected.
//
// All methods are safe for concurrent use, and on an Adapter without an
// Application do nothing.
type Adapter struct {
	app     *newrelic.Application // INVARIANT: never changed.
	options Options               // INVARIANT: filled in, never changed.

	mu      sync.Mutex
	watched bool // INVARIANT: guarded by mu, as is closed; true for ever once true.
	closed  bool
	stop    chan struct{}
	done    chan struct{} // closed when the reporter has reported for the last time
}

var _ state.Tracer = (*Adapter)(nil)

// New makes an Adapter. The error matches ErrOptions.
func New(o Options) (*Adapter, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	return &Adapter{app: o.Application, options: o, stop: make(chan struct{}), done: make(chan struct{})}, nil
}

// Watch begins to report what there is to report about the sources, every
// Options.Interval, until Close. It may be called once; the error matches ErrOptions,
// also once the Adapter is closed.
func (a *Adapter) Watch(s Sources) error {
	if err := s.check(); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return fmt.Errorf("%w: the Adapter is closed", ErrOptions)
	case a.watched:
		return fmt.Errorf("%w: the Adapter watches something already; want an Adapter for each State", ErrOptions)
	}
	a.watched = true
	if a.app == nil {
		close(a.done)
		return nil
	}
	r := &reporter{app: a.app, sources: s, log: a.options.Logger}
	r.transitions.begin(s.read(time.Now()), time.Now())
	go a.report(r)
	return nil
}

// report is the Adapter's only goroutine.
func (a *Adapter) report(r *reporter) {
	defer close(a.done)
	ticker := time.NewTicker(a.options.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.report()
		case <-a.stop:
			r.report()
			return
		}
	}
}

// Close reports what has not been reported yet, hands it to the agent, and ends the
// Adapter's goroutine. It waits for that. Close it after the State, so that the
// last report is complete, and before the Application is shut down, which
// sends it. It may be called more than once; the error is always nil.
func (a *Adapter) Close() error {
	a.mu.Lock()
	if !a.closed {
		a.closed = true
		close(a.stop)
	}
	watched := a.watched
	a.mu.Unlock()
	if watched {
		<-a.done
	}
	return nil
}

// reporter is what the Adapter's goroutine works with.
type reporter struct {
	app         *newrelic.Application
	sources     Sources
	log         *slog.Logger
	deltas      metric.Deltas
	transitions transitions
}

// report reports once. A source that panics costs one report, and not the
// process: it is there for those who look on.
func (r *reporter) report() {
	defer func() {
		if value := recover(); value != nil {
			r.log.Error("telemetry: a source panicked, and this report is left out",
				slog.Any("panic", value), slog.String("stack", string(debug.Stack())))
		}
	}()
	now := time.Now()
	reading := r.sources.read(now)
	r.deltas.Report(reading, func(m *metric.Metric, label string, value float64) {
		r.app.RecordCustomMetric(m.Path(label), value)
	})
	r.transitions.observe(reading, now, func(event map[string]any) {
		r.app.RecordCustomEvent(TransitionEvent, event)
	})
}
