package shard

import (
	"unsafe"

	"github.com/uds-platform/state/internal/atomics"
	"github.com/uds-platform/state/ttl"
)

// node is one key's place in a segment. With a string key and a small value the
// node and its first cell fill one cache line of 64 bytes, so a Get that finds it
// touches the chain head, that line and the key's bytes.
//
//	head ──► node ──► node ──► nil          chain, by next
//	           │        └────► cell          alive
//	           └─────────────► nil           dead
//
// One pointer decides whether the entry lives and what it is: cell. It goes
// alive → alive′ → … → dead (nil), and dead is final; or alive → sealed, when
// the entry has moved to a copy of the node in a larger table, and sealed is
// final too. A key that comes back after its death gets a new node. So whoever
// wins the CAS that takes a cell out has removed exactly that value, and nobody
// else has.
//
// INVARIANT: a node is inserted only at the head of a chain, and at most one
// node of a key is alive. INVARIANT: following next from any node, dead or
// alive, leads to every live node that was in its chain before it; next only
// ever skips dead nodes.
//
// Rejected: a list element per access order (a Get would write to it); pooling
// nodes (ABA); a marked next pointer as in Harris's list (Go has no pointer
// tags, and inserting at heads only makes marks needless).
type node[K Key, V any] struct {
	next atomics.Pointer[node[K, V]]
	cell atomics.Pointer[cell[V]]

	// link chains the node in the stack of new nodes until the owner takes it
	// from there, and then in one of the owner's queues.
	link *node[K, V]

	key   K
	hash  uint32 // the low half; the top bits chose the segment
	state atomics.Uint32
}

// newborn is a node with its first cell beside it: one allocation and one place
// in memory where two would be a malloc and a cache miss more. When the entry is
// updated the first cell is dead weight until the node goes, so large values
// have a cell of their own from the start.
type newborn[K Key, V any] struct {
	node  node[K, V]
	first cell[V]
}

// timedNode and timedNewborn are what a node and a newborn are in a cache where
// entries expire: with a place in the wheel in front. In one where none does that
// would be a fifth of the memory, and it would push the node over the end of a
// cache line. See segment.timer for an entry that has no such place and comes to
// need one.
//
// INVARIANT: a timedNewborn begins as a timedNode does; see node.timer.
type timedNode[K Key, V any] struct {
	// timer must stay first: timerNode turns its address into the record's.
	timer ttl.Timer // owner
	node  node[K, V]
}

type timedNewborn[K Key, V any] struct {
	timed timedNode[K, V]
	first cell[V]
}

// maxInbornBytes is the largest value that begins its life beside its node.
const maxInbornBytes = 24

// newNode returns a node in that state, without a cell.
func newNode[K Key, V any](key K, hash, state uint32) *node[K, V] {
	var n *node[K, V]
	if state&timed != 0 {
		n = &new(timedNode[K, V]).node
	} else {
		n = new(node[K, V])
	}
	n.key, n.hash = key, hash
	atomics.Init(&n.state, state)
	return n
}

// newNodeWithCell returns a node for the key in that state, with a copy of the
// cell.
func newNodeWithCell[K Key, V any](key K, hash, state uint32, first cell[V]) *node[K, V] {
	if unsafe.Sizeof(first.value) > maxInbornBytes {
		n := newNode[K, V](key, hash, state)
		own := first
		atomics.InitPointer(&n.cell, &own)
		return n
	}
	var n *node[K, V]
	var c *cell[V]
	if state&timed != 0 {
		born := new(timedNewborn[K, V])
		n, c = &born.timed.node, &born.first
	} else {
		born := new(newborn[K, V])
		n, c = &born.node, &born.first
	}
	*c = first
	n.key, n.hash = key, hash
	atomics.Init(&n.state, state)
	atomics.InitPointer(&n.cell, c)
	return n
}

// The bits of node.state.
const (
	// hitsMask counts the hits since the owner last looked, and stays full at
	// three: from then on a hit writes nothing.
	hitsMask = 3

	// queueMask says in which of the owner's queues the node is, or was when
	// it was copied.
	queueShift = 2
	queueMask  = 3 << queueShift

	// fresh: not yet passed by the hand that evicts in an owner's absence.
	fresh = 1 << 4

	// copied: stands in a larger table for a node that the owner's queues
	// still hold. The owner clears it when it puts the copy in the other's place.
	copied = 1 << 5

	// marker: no entry, but the frozen head of a bucket that is moving; its
	// next is the chain as it was.
	marker = 1 << 6

	// moved: a marker whose bucket has arrived in the larger table.
	moved = 1 << 7

	// timed: has a place in the wheel in front of it.
	timed = 1 << 8

	// deputy: no entry, but the place in the wheel of one that has none; its
	// link is that entry's node.
	deputy = 1 << 9
)

// touch counts a hit. A failed CAS means that someone else counted one or that
// the owner is looking; a hit lost there doesn't matter.
func (n *node[K, V]) touch() { countHit(&n.state) }

// countHit is touch without the types, which would have to be looked up to call it from there.
func countHit(state *atomics.Uint32) {
	if before := state.Load(); before&hitsMask < hitsMask {
		state.CompareAndSwap(before, before+1)
	}
}

// takeHits returns the hits since the last call and starts over.
func (n *node[K, V]) takeHits() uint32 {
	if n.state.Load()&hitsMask == 0 {
		return 0
	}
	return n.state.And(^uint32(hitsMask)) & hitsMask
}

// cool takes one hit away and reports whether there was one.
func (n *node[K, V]) cool() bool {
	state := n.state.Load()
	if state&hitsMask == 0 {
		return false
	}
	n.state.CompareAndSwap(state, state-1)
	return true
}

// greet ends the node's being fresh and reports whether it was.
func (n *node[K, V]) greet() bool {
	return n.is(fresh) && n.state.And(^uint32(fresh))&fresh != 0
}

func (n *node[K, V]) is(flag uint32) bool { return n.state.Load()&flag != 0 }

// isFor reports whether n holds the key of another node, or is it: a node's entry
// may have moved to a copy.
func (n *node[K, V]) isFor(other *node[K, V]) bool {
	return other != nil && n.hash == other.hash && n.key == other.key
}

// timer returns the timer in front of a node that is timed.
func (n *node[K, V]) timer() *ttl.Timer {
	offset := unsafe.Offsetof(timedNode[K, V]{}.node)
	return &(*timedNode[K, V])(unsafe.Add(unsafe.Pointer(n), -int(offset))).timer
}

// timerNode returns the node behind a timer.
func timerNode[K Key, V any](t *ttl.Timer) *node[K, V] {
	return &(*timedNode[K, V])(unsafe.Pointer(t)).node
}
