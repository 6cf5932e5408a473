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
// between has to be compared as well.
type trust struct {
	tags          *tagTable
	maxUnverified time.Duration // INVARIANT: not negative, never changed.
	// eras are the latest, the oldest first. INVARIANT: what it points to is never
	// changed; at most maxEras; written with tags.mu held.
	eras atomic.Pointer[[]era]
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
	return t
}

// begin has a new era begin: what is kept is unverified.
func (t *trust) begin(nowNanos int64) {
	t.tags.turn(func(epoch uint64) {
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

// turn takes an epoch in which nothing is invalidated. prepare is called before
// anybody can see it.
func (t *tagTable) turn(prepare func(epoch uint64)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	epoch := t.epoch.Load() + 1
	prepare(epoch)
	t.epoch.Store(epoch)
}
