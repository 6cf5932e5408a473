package shard

import (
	"math"

	"github.com/uds-platform/state/internal/atomics"
)

// climber sizes the window by hill climbing on the hit ratio (Einziger, Eytan,
// Friedman and Manes, "Adaptive Software Cache Management", Middleware 2018): it
// moves the window's share a step, looks whether a sample of accesses did better,
// and goes on or turns back, with steps that shrink as it settles.
//
// A small window suits skewed work, a large one work that favours what is new.
// There is one climber for all segments, since the share is a property of the
// work and a segment's own hit ratio is too noisy to learn from.
//
// Anybody may call it; whoever comes while another is at it leaves.
type climber struct {
	busy  atomics.Bool
	share atomics.Uint64 // a float64's bits

	// What follows belongs to whoever has set busy.
	seen     lookups
	ratio    float64
	step     float64
	measured bool
}

// lookups are hits and misses so far.
type lookups struct{ hits, misses uint64 }

const (
	initialShare = 0.05
	minShare     = 0.01
	maxShare     = 0.80

	// sampleAccesses times the entries is one sample, and minSample the least.
	sampleAccesses = 20
	minSample      = 1000

	// A step is this share of the cache; it shrinks by stepDecay a sample, and
	// is whole again when the hit ratio changes by restartChange.
	//
	// These and the shares above were chosen by their mean over 29 pairs of
	// trace and capacity (docs/decisions.md): longer samples and smaller steps
	// than elsewhere, since what misleads a climber is noise.
	initialStep   = 0.03
	stepDecay     = 0.98
	restartChange = 0.10

	// climbPace is how many admissions a segment lets pass between two looks at
	// the counters.
	climbPace = 64
)

func (m *climber) init() {
	m.step = initialStep
	m.share.Store(math.Float64bits(initialShare))
}

// windowShare is the share of the entries that the window may hold.
func (m *climber) windowShare() float64 {
	return math.Float64frombits(m.share.Load())
}

// consider takes a step if a sample for so many entries has passed.
func (m *climber) consider(now lookups, entries int) {
	if !m.busy.CompareAndSwap(false, true) {
		return
	}
	defer m.busy.Store(false)
	hits, misses := now.hits-m.seen.hits, now.misses-m.seen.misses
	if hits+misses < uint64(max(sampleAccesses*entries, minSample)) {
		return
	}
	m.seen = now
	m.climb(float64(hits) / float64(hits+misses))
}

func (m *climber) climb(ratio float64) {
	change := ratio - m.ratio
	m.ratio = ratio
	if !m.measured {
		m.measured = true
		return
	}
	if change < 0 {
		m.step = -m.step
	}
	share := min(max(m.windowShare()+m.step, minShare), maxShare)
	m.share.Store(math.Float64bits(share))
	if math.Abs(change) >= restartChange {
		m.step = math.Copysign(initialStep, m.step)
	} else {
		m.step *= stepDecay
	}
}
