package peers

import (
	"github.com/hashicorp/golang-lru/v2/expirable"

	"github.com/uds-platform/state/bench/contest"
)

var expirableFeatures = contest.Features{
	Expiry:      contest.OneForAll,
	Statistics:  contest.NoStatistics,
	Bound:       contest.Entries,
	IntegerKeys: true,
	Note:        "exact LRU behind one lock; has no Close, so with a TTL its goroutine stays",
}

// expirableCache is golang-lru's expirable cache.
type expirableCache[K contest.Key] struct {
	cache *expirable.LRU[K, uint64]
}

func newExpirable[K contest.Key](o contest.Options) (contest.Cache[K], error) {
	return expirableCache[K]{expirable.NewLRU[K, uint64](o.Capacity, nil, o.TTL)}, nil
}

func (c expirableCache[K]) Get(key K) (uint64, bool) { return c.cache.Get(key) }
func (c expirableCache[K]) Set(key K, value uint64)  { c.cache.Add(key, value) }
func (c expirableCache[K]) Delete(key K)             { c.cache.Remove(key) }
func (c expirableCache[K]) Len() int                 { return c.cache.Len() }
func (c expirableCache[K]) Settle()                  {}
func (c expirableCache[K]) Close()                   { c.cache.Purge() }
