package remote

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Status sums up the tier in a word.
type Status string

const (
	// StatusConnecting means that Redis has not been reached yet.
	StatusConnecting Status = "connecting"
	// StatusLive means that Redis is read and written, and everything that changes
	// there is heard.
	StatusLive Status = "live"
	// StatusDegraded means that Redis was there and can't be relied on now: nothing
	// is read from it, and what is written waits.
	StatusDegraded Status = "degraded"
	// StatusClosed means that Close was called.
	StatusClosed Status = "closed"
	// StatusDisabled is for those who have no Tier.
	StatusDisabled Status = "disabled"
)

// Health is what an operator should know. It has no key, tag or secret.
type Health struct {
	Status Status `json:"status"`
	// Reason says why the status is not live, or what is missing although it is.
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since"` // of the status
	// Tracking says whether Redis reports every change. Where it refuses to,
	// instances only hear of each other's invalidations; what was written anew,
	// deleted by hand or flushed is not heard of, and values are to be trusted for
	// Options.MaxUnverified only: see Tier.Trust.
	Tracking bool `json:"tracking"`
	// Breaker is closed, half-open or open.
	Breaker string `json:"breaker"`
	// Nodes is how many servers are heard: one, or those of a cluster.
	Nodes int   `json:"nodes"`
	Stats Stats `json:"stats"`
}

// Stats count what happened since Open, and say what waits.
type Stats struct {
	Hits       uint64 `json:"hits"`       // reads that found a value
	Misses     uint64 `json:"misses"`     // reads that found none that may be served, of which
	Outdated   uint64 `json:"outdated"`   // were invalidated by a tag
	Corrupt    uint64 `json:"corrupt"`    // could not be read (messages too)
	Foreign    uint64 `json:"foreign"`    // are of another version of the format
	Unanswered uint64 `json:"unanswered"` // reads without an answer, of which
	Slow       uint64 `json:"slow"`       // took longer than Options.Wait
	Busy       uint64 `json:"busy"`       // found Options.InFlight under way

	FillsRefused uint64 `json:"fillsRefused"` // by the fence: overtaken, or uncertain
	FillsOpen    int    `json:"fillsOpen"`    // keys that are being filled
	Gaps         uint64 `json:"gaps"`         // times when changes may have been missed

	Writes         uint64 `json:"writes"`         // values written
	WritesRefused  uint64 `json:"writesRefused"`  // overtaken, as Redis knew
	WritesLate     uint64 `json:"writesLate"`     // not made: too old, or of another ledger
	WritesDropped  uint64 `json:"writesDropped"`  // for want of room, or after too many failures
	Retries        uint64 `json:"retries"`        // of the flusher
	DirtyEntries   int    `json:"dirtyEntries"`   // values that wait
	DirtyBytes     int    `json:"dirtyBytes"`     // and about what they take
	DirtyInFlight  int    `json:"dirtyInFlight"`  // values that are being written
	Invalidations  int    `json:"invalidations"`  // keys and tags whose invalidation waits; 1 where that is everything
	Jobs           int    `json:"jobs"`           // jobs that wait
	JobsFailed     uint64 `json:"jobsFailed"`     // attempts
	LeasesRefused  uint64 `json:"leasesRefused"`  // another instance had it
	BreakerChanges uint64 `json:"breakerChanges"` // of the breaker's state
}

// counts are those of Stats that nobody else counts.
type counts struct {
	hits, misses, outdated, corrupt, foreign, unanswered, slow, busy, leased, breaker atomic.Uint64
}

// condition is the status, and since when it is so.
type condition struct {
	log *slog.Logger

	mu     sync.Mutex
	status Status // INVARIANT: guarded by mu, as is what follows.
	reason string
	since  time.Time
}

func newCondition(log *slog.Logger) *condition {
	return &condition{log: log, status: StatusConnecting, since: time.Now()}
}

// change sets the status; the same one keeps its beginning.
func (c *condition) change(to Status, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status == StatusClosed {
		return
	}
	if c.status != to {
		c.status, c.since = to, time.Now()
		if to == StatusDegraded {
			c.log.Warn("the Redis tier is degraded", slog.String("reason", reason))
		}
	}
	c.reason = reason
}

func (c *condition) live()  { c.change(StatusLive, "") }
func (c *condition) close() { c.change(StatusClosed, "it was closed") }

// lost is for what was there: it is not connecting any more.
func (c *condition) lost(reason string) {
	if s, _, _ := c.read(); s == StatusConnecting {
		return
	}
	c.change(StatusDegraded, reason)
}

// waiting says why what is not there does not come.
func (c *condition) waiting(reason string) {
	s, _, _ := c.read()
	if s != StatusLive {
		c.change(s, reason)
	}
}

func (c *condition) read() (Status, string, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status, c.reason, c.since
}

const noTracking = "Redis refuses CLIENT TRACKING: only invalidations are heard, and values are trusted for a short time"

// Health reads the state of the tier. It takes locks for a moment and waits for
// nothing.
func (t *Tier) Health() Health {
	h := Health{Breaker: t.breaker.State().String(), Tracking: t.tracking.Load(), Nodes: t.trackers.count()}
	h.Status, h.Reason, h.Since = t.health.read()
	if h.Status == StatusLive && !h.Tracking {
		h.Reason = noTracking
	}
	h.Stats = t.stats()
	return h
}

func (t *Tier) stats() Stats {
	c := &t.counts
	s := Stats{
		Hits: c.hits.Load(), Misses: c.misses.Load(), Outdated: c.outdated.Load(), Corrupt: c.corrupt.Load(),
		Foreign: c.foreign.Load(), Unanswered: c.unanswered.Load(), Slow: c.slow.Load(), Busy: c.busy.Load(),
		FillsRefused: t.fence.refused.Load(), FillsOpen: t.fence.underWay(), Gaps: t.fence.gaps.Load(),
		Writes: t.flusher.writes.Load(), WritesRefused: t.flusher.refused.Load(), WritesLate: t.flusher.late.Load(),
		Retries: t.flusher.retries.Load(), Invalidations: t.pending.len(), Jobs: t.couriers.len(),
		LeasesRefused: c.leased.Load(), BreakerChanges: c.breaker.Load(),
	}
	s.DirtyEntries, s.DirtyInFlight, s.DirtyBytes, s.WritesDropped = t.dirty.load()
	t.couriers.mu.Lock()
	s.JobsFailed = t.couriers.failed
	t.couriers.mu.Unlock()
	return s
}
