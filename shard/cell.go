package shard

import (
	"math"
	"unsafe"

	"github.com/uds-platform/state/internal/clock"
)

// cell is one version of an entry: a value and how long it holds. It is
// immutable from the moment a node points to it, so a reader that has loaded
// the pointer has a consistent whole, and replacing an entry is one CAS; or else it is
// open, which is for values that are a machine word and have no deadline: then updates
// change the word (see word.go).
//
// Most caches bound entries and not cost, and most updates prolong an entry's
// life, so what only some need lives in longer cells that begin with a plain
// one: a costed cell in every cache with a cost function, a notice for an
// update that shortens life. A pooled cell would bring ABA back; none is.
type cell[V any] struct {
	value V

	// deadlineNanos is on the cache's clock: never for an entry without one, openEnded
	// where the cell is open besides; sealed for a cell that has moved to a larger table,
	// changing for one that is a hardening. INVARIANT: it never changes.
	deadlineNanos int64
}

const (
	never     = clock.Never
	openEnded = never - 1
	sealed    = math.MinInt64
	changing  = sealed + 1
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

func (c *Cache[K, V]) newCell(value V, offer terms) *cell[V] {
	if !c.costed {
		return &cell[V]{value: value, deadlineNanos: c.stored(value, offer.deadlineNanos)}
	}
	long := &costedCell[V]{cell: cell[V]{value: value, deadlineNanos: offer.deadlineNanos}, cost: offer.cost}
	return &long.cell
}

// stored is the deadline that a new cell has for one that is offered: it is open where it
// may be.
func (c *Cache[K, V]) stored(value V, deadlineNanos int64) int64 {
	if c.shape != noWord && deadlineNanos == never && !isMark(c.shape, value) {
		return openEnded
	}
	return deadlineNanos
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

// isOpen is only to be asked of a cell that is not nil; where values are no words it
// does not look at it, which would be a cache miss.
func (c *Cache[K, V]) isOpen(cl *cell[V]) bool {
	return c.shape != noWord && cl.deadlineNanos == openEnded
}

// lasts: the cell has no deadline.
func (c *cell[V]) lasts() bool { return c.deadlineNanos >= openEnded }

// load returns a cell's value; not ok where the cell was open and has ended, so that the
// entry has another one or is gone.
func (c *Cache[K, V]) load(cl *cell[V]) (value V, ok bool) {
	if c.shape == noWord {
		return cl.value, true
	}
	value = cl.word(c.shape)
	return value, cl.deadlineNanos != openEnded || !isMark(c.shape, value)
}

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
