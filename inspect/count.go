package inspect

import (
	"time"

	"github.com/uds-platform/state"
)

// queryKind is the kind whose loads are queries to NRDB.
const queryKind = "query"

// Count is what callers met, of one kind or of several.
//
// Every call is one of three: answered from memory, by another's load that was
// under way, or by a load of its own.
type Count struct {
	FromMemory uint64 `json:"fromMemory"`
	Shared     uint64 `json:"shared"`
	Loaded     uint64 `json:"loaded"`
	// Stale are those from memory that were past their time to live.
	Stale uint64 `json:"stale"`
	// HitRatio is the share that was answered from memory; null where there was no
	// call.
	HitRatio *float64 `json:"hitRatio"`
}

// countOf reads a kind's counters. A load that was started behind a caller, for a
// stale, popular or narrow result, is none of a caller's, and nor is one that was
// predicted or preloaded.
func countOf(k *state.KindStats) Count {
	behind := k.Refreshes + k.RefreshesAhead + k.Refinements + k.Prefetches
	c := Count{FromMemory: k.Hits, Shared: k.Collapsed, Stale: k.Stale, Loaded: k.Loads - min(behind, k.Loads)}
	return c.rated()
}

func (c Count) plus(other Count) Count {
	c.FromMemory += other.FromMemory
	c.Shared += other.Shared
	c.Loaded += other.Loaded
	c.Stale += other.Stale
	return c.rated()
}

// minus is what was counted since. Counters are read one after the other, so that
// one may seem to go back by a few.
func (c Count) minus(earlier Count) Count {
	c.FromMemory = less(c.FromMemory, earlier.FromMemory)
	c.Shared = less(c.Shared, earlier.Shared)
	c.Loaded = less(c.Loaded, earlier.Loaded)
	c.Stale = less(c.Stale, earlier.Stale)
	return c.rated()
}

func (c Count) rated() Count {
	c.HitRatio = ratio(c.FromMemory, c.FromMemory+c.Shared+c.Loaded)
	return c
}

// Calls is how many there were.
func (c Count) Calls() uint64 { return c.FromMemory + c.Shared + c.Loaded }

// Spared is how many needed no load of their own.
func (c Count) Spared() uint64 { return c.FromMemory + c.Shared }

// less is the difference of two counters, or 0 where it would be less.
func less(now, earlier uint64) uint64 { return now - min(earlier, now) }

// ratio is nil for a share of nothing.
func ratio(part, whole uint64) *float64 {
	if whole == 0 {
		return nil
	}
	r := float64(part) / float64(whole)
	return &r
}

// spared is the time that so many queries would have taken, at what one takes on
// the mean.
func spared(queries uint64, took time.Duration, of uint64) float64 {
	if of == 0 {
		return 0
	}
	return float64(queries) * took.Seconds() / float64(of)
}
