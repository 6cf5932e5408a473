// Package contest has the rules that every measurement keeps to: what a cache
// has to offer to take part, what it is told about the task, and how turns are
// taken.
//
// # The idea
//
// A figure from a shared machine means little, and one from yesterday means
// nothing. A ratio of two figures taken within the same tenth of a second means
// something, and the median of many such ratios can be relied on. So all caches
// live in one process and take short turns, A B C A B C …, and whatever
// disturbs the machine disturbs them alike.
//
// Every cache is given the same task: the same keys in the same order, the same
// capacity, statistics on for all that have them. What a cache can't do is said
// by its [Features], and the cell is left out rather than bent to fit.
package contest

import "time"

// Key is what the contest's caches are keyed by.
type Key interface {
	string | uint64
}

// Cache is what a measurement does to a cache. One call through this interface
// is in every figure, for all alike; the peer that does nothing shows what it
// costs.
type Cache[K Key] interface {
	// Get returns the key's value, or false.
	Get(key K) (uint64, bool)
	// Set gives the key a value, for the TTL in Options if there is one.
	Set(key K, value uint64)
	// Delete removes the key's value.
	Delete(key K)
	// Len is how many entries the cache holds.
	Len() int
	// Settle returns when the cache has done what it put off, as far as it
	// offers to wait for that.
	Settle()
	// Close ends the cache's goroutines, as far as it has a way to.
	Close()
}

// Options are the task. Each peer turns them into its own configuration, as its
// documentation recommends.
type Options struct {
	// Capacity is the most entries to hold. A cache that is bounded by bytes
	// gets what so many entries take, by its own documented layout.
	Capacity int

	// EntryBytes is the average length of key and value together, for caches
	// that are bounded by bytes.
	EntryBytes int

	// TTL is how long entries live after a write; 0 for ever.
	TTL time.Duration

	// Statistics asks for hits and misses to be counted, where that is a choice.
	Statistics bool

	// Inline asks for work that is usually given to other goroutines to be done
	// by the caller, where that is a choice. The hit ratio is measured so.
	Inline bool
}

// Peer is a cache that takes part.
type Peer[K Key] struct {
	Name     string
	Module   string // the module's path, for its version
	Features Features
	New      func(Options) (Cache[K], error)
}

// Ours is the name of the cache that the others are compared with.
const Ours = "state"

// Empty is the name of the peer that does nothing: what it costs is the cost of
// the harness.
const Empty = "empty"
