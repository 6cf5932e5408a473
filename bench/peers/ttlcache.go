package peers

import (
	"github.com/jellydator/ttlcache/v3"

	"github.com/uds-platform/state/bench/contest"
)

const ttlcacheModule = "github.com/jellydator/ttlcache/v3"

var ttlcacheFeatures = contest.Features{
	Expiry:      contest.EachEntry,
	Statistics:  contest.AlwaysStatistics,
	Bound:       contest.Entries,
	IntegerKeys: true,
	Note:        "exact LRU behind one lock; touch on hit is off, so that it expires after a write as the others do",
}

// ttlCache runs its automatic removal of expired items, as in ttlcache's README,
// where the task has a TTL.
type ttlCache[K contest.Key] struct {
	cache *ttlcache.Cache[K, uint64]
	runs  bool
}

func newTTLCache[K contest.Key](o contest.Options) (contest.Cache[K], error) {
	c := ttlcache.New(
		ttlcache.WithCapacity[K, uint64](uint64(o.Capacity)),
		ttlcache.WithTTL[K, uint64](o.TTL),
		ttlcache.WithDisableTouchOnHit[K, uint64](),
	)
	if o.TTL > 0 {
		go c.Start()
	}
	return ttlCache[K]{c, o.TTL > 0}, nil
}

func (c ttlCache[K]) Get(key K) (uint64, bool) {
	item := c.cache.Get(key)
	if item == nil {
		return 0, false
	}
	return item.Value(), true
}

func (c ttlCache[K]) Set(key K, value uint64) { c.cache.Set(key, value, ttlcache.DefaultTTL) }
func (c ttlCache[K]) Delete(key K)            { c.cache.Delete(key) }
func (c ttlCache[K]) Len() int                { return c.cache.Len() }
func (c ttlCache[K]) Settle()                 {}

func (c ttlCache[K]) Close() {
	if c.runs {
		c.cache.Stop()
	}
	c.cache.DeleteAll()
}
