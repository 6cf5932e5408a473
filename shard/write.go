package shard

import (
	"time"

	"github.com/uds-platform/state/internal/atomics"
	"github.com/uds-platform/state/internal/clock"
)

// terms are what a write says of the entry besides its value.
type terms struct {
	deadlineNanos int64
	cost          int64
}

// Set gives the key a value that lives for the default TTL. The value is there
// for the next Get, however full the cache is. It is false where the entry
// can't be kept: it costs more than Options allow for one, or the cache is
// closed. A refused value still ends the one that the key had.
func (c *Cache[K, V]) Set(key K, value V) bool {
	return c.SetWithTTL(key, value, 0)
}

// SetWithTTL is Set with a TTL of its own: 0 means the default, [Forever] none,
// and a negative one is refused and changes nothing.
func (c *Cache[K, V]) SetWithTTL(key K, value V, ttl time.Duration) bool {
	offer, verdict := c.assess(key, value, ttl)
	if verdict != accepted {
		return c.refuse(key, verdict)
	}
	hash := c.hasher.sum(key)
	s := c.segment(hash)
	if n := s.update(uint32(hash), key, value, offer); n != nil {
		return c.keep(n)
	}
	return c.put(s, uint32(hash), key, value, offer)
}

// put is Set where update could not do it.
func (c *Cache[K, V]) put(s *segment[K, V], hash uint32, key K, value V, offer terms) bool {
	var n *node[K, V]
	for {
		at := s.locate(hash, key)
		if at.node != nil {
			if s.overwriteOrReplace(&at, value, offer) {
				return c.keep(at.node)
			}
			continue
		}
		if n == nil {
			n = c.newNode(hash, key, value, offer)
		}
		if s.add(&at, n, offer) {
			return c.keep(n)
		}
	}
}

// SetIfAbsent gives the key a value, for the default TTL, unless it has one. It
// returns the value that the key has afterwards, and whether that is the new
// one. Where the new value is refused, as by Set, it returns it with false.
func (c *Cache[K, V]) SetIfAbsent(key K, value V) (actual V, set bool) {
	actual, ok := c.Compute(key, func(old V, found bool) (V, Op) {
		if set = !found; found {
			return old, Keep
		}
		return value, Write
	})
	if !ok {
		return value, false
	}
	return actual, set
}

// Op is what a function given to Compute wants done.
type Op uint8

const (
	// Keep leaves everything as it is; so does an Op that does not exist.
	Keep Op = iota
	// Write gives the key the returned value, for the default TTL.
	Write
	// Remove removes the key's value.
	Remove
)

// Compute changes the key's value in one step: f gets the value, or false, and
// returns a new one and what to do. No other write comes between. Since nobody
// waits here, f may be called again if one does, with the value that it left: f
// must have no effects of its own. Compute returns the value that the key has
// afterwards, or false; a value that is refused, as by Set, removes the old one.
func (c *Cache[K, V]) Compute(key K, f func(old V, found bool) (V, Op)) (actual V, ok bool) {
	hash := c.hasher.sum(key)
	s := c.segment(hash)
	for {
		now := c.now()
		at := s.locate(uint32(hash), key)
		var old V
		found := at.node != nil && at.cell.deadlineNanos > now
		if found {
			if old, found = c.load(at.cell); !found {
				continue // it has ended just now
			}
		}
		value, op := f(old, found)
		if op != Write && op != Remove {
			return old, found
		}
		if done := c.apply(s, &at, uint32(hash), old, value, op, key); done == again {
			continue
		} else if done == refused || op == Remove {
			var none V
			return none, false
		}
		return value, true
	}
}

type outcome uint8

const (
	again outcome = iota
	done
	refused
)

// apply does what a Compute function decided at a place that had the old value, unless
// that has changed since.
func (c *Cache[K, V]) apply(s *segment[K, V], at *place[K, V], hash uint32, old, value V, op Op, key K) outcome {
	verdict := accepted
	var offer terms
	if op == Write {
		offer, verdict = c.assess(key, value, 0)
	}
	if verdict == shut {
		c.stats.refuse()
		return refused
	}
	if op == Remove || verdict != accepted {
		if at.node != nil && !s.takeValue(at, old) {
			return again
		}
		if verdict != accepted {
			c.stats.refuse()
			return refused
		}
		return done
	}
	n := at.node
	if n == nil {
		n = c.newNode(hash, key, value, offer)
		if !s.add(at, n, offer) {
			return again
		}
	} else if !s.replaceValue(at, old, value, offer) {
		return again
	}
	if !c.keep(n) {
		return refused
	}
	return done
}

// SetTTL changes how long the key's value lives from now: 0 means the default,
// [Forever] no deadline. It is false where there is no value, or ttl is
// negative.
func (c *Cache[K, V]) SetTTL(key K, ttl time.Duration) bool {
	if ttl < 0 || c.closed.Load() {
		c.stats.refuse()
		return false
	}
	hash := c.hasher.sum(key)
	s := c.segment(hash)
	for {
		now := c.now()
		at := s.locate(uint32(hash), key)
		if at.node == nil || at.cell.deadlineNanos <= now {
			return false
		}
		offer := terms{deadlineNanos: c.deadline(ttl), cost: at.cell.costIn(c.costed)}
		if _, ok := s.renew(&at, offer); ok {
			return c.keep(at.node)
		}
	}
}

// Delete removes the key's value and returns it, or false where there was none
// or it had expired.
func (c *Cache[K, V]) Delete(key K) (old V, ok bool) {
	hash := c.hasher.sum(key)
	s := c.segment(hash)
	for {
		n, cl := s.find(uint32(hash), key)
		if n == nil {
			return old, false
		}
		holds := c.holds(cl)
		var room cell[V]
		last, ok := s.kill(n, cl, &room)
		if !ok {
			continue
		}
		s.buryDeleted(n, last)
		if !holds {
			return old, false
		}
		return last.value, true
	}
}

// verdict is what becomes of an entry that is offered.
type verdict uint8

const (
	accepted verdict = iota
	malformed
	tooCostly
	shut
)

// assess works out an entry's terms, and whether they can be kept. Where there is
// nothing to work out it is inlined.
func (c *Cache[K, V]) assess(key K, value V, ttl time.Duration) (terms, verdict) {
	if c.plain && ttl == 0 && !c.closed.Load() {
		return terms{deadlineNanos: never}, accepted
	}
	return c.workOut(key, value, ttl)
}

func (c *Cache[K, V]) workOut(key K, value V, ttl time.Duration) (terms, verdict) {
	if c.closed.Load() {
		return terms{}, shut
	}
	if ttl < 0 {
		return terms{}, malformed
	}
	offer := terms{deadlineNanos: c.deadline(ttl)}
	if c.costed {
		offer.cost = c.cost(key, value)
		if offer.cost < 0 || offer.cost > c.maxEntryCost.Load() {
			return terms{}, tooCostly
		}
	}
	return offer, accepted
}

func (c *Cache[K, V]) deadline(ttl time.Duration) int64 {
	if ttl == 0 {
		ttl = c.defaultTTL
	}
	if ttl == 0 || ttl == Forever {
		return never
	}
	if !c.perishable.Load() {
		c.perishable.Store(true)
	}
	if at := clock.After(c.manager.Exact(), ttl); at < openEnded {
		return at
	}
	return never
}

// refuse counts a write that is not to be. Where the new value was too costly
// the old one goes: it is not the key's value any more.
func (c *Cache[K, V]) refuse(key K, why verdict) bool {
	c.stats.refuse()
	if why == tooCostly {
		c.Delete(key)
	}
	return false
}

// keep reports that a write stands, unless the cache was closed while it was
// made: then it takes it back.
func (c *Cache[K, V]) keep(n *node[K, V]) bool {
	return !c.closed.Load() || c.takeBack(n)
}

func (c *Cache[K, V]) takeBack(n *node[K, V]) (kept bool) {
	c.segment(c.hasher.sum(n.key)).remove(n, CauseCleared)
	return false
}

func (c *Cache[K, V]) newNode(hash uint32, key K, value V, offer terms) *node[K, V] {
	state := fresh | inWindow<<queueShift | c.nodeFlags()
	if !c.costed {
		return newNodeWithCell(key, hash, state, cell[V]{value: value, deadlineNanos: c.stored(value, offer.deadlineNanos)})
	}
	n := newNode[K, V](key, hash, state)
	atomics.InitPointer(&n.cell, c.newCell(value, offer))
	return n
}

// nodeFlags is what the state of every new node begins with.
func (c *Cache[K, V]) nodeFlags() uint32 {
	if c.perishable.Load() {
		return timed
	}
	return 0
}

// add makes n the key's node, unless the chain has changed since at was found.
func (s *segment[K, V]) add(at *place[K, V], n *node[K, V], offer terms) bool {
	if !at.insert(n) {
		return false
	}
	c := s.cache
	if c.costed {
		c.total.Add(offer.cost)
	}
	c.stats.write(0)
	c.manager.Watch(offer.deadlineNanos)
	s.takeTurns(n, n)
	if at.chain >= maxChain {
		s.relieveChain(n)
	}
	return true
}
