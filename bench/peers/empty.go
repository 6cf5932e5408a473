package peers

import "github.com/uds-platform/state/bench/contest"

var emptyFeatures = contest.Features{
	Expiry:      contest.EachEntry,
	Statistics:  contest.NoStatistics,
	Bound:       contest.NoBound,
	IntegerKeys: true,
	Limit:       true,
	Note:        "does nothing: the cost of the harness, and part of every other figure",
}

// empty does nothing, so that what is left is the harness.
type empty[K contest.Key] struct{}

func newEmpty[K contest.Key](contest.Options) (contest.Cache[K], error) { return empty[K]{}, nil }

func (empty[K]) Get(K) (uint64, bool) { return 0, true }
func (empty[K]) Set(K, uint64)        {}
func (empty[K]) Delete(K)             {}
func (empty[K]) Len() int             { return 0 }
func (empty[K]) Settle()              {}
func (empty[K]) Close()               {}
