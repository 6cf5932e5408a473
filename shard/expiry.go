package shard

import "github.com/uds-platform/state/ttl"

// This file is what a segment's owner does about deadlines; see ttl.Wheel.

// heedNotices moves the timers of entries whose life has been shortened.
func (s *segment[K, V]) heedNotices() {
	if s.notices.Load() == nil {
		return
	}
	for m := s.notices.Swap(nil); m != nil; {
		following := m.next
		m.next = nil
		if n, c := s.find(m.node.hash, m.node.key); n != nil {
			s.schedule(n, c)
		}
		m = following
	}
}

// schedule puts the node's timer where the cell's deadline is.
func (s *segment[K, V]) schedule(n *node[K, V], c *cell[V]) {
	if c.lasts() {
		return
	}
	if s.wheel == nil {
		s.wheel = ttl.NewWheel(s.cache.tick, s.cache.manager.Now(), s.visit)
	}
	s.wheel.Schedule(s.timer(n), c.deadlineNanos)
}

// timer returns the node's place in the wheel. Most nodes have one of their own
// where anything expires. One that is older than the cache's first deadline, and
// gets one itself, finds a deputy: a node without a key's entry, of which only the
// timer counts.
//
// Rejected: to move such a node's bucket as in a growth, which takes the whole table
// with it; a timer without a way back from the node, which would hold what has been
// evicted until its deadline.
func (s *segment[K, V]) timer(n *node[K, V]) *ttl.Timer {
	if n.is(timed) {
		return n.timer()
	}
	stand := s.deputies[n]
	if stand == nil {
		if s.deputies == nil {
			s.deputies = make(map[*node[K, V]]*node[K, V])
		}
		stand = newNode[K, V](n.key, n.hash, timed|deputy)
		stand.link = n
		s.deputies[n] = stand
	}
	return stand.timer()
}

// scheduled reports whether the node, or its deputy, waits in the wheel.
func (s *segment[K, V]) scheduled(n *node[K, V]) bool {
	if n.is(timed) {
		return n.timer().Scheduled()
	}
	return s.deputies[n] != nil
}

func (s *segment[K, V]) cancel(n *node[K, V]) {
	if s.scheduled(n) {
		s.wheel.Cancel(s.timer(n))
		s.dismiss(n)
	}
}

// dismiss lets go of the deputy, if the node had one.
func (s *segment[K, V]) dismiss(n *node[K, V]) {
	if !n.is(timed) {
		delete(s.deputies, n)
	}
}

// expire clears away what the coarse clock says is past its deadline.
func (s *segment[K, V]) expire() (more bool) {
	if s.wheel == nil {
		return false
	}
	return s.wheel.Advance(s.cache.manager.Now(), visitsAtOnce)
}

// visit is the wheel asking for a node's deadline.
func (s *segment[K, V]) visit(t *ttl.Timer, now int64) (deadlineNanos int64) {
	n := timerNode[K, V](t)
	if n.is(deputy) {
		n = n.link
	}
	if deadlineNanos = s.lapse(n, now); deadlineNanos == 0 {
		s.dismiss(n)
	}
	return deadlineNanos
}

// lapse removes a node's entry if its deadline has passed. The node may have got a
// later one since, which it returns, or have died, or have moved, in which case the
// timer moves to the node that took its place.
func (s *segment[K, V]) lapse(n *node[K, V], now int64) (deadlineNanos int64) {
	for {
		c := s.cellOf(n)
		switch {
		case c == nil || c.lasts():
			return 0
		case c.isSealed():
			if twin, c := s.find(n.hash, n.key); twin != nil {
				s.schedule(twin, c)
			}
			return 0
		case c.deadlineNanos > now:
			return c.deadlineNanos
		}
		if n.cell.CompareAndSwap(c, nil) {
			s.bury(n, c, CauseExpired)
			return 0
		}
	}
}
