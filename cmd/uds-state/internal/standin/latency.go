package standin

import (
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Cost is what a query makes NRDB do, as far as its latency depends on it.
type Cost struct {
	// Metadata is true for what NRDB answers without reading events:
	// SHOW EVENT TYPES and keyset().
	Metadata bool
	// Events is how many events lie in the query's window.
	Events int64
	// Functions is how many aggregates each event passes through.
	Functions int
	// Distinct is how many of them have to remember values (uniques, uniqueCount).
	Distinct int
	// Filtered is true with a WHERE clause.
	Filtered bool
	// Buckets is how many TIMESERIES buckets come back, 0 without the clause.
	Buckets int
	// Rows is how many raw events come back.
	Rows int
}

// Latency says how long NRDB would take for a query. It must be safe for
// concurrent use.
type Latency interface {
	For(Cost) time.Duration
}

// LogNormal is NRDB as its users see it: most answers near a median that grows
// with the query's cost, some several times slower. Every draw follows from the
// seed and the number of draws before it, so a run with one caller repeats.
type LogNormal struct {
	seed  uint64
	draws atomic.Uint64
}

// NewLogNormal returns a latency seeded with seed.
func NewLogNormal(seed uint64) *LogNormal { return &LogNormal{seed: seed} }

const (
	spread       = 0.42 // σ of the logarithm: p99 is about 2.7 times the median
	slowShare    = 0.02 // queries that meet a busy node
	slowFactor   = 2.5
	latencyFloor = 60 * time.Millisecond
	latencyCap   = 6 * time.Second // a run of seconds must still see the slow ones end
)

// For draws the latency of one query.
func (l *LogNormal) For(cost Cost) time.Duration {
	random := rand.New(rand.NewPCG(l.seed, l.draws.Add(1)))
	factor := math.Exp(spread * random.NormFloat64())
	if random.Float64() < slowShare {
		factor *= slowFactor
	}
	latency := time.Duration(float64(medianOf(cost)) * factor)
	return min(max(latency, latencyFloor), latencyCap)
}

// medianOf is the middle of the distribution for a cost: about 200 ms for a
// count, a second for a day's profile, more than two for a thousand raw events.
func medianOf(cost Cost) time.Duration {
	if cost.Metadata {
		return 190 * time.Millisecond
	}
	work := 140*time.Millisecond +
		time.Duration(cost.Functions)*60*time.Millisecond +
		time.Duration(cost.Distinct)*120*time.Millisecond +
		time.Duration(cost.Buckets)*24*time.Millisecond +
		time.Duration(cost.Rows)*2*time.Millisecond
	if cost.Filtered {
		work += 50 * time.Millisecond
	}
	millionsOfEvents := float64(cost.Events) / 1e6
	return time.Duration(float64(work) * (1 + 0.1*math.Log1p(millionsOfEvents)))
}
