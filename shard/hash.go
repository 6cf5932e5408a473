package shard

import (
	"reflect"
	"unsafe"
)

// Key is what a cache can be keyed by: any string or integer type.
type Key interface {
	~string |
		~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

// hasher hashes keys with xxHash; see xxh3. What K is gets decided once, in
// newHasher, so that hashing neither boxes a key nor asks for its type. An
// integer is hashed as eight little-endian bytes, zero-extended.
//
// Accepted risk: xxhash has no secret, so a client who chooses keys can make
// them collide. Chains are bounded for that reason; see maxChain.
type hasher[K Key] struct {
	shape keyShape
	// custom stands in for xxhash in tests that need hostile hashes.
	custom func(K) uint64
}

type keyShape uint8

const (
	shapeString keyShape = iota
	shape8
	shape16
	shape32
	shape64
	shapeCustom
)

func newHasher[K Key]() hasher[K] {
	kind := reflect.TypeFor[K]()
	if kind.Kind() == reflect.String {
		return hasher[K]{shape: shapeString}
	}
	shapes := map[uintptr]keyShape{1: shape8, 2: shape16, 4: shape32, 8: shape64}
	return hasher[K]{shape: shapes[kind.Size()]}
}

// sum hashes a key. A Get has it written out.
func (h *hasher[K]) sum(key K) uint64 {
	switch p := unsafe.Pointer(&key); h.shape {
	case shapeString:
		return xxh3(*(*string)(p))
	case shape64:
		return xxh3Word(*(*uint64)(p))
	default:
		return h.sumRare(key)
	}
}

func (h *hasher[K]) sumRare(key K) uint64 {
	switch p := unsafe.Pointer(&key); h.shape {
	case shape8:
		return xxh3Word(uint64(*(*uint8)(p)))
	case shape16:
		return xxh3Word(uint64(*(*uint16)(p)))
	case shape32:
		return xxh3Word(uint64(*(*uint32)(p)))
	default:
		return h.custom(key)
	}
}

// remix spreads the 32 bits of a hash that tell keys of one segment apart over
// 64 (the finalizer of SplitMix64), for the sketch.
func remix(h uint32) uint64 {
	x := uint64(h) + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
