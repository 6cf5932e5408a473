package state

import (
	"fmt"
	"time"

	"github.com/uds-platform/state/shard"
)

// Cache keeps the results of one kind, of Go type T. NewCache makes one; it
// lives until its State is closed.
//
// All methods are safe for concurrent use. A value is shared by everyone who
// fetches it: treat what it refers to (the elements of a slice, the entries of
// a map, what a pointer points to) as read-only. Copying every result for every
// caller was rejected: it costs more than the lookup, and an embedder knows
// better what may be changed.
type Cache[T any] struct {
	kind   Kind // INVARIANT: valid, defaults filled in, never changed.
	engine *shard.Cache[string, entry[T]]
	// INVARIANT: all writes to engine go through flights, so that each of them
	// fences the loads under way.
	flights *flights[T]
}

// entry is a result as the engine keeps it.
type entry[T any] struct {
	value T
	// asOfNanoseconds counts from the Unix epoch. A time.Time would be three
	// times as large, and hold a pointer.
	asOfNanoseconds int64
}

func (e entry[T]) result(from Source) Result[T] {
	return Result[T]{Value: e.value, Source: from, AsOf: time.Unix(0, e.asOfNanoseconds)}
}

// NewCache makes the cache for one kind of result.
//
// The error matches ErrConfig for a faulty kind, ErrDuplicateKind for a name in
// use, and ErrClosed after Close.
func NewCache[T any](st *State, k Kind) (*Cache[T], error) {
	k, err := k.withDefaults(&st.config)
	if err != nil {
		return nil, err
	}
	engine, err := shard.New(shard.Options[string, entry[T]]{MaximumSize: k.MaximumSize, DefaultTTL: k.TTL})
	if err != nil {
		return nil, fmt.Errorf("state: kind %q: %w", k.Name, err)
	}
	c := &Cache[T]{kind: k, engine: engine, flights: newFlights(k, engine, st.config.Logger)}
	if err := st.adopt(k.Name, c); err != nil {
		engine.Close()
		return nil, err
	}
	return c, nil
}

// Get returns the result that is kept for key, and never loads one.
func (c *Cache[T]) Get(key Key) (Result[T], bool) {
	e, ok := c.engine.Get(key.encoded)
	if !ok {
		return Result[T]{}, false
	}
	return e.result(Memory), true
}

// Set keeps value as key's result, as of now. A load of key that is under way
// does not overwrite it, and whoever fetches key from now on does not join that
// load.
//
// It reports whether the value was kept: false for the zero Key, and once the
// State is closed.
func (c *Cache[T]) Set(key Key, value T) bool {
	if key.encoded == "" {
		return false
	}
	return c.flights.put(key.encoded, entry[T]{value: value, asOfNanoseconds: time.Now().UnixNano()})
}

// Delete invalidates key's result, and reports whether there was one. A load of
// key that is under way still answers those who wait for it, but is not kept,
// and whoever fetches key from now on does not join it.
func (c *Cache[T]) Delete(key Key) bool {
	return c.flights.remove(key.encoded)
}

// Clear invalidates every result, as Delete does.
func (c *Cache[T]) Clear() { c.flights.clear() }

// Len is the number of results kept. It may count some that expired a moment
// ago.
func (c *Cache[T]) Len() int { return c.engine.Len() }

func (c *Cache[T]) close() { c.flights.close() }
