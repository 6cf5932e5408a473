//go:build !explore

package shard

import (
	"github.com/uds-platform/state/internal/atomics"
	"github.com/uds-platform/state/ttl"
)

// The engine is generic, so it is compiled where it is used, and there the
// compiler has the bodies of other packages' functions only if they were inlined
// here, in code that is not generic. Without this function every atomic operation
// of the engine would be a call; see the same in internal/atomics.
var _ = func(b *atomics.Bool, i *atomics.Int64, u *atomics.Uint32, w *atomics.Uint64, m *ttl.Manager) {
	b.Store(b.Load())
	b.Swap(true)

	i.Store(i.Load() + i.Add(1) + m.Now())

	u.Store(u.Load() + u.Add(1) + u.And(0) + u.Or(0))
	u.CompareAndSwap(0, 1)

	w.Store(w.Load() + w.Add(1))
	w.CompareAndSwap(0, 1)
	atomics.Init(u, 0)
	atomics.Bump(w)
	m.Wake()
}
