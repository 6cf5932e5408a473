package peers

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/allegro/bigcache/v3"

	"github.com/uds-platform/state/bench/contest"
)

const (
	bigcacheModule = "github.com/allegro/bigcache/v3"

	// bigcacheHeaderBytes is what an entry takes in a shard's queue besides key
	// and value: time, hash and key length (18), and the queue's own length (1).
	bigcacheHeaderBytes = 19
	bigcacheLeastBytes  = 1 << 20
)

var bigcacheFeatures = contest.Features{
	Expiry:     contest.OneForAll,
	Statistics: contest.AlwaysStatistics,
	Bound:      contest.Bytes,
	LeastBytes: bigcacheLeastBytes,
	Note: "values of 8 bytes; sized in whole MiB for the capacity times header, key and value, rounded up; " +
		"an update appends, so it evicts too; without a TTL nothing is cleaned up",
}

// bigCache has bigcache's default configuration, but for the sizes, the life
// window and Verbose.
type bigCache struct {
	cache *bigcache.BigCache
}

func newBigcache(o contest.Options) (contest.Cache[string], error) {
	ttl := o.TTL
	if ttl == 0 {
		ttl = 365 * 24 * time.Hour
	}
	config := bigcache.DefaultConfig(ttl)
	if o.TTL == 0 {
		config.CleanWindow = 0
	}
	entryBytes := bigcacheHeaderBytes + o.EntryBytes
	config.MaxEntriesInWindow = o.Capacity
	config.MaxEntrySize = entryBytes
	config.HardMaxCacheSize = (o.Capacity*entryBytes + 1<<20 - 1) >> 20
	config.Verbose = false
	c, err := bigcache.New(context.Background(), config)
	if err != nil {
		return nil, err
	}
	return bigCache{c}, nil
}

func (c bigCache) Get(key string) (uint64, bool) {
	b, err := c.cache.Get(key)
	if err != nil {
		return 0, false
	}
	return valueOf(b)
}

func (c bigCache) Set(key string, value uint64) {
	var encoded [valueBytes]byte
	binary.LittleEndian.PutUint64(encoded[:], value)
	// The one error is that of an entry too large, which a miss will show.
	_ = c.cache.Set(key, encoded[:])
}

func (c bigCache) Delete(key string) {
	// The one error says that there was nothing.
	_ = c.cache.Delete(key)
}

func (c bigCache) Len() int { return c.cache.Len() }
func (c bigCache) Settle()  {}

func (c bigCache) Close() {
	// Neither ever fails.
	_ = c.cache.Close()
	_ = c.cache.Reset()
}
