// Package atomics is the only door through which shard and ttl reach
// sync/atomic.
//
// In a normal build every name here is an alias, so the compiler sees
// sync/atomic itself: the same instructions, the same inlining, the same race
// detector. The point of the detour is that one build tag can later put a
// scheduler behind the same names, yield to it before each operation and so
// walk through the interleavings of a lock-free algorithm one by one. Go's
// atomics are sequentially consistent, so an interleaving of whole operations
// is the right model of what may happen.
//
// A test in this package fails when shard or ttl import sync or sync/atomic.
package atomics

import "sync/atomic"

type (
	// Bool is sync/atomic's Bool.
	Bool = atomic.Bool
	// Int64 is sync/atomic's Int64, aligned to 8 bytes on every platform.
	Int64 = atomic.Int64
	// Uint32 is sync/atomic's Uint32.
	Uint32 = atomic.Uint32
	// Uint64 is sync/atomic's Uint64, aligned to 8 bytes on every platform.
	Uint64 = atomic.Uint64
	// Pointer is sync/atomic's Pointer.
	Pointer[T any] = atomic.Pointer[T]
)
