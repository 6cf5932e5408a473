package peers

import (
	"github.com/puzpuzpuz/xsync/v4"

	"github.com/uds-platform/state/bench/contest"
)

const xsyncModule = "github.com/puzpuzpuz/xsync/v4"

var xsyncFeatures = contest.Features{
	Expiry:      contest.NoExpiry,
	Statistics:  contest.NoStatistics,
	Bound:       contest.NoBound,
	IntegerKeys: true,
	Limit:       true,
	Note:        "a bare map: no eviction, no expiry, no statistics",
}

// xsyncMap is the fastest concurrent map that we know of, with room for all keys
// from the start.
type xsyncMap[K contest.Key] struct {
	entries *xsync.Map[K, uint64]
}

func newXSync[K contest.Key](o contest.Options) (contest.Cache[K], error) {
	return xsyncMap[K]{xsync.NewMap[K, uint64](xsync.WithPresize(o.Capacity))}, nil
}

func (m xsyncMap[K]) Get(key K) (uint64, bool) { return m.entries.Load(key) }
func (m xsyncMap[K]) Set(key K, value uint64)  { m.entries.Store(key, value) }
func (m xsyncMap[K]) Delete(key K)             { m.entries.Delete(key) }
func (m xsyncMap[K]) Len() int                 { return m.entries.Size() }
func (m xsyncMap[K]) Settle()                  {}
func (m xsyncMap[K]) Close()                   { m.entries.Clear() }
