package hits

import "math/bits"

// optimum returns how many accesses the best of all caches would hit, one that
// knows the future and need not keep what it has just been given: Belady's MIN
// with bypass. No policy can hit more.
//
// The usual way keeps entries in a heap by the time of their next use. There is
// a simpler one: no two entries are used next at the same time, so the set of
// these times is the cache. An access hits exactly where its own time is in
// the set; it puts the time of the object's next use in its place; and where
// there are then too many, the latest goes. What is never used again is never
// kept.
func optimum(accesses []uint32, objects, capacity int) (hits int) {
	next := nextUses(accesses, objects)
	held := newTimes(len(accesses))
	size := 0
	for now := range accesses {
		if held.remove(now) {
			hits++
			size--
		}
		if next[now] < 0 {
			continue
		}
		held.add(int(next[now]))
		if size++; size > capacity {
			held.remove(held.latest())
			size--
		}
	}
	return hits
}

// nextUses says for each access when its object is used again, or -1.
func nextUses(accesses []uint32, objects int) []int32 {
	next := make([]int32, len(accesses))
	later := make([]int32, objects)
	for i := range later {
		later[i] = -1
	}
	for now := len(accesses) - 1; now >= 0; now-- {
		object := accesses[now]
		next[now] = later[object]
		later[object] = int32(now)
	}
	return next
}

// times is a set of small integers that knows its greatest: a bit for each, and
// above every 64 of them one that says whether any is set, level upon level.
type times struct {
	// INVARIANT: bit i of levels[l+1] is set exactly where word i of levels[l]
	// is not 0. The last level is one word.
	levels [][]uint64
}

func newTimes(most int) *times {
	t := &times{}
	for words := most; ; {
		words = (words + 63) / 64
		t.levels = append(t.levels, make([]uint64, max(words, 1)))
		if words <= 1 {
			return t
		}
	}
}

func (t *times) add(x int) {
	for _, level := range t.levels {
		level[x/64] |= 1 << (x % 64)
		x /= 64
	}
}

// remove says whether x was there.
func (t *times) remove(x int) bool {
	if t.levels[0][x/64]>>(x%64)&1 == 0 {
		return false
	}
	for _, level := range t.levels {
		level[x/64] &^= 1 << (x % 64)
		if level[x/64] != 0 {
			break
		}
		x /= 64
	}
	return true
}

// latest returns the greatest; there must be one.
func (t *times) latest() int {
	x := 0
	for l := len(t.levels) - 1; l >= 0; l-- {
		x = x*64 + bits.Len64(t.levels[l][x]) - 1
	}
	return x
}
