package state

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/internal/size"
)

// entry is a result as the engine keeps it: the engine holds a pointer to it,
// so that a hit copies only what it returns, and so that what becomes of this
// very result can be written down in it.
//
// What is not atomic never changes once the entry is in the engine.
type entry[T any] struct {
	value T
	// plainUntilNanos is the time, on the State's clock, up to which a hit needs
	// no second look: the entry is fresh, and it is too early to refresh it ahead.
	// INVARIANT: not after freshUntilNanos, except that it is clock.Never where
	// ends is set and nothing refreshes the entry ahead. neverFresh where err is
	// set, so that no hit is served at first sight.
	plainUntilNanos int64
	// seen is the latest epoch in which somebody took a second look at the entry and
	// found that there is nothing against it; or its complement, where they found that
	// it is unverified and nothing else: see trust. INVARIANT: nothing that it depends on
	// was invalidated after dependence.since and up to that epoch. Where it is no
	// complement, the entry is not unverified in that epoch either.
	seen atomic.Uint64
	// asOfSeconds and asOfNanos count from the Unix epoch. A time.Time would be
	// larger and hold a pointer; one number would have to be divided at each hit.
	asOfSeconds int64
	asOfNanos   int32
	settled     bool // as in Terms
	ends        bool // at freshUntilNanos, by the engine's deadline: it is never stale
	fromRedis   bool // another instance has loaded it
	// failures counts the refreshes that failed, up to a maximum. INVARIANT:
	// written only by the refresh under way.
	failures uint8
	// freshUntilNanos is on the State's clock.
	freshUntilNanos int64

	// A plain hit needs none of what follows. With a slice for its value, an entry
	// takes three cache lines, and such a hit reads the first.

	// refreshAtNanos is the time, on the State's clock, from which a refresh may
	// start. INVARIANT: clock.Never from when one is wanted until it has ended;
	// who sets that is the only one to start it.
	refreshAtNanos atomic.Int64
	dependence     dependence    // what it depends on, and since when
	err            error         // set where this is a remembered error, and there is no value
	bornNanos      int64         // on the State's clock
	ageSeenNanos   atomic.Int64  // see spent
	bytes          int64         // what the value refers to, in a kind with MaximumBytes
	loadTime       time.Duration // how long its load took; 0 where it was set
}

// newEntry makes the entry of a value, and says how long the engine is to keep
// it: less than 0 for not at all. loadTime is 0 for a value that was set.
func (fs *flights[T]) newEntry(
	value T, asOf time.Time, loadTime time.Duration, d dependence, t Terms,
) (e *entry[T], kept time.Duration) {
	fresh, kept := t.lifetime(&fs.kind)
	return fs.newEntryFor(value, asOf, loadTime, d, t, lifespan{fresh, kept}), kept
}

// newEntryFor is newEntry for a value of which it is known how long it holds.
func (fs *flights[T]) newEntryFor(
	value T, asOf time.Time, loadTime time.Duration, d dependence, t Terms, span lifespan,
) *entry[T] {
	now := fs.clock.exact.Now()
	e := &entry[T]{
		value:           value,
		bornNanos:       now,
		freshUntilNanos: clock.After(now, span.fresh),
		ends:            span.kept <= span.fresh,
		loadTime:        loadTime,
		asOfSeconds:     asOf.Unix(),
		asOfNanos:       int32(asOf.Nanosecond()),
		settled:         t.Settled,
		dependence:      fs.tags.with(d, t.Tags),
	}
	e.seen.Store(d.since)
	if fs.kind.MaximumBytes > 0 { // here, where no lock is held: it takes a while
		e.bytes = size.Of(&e.value)
	}
	e.plainUntilNanos = fs.plainUntil(e)
	return e
}

// limit has an entry end sooner that nobody is told of if it changes: it is fresh for
// half of the time, so that it can be loaded again before it ends. It returns for how
// long the entry may be kept. It must not be in the engine yet.
func (fs *flights[T]) limit(e *entry[T], kept, most time.Duration) time.Duration {
	if kept <= most/2 {
		return kept
	}
	e.freshUntilNanos = min(e.freshUntilNanos, clock.After(fs.clock.exact.Now(), most/2))
	e.ends = false
	e.plainUntilNanos = fs.plainUntil(e)
	return min(kept, most)
}

// engineBytes is about what the engine adds to an entry: its node, the cell of
// its value and its share of the tables. See docs/benchmarks.md, memory.
const engineBytes = 144

// cost is what the engine counts an entry as.
func (e *entry[T]) cost(key string) int64 {
	cost := engineBytes + size.Allocated[entry[T]]() + e.bytes + int64(len(key)) + 4*int64(len(e.dependence.more))
	if e.err != nil {
		cost += int64(len(e.err.Error()))
	}
	return cost
}

// remember makes of the entry of a failed load that of its error.
func (e *entry[T]) remember(err error) {
	var none T
	e.value, e.bytes, e.err, e.plainUntilNanos = none, 0, err, neverFresh
}

const neverFresh = math.MinInt64

// standing is what an entry is worth at a moment, the least first.
type standing uint8

const (
	dead   standing = iota // invalidated
	failed                 // a remembered error
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
	if epoch := fs.tags.epoch.Load(); e.seen.Load() != epoch {
		if fs.tags.dropped(&e.dependence) {
			return dead
		}
		if at, lost := fs.trust.lostAt(e.dependence.since); lost {
			if fs.trust.sinceGap(at) {
				e.seen.Store(^epoch)
			}
			return fs.trust.unverified(e.err != nil, at, fs.clock.now())
		}
		if !e.settled && fs.tags.aged(&e.dependence) {
			return e.agedStanding()
		}
		e.seen.Store(epoch)
	}
	switch {
	case e.err != nil:
		return failed
	case e.ends || e.freshUntilNanos >= fs.clock.now():
		return fresh
	}
	return stale
}

// agedStanding is what an entry is worth that is not the newest any more.
func (e *entry[T]) agedStanding() standing {
	if e.err != nil || e.ends {
		return dead // it has no time to be stale
	}
	return stale
}

func (e *entry[T]) asOf() time.Time { return time.Unix(e.asOfSeconds, int64(e.asOfNanos)) }

func (e *entry[T]) result(from Source, q Quality) Result[T] {
	return Result[T]{Value: e.value, Source: from, Quality: q, AsOf: e.asOf()}
}
