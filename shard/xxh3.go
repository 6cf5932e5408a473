package shard

import (
	"math/bits"
	"unsafe"

	"github.com/cespare/xxhash/v2"
)

// xxh3 hashes a string with the 64-bit form of XXH3, xxHash's present algorithm
// (xxHash specification, seed 0), up to shortKey bytes, and a longer one with
// XXH64 by the library.
//
// Cache keys are short and of many lengths. XXH64 takes what is left over after
// 32, 8 and 4 bytes in loops, and the processor guesses wrongly how often they
// go round: for keys of 36 to 40 bytes that cost a third of a whole Get. XXH3
// reads the last bytes again instead, overlapping what it has read before, so
// that a class of lengths is one straight line.
//
// Tests hold it against values of the reference implementation.
func xxh3(s string) uint64 {
	n := len(s)
	if n <= 16 || n > shortKey {
		return xxh3Rare(s)
	}
	first := unsafe.Pointer(unsafe.StringData(s))
	last := unsafe.Add(first, n-16)
	sum := uint64(n) * prime1
	if n > 32 {
		if n > 64 {
			if n > 96 {
				sum += mix(first, 48, secret12, secret13) + mix(last, -48, secret14, secret15)
			}
			sum += mix(first, 32, secret8, secret9) + mix(last, -32, secret10, secret11)
		}
		sum += mix(first, 16, secret4, secret5) + mix(last, -16, secret6, secret7)
	}
	return avalanche(sum + mix(first, 0, secret0, secret1) + mix(last, 0, secret2, secret3))
}

// xxh3Rare hashes the lengths that keys seldom have.
func xxh3Rare(s string) uint64 {
	n := len(s)
	first := unsafe.Pointer(unsafe.StringData(s))
	switch {
	case n > shortKey:
		return xxhash.Sum64String(s)
	case n > 8:
		low := word(first, 0) ^ (secret3 ^ secret4)
		high := word(first, n-8) ^ (secret5 ^ secret6)
		return avalanche(uint64(n) + bits.ReverseBytes64(low) + high + fold(low, high))
	case n >= 4:
		return xxh3Short(uint64(halfWord(first, n-4))+uint64(halfWord(first, 0))<<32, uint64(n))
	case n > 0:
		all := uint64(s[0])<<16 | uint64(s[n>>1])<<24 | uint64(s[n-1]) | uint64(n)<<8
		return avalanche64(all ^ (secret0&0xffffffff ^ secret0>>32))
	default:
		return avalanche64(secret7 ^ secret8)
	}
}

// shortKey is the longest string of XXH3's straight-line forms.
const shortKey = 128

// mix folds sixteen bytes with two words of the secret.
func mix(p unsafe.Pointer, at int, a, b uint64) uint64 {
	return fold(word(p, at)^a, word(p, at+8)^b)
}

// fold multiplies to 128 bits and keeps both halves in one.
func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

func avalanche(h uint64) uint64 {
	h ^= h >> 37
	h *= 0x165667919e3779f9
	return h ^ h>>32
}

// xxh3Word hashes the eight bytes of x.
func xxh3Word(x uint64) uint64 { return xxh3Short(bits.RotateLeft64(x, 32), 8) }

// xxh3Short hashes 4 to 8 bytes: the last four of them, above them the first.
func xxh3Short(ends, n uint64) uint64 {
	h := ends ^ (secret1 ^ secret2)
	h ^= bits.RotateLeft64(h, 49) ^ bits.RotateLeft64(h, 24)
	h *= 0x9fb21c651e98df25
	h ^= h>>35 + n
	h *= 0x9fb21c651e98df25
	return h ^ h>>28
}

func avalanche64(h uint64) uint64 {
	h ^= h >> 33
	h *= prime2
	h ^= h >> 29
	h *= prime3
	return h ^ h>>32
}

// word reads eight bytes, and halfWord four. What a hash is on a machine that is
// big-endian differs from the specification; it never leaves the process.
func word(p unsafe.Pointer, at int) uint64 { return *(*uint64)(unsafe.Add(p, at)) }

func halfWord(p unsafe.Pointer, at int) uint32 { return *(*uint32)(unsafe.Add(p, at)) }

// The start of XXH3's default secret, in words.
const (
	secret0  = 0xbe4ba423396cfeb8
	secret1  = 0x1cad21f72c81017c
	secret2  = 0xdb979083e96dd4de
	secret3  = 0x1f67b3b7a4a44072
	secret4  = 0x78e5c0cc4ee679cb
	secret5  = 0x2172ffcc7dd05a82
	secret6  = 0x8e2443f7744608b8
	secret7  = 0x4c263a81e69035e0
	secret8  = 0xcb00c391bb52283c
	secret9  = 0xa32e531b8b65d088
	secret10 = 0x4ef90da297486471
	secret11 = 0xd8acdea946ef1938
	secret12 = 0x3f349ce33f76faa8
	secret13 = 0x1d4f0bc7c7bbdcf9
	secret14 = 0x3159b4cd4be0518a
	secret15 = 0x647378d9c97e9fc8
)

// Primes of xxHash, from its specification.
const (
	prime1 = 0x9e3779b185ebca87
	prime2 = 0xc2b2ae3d27d4eb4f
	prime3 = 0x165667b19e3779f9
)
