package shard

// This file is how an entry ends: one CAS takes its value out, of an open cell or of its node, so
// whoever makes it has removed exactly that value, and does the accounts.

// kill takes a cell, which cellOf has returned, out of its node, unless it has been replaced
// since or has ended. It returns the cell with its last value: c itself, or a copy if
// c was open, since that has a mark then. The copy is made in the caller's room or, where that is
// nil, only for a listener.
func (s *segment[K, V]) kill(n *node[K, V], c, room *cell[V]) (last *cell[V], ok bool) {
	if !s.cache.isOpen(c) {
		return c, n.cell.CompareAndSwap(c, nil)
	}
	shape := s.cache.shape
	for {
		value := c.word(shape)
		if isMark(shape, value) {
			return nil, false
		}
		if !s.killOpen(n, c, value) {
			continue
		}
		if room == nil && s.cache.onRemoval != nil {
			room = new(cell[V])
		}
		if room == nil {
			return c, true
		}
		room.value, room.deadlineNanos = value, never
		return room, true
	}
}

// killOpen is kill for an open cell that has a certain value.
func (s *segment[K, V]) killOpen(n *node[K, V], c *cell[V], value V) bool {
	shape := s.cache.shape
	if !c.swapWord(shape, value, mark[V](shape, 0)) {
		return false
	}
	n.cell.Store(nil) // whatever was pushed there: a cell with this mark leads to nothing else
	return true
}

// bury clears up after a CAS that took the cell c out of a node which a queue
// may still hold. Anybody may do it.
func (s *segment[K, V]) bury(n *node[K, V], c *cell[V], cause Cause) {
	s.husks.Add(1)
	s.unlink(n.hash)
	s.cache.size.Add(-1)
	s.cache.gone(n.key, c, cause)
}

// takeValue removes the value found at a place, unless it has changed since.
func (s *segment[K, V]) takeValue(at *place[K, V], value V) bool {
	last := at.cell
	if s.cache.isOpen(at.cell) {
		if !s.killOpen(at.node, at.cell, value) {
			return false
		}
		last = &cell[V]{value: value, deadlineNanos: never}
	} else if !at.node.cell.CompareAndSwap(at.cell, nil) {
		return false
	}
	s.buryDeleted(at.node, last)
	return true
}

// buryDeleted is bury for what a caller has taken out, who also clears up behind
// those who did so before.
func (s *segment[K, V]) buryDeleted(n *node[K, V], last *cell[V]) {
	s.bury(n, last, s.cache.causeOf(last, CauseDeleted))
	if s.husks.Load()%sweepFloor == 0 {
		s.settle(nil)
	}
}

// remove removes whatever value a node has, wherever it has moved.
func (s *segment[K, V]) remove(n *node[K, V], cause Cause) {
	for {
		c := s.cellOf(n)
		if c == nil {
			return
		}
		if c.isSealed() {
			twin, _ := s.find(n.hash, n.key)
			if twin == nil {
				return
			}
			n = twin
			continue
		}
		if last, ok := s.kill(n, c, nil); ok {
			s.bury(n, last, s.cache.causeOf(last, cause))
			return
		}
	}
}
