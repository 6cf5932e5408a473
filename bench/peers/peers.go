// Package peers has one adapter for each cache of the contest, in a file of its
// name: how it is configured for a task, as its own documentation recommends,
// and what it can't do.
//
// An adapter adds nothing to a cache. Where a cache lacks something, its
// features say so and the cell is left out.
package peers

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/uds-platform/state/bench/contest"
)

// Strings returns every peer, for string keys; ours first.
func Strings() []contest.Peer[string] {
	return append(generic[string](),
		contest.Peer[string]{Name: "sturdyc", Module: sturdycModule, Features: sturdycFeatures, New: newSturdyc},
		contest.Peer[string]{Name: "bigcache", Module: bigcacheModule, Features: bigcacheFeatures, New: newBigcache},
		contest.Peer[string]{Name: "fastcache", Module: fastcacheModule, Features: fastcacheFeatures, New: newFastcache},
	)
}

// Integers returns the peers that take integer keys; ours first.
func Integers() []contest.Peer[uint64] {
	return generic[uint64]()
}

// generic are the peers that take keys of both types.
func generic[K contest.Key]() []contest.Peer[K] {
	return []contest.Peer[K]{
		{Name: contest.Ours, Module: stateModule, Features: stateFeatures, New: newState[K]},
		{Name: "otter", Module: otterModule, Features: otterFeatures, New: newOtter[K]},
		{Name: "theine", Module: theineModule, Features: theineFeatures, New: newTheine[K]},
		{Name: "ristretto", Module: ristrettoModule, Features: ristrettoFeatures, New: newRistretto[K]},
		{Name: "golang-lru", Module: lruModule, Features: lruFeatures, New: newLRU[K]},
		{Name: "expirable", Module: lruModule, Features: expirableFeatures, New: newExpirable[K]},
		{Name: "ttlcache", Module: ttlcacheModule, Features: ttlcacheFeatures, New: newTTLCache[K]},
		{Name: "freecache", Module: freecacheModule, Features: freecacheFeatures, New: newFreecache[K]},
		{Name: "xsync.Map", Module: xsyncModule, Features: xsyncFeatures, New: newXSync[K]},
		{Name: "sync.Map", Features: syncMapFeatures, New: newSyncMap[K]},
		{Name: contest.Empty, Features: emptyFeatures, New: newEmpty[K]},
	}
}

// Find returns the peer of that name.
func Find[K contest.Key](all []contest.Peer[K], name string) (contest.Peer[K], error) {
	for _, p := range all {
		if p.Name == name {
			return p, nil
		}
	}
	return contest.Peer[K]{}, fmt.Errorf("there is no peer %q for these keys", name)
}

// valueBytes is the length of a value in a cache of bytes.
const valueBytes = 8

// bytesOf returns the key's bytes without copying them. A cache of bytes copies
// them itself and changes nothing: it is what its users do to avoid a second
// copy.
func bytesOf(key string) []byte {
	return unsafe.Slice(unsafe.StringData(key), len(key))
}

func valueOf(b []byte) (uint64, bool) {
	if len(b) != valueBytes {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b), true
}
