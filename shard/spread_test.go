package shard

import "testing"

// Keys spread over segments and, inside a segment, over chains: the bits that
// choose the one must tell nothing about the other.
func TestKeysSpreadOverSegmentsAndChains(t *testing.T) {
	const keys, segments, longest = 1 << 16, 16, 12
	c := newChecked(t, Options[int, int]{MaximumSize: keys, Segments: segments})
	for key := range keys {
		c.Set(key, key)
	}
	for i := range c.segments {
		s := &c.segments[i]
		entries := 0
		for bucket := range s.table.Load().heads {
			length := chainLength(s, uint32(bucket))
			if length > longest {
				t.Fatalf("segment %d: a chain of %d", i, length)
			}
			entries += length
		}
		if even := keys / segments; entries < even*9/10 || entries > even*11/10 {
			t.Errorf("segment %d has %d entries of %d", i, entries, keys)
		}
	}
}
