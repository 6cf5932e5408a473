package shard

import "github.com/uds-platform/state/internal/atomics"

// maxChain bounds a chain. At one node a bucket, chains are Poisson
// distributed, and one of 32 has a probability of 10^-36: who meets it meets
// an attack on the hash, or a table that is about to grow.
const maxChain = 32

// table is a power-of-two array of chain heads.
//
// Insert: scan the chain; not found; CAS the head from what it was when the
// scan began to the new node. An unchanged head proves that no key was added
// since, because additions happen nowhere else. (The head may have changed and
// changed back: then what was added has died since, and is absent all the same.)
//
// Unlinking a dead node is lazy and anybody's: CAS the pointer that leads to it
// from it to its next. Two such CASes on neighbours may leave a dead node
// reachable, and a later pass takes it out; neither can lose a live one.
//
// A table with a larger successor is moving; see grow.go.
type table[K Key, V any] struct {
	// heads is never empty, and its length is a power of two.
	heads []atomics.Pointer[node[K, V]]

	// next is the larger table that this one moves to. Nil, then set once.
	next atomics.Pointer[table[K, V]]

	// cursor deals out buckets to whoever helps moving; remaining counts those
	// that have not arrived yet.
	cursor    atomics.Uint32
	remaining atomics.Int64
}

// newTable returns a table over these chain heads.
func newTable[K Key, V any](heads []atomics.Pointer[node[K, V]]) *table[K, V] {
	t := &table[K, V]{heads: heads}
	t.remaining.Store(int64(len(heads)))
	return t
}

func (t *table[K, V]) head(hash uint32) *atomics.Pointer[node[K, V]] {
	return &t.heads[hash&uint32(len(t.heads)-1)]
}

// place is where a key was found, or could be inserted.
type place[K Key, V any] struct {
	table *table[K, V]
	head  *node[K, V] // the chain's head when the scan began

	node *node[K, V] // nil where the key is absent
	cell *cell[V]    // the node's cell, alive when it was loaded

	chain int // live nodes passed
}

// locate finds the key for a writer, in the table where writing is allowed, and
// unlinks the dead that it meets.
func (s *segment[K, V]) locate(hash uint32, key K) place[K, V] {
	for t := s.table.Load(); ; {
		if larger := t.next.Load(); larger != nil {
			s.move(t, hash)
			s.helpMoving(t)
			t = larger
			continue
		}
		if at, ok := s.scan(t, hash, key); ok {
			return at
		}
	}
}

// scan looks for the key in one table. It is not ok where the bucket has begun
// to move, which t.next then shows.
func (s *segment[K, V]) scan(t *table[K, V], hash uint32, key K) (at place[K, V], ok bool) {
	link := t.head(hash)
	at.table, at.head = t, link.Load()
	for n := at.head; n != nil; {
		c, next := n.cell.Load(), n.next.Load()
		switch {
		case c == nil && n.is(marker):
			return at, false
		case c == nil:
			if link.CompareAndSwap(n, next) && n == at.head {
				at.head = next
			}
			n = next
			continue
		case n.hash != hash || n.key != key:
			at.chain++
			link, n = &n.next, next
			continue
		}
		if c = s.cellOf(n); c == nil {
			continue // dead, and looked at again as such
		}
		at.node, at.cell = n, c
		// Cells are sealed only after the table has got its successor; so where it
		// has none, this one is not, and need not be looked at: that would cost
		// an update a cache miss.
		return at, t.next.Load() == nil || !c.isSealed()
	}
	return at, true
}

// insert makes n the head of the chain that at was found in, unless the chain
// has got a new head since.
func (at *place[K, V]) insert(n *node[K, V]) bool {
	atomics.InitPointer(&n.next, at.head)
	return at.table.head(n.hash).CompareAndSwap(at.head, n)
}

// find returns the live node of a key and its cell, for whoever has time: it
// writes nothing, and follows a move.
func (s *segment[K, V]) find(hash uint32, key K) (*node[K, V], *cell[V]) {
	for t := s.table.Load(); t != nil; {
		head := t.head(hash)
		for n := head.Load(); n != nil; n = n.next.Load() {
			if n.hash != hash || n.key != key {
				continue
			}
			if c := s.cellOf(n); c != nil && !c.isSealed() {
				return n, c
			}
		}
		if first := head.Load(); first == nil || !first.is(marker) {
			return nil, nil
		}
		s.move(t, hash)
		t = t.next.Load()
	}
	return nil, nil
}

// read is find, and the entry's value.
func (s *segment[K, V]) read(hash uint32, key K) (n *node[K, V], c *cell[V], value V) {
	for {
		if n, c = s.find(hash, key); n == nil {
			return nil, nil, value
		}
		if value, ok := s.cache.load(c); ok {
			return n, c, value
		}
	}
}

// unlink takes the dead out of the chain that a hash belongs to.
func (s *segment[K, V]) unlink(hash uint32) {
	t := s.table.Load()
	for larger := t.next.Load(); larger != nil; larger = t.next.Load() {
		if first := t.head(hash).Load(); first == nil || !first.is(marker) {
			break
		}
		s.move(t, hash)
		t = larger
	}
	link := t.head(hash)
	for n := link.Load(); n != nil; {
		next := n.next.Load()
		if n.cell.Load() != nil || n.is(marker) {
			link = &n.next
		} else if !link.CompareAndSwap(n, next) {
			return
		}
		n = next
	}
}
