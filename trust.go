package state

import (
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/internal/clock"
)

// trust knows which results may have been invalidated elsewhere without anybody
// here having heard of it.
//
// The problem: where the connection to Redis is lost, everything that is kept may
// have changed, and so it has to be known of each result, at each hit, whether it is
// older than that. A walk through the caches would take longer the more there is,
// and a mark in each result would have to be written to each.
//
// So a gap is an invalidation of nothing: it takes an epoch of the tag table, which
// is compared at every hit anyway, and who takes the second look finds the epoch
// here. What began to be loaded before the latest era is unverified: it is served as
// Stale until maxUnverified after it was last known to be right, and compared with
// Redis, or loaded again, behind the first who asks once Redis is back.
//
// Eras begin with each gap, and again when all is heard again: what was loaded in
// between has to be compared as well. A gap within a gap is none: what was loaded
// since the first is not trusted anyway, and the client tries to connect so often that
// the history would be full of them.
//
// While Redis is away most hits are on unverified results, and must not cost more for
// it. So the first who takes the second look writes down in the result what came of
// it, with the epoch; for those that follow, rests compares the clock with one number,
// up to which all of them are served and nothing else is to be done.
type trust struct {
	tags          *tagTable
	maxUnverified time.Duration // INVARIANT: not negative, never changed.
	// eras are the latest, the oldest first. INVARIANT: what it points to is never
	// changed; at most maxEras; written with tags.mu held.
	eras atomic.Pointer[[]era]
	// gap is since when nothing is heard, on the State's clock; heardNanos while all is,
	// and neverHeardNanos before that. INVARIANT: written with tags.mu held, before the
	// epoch that goes with it.
	gap atomic.Int64
}

// era is a time from which on all is heard, or nothing is.
type era struct {
	epoch      uint64 // what began to be loaded before it is unverified
	sinceNanos int64  // on the State's clock
}

// maxEras bounds the history. What is older than all of it is not served.
const maxEras = 32

func newTrust(tags *tagTable, maxUnverified time.Duration) *trust {
	t := &trust{tags: tags, maxUnverified: maxUnverified}
	t.eras.Store(&[]era{})
	t.gap.Store(heardNanos)
	return t
}

// heardNanos is trust.gap while there is none.
const heardNanos = clock.Never

// lose has a gap begin, unless there is one.
func (t *trust) lose(nowNanos int64) {
	if t.gap.Load() == heardNanos { // only the tier's goroutine writes it
		t.begin(nowNanos, nowNanos)
	}
}

// restore ends the gap.
func (t *trust) restore(nowNanos int64) { t.begin(nowNanos, heardNanos) }

// doubt has an era begin for what was heard and not understood.
func (t *trust) doubt(nowNanos int64) { t.begin(nowNanos, t.gap.Load()) }

// begin has a new era begin: what is kept is unverified.
func (t *trust) begin(nowNanos, gapNanos int64) {
	t.tags.turn(func(epoch uint64) {
		t.gap.Store(gapNanos)
		eras := *t.eras.Load()
		first := 0
		if len(eras) == maxEras {
			first = 1
		}
		eras = append(slices.Clone(eras[first:]), era{epoch, nowNanos})
		t.eras.Store(&eras)
	})
}

// lostAt says since when a result is unverified that began to be loaded in an epoch.
func (t *trust) lostAt(since uint64) (atNanos int64, lost bool) {
	if t == nil {
		return 0, false
	}
	eras := *t.eras.Load()
	if len(eras) == 0 || eras[len(eras)-1].epoch <= since {
		return 0, false
	}
	if len(eras) == maxEras && eras[0].epoch > since {
		return math.MinInt64, true // there may have been others before
	}
	for _, e := range eras {
		if e.epoch > since {
			return e.sinceNanos, true
		}
	}
	return 0, false
}

// unverified is what an entry is worth that has been so since a time.
func (t *trust) unverified(hasError bool, atNanos, nowNanos int64) standing {
	switch {
	case atNanos == math.MinInt64 || t.maxUnverified == 0 || clock.After(atNanos, t.maxUnverified) < nowNanos:
		return dead
	case hasError:
		return failed
	}
	return stale
}

// sinceGap says of a time since which an entry is unverified whether it is that of the
// gap that there is.
func (t *trust) sinceGap(atNanos int64) bool { return atNanos == t.gap.Load() }

// rests says of an entry that is unverified since the gap, as was found in an epoch,
// that it may be served as such, and nothing is to be done about it: Redis is likely to
// be back before it has to be loaded again.
//
// The epoch is looked at again, since what was loaded as the gap may be that of a later
// one.
func (t *trust) rests(epoch uint64, nowNanos int64) bool {
	gap := t.gap.Load()
	return nowNanos-gap < int64(t.maxUnverified/2) && nowNanos >= gap && t.tags.epoch.Load() == epoch
}

// turn takes an epoch in which nothing is invalidated. prepare is called before
// anybody can see it.
func (t *tagTable) turn(prepare func(epoch uint64)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	epoch := t.epoch.Load() + 1
	prepare(epoch)
	t.epoch.Store(epoch)
}
