package shard

import (
	"time"
	"unsafe"

	"github.com/uds-platform/state/internal/atomics"
)

// Get returns the key's value, and whether there is one that has not expired.
// It allocates nothing, and writes nothing but a count of hits: the first three
// in the entry, and all of them in the statistics.
func (c *Cache[K, V]) Get(key K) (value V, ok bool) {
	var hash uint64
	switch p := unsafe.Pointer(&key); c.hasher.shape { // hasher.sum, without a call for it
	case shapeString:
		hash = xxh3(*(*string)(p))
	case shape64:
		hash = xxh3Word(*(*uint64)(p))
	default:
		hash = c.hasher.sumRare(key)
	}
	var t *table[K, V] // nil where the chain is one of the first tables'
	var head *atomics.Pointer[node[K, V]]
	if first := c.first.Load(); first != nil {
		head = first.head(hash)
	} else {
		t = c.segment(hash).table.Load()
		head = t.head(uint32(hash))
	}
	for n := head.Load(); n != nil; n = n.next.Load() {
		if n.hash != uint32(hash) || n.key != key {
			continue
		}
		cl := n.cell.Load()
		if cl == nil {
			continue
		}
		if cl.deadlineNanos <= c.manager.Now() || c.exact {
			return c.getCarefully(hash, key)
		}
		if !atomics.PlainLoads {
			value, ok = c.load(cl)
		} else {
			value = cl.value
			ok = !cl.looksEnded(c.firstMark)
		}
		if !ok {
			return c.getCarefully(hash, key)
		}
		n.touch()
		if c.stats.stripes == nil { // stats.count(hits), without a call
			return value, true
		}
		if mine, block := c.stats.mine(); mine.owner.Load() == block {
			atomics.Bump(&mine.own[hits])
		} else {
			mine.countShared(hits, block)
		}
		return value, true
	}
	if t != nil && t.next.Load() != nil {
		return c.getCarefully(hash, key)
	}
	c.stats.count(misses)
	return value, false
}

// getCarefully is Get where the table moves, where the entry has expired or
// moved, or where expiry is exact.
func (c *Cache[K, V]) getCarefully(hash uint64, key K) (value V, ok bool) {
	now := c.now() // first: the entry may be replaced before it lapses
	n, cl, value := c.segment(hash).read(uint32(hash), key)
	if n == nil || cl.deadlineNanos <= now {
		c.stats.count(misses)
		var none V
		return none, false
	}
	n.touch()
	c.stats.count(hits)
	return value, true
}

// holds reports whether a cell's deadline is still to come.
func (c *Cache[K, V]) holds(cl *cell[V]) bool {
	return cl.lasts() || cl.deadlineNanos > c.now()
}

// lookup finds a live entry that has not expired, and leaves no trace.
func (c *Cache[K, V]) lookup(key K) (cl *cell[V], value V) {
	hash := c.hasher.sum(key)
	now := c.now()
	n, cl, value := c.segment(hash).read(uint32(hash), key)
	if n == nil || cl.deadlineNanos <= now {
		return nil, value
	}
	return cl, value
}

// GetQuietly is Get without a trace: it counts in no statistics and does not
// make the entry more likely to stay.
func (c *Cache[K, V]) GetQuietly(key K) (value V, ok bool) {
	if cl, value := c.lookup(key); cl != nil {
		return value, true
	}
	return value, false
}

// TTL returns how long the key's value will hold from now, [Forever] where it
// has no deadline, and false where there is none. It leaves no trace.
func (c *Cache[K, V]) TTL(key K) (time.Duration, bool) {
	cl, _ := c.lookup(key)
	if cl == nil {
		return 0, false
	}
	if cl.lasts() {
		return Forever, true
	}
	return time.Duration(max(cl.deadlineNanos-c.manager.Exact(), 0)), true
}
