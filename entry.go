package state

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/internal/clock"
)

// entry is a result as the engine keeps it: the engine holds a pointer to it,
// so that a hit copies only what it returns, and so that what becomes of this
// very result can be written down in it.
//
// What is not atomic never changes once the entry is in the engine.
type entry[T any] struct {
	value T
	// freshUntilNanos is on the State's clock. INVARIANT: clock.Never where the
	// result is never stale: then the engine's deadline is the only one. neverFresh
	// where err is set, so that no hit is served at first sight.
	freshUntilNanos int64
	// asOfSeconds and asOfNanos count from the Unix epoch. A time.Time would be
	// larger and hold a pointer; one number would have to be divided at each hit.
	asOfSeconds int64
	asOfNanos   int32

	settled bool  // as in Terms
	err     error // set where this is a remembered error, and there is no value

	// failures counts the refreshes that failed, up to a maximum. INVARIANT:
	// written only by the refresh under way.
	failures int32
	// refreshAtNanos is the time, on the State's clock, from which a refresh may
	// start. INVARIANT: clock.Never from when one is wanted until it has ended;
	// who sets that is the only one to start it.
	refreshAtNanos atomic.Int64
}

// newEntry makes the entry of a value, and says how long the engine is to keep
// it: less than 0 for not at all.
func (fs *flights[T]) newEntry(value T, asOf time.Time, t Terms) (e *entry[T], kept time.Duration) {
	fresh, kept := t.lifetime(&fs.kind)
	e = &entry[T]{
		value:           value,
		freshUntilNanos: clock.Never,
		asOfSeconds:     asOf.Unix(),
		asOfNanos:       int32(asOf.Nanosecond()),
		settled:         t.Settled,
	}
	if kept > fresh {
		e.freshUntilNanos = clock.After(fs.clock.exact.Now(), fresh)
	}
	return e, kept
}

// remember makes of the entry of a failed load that of its error.
func (e *entry[T]) remember(err error) {
	var none T
	e.value, e.err, e.freshUntilNanos = none, err, neverFresh
}

const neverFresh = math.MinInt64

// standing is what an entry is worth at a moment, the least first.
type standing uint8

const (
	failed standing = iota // a remembered error
	stale
	fresh
)

func (s standing) quality() Quality {
	if s == fresh {
		return Full
	}
	return Stale
}

func (fs *flights[T]) judge(e *entry[T]) standing {
	switch {
	case e.err != nil:
		return failed
	case e.freshUntilNanos >= fs.clock.now():
		return fresh
	}
	return stale
}

func (e *entry[T]) asOf() time.Time { return time.Unix(e.asOfSeconds, int64(e.asOfNanos)) }

func (e *entry[T]) result(from Source, q Quality) Result[T] {
	return Result[T]{Value: e.value, Source: from, Quality: q, AsOf: e.asOf()}
}
