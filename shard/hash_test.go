package shard

import (
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
)

type name string

// The values come from another implementation of XXH3.
func TestStringsAreHashedByXXH3(t *testing.T) {
	text := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 5)
	for _, tc := range []struct {
		length int
		want   uint64
	}{
		{0, 0x2d06800538d394c2},
		{1, 0x20948828081ddcb4},
		{2, 0x9f7d14ddaec31723},
		{3, 0x178e97a55c30304f},
		{4, 0x3094195fbd46ee2a},
		{5, 0x4fb0dc0b9f6e5c96},
		{7, 0x8706dee3383094a1},
		{8, 0x4fdd94d918ebefb3},
		{9, 0xfef27d9106f45256},
		{12, 0x3981236174cea0c9},
		{16, 0x4246951ded1f9054},
		{17, 0xa429a74ff039e59b},
		{24, 0xc617afad6216f691},
		{32, 0x7faa8dfb9e729c7b},
		{33, 0x96bcb2b6ca494c3e},
		{48, 0x98000cad1228ce6c},
		{64, 0x80adcbb8b3c2a499},
		{65, 0x595a67a916237f6d},
		{80, 0x351816d4da44d4be},
		{96, 0x755b425b15259ba4},
		{97, 0x6f6d1b0e88320bd5},
		{128, 0x09942d196da2b4d0},
	} {
		checkHash(t, text[:tc.length], tc.want)
		checkHash(t, name(text[:tc.length]), tc.want)
	}
	for _, length := range []int{shortKey + 1, len(text)} {
		checkHash(t, text[:length], xxhash.Sum64String(text[:length]))
	}
}

// An integer is hashed as eight little-endian bytes, zero-extended.
func TestIntegersAreHashedByXXH3(t *testing.T) {
	for _, tc := range []struct{ x, want uint64 }{
		{0x0, 0xc77b3abb6f87acd9},
		{0x1, 0x2fbc593564db792e},
		{0xff, 0x0d00568a2225a3e5},
		{0x8000, 0xae9705420cb84a55},
		{0x80000000, 0x6b1028ab9821d584},
		{0x8000000000000000, 0x828f2476789a0e5f},
		{0xffffffffffffffff, 0x5111c7e47d784413},
		{0x123456789abcdef, 0xb78df414284277a6},
	} {
		checkHash(t, tc.x, tc.want)
		checkHash(t, int64(tc.x), tc.want)
		checkHash(t, uint32(tc.x), xxh3Word(uint64(uint32(tc.x))))
		checkHash(t, int16(tc.x), xxh3Word(uint64(uint16(tc.x))))
		checkHash(t, uint8(tc.x), xxh3Word(uint64(uint8(tc.x))))
	}
}

func checkHash[K Key](t *testing.T, key K, want uint64) {
	t.Helper()
	h := newHasher[K]()
	if got := h.sum(key); got != want {
		t.Errorf("%T %v hashes to %x, want %x", key, key, got, want)
	}
}

// A change of one bit anywhere changes about half of the hash's bits, high ones
// (which choose the segment) and low ones (which choose the bucket) alike.
func TestEveryBitOfAKeyMatters(t *testing.T) {
	h := newHasher[string]()
	for length := 1; length <= shortKey+1; length++ {
		key := []byte(strings.Repeat("k", length))
		before := h.sum(string(key))
		var changed uint64
		for bit := range length * 8 {
			key[bit/8] ^= 1 << (bit % 8)
			after := h.sum(string(key))
			if after == before {
				t.Errorf("bit %d of a key of %d bytes does not matter", bit, length)
			}
			changed |= before ^ after
			key[bit/8] ^= 1 << (bit % 8)
		}
		if length > 1 && changed != 1<<64-1 {
			t.Errorf("no bit of a key of %d bytes changes these bits of the hash: %x", length, ^changed)
		}
	}
}
