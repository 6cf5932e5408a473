package peers

import (
	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/shard"
)

const stateModule = "github.com/uds-platform/state"

var stateFeatures = contest.Features{
	Expiry:      contest.EachEntry,
	Statistics:  contest.SwitchStatistics,
	Bound:       contest.Entries,
	IntegerKeys: true,
}

// state is our engine.
type state[K contest.Key] struct {
	cache *shard.Cache[K, uint64]
}

func newState[K contest.Key](o contest.Options) (contest.Cache[K], error) {
	c, err := shard.New(shard.Options[K, uint64]{
		MaximumSize:  o.Capacity,
		DefaultTTL:   o.TTL,
		DisableStats: !o.Statistics,
	})
	if err != nil {
		return nil, err
	}
	return state[K]{c}, nil
}

func (s state[K]) Get(key K) (uint64, bool) { return s.cache.Get(key) }
func (s state[K]) Set(key K, value uint64)  { s.cache.Set(key, value) }
func (s state[K]) Delete(key K)             { s.cache.Delete(key) }
func (s state[K]) Len() int                 { return s.cache.Len() }
func (s state[K]) Settle()                  {} // nothing is put off while nobody else writes
func (s state[K]) Close()                   { s.cache.Close() }
