package shard

import "github.com/uds-platform/state/internal/atomics"

// Growth, after Liu, Zhang and Spear, "Dynamic-Sized Nonblocking Hash Tables"
// (PODC 2014): a segment's table is succeeded by a larger one, and whoever needs
// a bucket moves it there first. Nobody waits, and a goroutine that stops in the
// middle holds nobody up, because each step can be repeated by anyone:
//
//	      heads[i] ─► A ─► B ─► C            1. freeze: CAS the head to a marker,
//	                                            so nothing is inserted any more
//	heads[i] ─► ▣ ─► A ─► B ─► C             2. seal: CAS every live cell to a
//	                 ░    ✝    ░                sealed one, so no update is lost
//	                                            (B was dead, and stays it)
//	larger.heads[i]   ─► A′                  3. copy: build chains of new nodes
//	larger.heads[i+n] ─► C′                     that hold the original cells, and
//	                                            CAS them in for the unborn mark
//
// After step 2 the chain is settled for good: every node is dead or sealed. So
// everyone who does step 3 builds the same chains, and the first to install
// one wins. The unborn mark never comes back, so a straggler's CAS fails.
//
// Who meets a sealed cell or a marker finds t.next set and goes there.
//
// The owner's queues and the wheel go on holding A and C, and put A′ and C′ in
// their place as they come by; see segment.standing.

const (
	// growthLoad is how many nodes a bucket may have on average before the table
	// grows, and growthFactor how much larger the next is. Moving an entry costs
	// some ten cache misses, here and when the owner replaces it in its queues;
	// by 4 there are between a third and four thirds of a move for each entry,
	// by 2 between one and two.
	growthLoad   = 1.5
	growthFactor = 4

	// helpBuckets is how many further buckets a writer moves while it is there,
	// so that a move ends after a fraction of the inserts that led to it.
	helpBuckets = 4

	// moveAtOnce is how many buckets one wake-up of the manager moves.
	moveAtOnce = 2048

	// growInline is the largest table that a caller replaces on the spot. For a
	// larger one the manager's goroutine makes the memory.
	growInline = 4096
)

// startGrowing gets a larger table under way, unless one is.
func (s *segment[K, V]) startGrowing(t *table[K, V]) {
	if t.next.Load() != nil || s.outgrown.Load() {
		return
	}
	if len(t.heads) <= growInline {
		s.grow(t)
	} else {
		s.outgrown.Store(true)
	}
	s.cache.manager.Wake()
}

// keepMoving is the manager's part of a growth, so that it also ends where
// nobody writes any more.
func (s *segment[K, V]) keepMoving() {
	t := s.table.Load()
	if s.outgrown.Swap(false) {
		s.grow(t)
	}
	if t.next.Load() == nil {
		return
	}
	for range moveAtOnce / helpBuckets {
		if t.dealt() {
			break
		}
		s.helpMoving(t)
	}
	if t.dealt() && t.arrived() {
		s.table.CompareAndSwap(t, t.next.Load())
		return
	}
	s.cache.manager.Wake()
}

// dealt: every bucket has been dealt out to somebody, and again.
func (t *table[K, V]) dealt() bool {
	return int(t.cursor.Load()) >= 2*len(t.heads) || t.remaining.Load() <= 0
}

// arrived looks at the buckets themselves: whoever moved the last of them may have
// been descheduled before counting it.
func (t *table[K, V]) arrived() bool {
	for i := range t.heads {
		if first := t.heads[i].Load(); first == nil || !first.is(moved) {
			return false
		}
	}
	return true
}

// grow gives the table a larger successor, unless it has one.
//
// INVARIANT: only the segment's present table is given one, so every bucket of
// a table has arrived before the first of them moves on.
func (s *segment[K, V]) grow(t *table[K, V]) {
	if s.table.Load() != t || t.next.Load() != nil {
		return
	}
	s.cache.first.Store(nil) // before there can be anything in the larger table
	larger := newTable(make([]atomics.Pointer[node[K, V]], len(t.heads)*growthFactor))
	for i := range larger.heads {
		larger.heads[i].Store(s.cache.unborn)
	}
	t.next.CompareAndSwap(nil, larger)
}

// move brings the bucket of a hash to the larger table, whatever others do. It
// must only be called when t.next is set.
func (s *segment[K, V]) move(t *table[K, V], hash uint32) {
	frozen := s.freeze(t, hash)
	if frozen.is(moved) {
		return
	}
	first := frozen.next.Load()
	for n := first; n != nil; n = n.next.Load() {
		s.seal(n)
	}
	larger := t.next.Load()
	bucket := hash & uint32(len(t.heads)-1)
	for ; bucket < uint32(len(larger.heads)); bucket += uint32(len(t.heads)) {
		head := larger.head(bucket)
		if head.Load() == s.cache.unborn {
			head.CompareAndSwap(s.cache.unborn, s.copyChain(first, bucket, larger))
		}
	}
	if frozen.state.Or(moved)&moved == 0 && t.remaining.Add(-1) == 0 {
		s.table.CompareAndSwap(t, larger)
	}
}

// freeze puts a marker in front of the bucket's chain, or finds the one that is
// there.
func (s *segment[K, V]) freeze(t *table[K, V], hash uint32) *node[K, V] {
	head := t.head(hash)
	for {
		first := head.Load()
		if first != nil && first.is(marker) {
			return first
		}
		frozen := &node[K, V]{hash: ^hash}
		frozen.state.Store(marker)
		frozen.next.Store(first)
		if head.CompareAndSwap(first, frozen) {
			return frozen
		}
	}
}

// seal makes the node's cell final.
func (s *segment[K, V]) seal(n *node[K, V]) {
	for {
		c := s.harden(n)
		if c == nil || c.isSealed() || n.cell.CompareAndSwap(c, newSealed(c)) {
			return
		}
	}
}

// copyChain copies the sealed nodes that belong to a bucket of the larger table,
// in their order.
func (s *segment[K, V]) copyChain(first *node[K, V], bucket uint32, larger *table[K, V]) (chain *node[K, V]) {
	var last *node[K, V]
	mask := uint32(len(larger.heads) - 1)
	for n := first; n != nil; n = n.next.Load() {
		c := n.cell.Load()
		if c == nil || n.hash&mask != bucket {
			continue
		}
		twin := s.cache.twin(n, c.original())
		if last == nil {
			chain = twin
		} else {
			last.next.Store(twin)
		}
		last = twin
	}
	return chain
}

// twin returns a new node for the entry of n. The cell is copied where it may lie
// beside its node, since it would keep that alive.
func (c *Cache[K, V]) twin(n *node[K, V], original *cell[V]) *node[K, V] {
	state := n.state.Load()&(hitsMask|queueMask) | copied | c.nodeFlags()
	if !c.costed {
		first := *original
		first.deadlineNanos = c.stored(first.value, first.deadlineNanos)
		return newNodeWithCell(n.key, n.hash, state, first)
	}
	twin := newNode[K, V](n.key, n.hash, state)
	atomics.InitPointer(&twin.cell, original)
	return twin
}

// helpMoving moves a few buckets that nobody may have asked for yet.
func (s *segment[K, V]) helpMoving(t *table[K, V]) {
	for range helpBuckets {
		if t.remaining.Load() <= 0 {
			return
		}
		s.move(t, t.cursor.Add(1)-1)
	}
}
