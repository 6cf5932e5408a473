package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/uds-platform/state/internal/merge"
)

// Options say how long sessions live and how many there may be. The zero Options
// work.
type Options struct {
	// IdleTimeout ends a session that nobody has used for so long: 1 s to 30
	// days. Zero means 30 minutes.
	IdleTimeout time.Duration
	// Lifetime ends a session however much it is used: IdleTimeout to 90 days.
	// Zero means 24 hours, or IdleTimeout where that is longer.
	Lifetime time.Duration
	// TouchInterval is how far the time of last use may be behind; a session may
	// live so much longer than IdleTimeout, and never shorter. 1 ms to
	// IdleTimeout; zero means a twentieth of that.
	TouchInterval time.Duration
	// MaxSessions is how many sessions there may be: 1 to 10,000,000. Zero means
	// 100,000. Those of other instances count, and come even so.
	MaxSessions int
	// MaxPerOwner is how many of them one owner may have: 1 to MaxSessions. Zero
	// means MaxSessions.
	MaxPerOwner int

	// Replica is what instances share sessions through. Nil means that there are
	// no others.
	Replica Replica
	// ReplicaTimeout bounds every exchange with it, and how long a Get of an
	// unknown session may wait for one: 1 ms to 1 minute. Zero means 500 ms.
	ReplicaTimeout time.Duration
	// SweepInterval is how often all sessions are compared with the replica's,
	// give or take a fifth: 100 ms to 1 hour. Zero means 1 minute.
	SweepInterval time.Duration

	// Changed is called after each change of a session, be it made here or taken over
	// from elsewhere. It must not wait. Nil means that nobody wants to know.
	Changed func()

	// Waiting is called where a caller is about to wait for the replica, with the
	// caller's context. It returns the context to wait with, and what is to be called
	// with the outcome by the same goroutine, which may be nil. Nil means that nobody
	// wants to know.
	Waiting func(ctx context.Context) (context.Context, func(error))

	// Logger is told what an operator should know; never a handle, nor anything
	// that a session holds. Nil means silence.
	Logger *slog.Logger
	// Now reads the wall clock. Nil means time.Now.
	Now func() time.Time
}

// Replica is a place outside this process that merges what several instances know
// of a session, such as one Redis HASH a session. It may fail at any time.
//
// All methods are called concurrently.
type Replica interface {
	// Merge merges a change, and tells what the caller lacks, in one step: see
	// merge.Script.
	Merge(ctx context.Context, request merge.Request) (merge.Reply, error)
	// Each visits every session that there is. One that is there all the time is
	// visited at least once, unless Each fails or visit returns false.
	Each(ctx context.Context, visit func(id string, mark merge.Mark) bool) error
	// Listen calls hear, from one goroutine, with what happens: first with a
	// merge.Gap, once it listens, and again whenever something may have been
	// missed. It returns when ctx ends, or it can't go on.
	Listen(ctx context.Context, hear func(merge.Event)) error
}

const (
	maxIdleTimeout = 30 * 24 * time.Hour
	maxLifetime    = 90 * 24 * time.Hour
	maxMaxSessions = 10_000_000

	touchesPerIdleTimeout = 20
)

// filled returns the options with their defaults, or every fault at once.
func (o Options) filled() (Options, error) {
	var faults []error
	duration := func(field string, d *time.Duration, standard, least, most time.Duration) {
		if *d == 0 {
			*d = standard
		}
		if *d < least || *d > most {
			faults = append(faults, fmt.Errorf("%s is %v; want %v to %v, or 0 for %v", field, *d, least, most, standard))
		}
	}
	count := func(field string, n *int, standard, most int) {
		if *n == 0 {
			*n = standard
		}
		if *n < 1 || *n > most {
			faults = append(faults, fmt.Errorf("%s is %d; want 1 to %d, or 0 for %d", field, *n, most, standard))
		}
	}
	duration("IdleTimeout", &o.IdleTimeout, 30*time.Minute, time.Second, maxIdleTimeout)
	idle := min(max(o.IdleTimeout, time.Second), maxIdleTimeout)
	duration("Lifetime", &o.Lifetime, max(24*time.Hour, idle), idle, maxLifetime)
	duration("TouchInterval", &o.TouchInterval, idle/touchesPerIdleTimeout, time.Millisecond, idle)
	duration("ReplicaTimeout", &o.ReplicaTimeout, 500*time.Millisecond, time.Millisecond, time.Minute)
	duration("SweepInterval", &o.SweepInterval, time.Minute, 100*time.Millisecond, time.Hour)
	count("MaxSessions", &o.MaxSessions, 100_000, maxMaxSessions)
	count("MaxPerOwner", &o.MaxPerOwner, max(o.MaxSessions, 1), max(o.MaxSessions, 1))
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(faults) > 0 {
		return o, fmt.Errorf("%w: %w", ErrOptions, errors.Join(faults...))
	}
	return o, nil
}
