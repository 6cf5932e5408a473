//go:build !explore

package atomics

// The compiler hands on the body of another package's method, for inlining where
// this package is imported, only if it has inlined it here. Without this function
// every operation that shard and ttl do through the names of alias.go would be a
// call: a Get takes twice as long. A test looks for such calls.
//
// Pointer is not here: a generic type's methods are compiled where they are used.
var _ = func(b *Bool, i *Int64, u *Uint32, w *Uint64) {
	b.Store(!b.Load())
	b.Store(b.Swap(true) && b.CompareAndSwap(true, false))

	i.Store(i.Load() + i.Add(1) + i.Swap(0))
	i.CompareAndSwap(i.And(0), i.Or(0))

	u.Store(u.Load() + u.Add(1) + u.Swap(0))
	u.CompareAndSwap(u.And(0), u.Or(0))

	w.Store(w.Load() + w.Add(1) + w.Swap(0))
	w.CompareAndSwap(w.And(0), w.Or(0))
	Bump(w)
}
