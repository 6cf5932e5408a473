package shard

import "unsafe"

// hardening is how an open cell (see word.go) comes to be one that does not change any
// more, with the same value, for whoever must replace an entry's cell as a whole: to give
// it a deadline, or to move it to a larger table.
//
// The two steps, of which anybody may be descheduled in the middle:
//
//	     cell ─► ▢ open, value v
//
//	cell ─► hardening 1 ─► ▢ v            1. push a hardening in front of the cell.
//	                                         Nothing has changed: the word is the value,
//	                                         and goes on changing
//	cell ─► hardening 1 {v} ─► ▢ mark 1   2. copy the value, and CAS the word from
//	                                         just that to the mark with this number
//	cell ─► hard {v}                      3. anybody: put what the mark names in place
//
// Where two harden one cell, each pushes one and tries step 2 with its own number, so
// the word says whose copy it is that counts: exactly the last value, for the CAS
// would have failed on any other. Who loses goes to step 3. Nobody waits: a step fails only
// because somebody else has taken one, and a hardening whose owner is gone
// does nothing.
//
// Rejected: one hardening at a time, that others help with (they must agree on which value
// was the last, and values may come back); to copy the value before the cell is
// closed (an update in between is lost).
type hardening[V any] struct {
	// A node may point to this cell. Its deadline is changing, which every reader takes
	// for expired, so that meeting one is off the fast path.
	cell[V]

	next *cell[V] // the open cell, or the hardening before this one
	open *cell[V]

	// number is this one's mark. INVARIANT: from 1 up, by one with each push.
	number uint32

	// hard is final from the moment that the open cell has this one's mark. Until then it is
	// its owner's.
	hard cell[V]
}

// hardening returns what a cell begins whose deadline is changing.
func (c *cell[V]) hardening() *hardening[V] { return (*hardening[V])(unsafe.Pointer(c)) }

// pushed returns the open cell behind a cell that a node points to, and how many
// hardenings lie in front of it; nil where there is none.
func (c *cell[V]) pushed() (open *cell[V], hardenings uint32) {
	switch c.deadlineNanos {
	case openEnded:
		return c, 0
	case changing:
		return c.hardening().open, c.hardening().number
	}
	return nil, 0
}

// hardened returns what the mark with that number stands for, looked for from the
// newest hardening on: nil for the dead. It is not ok where that hardening was
// pushed after the newest that the caller has seen.
func (c *cell[V]) hardened(number uint32) (hard *cell[V], ok bool) {
	if number == 0 {
		return nil, true
	}
	for c.deadlineNanos == changing {
		h := c.hardening()
		if h.number == number {
			return &h.hard, true
		}
		c = h.next
	}
	return nil, false
}

// cellOf returns the cell that a node's entry has: nil if it is dead, one that is sealed,
// an open one whose value goes on changing, or one that is final. Where an open cell
// has ended it does step 3. Everybody reaches cells through it, but for those who look
// at one glance (Get and update).
func (s *segment[K, V]) cellOf(n *node[K, V]) *cell[V] {
	shape := s.cache.shape
	for {
		c := n.cell.Load()
		if shape == noWord || c == nil {
			return c
		}
		open, _ := c.pushed()
		if open == nil {
			return c
		}
		value := open.word(shape)
		number, ended := shape.markOf(unsafe.Pointer(&value))
		if !ended {
			return open
		}
		hard, ok := c.hardened(number)
		if ok && n.cell.CompareAndSwap(c, hard) {
			return hard
		}
	}
}

// harden returns the cell that a node's entry has, as cellOf does, but not an open one:
// that is hardened first, and so is the next, if somebody has put one in its place
// meanwhile.
func (s *segment[K, V]) harden(n *node[K, V]) *cell[V] {
	for {
		c := s.cellOf(n)
		if c == nil || !s.cache.isOpen(c) {
			return c
		}
		s.push(n, c)
	}
}

// push does the first two steps for a node whose cell is open, or has just ended.
func (s *segment[K, V]) push(n *node[K, V], c *cell[V]) {
	h := &hardening[V]{open: c, hard: cell[V]{deadlineNanos: never}}
	h.deadlineNanos = changing
	for {
		h.next = n.cell.Load()
		if h.next == nil {
			return
		}
		open, number := h.next.pushed()
		switch {
		case open != c:
			return
		case number == marks-1:
			s.forget(n, c)
			return
		}
		h.number = number + 1
		if n.cell.CompareAndSwap(h.next, &h.cell) {
			h.finish(s.cache.shape)
			return
		}
	}
}

// finish is step 2; afterwards the open cell has a mark, whoever's.
func (h *hardening[V]) finish(shape wordShape) {
	for {
		value := h.open.word(shape)
		if isMark(shape, value) {
			return
		}
		h.hard.value = value
		if h.open.swapWord(shape, value, mark[V](shape, h.number)) {
			return
		}
	}
}

// forget evicts an entry that as many goroutines as there are marks have begun to harden, and
// none of which has gone on. A cache may forget, and nobody may wait.
func (s *segment[K, V]) forget(n *node[K, V], open *cell[V]) {
	if last, ok := s.kill(n, open, nil); ok {
		s.bury(n, last, CauseEvicted)
	}
}
