package latency

import (
	"math"
	"math/bits"
)

const (
	// subBits: each power of two is cut into 2^subBits buckets, so a bucket is at
	// most 1/32 as wide as what it holds.
	subBits = 5
	buckets = (64 - subBits + 1) << subBits
)

// histogram counts durations without allocating, to 3 %: below 32 ns each has a
// bucket of its own, above that each power of two has 32. The quantiles come from
// it; the worst is kept exactly.
//
// A sorted sample would be exact, but would have to be kept whole: tens of
// millions of Gets a turn, whose memory would be part of the storm.
type histogram struct {
	counts [buckets]uint64
	total  uint64
	worst  uint64
}

func (h *histogram) add(nanoseconds uint64) {
	h.counts[bucketOf(nanoseconds)]++
	h.total++
	h.worst = max(h.worst, nanoseconds)
}

func (h *histogram) merge(other *histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.worst = max(h.worst, other.worst)
}

// quantile returns the duration that a share q of all don't pass: the top of the
// bucket where that falls, but never more than the worst.
func (h *histogram) quantile(q float64) float64 {
	if h.total == 0 {
		return math.NaN()
	}
	rank := uint64(math.Ceil(q * float64(h.total)))
	seen := uint64(0)
	for i, n := range h.counts {
		if seen += n; n > 0 && seen >= rank {
			return float64(min(topOf(i), h.worst))
		}
	}
	return float64(h.worst)
}

func bucketOf(x uint64) int {
	if x < 1<<subBits {
		return int(x)
	}
	shift := bits.Len64(x) - subBits - 1
	return (shift+1)<<subBits + int(x>>shift)&(1<<subBits-1)
}

// topOf is the greatest duration in a bucket.
func topOf(bucket int) uint64 {
	if bucket < 1<<subBits {
		return uint64(bucket)
	}
	shift := bucket>>subBits - 1
	return (uint64(1<<subBits|bucket&(1<<subBits-1))+1)<<shift - 1
}
