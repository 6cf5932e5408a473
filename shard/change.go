package shard

// This file is what can be done to an entry that has been found, but to end it: give it
// another value, or other terms. Each is one CAS, of the word in an open cell or of the node's cell,
// and fails where somebody else has been there since.

// overwriteOrReplace gives the entry found at a place another value, whatever it has,
// unless it has gone or moved since.
func (s *segment[K, V]) overwriteOrReplace(at *place[K, V], value V, offer terms) bool {
	if !s.cache.isOpen(at.cell) {
		return s.replace(at.node, at.cell, value, offer, CauseReplaced)
	}
	if offer.deadlineNanos == never && s.overwrite(at.node, at.cell, value) {
		return true
	}
	hard := s.harden(at.node)
	return hard != nil && !hard.isSealed() && s.replace(at.node, hard, value, offer, CauseReplaced)
}

// replaceValue gives the entry found at a place another value, unless it has another
// than the old one by now.
func (s *segment[K, V]) replaceValue(at *place[K, V], old, value V, offer terms) bool {
	c := s.cache
	if !c.isOpen(at.cell) {
		return s.replace(at.node, at.cell, value, offer, CauseReplaced)
	}
	if c.stored(value, offer.deadlineNanos) == openEnded {
		if !at.cell.swapWord(c.shape, old, value) {
			return false
		}
		s.overwritten(at.node, old)
		return true
	}
	hard := s.harden(at.node)
	return hard != nil && hard.lasts() && sameWord(hard.value, old) && s.replace(at.node, hard, value, offer, CauseReplaced)
}

// renew gives the entry found at a place other terms, unless it has changed since. It
// returns the cell whose value goes on.
func (s *segment[K, V]) renew(at *place[K, V], offer terms) (kept *cell[V], ok bool) {
	kept = at.cell
	if s.cache.isOpen(kept) {
		if offer.deadlineNanos == never {
			return kept, true // it has no deadline as it is
		}
		if kept = s.harden(at.node); kept == nil || !kept.lasts() {
			return nil, false
		}
	}
	return kept, s.replace(at.node, kept, kept.value, offer, 0)
}

// replace puts a new cell in the place of an old one that is not open, unless the node's cell
// has changed since. A cause of zero means that the value stays the same.
func (s *segment[K, V]) replace(n *node[K, V], old *cell[V], value V, offer terms, cause Cause) bool {
	if offer.deadlineNanos != never && offer.deadlineNanos < old.deadlineNanos {
		return s.shorten(n, old, value, offer, cause)
	}
	if !n.cell.CompareAndSwap(old, s.cache.newCell(value, offer)) {
		return false
	}
	s.updated(n, old, offer, cause)
	return true
}

// updated is what an update leads to: accounts, and the eviction of what it has made
// too much.
func (s *segment[K, V]) updated(n *node[K, V], old *cell[V], offer terms, cause Cause) {
	s.replaced(n, old, offer, cause)
	if s.cache.overCost() {
		s.settle(n)
	}
}

// shorten is replace for an entry that is to live less long than before, which the
// owner must be told of.
func (s *segment[K, V]) shorten(n *node[K, V], old *cell[V], value V, offer terms, cause Cause) bool {
	news := newNotice(n, value, offer.deadlineNanos, offer.cost)
	if !n.cell.CompareAndSwap(old, &news.cell) {
		return false
	}
	s.replaced(n, old, offer, cause)
	s.notify(news)
	s.cache.manager.Watch(offer.deadlineNanos)
	s.settle(n)
	return true
}

// replaced does the accounts for a cell that another has taken the place of.
func (s *segment[K, V]) replaced(n *node[K, V], old *cell[V], offer terms, cause Cause) {
	c := s.cache
	if cause != 0 {
		cause = c.causeOf(old, cause)
		c.stats.write(cause)
		if cause != CauseReplaced || c.onRemoval != nil {
			c.report(n.key, old, cause)
		}
	}
	if c.costed {
		c.total.Add(offer.cost - old.costIn(true))
	}
}
