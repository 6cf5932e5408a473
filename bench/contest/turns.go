package contest

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// Limits say how many rounds there are: at least Least, then as many as fit in
// the Budget, but never more than Most, if that is given.
type Limits struct {
	Least, Most int
	Budget      time.Duration
}

// Rounds lets everybody have a turn, round after round. The order is turned by
// one place each round, so that nobody always follows the same neighbour. It
// returns how many rounds there were.
func Rounds(contestants int, l Limits, turn func(round, contestant int)) int {
	start := time.Now()
	for round := 0; ; round++ {
		spent := time.Since(start)
		full := round > 0 && spent+spent/time.Duration(round) > l.Budget
		if round >= l.Least && (full || l.Most > 0 && round >= l.Most) {
			return round
		}
		for i := range contestants {
			turn(round, (i+round)%contestants)
		}
	}
}

// Collector forces collections between turns, so that nobody pays for another's
// garbage.
//
// A collection of everything that all contestants hold takes a second when each
// has a million entries, and most turns leave no garbage. So one is forced when
// the garbage since the last has passed a share of what is alive: the runtime
// by itself would collect when it had grown to all of it, so a turn never starts
// with more than that share done by its predecessors.
type Collector struct {
	allocatedBytes uint64 // at the last collection
	liveBytes      uint64
	sample         []metrics.Sample
}

const (
	// garbageShare is the share of the live heap that may be garbage before a
	// turn, and garbageBytes how much may be in any case.
	garbageShare = 1.0 / 16
	garbageBytes = 1 << 20
)

// NewCollector returns a collector that has just collected.
func NewCollector() *Collector {
	c := &Collector{sample: []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/heap/live:bytes"},
	}}
	c.Collect()
	return c
}

// BetweenTurns collects if the turns since the last collection left enough.
func (c *Collector) BetweenTurns() {
	metrics.Read(c.sample)
	garbage := c.sample[0].Value.Uint64() - c.allocatedBytes
	if garbage > garbageBytes && float64(garbage) > garbageShare*float64(c.liveBytes) {
		c.Collect()
	}
}

// Collect collects now.
func (c *Collector) Collect() {
	runtime.GC()
	metrics.Read(c.sample)
	c.allocatedBytes = c.sample[0].Value.Uint64()
	c.liveBytes = c.sample[1].Value.Uint64()
}
