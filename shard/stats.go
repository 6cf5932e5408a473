package shard

import (
	"unsafe"

	"github.com/uds-platform/state/internal/atomics"
)

// Stats counts what a cache has done since it was made. The numbers are read
// one after the other, not at one instant.
type Stats struct {
	Hits   uint64 // Gets that found a value
	Misses uint64 // Gets that found none

	Inserts  uint64 // writes of a key that was absent
	Updates  uint64 // writes of a key that was there
	Refusals uint64 // writes that were refused: too costly, bad TTL, closed

	Evictions   uint64 // values that went to make room
	Expirations uint64 // values that went at or after their deadline
	Removals    uint64 // values that Delete, Compute, Clear or Close removed
}

// Minus returns what has been counted since an earlier reading.
func (s Stats) Minus(earlier Stats) Stats {
	return Stats{
		Hits:        s.Hits - earlier.Hits,
		Misses:      s.Misses - earlier.Misses,
		Inserts:     s.Inserts - earlier.Inserts,
		Updates:     s.Updates - earlier.Updates,
		Refusals:    s.Refusals - earlier.Refusals,
		Evictions:   s.Evictions - earlier.Evictions,
		Expirations: s.Expirations - earlier.Expirations,
		Removals:    s.Removals - earlier.Removals,
	}
}

// HitRatio returns the share of Gets that found a value, from 0 to 1; it is 0
// where there was none.
func (s Stats) HitRatio() float64 {
	if s.Hits+s.Misses == 0 {
		return 0
	}
	return float64(s.Hits) / float64(s.Hits+s.Misses)
}

// counters keeps Stats without making the cores of a machine fight over a cache
// line: each counter exists once a stripe, and a goroutine finds its stripe by
// the address of its stack. Two that share one are slower and not wrong.
//
// Rejected: counters in the segment (a hot key's segment is hot on every core);
// one in sixteen counted sixteenfold (dice for every Get).
type counters struct {
	// stripes is nil where statistics are off.
	stripes *[stripeCount]stripe
}

// stripe fills one cache line.
type stripe struct {
	hits, misses                     atomics.Uint64
	inserts, updates, refusals       atomics.Uint64
	evictions, expirations, removals atomics.Uint64
}

// stripeCount is a power of two, and a constant so that finding a stripe takes no
// load and no bounds check: 4 KiB a cache.
const (
	stripeBits  = 6
	stripeCount = 1 << stripeBits
)

func (k *counters) init(enabled bool) {
	if enabled {
		k.stripes = new([stripeCount]stripe)
	}
}

// mine returns the calling goroutine's stripe, or nil where statistics are off.
func (k *counters) mine() *stripe {
	if k.stripes == nil {
		return nil
	}
	// Stacks are at least 2 KiB and move rarely; Fibonacci hashing spreads
	// their addresses.
	var here byte
	address := uint64(uintptr(unsafe.Pointer(&here))) >> 11
	return &k.stripes[address*0x9e3779b97f4a7c15>>(64-stripeBits)]
}

func (k *counters) hit() {
	if mine := k.mine(); mine != nil {
		mine.hits.Add(1)
	}
}

func (k *counters) miss() {
	if mine := k.mine(); mine != nil {
		mine.misses.Add(1)
	}
}

// write counts a write by what it did to the value before: one that had expired
// was as good as absent.
func (k *counters) write(before Cause) {
	mine := k.mine()
	switch {
	case mine == nil:
	case before == CauseReplaced:
		mine.updates.Add(1)
	default:
		mine.inserts.Add(1)
	}
}

func (k *counters) refuse() {
	if mine := k.mine(); mine != nil {
		mine.refusals.Add(1)
	}
}

func (k *counters) left(cause Cause) {
	mine := k.mine()
	if mine == nil {
		return
	}
	switch cause {
	case CauseEvicted:
		mine.evictions.Add(1)
	case CauseExpired:
		mine.expirations.Add(1)
	case CauseDeleted, CauseCleared:
		mine.removals.Add(1)
	}
}

func (k *counters) total() (sum Stats) {
	if k.stripes == nil {
		return sum
	}
	for i := range k.stripes {
		one := &k.stripes[i]
		sum.Hits += one.hits.Load()
		sum.Misses += one.misses.Load()
		sum.Inserts += one.inserts.Load()
		sum.Updates += one.updates.Load()
		sum.Refusals += one.refusals.Load()
		sum.Evictions += one.evictions.Load()
		sum.Expirations += one.expirations.Load()
		sum.Removals += one.removals.Load()
	}
	return sum
}
