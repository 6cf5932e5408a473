package state

import (
	"time"
	"unsafe"

	"github.com/uds-platform/state/shard"
)

// engine is a shard.Cache of pointers to E, compiled once for all E.
//
// The compiler makes generic code anew for each type that looks different in memory. To
// code that is itself generic, entries of ints look different from entries of strings; so
// without this each type of result would bring its own copy of the whole engine, some two
// hundred functions, into the embedder's program, and the time to compile them.
// Here all of them are one engine of addresses.
//
// INVARIANT: every address in it is that of an E, and only SetWithTTL below puts one there;
// so turning it back into one is sound, and the collector sees a pointer all the while.
//
// Rejected: entries that hold an any (a second allocation for each, and a second cache
// miss for each hit).
type engine[E any] struct {
	// addresses is not embedded: that would make a copy of its methods for each E.
	addresses *shard.Cache[string, *byte]
}

// engineLimits are what an engine may hold.
type engineLimits[E any] struct {
	maximumSize int
	maximumCost int64                  // 0: none
	cost        func(string, *E) int64 // used where there is a maximumCost
}

func newEngine[E any](l engineLimits[E]) (*engine[E], error) {
	options := shard.Options[string, *byte]{MaximumSize: l.maximumSize}
	if l.maximumCost > 0 {
		options.MaximumCost = l.maximumCost
		options.Cost = func(key string, address *byte) int64 { return l.cost(key, of[E](address)) }
	}
	addresses, err := shard.New(options)
	if err != nil {
		return nil, err
	}
	return &engine[E]{addresses}, nil
}

func of[E any](address *byte) *E { return (*E)(unsafe.Pointer(address)) }

func addressOf[E any](e *E) *byte { return (*byte)(unsafe.Pointer(e)) }

// bury removes e, unless it has been replaced.
func (g *engine[E]) bury(key string, e *E) {
	g.addresses.Compute(key, func(old *byte, found bool) (*byte, shard.Op) {
		if found && old == addressOf(e) {
			return nil, shard.Remove
		}
		return old, shard.Keep
	})
}

// What follows is what shard.Cache calls so.

func (g *engine[E]) Get(key string) (*E, bool) {
	address, ok := g.addresses.Get(key)
	return (*E)(unsafe.Pointer(address)), ok // not of: with that it would not be inlined
}

func (g *engine[E]) GetQuietly(key string) (*E, bool) {
	address, ok := g.addresses.GetQuietly(key)
	return of[E](address), ok
}

func (g *engine[E]) SetWithTTL(key string, e *E, ttl time.Duration) bool {
	return g.addresses.SetWithTTL(key, addressOf(e), ttl)
}

func (g *engine[E]) Delete(key string) (*E, bool) {
	address, ok := g.addresses.Delete(key)
	return of[E](address), ok
}

func (g *engine[E]) TTL(key string) (time.Duration, bool) { return g.addresses.TTL(key) }

func (g *engine[E]) Len() int { return g.addresses.Len() }

func (g *engine[E]) Cost() int64 { return g.addresses.Cost() }

func (g *engine[E]) Stats() shard.Stats { return g.addresses.Stats() }

func (g *engine[E]) WindowShare() float64 { return g.addresses.WindowShare() }

func (g *engine[E]) Clear() { g.addresses.Clear() }

func (g *engine[E]) Close() { g.addresses.Close() }
