package shard

import (
	"math/bits"

	"github.com/uds-platform/state/internal/atomics"
)

// firstTables are the tables that the segments began with, as one array of chain heads. As
// long as no segment has grown, which in a cache of known size is for ever, a Get finds its
// chain there by arithmetic alone:
//
//	heads:  ┌ segment 0 ┬ segment 1 ┬ segment 2 ┬ …
//	                      ▲
//	   top bits of the hash, low bits of the hash
//
// The way through the segment and its table would be two loads more, each of which waits for the
// one before it and for the hash. Those are a fifth of a Get of an integer.
//
// INVARIANT: it is the cache's until the first segment is about to be given a larger table, and
// never again. So when a Get loaded it there was no larger table, and a key that is not in it was absent
// at some time since, however late the Get comes to look; one that has moved since is sealed there.
type firstTables[K Key, V any] struct {
	// heads is never empty, and its length is a power of two.
	heads []atomics.Pointer[node[K, V]]

	// hash >> shift & segmentMask is where the segment's heads begin, and hash & bucketMask what is to
	// be added to that.
	shift       uint
	segmentMask uint64
	bucketMask  uint64
}

// makeTables gives each segment of an empty cache a table of so many buckets, a power of two.
func (c *Cache[K, V]) makeTables(buckets int) {
	heads := buckets * len(c.segments)
	first := &firstTables[K, V]{
		heads:       make([]atomics.Pointer[node[K, V]], heads),
		shift:       uint(64 - bits.TrailingZeros(uint(heads))),
		segmentMask: uint64(heads - buckets),
		bucketMask:  uint64(buckets - 1),
	}
	for i := range c.segments {
		s := &c.segments[i]
		t := newTable(first.heads[i*buckets : (i+1)*buckets : (i+1)*buckets])
		s.table.Store(t)
		s.policy.sweptTable = t
	}
	c.first.Store(first)
}

// head is the head of a hash's chain. That a shift is below 64 is said to the compiler, which
// would else see to it that a larger one yields zero; with a single segment the mask does.
func (f *firstTables[K, V]) head(hash uint64) *atomics.Pointer[node[K, V]] {
	return &f.heads[hash>>(f.shift&63)&f.segmentMask|hash&f.bucketMask]
}
