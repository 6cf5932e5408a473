package contest

import "fmt"

// Expiry is what a cache knows of time.
type Expiry string

// The kinds of Expiry.
const (
	NoExpiry     Expiry = "none"
	OneForAll    Expiry = "one TTL for all entries"
	EachEntry    Expiry = "a TTL for each entry"
	AlwaysForAll Expiry = "one TTL for all entries, never off"
)

// Statistics is whether a cache counts hits and misses.
type Statistics string

// The kinds of Statistics.
const (
	NoStatistics     Statistics = "none"
	AlwaysStatistics Statistics = "always on"
	SwitchStatistics Statistics = "a switch"
)

// Bound is what limits a cache.
type Bound string

// The kinds of Bound.
const (
	NoBound Bound = "none"
	Entries Bound = "entries"
	Bytes   Bound = "bytes"
)

// Features say what a cache can do, as data, so that a cell that it can't do is
// left out, with the reason.
type Features struct {
	Expiry      Expiry
	Statistics  Statistics
	Bound       Bound
	IntegerKeys bool

	// LeastBytes is the smallest size that a cache bounded by bytes can be given.
	LeastBytes int

	// Limit says that this is no cache but a bare map, the limit of what one
	// can reach.
	Limit bool

	// Note is what a reader of the figures has to know.
	Note string
}

// Task is what a cell asks of a cache.
type Task struct {
	Options
	Evicts       bool // the keys don't all fit
	EntryBounded bool // the capacity has to be exact
}

// Lacks returns why a cache with these features can't do the task, or "".
func (f Features) Lacks(t Task) string {
	switch {
	case t.TTL > 0 && f.Expiry == NoExpiry:
		return "has no expiry"
	case t.Evicts && f.Bound == NoBound:
		return "evicts nothing"
	case t.EntryBounded && f.Bound != Entries:
		return "has no capacity in entries"
	case t.Evicts && t.Capacity*t.EntryBytes < f.LeastBytes:
		return fmt.Sprintf("can't be made smaller than %d KiB", f.LeastBytes>>10)
	}
	return ""
}
