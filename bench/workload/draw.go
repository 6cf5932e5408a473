package workload

import (
	"fmt"
	"math/rand/v2"

	"github.com/uds-platform/state/bench/contest"
)

// Exponent is the s of every Zipf distribution here: the n-th most popular key
// is asked for about 1/n as often as the first.
const Exponent = 1.01

// The distributions that keys can be drawn by.
const (
	Zipf    = "zipf"
	Uniform = "uniform"
)

// Draw returns keys in the order in which they are asked for. Popularity has
// nothing to do with the order of keys, and so nothing with how they lie in
// memory.
//
// The keys themselves are returned, not their numbers: a caller that looks up a
// key has it at hand, and finding it would be a cache miss of its own.
func Draw[K contest.Key](keys []K, draws int, distribution string, seed uint64) ([]K, error) {
	rng := Source(seed)
	drawn := make([]K, draws)
	switch distribution {
	case Zipf:
		order := rng.Perm(len(keys))
		zipf := rand.NewZipf(rng, Exponent, 1, uint64(len(keys)-1))
		for i := range drawn {
			drawn[i] = keys[order[zipf.Uint64()]]
		}
	case Uniform:
		for i := range drawn {
			drawn[i] = keys[rng.IntN(len(keys))]
		}
	default:
		return nil, fmt.Errorf("there is no distribution %q; want %s or %s", distribution, Zipf, Uniform)
	}
	return drawn, nil
}
