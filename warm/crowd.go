package warm

import (
	"hash/maphash"
	"sync/atomic"
)

// crowd says which keys are popular: which of them were hit often enough in the
// last stretch of their life. It is asked only in that stretch, so a hit outside
// it leaves no trail, and within it writes only until the key has been found
// popular.
//
// It is an array of words, each the tag of one life of one key and a count. A
// life is known by its expiry, so a new value starts from nothing without anybody
// clearing anything. Keys that meet in a word take it from each other; then a
// popular key may be found out too late, and is loaded by demand instead.
//
// Rejected: a counter in the cache's entry (a write on every hit, or an
// allocation an entry), and a map (a lock, or an allocation a key).
type crowd struct {
	seed  maphash.Seed
	words [crowdWords]atomic.Uint64
}

const (
	// crowdWords is a power of two: 64 KiB, for as many keys as may be in the
	// last stretch of their life at the same time.
	crowdWords = 1 << 13

	countBits = 8
	countMask = 1<<countBits - 1

	// claimed is a count that says that somebody has taken on the refresh.
	claimed = countMask
	// maxMinimumHits leaves room for claimed.
	maxMinimumHits = claimed - 1
)

// spot is one life of one key.
type spot struct {
	word *atomic.Uint64
	tag  uint64 // INVARIANT: its lowest countBits are 0.
}

func (c *crowd) find(key string, expiryNanoseconds int64) spot {
	hash := maphash.String(c.seed, key)
	tag := (hash ^ uint64(expiryNanoseconds)*0x9e3779b97f4a7c15) &^ countMask
	return spot{word: &c.words[hash%crowdWords], tag: tag}
}

// popular counts a hit, and says whether there have been enough and nobody has
// claimed the refresh yet.
func (s spot) popular(enough uint64) bool {
	seen := s.word.Load()
	count := seen & countMask
	if seen&^countMask != s.tag {
		count = 0
	}
	if count == claimed {
		return false
	}
	if count < enough {
		count++
		s.word.CompareAndSwap(seen, s.tag|count) // a hit that is lost to another is one hit less
	}
	return count >= enough
}

// claim takes on the refresh, which succeeds for one caller a life.
func (s spot) claim() bool {
	seen := s.word.Load()
	return seen != s.tag|claimed && s.word.CompareAndSwap(seen, s.tag|claimed)
}

// release makes the key prove itself again: its refresh could not be started.
func (s spot) release() {
	s.word.CompareAndSwap(s.tag|claimed, s.tag)
}
