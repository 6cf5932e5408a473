package shard

import (
	"cmp"
	"iter"
	"slices"
)

// All returns an iterator over keys and values. An entry that is there all the
// time is visited exactly once; one that comes, goes or changes meanwhile may be
// visited or not, with a value that it had meanwhile. Visiting leaves no trace,
// and the cache may be used, also in the loop's body.
func (c *Cache[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for i := range c.segments {
			if !c.segments[i].each(func(n *node[K, V], cl *cell[V]) bool {
				value, ok := c.segments[i].last(n, cl)
				return !ok || !c.holds(cl) || yield(n.key, value)
			}) {
				return
			}
		}
	}
}

// Keys returns an iterator over the keys, as All does.
func (c *Cache[K, V]) Keys() iter.Seq[K] {
	return func(yield func(K) bool) {
		for key := range c.All() {
			if !yield(key) {
				return
			}
		}
	}
}

// Values returns an iterator over the values, as All does.
func (c *Cache[K, V]) Values() iter.Seq[V] {
	return func(yield func(V) bool) {
		for _, value := range c.All() {
			if !yield(value) {
				return
			}
		}
	}
}

// Hottest returns an iterator over the entries that are most likely to stay,
// best first: by the queue that they are in, then by their latest hits. It ranks
// all entries before the first is visited: O(n log n) time, O(n) memory.
func (c *Cache[K, V]) Hottest() iter.Seq2[K, V] {
	return c.ranked(func(a, b rank[K, V]) int { return cmp.Compare(b.heat, a.heat) })
}

// Coldest returns an iterator over the entries that are least likely to stay,
// worst first, as Hottest does.
func (c *Cache[K, V]) Coldest() iter.Seq2[K, V] {
	return c.ranked(func(a, b rank[K, V]) int { return cmp.Compare(a.heat, b.heat) })
}

type rank[K Key, V any] struct {
	node *node[K, V]
	cell *cell[V]
	heat uint32
}

// heat orders entries: those of protected before others, then by hits, then
// those of probation before those of the window.
func (n *node[K, V]) heat() uint32 {
	state := n.state.Load()
	queue := state & queueMask >> queueShift
	heat := state&hitsMask*4 + queue
	if queue == inProtected {
		heat += 4 * (hitsMask + 1)
	}
	return heat
}

func (c *Cache[K, V]) ranked(compare func(a, b rank[K, V]) int) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		var ranks []rank[K, V]
		for i := range c.segments {
			c.segments[i].each(func(n *node[K, V], cl *cell[V]) bool {
				ranks = append(ranks, rank[K, V]{node: n, cell: cl, heat: n.heat()})
				return true
			})
		}
		slices.SortStableFunc(ranks, compare)
		for _, r := range ranks {
			value, ok := c.segment(c.hasher.sum(r.node.key)).last(r.node, r.cell)
			if ok && c.holds(r.cell) && !yield(r.node.key, value) {
				return
			}
		}
	}
}

// each visits every live node and its cell, a bucket at a time. It is false where
// visit was.
func (s *segment[K, V]) each(visit func(*node[K, V], *cell[V]) bool) bool {
	t := s.table.Load()
	var bucket []rank[K, V]
	for i := range t.heads {
		bucket = s.collect(bucket[:0], t, uint32(i))
		for _, found := range bucket {
			if !visit(found.node, found.cell) {
				return false
			}
		}
	}
	return true
}

// last returns the value of a cell that was found a while ago, or, if that was open and has
// ended, what the key has now. It is not ok where that is nothing.
func (s *segment[K, V]) last(n *node[K, V], c *cell[V]) (value V, ok bool) {
	if value, ok = s.cache.load(c); ok {
		return value, true
	}
	n, c, value = s.read(n.hash, n.key)
	return value, n != nil && s.cache.holds(c)
}

// collect appends the live nodes of one bucket, from wherever it has moved. A
// chain that was not frozen after it was walked was whole while it was.
func (s *segment[K, V]) collect(found []rank[K, V], t *table[K, V], bucket uint32) []rank[K, V] {
	start := len(found)
	head := t.head(bucket)
	first := head.Load()
	for n := first; n != nil && !n.is(marker); n = n.next.Load() {
		if c := s.cellOf(n); c != nil && !c.isSealed() {
			found = append(found, rank[K, V]{node: n, cell: c})
		}
	}
	if first = head.Load(); first == nil || !first.is(marker) {
		return found
	}
	found = found[:start]
	s.move(t, bucket)
	larger := t.next.Load()
	for ; bucket < uint32(len(larger.heads)); bucket += uint32(len(t.heads)) {
		found = s.collect(found, larger, bucket)
	}
	return found
}
