package peers

import (
	"time"

	"github.com/Yiling-J/theine-go"

	"github.com/uds-platform/state/bench/contest"
)

const theineModule = "github.com/Yiling-J/theine-go"

var theineFeatures = contest.Features{
	Expiry:      contest.EachEntry,
	Statistics:  contest.AlwaysStatistics,
	Bound:       contest.Entries,
	IntegerKeys: true,
	Note:        "policy work is waited for with Wait where the hit ratio is measured",
}

// theineCache is the simple cache, every entry of cost 1; the maximum size is
// the one option that theine asks for.
type theineCache[K contest.Key] struct {
	cache *theine.Cache[K, uint64]
	ttl   time.Duration
}

func newTheine[K contest.Key](o contest.Options) (contest.Cache[K], error) {
	c, err := theine.NewBuilder[K, uint64](int64(o.Capacity)).Build()
	if err != nil {
		return nil, err
	}
	return theineCache[K]{c, o.TTL}, nil
}

func (c theineCache[K]) Get(key K) (uint64, bool) { return c.cache.Get(key) }
func (c theineCache[K]) Set(key K, value uint64)  { c.cache.SetWithTTL(key, value, 1, c.ttl) }
func (c theineCache[K]) Delete(key K)             { c.cache.Delete(key) }
func (c theineCache[K]) Len() int                 { return c.cache.Len() }
func (c theineCache[K]) Settle()                  { c.cache.Wait() }
func (c theineCache[K]) Close()                   { c.cache.Close() }
