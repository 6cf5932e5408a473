package shard

import (
	"math/bits"
	"testing"
)

func withHash[V any](c *Cache[int, V], custom func(int) uint64) *Cache[int, V] {
	c.hasher = hasher[int]{shape: shapeCustom, custom: custom}
	return c
}

// However the keys collide, a chain stays short, and no key is taken for another.
func TestHostileHashes(t *testing.T) {
	for name, custom := range map[string]func(int) uint64{
		"constant zero": func(int) uint64 { return 0 },
		"constant ones": func(int) uint64 { return ^uint64(0) },
		"top bits only": func(key int) uint64 { return bits.Reverse64(uint64(key)) &^ 0xffffffff },
		"low bits only": func(key int) uint64 { return uint64(key) & 15 },
		"identity":      func(key int) uint64 { return uint64(key) },
	} {
		for bound, o := range map[string]Options[int, int]{
			"bounded":   {MaximumSize: 5000, Segments: 4},
			"unbounded": {Unbounded: true, Segments: 4},
		} {
			t.Run(name+", "+bound, func(t *testing.T) {
				c := withHash(newChecked(t, o), custom)
				for i := range 20_000 {
					c.Set(i, i)
					if v, ok := c.Get(i); !ok || v != i {
						t.Fatalf("key %d: %d, %v right after Set", i, v, ok)
					}
				}
				for i := range 20_000 {
					if v, ok := c.Get(i); ok && v != i {
						t.Fatalf("key %d has the value of %d", i, v)
					}
				}
				longest := 0
				for i := range c.segments {
					s := &c.segments[i]
					for bucket := range s.table.Load().heads {
						longest = max(longest, chainLength(s, uint32(bucket)))
					}
				}
				if longest > maxChain+1 {
					t.Errorf("a chain of %d nodes, want at most %d", longest, maxChain+1)
				}
			})
		}
	}
}

// The entry that goes from a full chain is the oldest without hits.
func TestFullChainForgetsTheOldestColdEntry(t *testing.T) {
	c := withHash(newChecked(t, Options[int, int]{MaximumSize: 1000}), func(int) uint64 { return 7 })
	for i := range maxChain {
		c.Set(i, i)
	}
	for _, hot := range []int{0, 1, 3} {
		c.Get(hot)
	}
	c.Set(100, 100)
	c.Set(101, 101)
	for key, want := range map[int]bool{0: true, 1: true, 2: false, 3: true, 4: false, 5: true, 100: true, 101: true} {
		if _, ok := c.GetQuietly(key); ok != want {
			t.Errorf("key %d is there: %v, want %v", key, ok, want)
		}
	}
}
