package peers

import (
	"sync"

	"github.com/uds-platform/state/bench/contest"
)

var syncMapFeatures = contest.Features{
	Expiry:      contest.NoExpiry,
	Statistics:  contest.NoStatistics,
	Bound:       contest.NoBound,
	IntegerKeys: true,
	Limit:       true,
	Note:        "a bare map: no eviction, no expiry, no statistics",
}

// syncMap is the map of Go's own library.
type syncMap[K contest.Key] struct {
	entries *sync.Map
}

func newSyncMap[K contest.Key](contest.Options) (contest.Cache[K], error) {
	return syncMap[K]{new(sync.Map)}, nil
}

func (m syncMap[K]) Get(key K) (uint64, bool) {
	v, ok := m.entries.Load(key)
	if !ok {
		return 0, false
	}
	return v.(uint64), true
}

func (m syncMap[K]) Set(key K, value uint64) { m.entries.Store(key, value) }
func (m syncMap[K]) Delete(key K)            { m.entries.Delete(key) }

func (m syncMap[K]) Len() int {
	n := 0
	m.entries.Range(func(any, any) bool {
		n++
		return true
	})
	return n
}

func (m syncMap[K]) Settle() {}
func (m syncMap[K]) Close()  { m.entries.Clear() }
