package state

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/uds-platform/state/remote"
)

// Status sums up a State's health in a word.
type Status string

const (
	// StatusLive means that everything configured works.
	StatusLive Status = "live"
	// StatusDegraded means that every call is answered, but something
	// configured is missing. Health.Reasons says what.
	StatusDegraded Status = "degraded"
	// StatusClosed means that Close was called. Calls are still answered, and
	// nothing is kept.
	StatusClosed Status = "closed"
)

// Health is what an operator should know, ready to be marshalled as JSON. It
// holds no key, query or secret.
type Health struct {
	Status Status `json:"status"`
	// Reasons say in plain words why the status is not live. Never nil.
	Reasons []string `json:"reasons"`
	// Store is where state is kept now, which is not what was configured where
	// that is missing.
	Store Store `json:"store"`
	// Redis is how the tier is that instances share; nil in a State without one.
	Redis *remote.Health `json:"redis,omitempty"`
	// Sessions is how the sessions are.
	Sessions SessionHealth `json:"sessions"`
	// Snapshots is how those are that outlive the process; nil where none are kept.
	Snapshots *SnapshotHealth `json:"snapshots,omitempty"`
	// Kinds has one element for each kind, by name; the State's own is always
	// there.
	Kinds []KindStats `json:"kinds"`
	// UnreadQueries counts the calls of Query and QueryPreview with a text that
	// was not understood, whose answer is kept for a short time only.
	UnreadQueries uint64 `json:"unreadQueries"`
	// Origin is what NRDB was asked, and what it was spared.
	Origin OriginStats `json:"origin"`
	// Loads has the load times of each kind, in the order of Kinds.
	Loads []LoadStats `json:"loads"`
	// Warming is what was loaded before anybody asked.
	Warming WarmingStats `json:"warming"`
}

// KindStats are the counters of one kind since its cache was made. Counters are
// read one after the other, so calls under way may be in one and not yet in
// another.
type KindStats struct {
	Name string `json:"name"`
	// Entries is the number of results kept, remembered errors among them.
	Entries int `json:"entries"`
	// Bytes is what they take of the heap, about, where Kind.MaximumBytes is set,
	// and else 0.
	Bytes int64 `json:"bytes"`
	// Hits were answered with a result from memory.
	Hits uint64 `json:"hits"`
	// RememberedErrors were answered from memory too, and are no hits.
	RememberedErrors uint64 `json:"rememberedErrors"`
	// Stale hits were answered with a result past its TTL.
	Stale uint64 `json:"stale"`
	// Invalidated results were found by their tags, and not served.
	Invalidated uint64 `json:"invalidated"`
	// Collapsed fetches joined a load that another had started.
	Collapsed uint64 `json:"collapsed"`
	// Loads were started, refreshes among them. Those that Redis answered are no
	// loads.
	Loads uint64 `json:"loads"`
	// Shared results were found in Redis, where another instance had put them.
	Shared uint64 `json:"shared"`
	// Unusable results were found there and could not be read: damaged, of another
	// type, or of another version.
	Unusable uint64 `json:"unusable"`
	// Unshared results were not written there, because they can't be encoded, are too
	// large or have too many tags.
	Unshared uint64 `json:"unshared"`
	// Refreshes were started behind a stale hit.
	Refreshes uint64 `json:"refreshes"`
	// RefreshesAhead were started behind a hit on a popular result that was about
	// to be stale, or to end.
	RefreshesAhead uint64 `json:"refreshesAhead"`
	// Previews were answered with less than a stale result.
	Previews uint64 `json:"previews"`
	// Refinements were started behind previews.
	Refinements uint64 `json:"refinements"`
	// Prefetches are the loads that were predicted or preloaded. Who asked while one was
	// under way is in Collapsed.
	Prefetches uint64 `json:"prefetches"`
	// LoadErrors are loads that failed: by an error, a panic, or running out of
	// time.
	LoadErrors uint64 `json:"loadErrors"`
	// Abandoned loads ended because nobody waited for them any more.
	Abandoned uint64 `json:"abandoned"`
	// Fenced results were not kept, because a Set, Delete, Clear or Invalidate
	// came during their load.
	Fenced uint64 `json:"fenced"`
	// Refused results were too large to be kept, or came after Close.
	Refused uint64 `json:"refused"`
	// Evictions made room.
	Evictions uint64 `json:"evictions"`
	// Expirations came to the end of their TTL.
	Expirations uint64 `json:"expirations"`
}

// Health reports how the State is.
func (st *State) Health() Health {
	kinds, _ := st.adopted()
	h := Health{
		Store: StoreMemory, UnreadQueries: st.questions.unread.Load(), Origin: st.originStats(), Warming: st.warmingStats(),
		Redis: st.shared.health(), Sessions: st.sessionHealth(), Snapshots: st.snapshots.health(),
	}
	if h.Redis != nil && h.Redis.Status == remote.StatusLive {
		h.Store = StoreRedis
	}
	h.Status, h.Reasons = st.status()
	for _, k := range kinds {
		h.Kinds = append(h.Kinds, k.stats())
		h.Loads = append(h.Loads, k.loadStats())
	}
	slices.SortFunc(h.Kinds, func(a, b KindStats) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(h.Loads, func(a, b LoadStats) int { return cmp.Compare(a.Name, b.Name) })
	return h
}

// status sums up the health in a word, and says why it is not live.
func (st *State) status() (status Status, reasons []string) {
	status, reasons = StatusLive, st.degradation()
	if len(reasons) > 0 {
		status = StatusDegraded
	}
	if _, closed := st.adopted(); closed {
		status = StatusClosed
		reasons = append(reasons, "closed: every call is answered by its load alone, and nothing is kept")
	}
	return status, reasons
}

// degradation says what is configured but missing.
func (st *State) degradation() []string {
	reasons := []string{}
	if r := st.shared.health(); r != nil && (r.Status != remote.StatusLive || r.Reason != "") {
		reasons = append(reasons, fmt.Sprintf("redis is %s since %s: %s", r.Status, r.Since.UTC().Format(time.RFC3339), cmp.Or(r.Reason, "not reached yet")))
	}
	return append(reasons, st.snapshots.degradation()...)
}

// Stats returns the cache's counters.
func (c *Cache[T]) Stats() KindStats { return c.stats() }

func (c *Cache[T]) stats() KindStats {
	// Before the engine's, so that none of them is missing there.
	stale, remembered := c.counts.stale.load(), c.counts.remembered.Load()
	dead, unserved := c.counts.dead.Load(), c.counts.unserved.Load()
	engine, counts := c.engine.Stats(), c.flights.tally()
	s := KindStats{
		Name:             c.kind.Name,
		Entries:          c.engine.Len(),
		Bytes:            c.engine.Cost(),
		Hits:             engine.Hits + counts.landed - remembered - dead - unserved,
		Invalidated:      dead,
		RememberedErrors: remembered,
		Stale:            stale,
		Collapsed:        counts.collapsed,
		Loads:            counts.started,
		Refreshes:        counts.refreshes,
		RefreshesAhead:   counts.refreshesAhead,
		Previews:         c.counts.previews.Load(),
		Refinements:      counts.refinements,
		Prefetches:       counts.prefetches,
		LoadErrors:       counts.failed,
		Abandoned:        counts.abandoned,
		Fenced:           counts.fenced,
		Refused:          engine.Refusals,
		Evictions:        engine.Evictions,
		Expirations:      engine.Expirations,
	}
	if sharing := c.flights.sharing; sharing != nil {
		s.Shared, s.Unusable, s.Unshared = sharing.hits.Load(), sharing.unusable.Load(), sharing.unshared.Load()
		s.Loads -= min(s.Loads, s.Shared)
	}
	return s
}
