package merge

import (
	"crypto/rand"
	"encoding/binary"
	"sync/atomic"
	"time"
)

// MaxAhead is how far ahead of the own clock a stamp may be that another instance
// wrote.
const MaxAhead = time.Minute

// Clock makes the stamps of one process: later than all that it made or saw
// before, and near the wall clock.
//
// Its node is random and new with every start. A node that came back with an
// older clock, from before its restart, would otherwise make the same stamps
// again for other writes.
//
// All methods are safe for concurrent use, and none waits.
type Clock struct {
	node uint32        // INVARIANT: never changed.
	last atomic.Uint64 // INVARIANT: only grows.
}

// NewClock returns a clock with a node of its own.
func NewClock() *Clock {
	var node [4]byte
	rand.Read(node[:]) // never fails
	return &Clock{node: binary.BigEndian.Uint32(node[:])}
}

// Node identifies the clock.
func (c *Clock) Node() uint32 { return c.node }

// Next returns a stamp later than all others. now is the wall clock's reading;
// after 65,536 stamps within a millisecond the clock runs ahead of it.
func (c *Clock) Next(now time.Time) Stamp {
	wall := ticksAt(now)
	for {
		last := c.last.Load()
		next := max(last+1, wall)
		if c.last.CompareAndSwap(last, next) {
			return newStamp(next, c.node)
		}
	}
}

// Observe has all stamps from now on be later than s, which somebody else made.
func (c *Clock) Observe(s Stamp) {
	ticks := s.ticks()
	for {
		last := c.last.Load()
		if ticks <= last || c.last.CompareAndSwap(last, ticks) {
			return
		}
	}
}
