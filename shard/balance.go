package shard

import (
	"math"

	"github.com/uds-platform/state/internal/atomics"
)

// balance is the share of the entries that the window may hold. A small window
// suits work in which some keys are asked for again and again, a large one work
// that favours what is new.
//
// Each miss on a ghost moves it by one entry towards the part that would have had
// the hit (see ghosts). Where a slot more is worth the same in both parts, the
// moves cancel out, and that is the best share there is nearby.
//
// Where LRU would do better by far (see rival), the window gets as much as it may have, at once;
// from there the ghosts go on.
//
// There is one for all segments, since the share is a property of the work, and a
// segment sees too few ghosts to learn from. It only moves on a miss.
type balance struct {
	bits atomics.Uint64 // of a float64
}

const (
	initialShare = 0.05
	minShare     = 0.01
	maxShare     = 0.80

	// recencyShare: from 0.30 to 0.50 the traces hardly care.
	recencyShare = 0.35
)

func (b *balance) init() { b.bits.Store(math.Float64bits(initialShare)) }

// share is from minShare to maxShare.
func (b *balance) share() float64 { return math.Float64frombits(b.bits.Load()) }

// favoursRecency reports whether the window is so large that whoever was hit in it
// passes without a contest. It only grows so large in work that favours what is new,
// and there frequency is old fame: main space would keep those who were famous, a few
// points of hit ratio behind plain LRU.
func (b *balance) favoursRecency() bool { return b.share() >= recencyShare }

// move changes the share by so many of the entries. Where another goroutine moves
// it at the same time, one of the two moves is lost, and no harm done.
func (b *balance) move(by, entries int) {
	before := b.bits.Load()
	share := math.Float64frombits(before) + float64(by)/float64(max(entries, 1))
	share = min(max(share, minShare), maxShare)
	b.bits.CompareAndSwap(before, math.Float64bits(share))
}

// yield gives the window all that it may have.
func (b *balance) yield() { b.bits.Store(math.Float64bits(maxShare)) }
