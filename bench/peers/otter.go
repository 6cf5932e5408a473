package peers

import (
	"github.com/maypok86/otter/v2"
	"github.com/maypok86/otter/v2/stats"

	"github.com/uds-platform/state/bench/contest"
)

const otterModule = "github.com/maypok86/otter/v2"

var otterFeatures = contest.Features{
	Expiry:      contest.EachEntry,
	Statistics:  contest.SwitchStatistics,
	Bound:       contest.Entries,
	IntegerKeys: true,
	Note:        "hit ratios with an Executor that runs its work on the caller, as its documentation advises for tests",
}

// otterCache expires a fixed time after a write, as ours does; statistics by the
// counter that otter brings.
type otterCache[K contest.Key] struct {
	cache *otter.Cache[K, uint64]
}

func newOtter[K contest.Key](o contest.Options) (contest.Cache[K], error) {
	options := &otter.Options[K, uint64]{MaximumSize: o.Capacity}
	if o.TTL > 0 {
		options.ExpiryCalculator = otter.ExpiryWriting[K, uint64](o.TTL)
	}
	if o.Statistics {
		options.StatsRecorder = stats.NewCounter()
	}
	if o.Inline {
		options.Executor = func(work func()) { work() }
	}
	c, err := otter.New(options)
	if err != nil {
		return nil, err
	}
	return otterCache[K]{c}, nil
}

func (c otterCache[K]) Get(key K) (uint64, bool) { return c.cache.GetIfPresent(key) }
func (c otterCache[K]) Set(key K, value uint64)  { c.cache.Set(key, value) }
func (c otterCache[K]) Delete(key K)             { c.cache.Invalidate(key) }
func (c otterCache[K]) Len() int                 { return c.cache.EstimatedSize() }
func (c otterCache[K]) Settle()                  { c.cache.CleanUp() }

func (c otterCache[K]) Close() {
	c.cache.InvalidateAll()
	c.cache.StopAllGoroutines()
}
