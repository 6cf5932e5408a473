// Package atomics is the only door through which shard and ttl reach
// sync/atomic.
//
// In a normal build every name here is an alias (alias.go), so the compiler sees
// sync/atomic itself. An alias is a second name for one type, not a type of its
// own: the same methods, intrinsics, inlining and race detector, and so the same
// instructions, by the language's definition and not by an optimizer's grace. A
// test holds that the types are identical.
//
// With the build tag explore the same names are types of our own
// (yielding.go), which yield to the scheduler of package explore before each
// operation. That one walks through the interleavings of a lock-free algorithm
// one by one. Go's atomics are sequentially consistent, so an interleaving of
// whole operations is the right model of what may happen.
//
// A test in this package fails when shard or ttl import sync or sync/atomic.
package atomics
