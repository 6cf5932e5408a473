package peers

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/coocood/freecache"

	"github.com/uds-platform/state/bench/contest"
)

const (
	freecacheModule = "github.com/coocood/freecache"

	// freecacheHeaderBytes is what an entry takes in a segment's ring besides
	// key and value (ENTRY_HDR_SIZE); its place in the index, 16 bytes, is not
	// part of the size that freecache is given.
	freecacheHeaderBytes = 24
	freecacheLeastBytes  = 512 << 10
)

var freecacheFeatures = contest.Features{
	Expiry:      contest.EachEntry,
	Statistics:  contest.AlwaysStatistics,
	Bound:       contest.Bytes,
	IntegerKeys: true,
	LeastBytes:  freecacheLeastBytes,
	Note:        "values of 8 bytes; sized for the capacity times header, key and value; TTL in whole seconds",
}

// freeCache reads through GetFn, which doesn't copy the value.
type freeCache[K contest.Key] struct {
	cache      *freecache.Cache
	ttlSeconds int
}

func newFreecache[K contest.Key](o contest.Options) (contest.Cache[K], error) {
	if o.TTL%time.Second != 0 {
		return nil, fmt.Errorf("freecache: a TTL of %v; it knows whole seconds only", o.TTL)
	}
	size := o.Capacity * (freecacheHeaderBytes + o.EntryBytes)
	return freeCache[K]{freecache.NewCache(size), int(o.TTL / time.Second)}, nil
}

// keyBytes does for an integer what freecache's GetInt and SetInt do.
func keyBytes[K contest.Key](key K, room *[8]byte) []byte {
	switch k := any(key).(type) {
	case string:
		return bytesOf(k)
	case uint64:
		binary.LittleEndian.PutUint64(room[:], k)
	}
	return room[:]
}

func (c freeCache[K]) Get(key K) (value uint64, ok bool) {
	var room [8]byte
	err := c.cache.GetFn(keyBytes(key, &room), func(b []byte) error {
		value, ok = valueOf(b)
		return nil
	})
	return value, ok && err == nil
}

func (c freeCache[K]) Set(key K, value uint64) {
	var room, encoded [8]byte
	binary.LittleEndian.PutUint64(encoded[:], value)
	// The one error is that of an entry too large, which a miss will show.
	_ = c.cache.Set(keyBytes(key, &room), encoded[:], c.ttlSeconds)
}

func (c freeCache[K]) Delete(key K) {
	var room [8]byte
	c.cache.Del(keyBytes(key, &room))
}

func (c freeCache[K]) Len() int { return int(c.cache.EntryCount()) }
func (c freeCache[K]) Settle()  {}
func (c freeCache[K]) Close()   { c.cache.Clear() }
