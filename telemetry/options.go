package telemetry

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/newrelic/go-agent/v3/newrelic"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/telemetry/internal/metric"
)

// ErrOptions is matched by the error of New and Watch for what can't be used.
var ErrOptions = errors.New("telemetry: bad options")

// Options say what an Adapter reports to. The zero Options work, and report to
// nobody.
type Options struct {
	// Application is New Relic's agent. Nil means that nothing is reported. The
	// Adapter does not shut it down.
	Application *newrelic.Application
	// Interval is how often counters are read: 10 s to 60 s. Zero means 30 s. The
	// agent itself reports once a minute.
	Interval time.Duration
	// Expected says of an error, besides those that the package's doc lists, that
	// a healthy server sees it too. It is called concurrently.
	Expected func(error) bool
	// Logger is told what an operator should know. Nil means silence.
	Logger *slog.Logger
}

const (
	defaultInterval = 30 * time.Second
	leastInterval   = 10 * time.Second
	mostInterval    = 60 * time.Second
)

func (o Options) filled() (Options, error) {
	if o.Interval == 0 {
		o.Interval = defaultInterval
	}
	if o.Interval < leastInterval || o.Interval > mostInterval {
		return o, fmt.Errorf("%w: Interval=%v; want %v to %v", ErrOptions, o.Interval, leastInterval, mostInterval)
	}
	if o.Expected == nil {
		o.Expected = func(error) bool { return false }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// Source is what is watched; a *state.State is one.
type Source interface {
	Health() state.Health
}

// The parts of a server besides its State, as they are at a moment.
type (
	Sessions = metric.Sessions
	Redis    = metric.Redis
	Snapshot = metric.Snapshot
)

// Sources are what is watched: a State, and with it the sessions, the Redis and the
// snapshots that it has. A function is for a server that has such a thing beside its
// State, and takes the place of the State's. All functions are called concurrently,
// and must not wait. What neither has is left out.
type Sources struct {
	State    Source // required
	Sessions func() Sessions
	Redis    func() Redis
	Snapshot func() Snapshot
}

func (s *Sources) check() error {
	if s.State == nil {
		return fmt.Errorf("%w: Sources.State is nil; want a *state.State", ErrOptions)
	}
	return nil
}

// read reads everything, as of now.
func (s *Sources) read(now time.Time) *metric.Reading {
	r := &metric.Reading{At: now, Health: s.State.Health()}
	r.Sessions = new(metric.SessionsOf(&r.Health.Sessions))
	r.Redis, r.Snapshot = metric.RedisOf(&r.Health), metric.SnapshotOf(&r.Health)
	if s.Sessions != nil {
		r.Sessions = new(s.Sessions())
	}
	if s.Redis != nil {
		r.Redis = new(s.Redis())
	}
	if s.Snapshot != nil {
		r.Snapshot = new(s.Snapshot())
	}
	return r
}
