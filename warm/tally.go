package warm

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// tally counts the heaviest keys of an endless stream in bounded memory, and
// lets what is old count less.
//
// It is Space-Saving (Metwally, Agrawal and El Abbadi, "Efficient Computation of
// Frequent and Top-k Elements in Data Streams", ICDT 2005) with forward decay
// (Cormode, Shkapenyuk, Srivastava and Xu, "Forward Decay: A Practical Time Decay
// Model for Streaming Systems", ICDE 2009). When a new key comes and all counters
// are taken, the lightest is handed to it, count and all, and the count is noted
// as the most by which the key may be overrated. So a key that weighs more than
// the total divided by limit is never missing, and no count is ever too low.
//
// Decay costs nothing: a weight is inflated by 2^(age of the tally / half-life)
// as it comes in, which leaves the order of what is there untouched, and readers
// deflate. When the exponent gets large, all are scaled down once.
//
// It is not safe for concurrent use. A time before the tally's first counts as
// that.
type tally[K comparable] struct {
	limit    int     // INVARIANT: positive, never changed.
	halfLife float64 // INVARIANT: nanoseconds, positive, never changed.

	landmark int64   // the nanosecond at which weights are not inflated
	total    float64 // inflated; what was taken from keys counts on
	// INVARIANT: counters is a heap, lightest first; places has each counter's
	// index in it.
	counters []counter[K]
	places   map[K]int
}

// counter has its weights inflated inside the tally, and deflated outside.
type counter[K comparable] struct {
	key    K
	weight float64 // never too low
	excess float64 // never too high by more
}

// sure is what the key weighs at the least.
func (c counter[K]) sure() float64 { return c.weight - c.excess }

// maxExponent is far from what a float64 can hold, so that sums stay far too.
const maxExponent = 256

func newTally[K comparable](limit int, halfLife time.Duration, now int64) *tally[K] {
	return &tally[K]{limit: limit, halfLife: float64(halfLife), landmark: now, places: make(map[K]int)}
}

// add counts so much for a key.
func (t *tally[K]) add(key K, weight float64, now int64) {
	weight *= t.inflation(now)
	t.total += weight
	t.raise(key, weight, 0)
}

// restore counts what another tally had counted, with its excess.
func (t *tally[K]) restore(key K, weight, excess float64, now int64) {
	scale := t.inflation(now)
	t.total += weight * scale
	t.raise(key, weight*scale, excess*scale)
}

// raise adds inflated weights.
func (t *tally[K]) raise(key K, weight, excess float64) {
	if at, ok := t.places[key]; ok {
		t.counters[at].weight += weight
		t.counters[at].excess += excess
		t.sink(at)
		return
	}
	if len(t.counters) < t.limit {
		t.counters = append(t.counters, counter[K]{key: key, weight: weight, excess: excess})
		t.places[key] = len(t.counters) - 1
		t.float(len(t.counters) - 1)
		return
	}
	lightest := &t.counters[0]
	delete(t.places, lightest.key)
	*lightest = counter[K]{key: key, weight: lightest.weight + weight, excess: lightest.weight + excess}
	t.places[key] = 0
	t.sink(0)
}

// inflation is what a weight of now is multiplied by.
func (t *tally[K]) inflation(now int64) float64 {
	exponent := float64(max(now-t.landmark, 0)) / t.halfLife
	if exponent <= maxExponent {
		return math.Exp2(exponent)
	}
	scale := math.Exp2(-exponent)
	t.total *= scale
	for i := range t.counters {
		t.counters[i].weight *= scale
		t.counters[i].excess *= scale
	}
	t.landmark = now
	return 1
}

// read returns key's counter as of now, or one without weight.
func (t *tally[K]) read(key K, now int64) counter[K] {
	at, ok := t.places[key]
	if !ok {
		return counter[K]{key: key}
	}
	return deflated(t.counters[at], t.inflation(now))
}

// sum is all that was counted, as of now.
func (t *tally[K]) sum(now int64) float64 { return t.total / t.inflation(now) }

// heaviest returns up to n counters as of now, heaviest first.
func (t *tally[K]) heaviest(n int, now int64) []counter[K] {
	scale := t.inflation(now)
	sorted := slices.Clone(t.counters)
	slices.SortStableFunc(sorted, func(a, b counter[K]) int { return cmp.Compare(b.weight, a.weight) })
	sorted = sorted[:min(n, len(sorted))]
	for i := range sorted {
		sorted[i] = deflated(sorted[i], scale)
	}
	return sorted
}

// heaviestBut returns the heaviest key other than one, if there is any.
func (t *tally[K]) heaviestBut(not K) (key K, ok bool) {
	heaviest := -1.0
	for _, c := range t.counters {
		if c.weight > heaviest && c.key != not {
			key, ok, heaviest = c.key, true, c.weight
		}
	}
	return key, ok
}

func deflated[K comparable](c counter[K], scale float64) counter[K] {
	c.weight /= scale
	c.excess /= scale
	return c
}

// sink moves a counter that has become heavier to where it belongs.
func (t *tally[K]) sink(at int) {
	for {
		child := 2*at + 1
		if child >= len(t.counters) {
			return
		}
		if next := child + 1; next < len(t.counters) && t.counters[next].weight < t.counters[child].weight {
			child = next
		}
		if t.counters[child].weight >= t.counters[at].weight {
			return
		}
		t.swap(at, child)
		at = child
	}
}

// float moves a counter that may be lighter than its parent to where it belongs.
func (t *tally[K]) float(at int) {
	for at > 0 {
		parent := (at - 1) / 2
		if t.counters[parent].weight <= t.counters[at].weight {
			return
		}
		t.swap(at, parent)
		at = parent
	}
}

func (t *tally[K]) swap(a, b int) {
	t.counters[a], t.counters[b] = t.counters[b], t.counters[a]
	t.places[t.counters[a].key], t.places[t.counters[b].key] = a, b
}
