package shard

// queue is a FIFO of nodes, chained by link. It belongs to the segment's owner.
//
// Entries die without leaving their queue, since a caller who deletes one
// cannot reach into it; their nodes are dropped when they come to the head, or
// when the sweep finds them (see policy.sweep). One link a node is all that
// takes, where a doubly linked list takes two.
type queue[K Key, V any] struct {
	head, tail *node[K, V]

	// length counts dead nodes too.
	length int

	// swept is the last node that the sweep has passed; nil before the head.
	//
	// INVARIANT: swept is nil or in the queue.
	swept *node[K, V]
}

func (q *queue[K, V]) push(n *node[K, V]) {
	n.link = nil
	if q.tail == nil {
		q.head = n
	} else {
		q.tail.link = n
	}
	q.tail = n
	q.length++
}

func (q *queue[K, V]) pushFront(n *node[K, V]) {
	n.link = q.head
	q.head = n
	if q.tail == nil {
		q.tail = n
	}
	q.length++
}

func (q *queue[K, V]) pop() *node[K, V] {
	n := q.head
	if n != nil {
		q.remove(nil, n)
	}
	return n
}

// remove takes n out of the queue; before is the node in front of it, or nil.
func (q *queue[K, V]) remove(before, n *node[K, V]) {
	if before == nil {
		q.head = n.link
	} else {
		before.link = n.link
	}
	if q.tail == n {
		q.tail = before
	}
	if q.swept == n {
		q.swept = before
	}
	n.link = nil
	q.length--
}

// replace puts twin where n was; before is the node in front of it, or nil.
func (q *queue[K, V]) replace(before, n, twin *node[K, V]) {
	twin.link = n.link
	if before == nil {
		q.head = twin
	} else {
		before.link = twin
	}
	if q.tail == n {
		q.tail = twin
	}
	n.link = nil
}

// unswept returns the next node that the sweep has not passed.
func (q *queue[K, V]) unswept() *node[K, V] {
	if q.swept == nil {
		return q.head
	}
	return q.swept.link
}
