package warm

import (
	"sync"
	"sync/atomic"
	"time"
)

// coarse is a clock that costs its readers one atomic load, where the machine's
// costs 20 to 40 ns: as much as a whole hit. It is behind by up to its
// resolution, which is fine for deciding by dice whether to be early.
//
// A runtime timer advances it for as long as somebody reads it. When nobody has
// for a whole period it falls asleep and costs nothing; the next reader wakes it.
// There is no goroutine, so nothing leaks where close is forgotten.
type coarse struct {
	now        func() time.Time
	resolution time.Duration

	reading atomic.Int64 // nanoseconds since 1970; 0 while asleep
	// read is set by readers, who write only where it is not set yet, and taken
	// back once a period: one write a core a period, however many hits.
	read atomic.Bool

	mu     sync.Mutex
	timer  *time.Timer // INVARIANT: guarded by mu; armed exactly while reading is not 0.
	closed bool        // INVARIANT: guarded by mu; true for ever once true.
}

// load returns the time, or 0 once the clock is closed.
func (c *coarse) load() int64 {
	now := c.reading.Load()
	if now == 0 {
		return c.wake()
	}
	if !c.read.Load() {
		c.read.Store(true)
	}
	return now
}

func (c *coarse) wake() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0
	}
	now := c.reading.Load()
	if now != 0 { // somebody else was first
		return now
	}
	now = c.now().UnixNano()
	c.reading.Store(now)
	c.read.Store(true)
	c.arm()
	return now
}

// arm sets the timer. The caller holds mu.
func (c *coarse) arm() {
	if c.timer == nil {
		c.timer = time.AfterFunc(c.resolution, c.tick)
		return
	}
	c.timer.Reset(c.resolution)
}

func (c *coarse) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if !c.read.Swap(false) {
		c.reading.Store(0)
		return
	}
	c.reading.Store(c.now().UnixNano())
	c.arm()
}

func (c *coarse) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.reading.Store(0)
	if c.timer != nil {
		c.timer.Stop()
	}
}
