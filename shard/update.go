package shard

// update gives a key that has a value another one, at the first glance. It is nil,
// and has changed nothing, where that takes more care, which is put's: the key is
// absent or its value has expired, the table moves, the entry is to live less long
// than before, or somebody else has just written.
//
// Most writes of a cache in use are such updates. They go through nothing else, in
// one loop without a description of the place: the fewer instructions there are, the
// more of them, the new cell's allocation too, run while the node's cache line is
// on its way from the core that wrote it last.
//
// Where values don't change in place, nothing can expire, nothing has a cost and nobody is
// told of removals, it does not look at the old cell: that is a cache miss more.
func (s *segment[K, V]) update(hash uint32, key K, value V, offer terms) *node[K, V] {
	c := s.cache
	t := s.table.Load()
	for n := t.head(hash).Load(); n != nil; n = n.next.Load() {
		if n.hash != hash || n.key != key {
			continue
		}
		old := n.cell.Load()
		if old == nil {
			continue
		}
		if c.isOpen(old) {
			if !s.updateOpen(n, old, value, offer) {
				return nil
			}
			return n
		}
		// Cells are sealed only after the table has got its successor. The cell is
		// loaded before that is looked at, so it is not sealed if there is none.
		if t.next.Load() != nil || !c.prolongs(old, offer.deadlineNanos) {
			return nil
		}
		if !n.cell.CompareAndSwap(old, c.newCell(value, offer)) {
			return nil
		}
		if c.costed || c.onRemoval != nil {
			s.updated(n, old, offer, CauseReplaced)
		} else {
			c.stats.count(updates)
		}
		return n
	}
	return nil
}

// updateOpen is update for an open cell: one CAS of its word.
func (s *segment[K, V]) updateOpen(n *node[K, V], open *cell[V], value V, offer terms) (updated bool) {
	c := s.cache
	old := open.word(c.shape)
	switch {
	case offer.deadlineNanos != never || isMark(c.shape, old) || isMark(c.shape, value):
		return false
	case c.shape == numberWord:
		updated = open.swapNumber(old, value)
	default:
		updated = open.swapAddress(old, value)
	}
	if updated && c.onRemoval != nil {
		s.overwritten(n, old)
	} else if updated {
		c.stats.count(updates)
	}
	return updated
}

// overwrite gives an entry another value in its open cell, whatever it has. It is false where
// the cell has ended, or the value may not be in an open cell.
func (s *segment[K, V]) overwrite(n *node[K, V], open *cell[V], value V) bool {
	shape := s.cache.shape
	for {
		old := open.word(shape)
		if isMark(shape, value) || isMark(shape, old) {
			return false
		}
		if open.swapWord(shape, old, value) {
			s.overwritten(n, old)
			return true
		}
	}
}

// overwritten does the accounts for a value that another has taken the place of.
func (s *segment[K, V]) overwritten(n *node[K, V], old V) {
	c := s.cache
	c.stats.count(updates)
	if c.onRemoval != nil {
		c.onRemoval(n.key, old, CauseReplaced)
	}
}

// prolongs reports whether a value that holds is to be followed by one that holds as
// long or longer.
func (c *Cache[K, V]) prolongs(old *cell[V], deadlineNanos int64) bool {
	if deadlineNanos == never && !c.perishable.Load() && c.shape == noWord {
		return true
	}
	return old.deadlineNanos <= deadlineNanos && old.deadlineNanos > c.now()
}
