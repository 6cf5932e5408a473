package peers

import (
	"fmt"
	"time"

	"github.com/viccon/sturdyc"

	"github.com/uds-platform/state/bench/contest"
)

const (
	sturdycModule = "github.com/viccon/sturdyc"

	// sturdycShards and sturdycEvictionPercentage are those of its README.
	sturdycShards             = 10
	sturdycEvictionPercentage = 10
)

var sturdycFeatures = contest.Features{
	Expiry:     contest.AlwaysForAll,
	Statistics: contest.NoStatistics, // only calls to a recorder that its user writes
	Bound:      contest.Entries,
	Note:       "evicts a tenth of a shard at a time, the oldest writes first; a TTL of a day where the task has none; has no Close",
}

// sturdycCache is configured as in sturdyc's README, with evictions of expired
// entries only where the task has a TTL: it recommends to turn them off where
// nothing expires.
type sturdycCache struct {
	client *sturdyc.Client[uint64]
}

func newSturdyc(o contest.Options) (contest.Cache[string], error) {
	if o.Capacity < sturdycShards {
		return nil, fmt.Errorf("sturdyc: capacity %d is less than its %d shards", o.Capacity, sturdycShards)
	}
	ttl, options := o.TTL, []sturdyc.Option(nil)
	if ttl == 0 {
		ttl = 24 * time.Hour
		options = append(options, sturdyc.WithNoContinuousEvictions())
	}
	c := sturdyc.New[uint64](o.Capacity, sturdycShards, ttl, sturdycEvictionPercentage, options...)
	return sturdycCache{c}, nil
}

func (c sturdycCache) Get(key string) (uint64, bool) { return c.client.Get(key) }
func (c sturdycCache) Set(key string, value uint64)  { c.client.Set(key, value) }
func (c sturdycCache) Delete(key string)             { c.client.Delete(key) }
func (c sturdycCache) Len() int                      { return c.client.Size() }
func (c sturdycCache) Settle()                       {}
func (c sturdycCache) Close()                        {}
