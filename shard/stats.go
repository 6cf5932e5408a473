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

// counters keeps Stats without making the cores of a machine fight over a cache line, and
// counts reads and writes, which are most of it, without a locked instruction where it can.
//
// Each counter exists once a stripe, and a goroutine finds its stripe by the address
// of its stack, a block of 2 KiB. Whoever comes to a stripe first owns it, for good:
//
//	block of stack ──► stripe ── mine ──────────► own: a plain instruction
//	                        └─── another's ─────► shared: a locked one
//
// No two goroutines have the same block at one time, so what an owner counts nobody else
// writes; and a block is used again by one goroutine after the other, so a stripe whose
// owner has ended is not lost.
//
// INVARIANT: own is written by who has the owner's block only. Accepted: where the collector moves a
// goroutine's stack between the look at the owner and the count, which is a few instructions, and
// another goroutine gets the old block and counts in it at the very same moment, one count
// is lost.
//
// Rejected: counters in the segment (a hot key's segment is hot on every core); one in
// sixteen counted sixteenfold (dice for every Get); counters of each processor (to
// pin a goroutine to it takes longer than the lock); to let a stripe change its owner (who
// owned it may be about to count).
type counters struct {
	// stripes is nil where statistics are off.
	stripes *[stripeCount]stripe
}

// stripe is two cache lines: one for its owner, and one for the others.
type stripe struct {
	owner atomics.Uint64 // a block of stack, or 0 before the first comes
	own   frequent
	_     [24]byte

	shared frequent
	seldom
}

// frequent is what is counted on the way of callers.
type frequent [frequentCounts]atomics.Uint64

type frequentCount uint

const (
	hits frequentCount = iota
	misses
	inserts
	updates
	frequentCounts
)

// seldom is what comes with other work, and shared in any case.
type seldom struct {
	refusals, evictions, expirations, removals atomics.Uint64
}

// stripeCount is a power of two, and a constant so that finding a stripe takes no
// load and no bounds check: 8 KiB a cache.
const (
	stripeBits  = 6
	stripeCount = 1 << stripeBits

	// stackBlockBits: stacks are at least 2 KiB, and aligned to it.
	stackBlockBits = 11
)

func (k *counters) init(enabled bool) {
	if enabled {
		k.stripes = new([stripeCount]stripe)
	}
}

func (k *counters) enabled() bool { return k.stripes != nil }

// mine returns the stripe of the calling goroutine, and the block of stack that it is
// found by. It must be inlined into who counts: a call may move the stack.
func (k *counters) mine() (mine *stripe, block uint64) {
	var here byte
	block = uint64(uintptr(unsafe.Pointer(&here))) >> stackBlockBits
	return &k.stripes[block*0x9e3779b97f4a7c15>>(64-stripeBits)], block // Fibonacci hashing
}

// count counts what is counted on the way of callers. A Get has it written out for a hit.
func (k *counters) count(what frequentCount) {
	if k.stripes == nil {
		return
	}
	if mine, block := k.mine(); mine.owner.Load() == block {
		atomics.Bump(&mine.own[what])
	} else {
		mine.countShared(what, block)
	}
}

// countShared is for who is not the owner, which it makes who comes first.
func (s *stripe) countShared(what frequentCount, block uint64) {
	if s.owner.Load() == 0 {
		s.owner.CompareAndSwap(0, block)
	}
	s.shared[what].Add(1)
}

// write counts a write by what it did to the value before: one that had expired
// was as good as absent.
func (k *counters) write(before Cause) {
	if before == CauseReplaced {
		k.count(updates)
	} else {
		k.count(inserts)
	}
}

func (k *counters) refuse() {
	if k.stripes == nil {
		return
	}
	mine, _ := k.mine()
	mine.refusals.Add(1)
}

func (k *counters) left(cause Cause) {
	if k.stripes == nil {
		return
	}
	mine, _ := k.mine()
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
		for _, f := range []*frequent{&one.own, &one.shared} {
			sum.Hits += f[hits].Load()
			sum.Misses += f[misses].Load()
			sum.Inserts += f[inserts].Load()
			sum.Updates += f[updates].Load()
		}
		sum.Refusals += one.refusals.Load()
		sum.Evictions += one.evictions.Load()
		sum.Expirations += one.expirations.Load()
		sum.Removals += one.removals.Load()
	}
	return sum
}
