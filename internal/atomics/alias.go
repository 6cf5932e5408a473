//go:build !explore

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
