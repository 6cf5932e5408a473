package shard

import (
	"github.com/uds-platform/state/internal/atomics"
	"github.com/uds-platform/state/ttl"
)

// segment is one of the cache's 2^k independent parts: a table that anybody may
// read and write, and a policy that belongs to whoever is the owner.
//
// The problem: admission, eviction and the timing wheel are sequential by
// nature, and a caller must neither wait for them nor hand them to a goroutine
// that may lag behind. So a caller who has work for the policy publishes it on a
// lock-free stack and tries to become the owner with one CAS. The owner takes
// what is on the stacks, does the work and leaves; who fails to become owner
// leaves at once.
//
//	Set ──► stack of new nodes ──┐          (unless it becomes the owner itself)
//	        stack of notices   ──┼──► owner: queues, sketch, wheel, unlinking
//	timer ──► wake-up          ──┘
//
// Nothing is forgotten between the two: work is published before the CAS that
// tries for ownership, and an owner looks at the stacks again after giving
// ownership up. Nothing grows without bound while the owner is descheduled; see
// overflow.go.
//
// Rejected: a lock (a caller would wait); a buffer that drops when full (the
// policy would lose nodes for good); a goroutine a segment (it must be woken
// through a channel, lags under load, and leaks without Close).
type segment[K Key, V any] struct {
	// What every write reads, and every Get once the cache has grown, on a line that is hardly
	// ever written.
	table atomics.Pointer[table[K, V]]
	cache *Cache[K, V]
	index int
	_     [40]byte

	// What writers write.
	owner   atomics.Uint32
	pending atomics.Pointer[node[K, V]]
	notices atomics.Pointer[notice[K, V]]
	husks   atomics.Int64 // dead nodes that the queues may still hold
	crowd   atomics.Int64 // failed attempts at ownership since the last turn
	hand    atomics.Uint32
	// outgrown asks the manager for a larger table.
	outgrown atomics.Bool
	_        [64]byte

	// What the owner alone touches.
	policy policy[K, V]
	wheel  *ttl.Wheel // made for the first deadline

	// deputies wait in the wheel for nodes that have no place of their own there:
	// those made before the cache's first deadline, if they get one later.
	//
	// INVARIANT: a node is in here only while its deputy's timer is scheduled.
	deputies map[*node[K, V]]*node[K, V]
}

const (
	free  = 0
	owned = 1
)

const (
	// callerTurns bounds what one caller does for others: work that is still
	// there afterwards goes to the manager's goroutine, which takes managerTurns
	// at a time.
	callerTurns  = 4
	managerTurns = 64

	// visitsAtOnce bounds the expired entries that one turn clears away.
	visitsAtOnce = 32

	// sweepsAtOnce is how many nodes a turn looks at in search of dead ones.
	sweepsAtOnce = 16
)

func (s *segment[K, V]) init(c *Cache[K, V], index int) {
	s.cache, s.index = c, index
	s.policy.init(s)
}

// announce publishes a new node to the owner.
func (s *segment[K, V]) announce(n *node[K, V]) {
	for {
		n.link = s.pending.Load()
		if s.pending.CompareAndSwap(n.link, n) {
			return
		}
	}
}

// notify publishes that a node's life has been shortened.
func (s *segment[K, V]) notify(m *notice[K, V]) {
	for {
		m.next = s.notices.Load()
		if s.notices.CompareAndSwap(m.next, m) {
			return
		}
	}
}

// settle has published work done, by this goroutine or by the one that owns the
// segment now. It is bounded: what is left after a few turns, and what nobody
// waits for, is the manager's. spare is a node that must not be evicted to make
// room for itself, or nil.
func (s *segment[K, V]) settle(spare *node[K, V]) { s.takeTurns(spare, nil) }

// takeTurns is settle, also for a new node that is in its chain and nowhere else: an
// owner need not publish to itself. Where another goroutine is the owner, it is
// counted and announced to that one.
func (s *segment[K, V]) takeTurns(spare, newcomer *node[K, V]) {
	for range callerTurns {
		if !s.owner.CompareAndSwap(free, owned) {
			if newcomer == nil {
				s.relieve(spare)
				return
			}
			s.cache.size.Add(1)
			s.announce(newcomer)
			newcomer = nil
			continue
		}
		more := s.takeTurn(spare, newcomer)
		newcomer = nil
		if s.hasWork() {
			continue
		}
		if more {
			break
		}
		return
	}
	s.cache.manager.Wake()
}

// attend is the manager's part, at a deadline or after Wake. It is false where
// somebody else owns the segment.
func (s *segment[K, V]) attend() bool {
	s.keepMoving()
	for range managerTurns {
		if !s.owner.CompareAndSwap(free, owned) {
			return false
		}
		if more := s.takeTurn(nil, nil); !more && !s.hasWork() {
			return true
		}
	}
	s.cache.manager.Wake()
	return true
}

// takeTurn is one turn as the owner, and what has to be made up for elsewhere
// after it. It reports whether there is more to do.
func (s *segment[K, V]) takeTurn(spare, newcomer *node[K, V]) (more bool) {
	owed, more := s.turn(spare, newcomer)
	if owed > 0 {
		s.cache.evictElsewhere(s, owed, spare)
	}
	return more
}

func (s *segment[K, V]) hasWork() bool {
	return s.pending.Load() != nil || s.notices.Load() != nil
}

// tidy lets go of everything that is dead, after a Clear.
func (s *segment[K, V]) tidy() {
	if !s.owner.CompareAndSwap(free, owned) {
		s.cache.manager.Wake()
		return
	}
	defer s.settle(nil)
	defer s.release()
	s.admit(nil)
	s.policy.sweepAll()
}

// evictOwned evicts one entry as the policy chooses. It is false where that is
// not possible, or not this goroutine's to do.
func (s *segment[K, V]) evictOwned() bool {
	if !s.owner.CompareAndSwap(free, owned) {
		return false
	}
	defer s.settleAnnounced()
	defer s.release()
	s.admit(nil)
	return s.policy.evictOne(nil)
}

// settleAnnounced does what others have left to an owner who has just gone.
func (s *segment[K, V]) settleAnnounced() {
	if s.hasWork() {
		s.settle(nil)
	}
}

// turn is what an owner does. It gives ownership up, also where a removal
// callback panics. It reports how many entries must still go but could not be
// found here, and whether there is more to do at once.
func (s *segment[K, V]) turn(spare, newcomer *node[K, V]) (owed int, more bool) {
	defer s.release()
	if s.crowd.Load() != 0 {
		s.crowd.Store(0)
	}
	s.admit(newcomer)
	s.heedNotices()
	more = s.expire()
	if s.policy.sweep() {
		more = true
	}
	return s.policy.settleDebt(spare), more
}

// release ends ownership. Whatever the wheel waits for is watched before, since
// the next owner may come only after it is due.
func (s *segment[K, V]) release() {
	if s.wheel != nil {
		if nanos, ok := s.wheel.Next(); ok {
			s.cache.manager.Watch(nanos)
		}
	}
	s.owner.Store(free)
}

// admit lets the announced nodes into the window, oldest first, and then the
// newcomer, if there is one: their writers may have left before it came, and it
// must not be evicted for them.
func (s *segment[K, V]) admit(newcomer *node[K, V]) {
	if s.pending.Load() != nil {
		s.admitPending(newcomer)
	} else if newcomer != nil {
		s.policy.admit(newcomer, true)
	}
}

func (s *segment[K, V]) admitPending(newcomer *node[K, V]) {
	oldest := newcomer
	for n := s.pending.Swap(nil); n != nil; {
		n, n.link, oldest = n.link, oldest, n
	}
	defer func() {
		if oldest != nil && newcomer != nil {
			s.cache.size.Add(1)
		}
		for ; oldest != nil; oldest = s.announceAgain(oldest) {
		}
	}()
	for oldest != nil {
		n := oldest
		oldest, n.link = n.link, nil
		s.policy.admit(n, n == newcomer)
	}
}

// announceAgain puts back a node that a panic in a removal callback has kept the
// owner from admitting, and returns the one after it.
func (s *segment[K, V]) announceAgain(n *node[K, V]) (following *node[K, V]) {
	following = n.link
	s.announce(n)
	return following
}

// standing returns the live node that stands for one in a queue, and its cell:
// the node itself or, where its entry has moved to a larger table, the copy
// there, which takes over its timer. It is nil where the entry is gone. The node
// must be out of its queue; every node that leaves one comes through here.
func (s *segment[K, V]) standing(n *node[K, V]) (*node[K, V], *cell[V]) {
	c := s.cellOf(n)
	if c != nil && !c.isSealed() {
		return n, c
	}
	s.cancel(n)
	if c != nil {
		twin, c := s.find(n.hash, n.key)
		if twin != nil && twin.state.And(^uint32(copied))&copied != 0 {
			if !s.scheduled(twin) {
				s.schedule(twin, c)
			}
			return twin, c
		}
	}
	s.husks.Add(-1)
	return nil, nil
}

// evict removes the entry of a node that is out of its queue, and returns its last cell, or
// nil where the entry was gone already.
func (s *segment[K, V]) evict(n *node[K, V]) *cell[V] {
	for {
		standing, c := s.standing(n)
		if standing == nil {
			return nil
		}
		n = standing
		if last, ok := s.kill(n, c, nil); ok {
			s.cancel(n)
			s.unlink(n.hash)
			s.policy.yieldPlace()
			s.cache.gone(n.key, last, CauseEvicted)
			return last
		}
	}
}
