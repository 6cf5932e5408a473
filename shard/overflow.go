package shard

import "math"

// Overflow is what happens when the owner of a segment is descheduled. It may
// be gone for as long as the machine has other things to run, and callers go on
// writing. They don't wait for it, so what it would have done has to be bounded
// without it:
//
//   - Entries. A caller who fails to become the owner while the cache is over
//     its maximum by more than a slack evicts a cold entry straight from the
//     table, with a CLOCK hand over the chain heads that everybody moves. Hits
//     protect as they do in the queues; frequency is not asked.
//   - The stack of new nodes, and the notices. Every pendingLimit failures, the
//     caller takes the stacks, drops what is dead, and puts the rest back.
//   - Chains: see segment.relieveChain.
//
// So the cache never holds more than its maximum, its slack, and one entry for
// each goroutine that is inside a write at that moment; and dead nodes number
// at most what the queues held when the owner was descheduled, plus what was
// alive at the last trim, plus pendingLimit.
const (
	// pendingLimit is how many failures to become the owner lead to a trim.
	pendingLimit = 256

	// slackShare is the part of the maximum by which a cache may be over it
	// while an owner is descheduled; the number of entries is also bounded
	// absolutely.
	slackShare      = 32
	minSlackEntries = 4
	maxSlackEntries = 1024

	// crowdedLoad is how many nodes a bucket has on average in a table that is
	// overdue to grow. Where chains are long and there are fewer, it is the
	// hashes that are at fault.
	crowdedLoad = 4

	// handRounds is how often the hands go round before they give up: each entry
	// can turn them away once for being new and three times for its hits.
	handRounds = 5
)

func slackEntries(maximum int64) int64 {
	return min(minSlackEntries+maximum/slackShare, maxSlackEntries)
}

func slackCost(maximum int64) int64 { return maximum / slackShare }

// relieve does what keeps things bounded when somebody else owns the segment.
func (s *segment[K, V]) relieve(spare *node[K, V]) {
	if s.crowd.Add(1) > pendingLimit {
		s.trim()
	}
	for s.cache.overflowing() {
		if !s.cache.evictDirectly(s, spare) {
			return
		}
	}
}

// trim takes the stacks from under the absent owner, drops what is dead or
// superseded, and puts the rest back. The next trim comes after as many
// failures as there were left-overs, which makes trimming amortized O(1).
func (s *segment[K, V]) trim() {
	kept := s.trimPending() + s.trimNotices()
	s.crowd.Store(-kept)
}

func (s *segment[K, V]) trimPending() (kept int64) {
	var dropped int64
	n := s.pending.Swap(nil)
	for n != nil {
		following := n.link
		if n.cell.Load() == nil {
			n.link = nil
			dropped++
		} else {
			s.announce(n)
			kept++
		}
		n = following
	}
	s.husks.Add(-dropped)
	return kept
}

func (s *segment[K, V]) trimNotices() (kept int64) {
	m := s.notices.Swap(nil)
	for m != nil {
		following := m.next
		m.next = nil
		if m.node.cell.Load() == &m.cell {
			s.notify(m)
			kept++
		}
		m = following
	}
	return kept
}

// evictElsewhere makes up for a segment that had nothing to evict but its newest
// entry. It goes round the other segments as the hand goes round a table.
func (c *Cache[K, V]) evictElsewhere(s *segment[K, V], owed int, spare *node[K, V]) {
	for ; c.overCost() || owed > 0 && c.overSize(); owed-- {
		if !c.evictFrom(int(c.hand.Add(1)&math.MaxInt32), s, spare) {
			return
		}
	}
}

// evictDirectly removes one cold entry from this segment's table or, where it
// has none, from another's.
func (c *Cache[K, V]) evictDirectly(s *segment[K, V], spare *node[K, V]) bool {
	return c.evictFrom(s.index, nil, spare)
}

// evictFrom moves the hands of all segments but one, from the first one on, until
// one of them finds an entry to evict.
func (c *Cache[K, V]) evictFrom(first int, except *segment[K, V], spare *node[K, V]) bool {
	for range handRounds {
		for i := range c.segments {
			s := &c.segments[(first+i)%len(c.segments)]
			if s != except && s.evictCold(spare) {
				return true
			}
		}
	}
	return false
}

// evictCold moves the hand once round the table, or until it finds an entry
// without hits, and removes that. It takes one hit from each entry that it
// passes, and passes by an entry that it has never met: so few steps are the
// rule, and what has just been written is not what goes.
func (s *segment[K, V]) evictCold(spare *node[K, V]) bool {
	t := s.table.Load()
	for range t.heads {
		for n := s.chain(t, s.hand.Add(1)); n != nil; n = n.next.Load() {
			c := s.cellOf(n)
			if c == nil || c.isSealed() || n == spare || n.cool() || n.greet() {
				continue
			}
			if last, ok := s.kill(n, c, nil); ok {
				s.bury(n, last, CauseEvicted)
				return true
			}
		}
	}
	return false
}

// chain returns the first node of the chain that a hash belongs to: in the table,
// or in the larger one if that bucket has moved.
func (s *segment[K, V]) chain(t *table[K, V], hash uint32) *node[K, V] {
	for {
		first := t.head(hash).Load()
		if first == nil || !first.is(marker) {
			return first
		}
		s.move(t, hash)
		t = t.next.Load()
	}
}

// relieveChain deals with a chain that has become too long: in a crowded table by
// growing, at once and whoever the owner is, and else by forgetting.
func (s *segment[K, V]) relieveChain(newest *node[K, V]) {
	if t := s.table.Load(); s.cache.Len() > crowdedLoad*len(t.heads)*len(s.cache.segments) {
		s.grow(t)
		s.cache.manager.Wake()
		return
	}
	s.forgetColdest(newest)
}

// forgetColdest makes room in a chain that is too long, at the expense of its
// oldest entry without hits, or else of its oldest, but not of the newest. A
// cache may forget; it may not become a list.
func (s *segment[K, V]) forgetColdest(newest *node[K, V]) {
	var coldest, oldest *node[K, V]
	for n := s.chain(s.table.Load(), newest.hash); n != nil; n = n.next.Load() {
		if c := s.cellOf(n); c == nil || c.isSealed() || n == newest {
			continue
		}
		oldest = n
		if n.state.Load()&hitsMask == 0 {
			coldest = n
		}
	}
	if coldest == nil {
		coldest = oldest
	}
	if coldest != nil {
		s.remove(coldest, CauseEvicted)
	}
}
