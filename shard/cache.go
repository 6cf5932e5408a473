package shard

import (
	"fmt"
	"math/bits"
	"time"

	"github.com/uds-platform/state/internal/atomics"
	"github.com/uds-platform/state/ttl"
)

// Cache is a bounded, concurrent map whose entries may expire. See the package
// comment for the design and [Options] for what it can do.
//
// All methods are safe for concurrent use by any number of goroutines, and none
// waits for another goroutine: whatever is suspended wherever, the others
// finish. Get, Set and Delete are linearizable for each key: each takes effect
// at one instant between its call and its return. After Close everything still
// answers: there is nothing there, and writes are refused.
type Cache[K Key, V any] struct {
	// What every Get reads comes first.
	hasher   hasher[K]
	segments []segment[K, V]
	first    atomics.Pointer[firstTables[K, V]] // nil once a segment has grown
	shift    uint                               // hash >> shift is a segment's index
	exact    bool
	costed   bool
	// shape is that of the values, where they may change in place.
	shape     wordShape
	firstMark uint64
	// plain: nothing is said of an entry but its value, unless its Set says it.
	plain bool
	// unbounded: nothing is ever evicted, so nothing need be known about
	// frequency.
	unbounded bool
	// perishable: some entry has, or had, a deadline. It is set before the first
	// such cell is published, so who has loaded a cell and then finds it unset
	// need not look at the cell's deadline.
	perishable atomics.Bool
	stats      counters
	manager    ttl.Manager

	tick         time.Duration
	defaultTTL   time.Duration
	cost         func(K, V) int64
	maxEntryCost atomics.Int64
	onRemoval    func(K, V, Cause)
	unborn       *node[K, V] // the head of a bucket that has yet to arrive; see grow.go
	closed       atomics.Bool

	maxSize atomics.Int64 // 0: none
	maxCost atomics.Int64 // 0: none
	_       [64]byte

	// size and total are the one budget for all segments. Only inserts and
	// removals write them, and updates that change the cost; but not an insert
	// that takes the place of what it evicts, which is the rule in a full cache.
	// So the line stays with all cores.
	size  atomics.Int64
	total atomics.Int64
	_     [48]byte

	// What inserts write now and then.
	balance balance
	hand    atomics.Uint32 // the segment that evictElsewhere turns to next
	_       [48]byte
}

// New returns an empty cache. Where the options are bad, the error wraps
// [ErrOptions] and names every fault.
//
// A cache starts no goroutine. It uses one timer of the runtime while entries
// with a TTL are in it; Close stops that.
func New[K Key, V any](o Options[K, V]) (*Cache[K, V], error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	n := o.segments()
	c := &Cache[K, V]{
		hasher:     newHasher[K](),
		segments:   make([]segment[K, V], n),
		shift:      uint(64 - bits.TrailingZeros(uint(n))),
		exact:      o.ExactExpiry,
		costed:     o.Cost != nil,
		shape:      o.shape(),
		firstMark:  o.shape().firstMark(),
		plain:      o.Cost == nil && o.DefaultTTL == 0,
		unbounded:  o.Unbounded,
		tick:       o.tick(),
		defaultTTL: o.DefaultTTL,
		cost:       o.Cost,
		onRemoval:  o.OnRemoval,
		unborn:     new(node[K, V]),
	}
	c.maxSize.Store(int64(o.MaximumSize))
	c.setMaxCost(o.MaximumCost)
	c.stats.init(!o.DisableStats)
	c.balance.init()
	c.manager.Start(c.tick, c.due)
	for i := range c.segments {
		c.segments[i].init(c, i)
	}
	c.makeTables(o.buckets(n))
	return c, nil
}

// segment returns the part of the cache that a hash belongs to. The shift is written as
// in firstTables.head.
func (c *Cache[K, V]) segment(hash uint64) *segment[K, V] {
	return &c.segments[hash>>(c.shift&63)&uint64(len(c.segments)-1)]
}

// Len returns how many entries the cache holds, including those whose deadline
// has passed within the last tick.
func (c *Cache[K, V]) Len() int { return int(max(c.size.Load(), 0)) }

// Cost returns the sum of the entries' costs; 0 where Options had no Cost.
func (c *Cache[K, V]) Cost() int64 { return max(c.total.Load(), 0) }

// Stats returns what the cache has counted since New; all zero where
// Options.DisableStats is set.
func (c *Cache[K, V]) Stats() Stats { return c.stats.total() }

// Resize changes MaximumSize, and evicts at once what is too much. It fails
// where maximumSize is below 1 or the cache was made without one.
func (c *Cache[K, V]) Resize(maximumSize int) error {
	if maximumSize < 1 || c.maxSize.Load() == 0 {
		return fmt.Errorf("%w: Resize to %d; want a number from 1 up, on a cache made with a MaximumSize", ErrOptions, maximumSize)
	}
	c.maxSize.Store(int64(maximumSize))
	c.shrink()
	return nil
}

// ResizeCost changes MaximumCost, and evicts at once what is too much. It fails
// where maximumCost is below 1 or the cache was made without one.
func (c *Cache[K, V]) ResizeCost(maximumCost int64) error {
	if maximumCost < 1 || c.maxCost.Load() == 0 {
		return fmt.Errorf("%w: ResizeCost to %d; want a number from 1 up, on a cache made with a MaximumCost", ErrOptions, maximumCost)
	}
	c.setMaxCost(maximumCost)
	c.shrink()
	return nil
}

func (c *Cache[K, V]) setMaxCost(maximum int64) {
	c.maxCost.Store(maximum)
	c.maxEntryCost.Store(maximum / int64(len(c.segments)))
}

// Close removes every entry, stops the timer and refuses writes from now on. It
// may be called more than once, and while others use the cache: an entry that
// is written meanwhile is removed by whoever writes it.
func (c *Cache[K, V]) Close() {
	c.closed.Store(true)
	c.Clear()
	c.manager.Close()
}

// Clear removes every entry that is there when it is called; one that is
// written meanwhile may stay. It takes time in proportion to the capacity.
func (c *Cache[K, V]) Clear() {
	for i := range c.segments {
		s := &c.segments[i]
		s.each(func(n *node[K, V], cl *cell[V]) bool {
			s.remove(n, CauseCleared)
			return true
		})
		s.tidy()
	}
}

// due is what the manager calls when a deadline has passed. A segment that
// somebody owns is looked at again in a tick; so the coarse clock goes on even
// while an owner is descheduled.
func (c *Cache[K, V]) due(now int64) {
	for i := range c.segments {
		if !c.segments[i].attend() {
			c.manager.Watch(now + int64(c.tick))
		}
	}
}

// now is the time that deadlines are compared with.
func (c *Cache[K, V]) now() int64 {
	if c.exact {
		return c.manager.Exact()
	}
	return c.manager.Now()
}

// gone does the accounts for the last value of a cell that has left the cache for good,
// but for the number of entries.
func (c *Cache[K, V]) gone(key K, old *cell[V], cause Cause) {
	if c.costed {
		c.total.Add(-old.costIn(true))
	}
	c.report(key, old, cause)
}

// report counts a value that is no longer in the cache and tells OnRemoval.
func (c *Cache[K, V]) report(key K, old *cell[V], cause Cause) {
	c.stats.left(cause)
	if c.onRemoval != nil {
		c.onRemoval(key, old.value, cause)
	}
}

// causeOf corrects the cause of a removal for a value that had expired anyway.
// Where nothing can expire it does not touch the cell, which is a cache miss.
func (c *Cache[K, V]) causeOf(old *cell[V], cause Cause) Cause {
	if c.perishable.Load() && old.deadlineNanos <= c.now() {
		return CauseExpired
	}
	return cause
}

// full: there is no room for one more.
func (c *Cache[K, V]) full() bool {
	maximum := c.maxSize.Load()
	return maximum > 0 && c.size.Load() >= maximum
}

func (c *Cache[K, V]) overSize() bool {
	maximum := c.maxSize.Load()
	return maximum > 0 && c.size.Load() > maximum
}

func (c *Cache[K, V]) overCost() bool {
	maximum := c.maxCost.Load()
	return maximum > 0 && c.total.Load() > maximum
}

// overflowing: over a maximum by more than may be left to an absent owner.
func (c *Cache[K, V]) overflowing() bool {
	size, cost := c.maxSize.Load(), c.maxCost.Load()
	return size > 0 && c.size.Load()-size > slackEntries(size) ||
		cost > 0 && c.total.Load()-cost > slackCost(cost)
}

// shrink evicts from one segment after the other until the cache is within its
// maximum.
func (c *Cache[K, V]) shrink() {
	for i := 0; c.overSize() || c.overCost(); i++ {
		s := &c.segments[i%len(c.segments)]
		if !s.evictOwned() && !c.evictDirectly(s, nil) {
			return
		}
	}
}
