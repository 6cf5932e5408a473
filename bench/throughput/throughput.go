// Package throughput measures how many operations a second a cache does.
//
// # The idea
//
// All peers that can do a task are made and filled at once, and then take turns
// of some tens of milliseconds; see package contest. A turn is one goroutine a
// core, each walking its own part of a sequence of keys that was drawn before,
// so that nothing but the cache is in the loop: one key from the sequence, one
// call through an interface, and once in 256 operations a look at the clock. The
// peer that does nothing shows what is left of that: the cost of the harness.
//
// Every figure is the median over rounds, and every comparison the median of
// ratios, each of two turns of the same round.
package throughput

import (
	"time"

	"github.com/uds-platform/state/bench/contest"
)

// Workload is what is done to the keys.
type Workload struct {
	Name string

	// WriteShare of the operations, 0 to 1, are writes of keys that are there.
	WriteShare float64

	// TTL is what entries are written with; 0 for none.
	TTL time.Duration

	// Churn is reads, and a write on a miss, with room for a tenth of the keys.
	Churn bool
}

// churnKeys is how many keys there are for each that fits, in churn.
const churnKeys = 10

// Keys is how many keys there are for so many entries.
func (w Workload) Keys(entries int) int {
	if w.Churn {
		return churnKeys * entries
	}
	return entries
}

// Workloads are what can be measured.
var Workloads = []Workload{
	{Name: "reads"},
	{Name: "reads-ttl", TTL: time.Hour},
	{Name: "mixed-75-25", WriteShare: 0.25},
	{Name: "mixed-50-50", WriteShare: 0.5},
	{Name: "updates", WriteShare: 1},
	{Name: "churn", Churn: true},
}

// The kinds of keys.
const (
	StringKeys  = "string"
	IntegerKeys = "integer"
)

// Cell is one thing to measure, on all peers.
type Cell struct {
	Workload     Workload
	Distribution string
	Entries      int
	Keys         string
}

// Plan says what to measure, how, and for how long.
type Plan struct {
	// Cells in the order of their importance. The first is measured in any case;
	// where the budget ends, the rest is left out.
	Cells []Cell

	// CPUs are the numbers of cores to use, in every cell.
	CPUs []int

	// ScalingCells is how many of the first cells are measured on every number
	// of CPUs; the others only on the last.
	ScalingCells int

	// Peers are the names of those to measure; empty for all.
	Peers []string

	Turn       time.Duration
	Budget     time.Duration
	Rounds     int // at least
	MostRounds int // 0 for as many as fit in the budget
	Statistics bool
}

// Sample is what the turns of one peer in one cell gave.
type Sample struct {
	Cell  Cell
	CPUs  int
	Peer  string
	Lacks string // why it was left out; then there is nothing else

	Nanoseconds []float64 // an operation, wall clock, one a round
	HitShare    float64   // of the reads
	BytesPerOp  float64   // allocated
	GCShare     float64   // of the turns' CPU time, spent on collections that came by themselves
}

// blocks are cells that can share filled caches: those whose keys and options
// are the same.
type block struct {
	task  contest.Options
	keys  string
	churn bool
}

func (c Cell) block(statistics bool) block {
	return block{
		task:  contest.Options{Capacity: c.Entries, TTL: c.Workload.TTL, Statistics: statistics},
		keys:  c.Keys,
		churn: c.Workload.Churn,
	}
}
