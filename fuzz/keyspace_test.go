package fuzz

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"
)

// keyspace is a set of keys that a script chooses from. Which keys they are is
// how hostile hashes are reached from outside: xxhash has no secret, so keys
// that meet in one chain can be looked for.
type keyspace[K any] struct {
	keys []K
	// crowded: so many keys share a chain that the cache may have to forget
	// some, whatever its capacity.
	crowded bool
}

func (k keyspace[K]) draw(s *script) K { return k.keys[s.below(len(k.keys))] }

// words are strings that differ in length, content and nothing.
var words = sync.OnceValue(func() keyspace[string] {
	space := keyspace[string]{keys: []string{""}}
	for i := 1; i < 256; i++ {
		space.keys = append(space.keys, fmt.Sprintf("%s%d", strings.Repeat("/", i%40), i))
	}
	return space
})

// numbers are integers of every magnitude.
var numbers = sync.OnceValue(func() keyspace[uint64] {
	var space keyspace[uint64]
	for i := range uint64(256) {
		space.keys = append(space.keys, i<<(i%57)|i)
	}
	return space
})

const (
	// colliding keys agree in so many of the bits that choose a segment, and so
	// many of those that choose a chain: enough for every table that a script
	// can make.
	collidingTop = 4
	collidingLow = 11

	// fewColliding fit into one chain, and manyColliding do not.
	fewColliding  = 24
	manyColliding = 96
)

var manyInOneChain = sync.OnceValue(func() keyspace[uint64] {
	space := keyspace[uint64]{crowded: true}
	const mask = (1<<collidingTop-1)<<(64-collidingTop) | (1<<collidingLow - 1)
	for key := uint64(0); len(space.keys) < manyColliding; key++ {
		if hashOf(key)&mask == hashOf(0)&mask {
			space.keys = append(space.keys, key)
		}
	}
	return space
})

var fewInOneChain = sync.OnceValue(func() keyspace[uint64] {
	return keyspace[uint64]{keys: manyInOneChain().keys[:fewColliding]}
})

// hashOf hashes an integer as the engine does.
func hashOf(key uint64) uint64 {
	return xxhash.Sum64(binary.LittleEndian.AppendUint64(nil, key))
}
