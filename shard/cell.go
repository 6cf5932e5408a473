package shard

import (
	"math"
	"unsafe"

	"github.com/uds-platform/state/internal/clock"
)

// cell is one version of an entry: a value and how long it holds. It is
// immutable from the moment a node points to it, so a reader that has loaded
// the pointer has a consistent whole, and replacing an entry is one CAS.
//
// Most caches bound entries and not cost, and most updates prolong an entry's
// life, so what only some need lives in longer cells that begin with a plain
// one: a costed cell in every cache with a cost function, a notice for an
// update that shortens life. A pooled cell would bring ABA back; none is.
type cell[V any] struct {
	value V

	// deadlineNanos is on the cache's clock: never for an entry without one,
	// sealed for a cell that has moved to a larger table.
	deadlineNanos int64
}

const (
	never  = clock.Never
	sealed = math.MinInt64
)

// costedCell is what every cell of a cache with a cost function begins with.
type costedCell[V any] struct {
	cell[V]
	cost int64
}

// notice is the cell of an update that shortened an entry's life. Besides being
// the entry's cell it is a message to the segment's owner, that the timing
// wheel must look at the node sooner. One allocation serves both.
type notice[K Key, V any] struct {
	costedCell[V]
	node *node[K, V]
	next *notice[K, V] // in the segment's stack of notices
}

// sealedCell takes the place of a cell while its bucket moves to a larger
// table. Its deadline is sealed, which every reader takes for expired, so that
// meeting one is off the fast path and leads to the larger table.
type sealedCell[V any] struct {
	cell[V]
	original *cell[V]
}

func newCell[V any](value V, deadlineNanos, cost int64, costed bool) *cell[V] {
	if !costed {
		return &cell[V]{value: value, deadlineNanos: deadlineNanos}
	}
	c := &costedCell[V]{cell: cell[V]{value: value, deadlineNanos: deadlineNanos}, cost: cost}
	return &c.cell
}

func newNotice[K Key, V any](n *node[K, V], value V, deadlineNanos, cost int64) *notice[K, V] {
	return &notice[K, V]{
		costedCell: costedCell[V]{cell: cell[V]{value: value, deadlineNanos: deadlineNanos}, cost: cost},
		node:       n,
	}
}

func newSealed[V any](original *cell[V]) *cell[V] {
	c := &sealedCell[V]{cell: cell[V]{deadlineNanos: sealed}, original: original}
	return &c.cell
}

func (c *cell[V]) isSealed() bool { return c.deadlineNanos == sealed }

// original returns the cell that a sealed cell stands for.
func (c *cell[V]) original() *cell[V] {
	return (*sealedCell[V])(unsafe.Pointer(c)).original
}

// costIn returns the cell's cost in a cache that is costed, and else zero. The
// conversion is sound because every cell of a costed cache begins with a
// costedCell.
func (c *cell[V]) costIn(costed bool) int64 {
	if !costed {
		return 0
	}
	return (*costedCell[V])(unsafe.Pointer(c)).cost
}
