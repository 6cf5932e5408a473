package state

import (
	"fmt"
	"sync/atomic"
	"time"
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
	engine *engine[entry[T]]
	// INVARIANT: all writes to engine go through flights, so that each of them
	// fences the loads under way.
	flights   *flights[T]
	clock     *coarseClock // the State's
	tags      *tagTable    // the State's
	refresher *refresher   // the State's
	counts    hitCounts
}

// hitCounts say what became of the entries found that were not simply served.
type hitCounts struct {
	stale      stripedCount  // served as Stale
	remembered atomic.Uint64 // remembered errors, served as errors
	dead       atomic.Uint64 // invalidated, and buried
	unserved   atomic.Uint64 // of no use to the caller
	previews   atomic.Uint64 // less than stale, served as previews
}

// NewCache makes the cache for one kind of result.
//
// With StoreRedis results go to other instances, unless Kind.LocalOnly is set. So T must
// be a type whose values come back from CBOR as they were: exported fields, no functions
// or channels, no interfaces but any. What is in an any comes back as nil, a bool, int64,
// float64, string, []byte, time.Time, []any or map[string]any; a field that is empty and
// has the option omitempty comes back as its zero value. Instances that share a kind
// should have the same T: a result of another type is a miss.
//
// The error matches ErrConfig for a faulty kind or such a T, ErrDuplicateKind for a name in
// use, and ErrClosed after Close.
func NewCache[T any](st *State, k Kind) (*Cache[T], error) {
	k, err := k.withDefaults(&st.config)
	if err != nil {
		return nil, err
	}
	sharing, err := newSharing[T](k, st.shared)
	if err != nil {
		return nil, err
	}
	engine, err := newEngine(engineLimits[entry[T]]{
		maximumSize: k.MaximumSize,
		maximumCost: k.MaximumBytes,
		cost:        func(key string, e *entry[T]) int64 { return e.cost(key) },
	})
	if err != nil {
		return nil, fmt.Errorf("state: kind %q: %w", k.Name, err)
	}
	c := &Cache[T]{
		kind:      k,
		engine:    engine,
		flights:   newFlights(k, engine, st, sharing),
		clock:     st.clock,
		tags:      st.tags,
		refresher: st.refresher,
	}
	if err := st.adopt(k.Name, c); err != nil {
		engine.Close()
		return nil, err
	}
	return c, nil
}

// Get returns the result that is kept for key, fresh or stale, and never loads
// one. It takes no lock and allocates nothing. Of a remembered error it says
// that there is no result.
func (c *Cache[T]) Get(key Key) (Result[T], bool) {
	e, ok := c.engine.Get(key.encoded)
	if !ok {
		return Result[T]{}, false
	}
	worth := c.flights.judge(e)
	switch worth {
	case dead:
		c.bury(key, e)
		return Result[T]{}, false
	case failed:
		c.counts.unserved.Add(1)
		return Result[T]{}, false
	}
	return c.serve(e, worth), true
}

// bury counts an invalidated entry and frees its place.
func (c *Cache[T]) bury(key Key, e *entry[T]) {
	c.counts.dead.Add(1)
	c.flights.bury(key.encoded, e)
}

// serve makes a result of an entry that has one, and counts it where it is
// stale.
func (c *Cache[T]) serve(e *entry[T], worth standing) Result[T] {
	if worth == stale {
		c.counts.stale.add()
	}
	return e.result(Memory, worth.quality())
}

// Set keeps value as key's result, as of now, for as long as the kind says. A
// load of key that is under way does not overwrite it, and whoever fetches key
// from now on does not join that load.
//
// It reports whether the value was kept: false for the zero Key, where it is too
// large for Kind.MaximumBytes, and once the State is closed.
func (c *Cache[T]) Set(key Key, value T) bool {
	return c.SetWithTerms(key, value, Terms{})
}

// SetWithTerms is Set for a result that says itself how long it holds. Where the
// terms are that it is not kept, what was kept for key goes, and SetWithTerms
// returns false.
func (c *Cache[T]) SetWithTerms(key Key, value T, t Terms) bool {
	if key.encoded == "" {
		return false
	}
	e, kept := c.flights.newEntry(value, time.Now(), 0, c.flights.newDependence(key.encoded), t)
	return c.flights.put(key.encoded, e, kept, t)
}

// Delete invalidates key's result, its preview, or the error remembered for it,
// and reports whether there was one. A load of key that is under way still answers those who wait for it, but is not kept,
// and whoever fetches key from now on does not join it.
func (c *Cache[T]) Delete(key Key) bool {
	return c.flights.remove(key.encoded)
}

// Clear invalidates every result and every preview, as Delete does.
func (c *Cache[T]) Clear() { c.flights.clear() }

// Len is the number of results kept, and of errors remembered. It may count some that expired a moment
// ago.
func (c *Cache[T]) Len() int { return c.engine.Len() }

func (c *Cache[T]) close() { c.flights.close() }

func (c *Cache[T]) forget(n sharedName) { c.flights.forget(n) }
