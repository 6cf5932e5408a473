// Package atomics is the only door through which shard and ttl reach
// sync/atomic.
//
// In a normal build every name here is an alias (alias.go), so the compiler sees
// sync/atomic itself: the same types, methods, intrinsics and race detector. What
// an alias does not bring by itself is inlining; see inline.go. Tests hold that the
// types are identical, and that no atomic operation of the engine is a call.
//
// With the build tag explore the same names are types of our own
// (yielding.go), which yield to the scheduler of package explore before each
// operation. That one walks through the interleavings of a lock-free algorithm
// one by one. Go's atomics are sequentially consistent, so an interleaving of
// whole operations is the right model of what may happen.
//
// A test in this package fails when shard or ttl import sync or sync/atomic.
package atomics
