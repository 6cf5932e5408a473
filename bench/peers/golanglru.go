package peers

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/uds-platform/state/bench/contest"
)

const lruModule = "github.com/hashicorp/golang-lru/v2"

var lruFeatures = contest.Features{
	Expiry:      contest.NoExpiry,
	Statistics:  contest.NoStatistics,
	Bound:       contest.Entries,
	IntegerKeys: true,
	Note:        "exact LRU behind one lock",
}

// lruCache is golang-lru's plain cache.
type lruCache[K contest.Key] struct {
	cache *lru.Cache[K, uint64]
}

func newLRU[K contest.Key](o contest.Options) (contest.Cache[K], error) {
	c, err := lru.New[K, uint64](o.Capacity)
	if err != nil {
		return nil, err
	}
	return lruCache[K]{c}, nil
}

func (c lruCache[K]) Get(key K) (uint64, bool) { return c.cache.Get(key) }
func (c lruCache[K]) Set(key K, value uint64)  { c.cache.Add(key, value) }
func (c lruCache[K]) Delete(key K)             { c.cache.Remove(key) }
func (c lruCache[K]) Len() int                 { return c.cache.Len() }
func (c lruCache[K]) Settle()                  {}
func (c lruCache[K]) Close()                   { c.cache.Purge() }
