package peers

import (
	"time"

	"github.com/dgraph-io/ristretto/v2"

	"github.com/uds-platform/state/bench/contest"
)

const ristrettoModule = "github.com/dgraph-io/ristretto/v2"

var ristrettoFeatures = contest.Features{
	Expiry:      contest.EachEntry,
	Statistics:  contest.SwitchStatistics,
	Bound:       contest.Entries,
	IntegerKeys: true,
	Note:        "a Set of a new key may be dropped, by design; every Set is waited for where the hit ratio is measured",
}

// ristrettoCache is configured by the advice beside each field of its Config:
// ten counters an entry, 64 buffered items, and, as costs are not bytes here, no
// internal cost.
type ristrettoCache[K contest.Key] struct {
	cache *ristretto.Cache[K, uint64]
	ttl   time.Duration
}

func newRistretto[K contest.Key](o contest.Options) (contest.Cache[K], error) {
	c, err := ristretto.NewCache(&ristretto.Config[K, uint64]{
		NumCounters:        10 * int64(o.Capacity),
		MaxCost:            int64(o.Capacity),
		BufferItems:        64,
		IgnoreInternalCost: true,
		Metrics:            o.Statistics,
	})
	if err != nil {
		return nil, err
	}
	return ristrettoCache[K]{c, o.TTL}, nil
}

func (c ristrettoCache[K]) Get(key K) (uint64, bool) { return c.cache.Get(key) }
func (c ristrettoCache[K]) Set(key K, value uint64)  { c.cache.SetWithTTL(key, value, 1, c.ttl) }
func (c ristrettoCache[K]) Delete(key K)             { c.cache.Del(key) }
func (c ristrettoCache[K]) Len() int                 { return int(c.cache.MaxCost() - c.cache.RemainingCost()) }
func (c ristrettoCache[K]) Settle()                  { c.cache.Wait() }
func (c ristrettoCache[K]) Close()                   { c.cache.Close() }
