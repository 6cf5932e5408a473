package peers

import (
	"encoding/binary"

	"github.com/VictoriaMetrics/fastcache"

	"github.com/uds-platform/state/bench/contest"
)

const (
	fastcacheModule = "github.com/VictoriaMetrics/fastcache"

	// fastcacheHeaderBytes is what an entry takes in a chunk besides key and
	// value: the lengths of both.
	fastcacheHeaderBytes = 4
	fastcacheLeastBytes  = 32 << 20
)

var fastcacheFeatures = contest.Features{
	Expiry:     contest.NoExpiry,
	Statistics: contest.AlwaysStatistics,
	Bound:      contest.Bytes,
	LeastBytes: fastcacheLeastBytes,
	Note: "values of 8 bytes; sized for the capacity times header, key and value, which it rounds up to multiples of 32 MiB; " +
		"memory lies outside the Go heap",
}

// fastCache reads into room on the stack, as its documentation does.
type fastCache struct {
	cache *fastcache.Cache
}

func newFastcache(o contest.Options) (contest.Cache[string], error) {
	return fastCache{fastcache.New(o.Capacity * (fastcacheHeaderBytes + o.EntryBytes))}, nil
}

func (c fastCache) Get(key string) (uint64, bool) {
	var room [valueBytes]byte
	b, ok := c.cache.HasGet(room[:0], bytesOf(key))
	if !ok {
		return 0, false
	}
	return valueOf(b)
}

func (c fastCache) Set(key string, value uint64) {
	var encoded [valueBytes]byte
	binary.LittleEndian.PutUint64(encoded[:], value)
	c.cache.Set(bytesOf(key), encoded[:])
}

func (c fastCache) Delete(key string) { c.cache.Del(bytesOf(key)) }

func (c fastCache) Len() int {
	var s fastcache.Stats
	c.cache.UpdateStats(&s)
	return int(s.EntriesCount)
}

// BytesOutsideHeap is what the cache holds that the Go heap doesn't show.
func (c fastCache) BytesOutsideHeap() uint64 {
	var s fastcache.Stats
	c.cache.UpdateStats(&s)
	return s.BytesSize
}

func (c fastCache) Settle() {}
func (c fastCache) Close()  { c.cache.Reset() }
