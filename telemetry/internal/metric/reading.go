package metric

import (
	"time"

	"github.com/uds-platform/state"
)

// Reading is everything that is known at a moment. A part that is nil is not
// there, and its metrics are left out.
type Reading struct {
	At       time.Time
	Health   state.Health
	Sessions *Sessions
	Redis    *Redis
	Snapshot *Snapshot
}

// Sessions is what is known of the sessions.
type Sessions struct {
	Open int // at the moment
	// Conflicts are changes that gave up, after others had come first.
	Conflicts uint64
	// Exchanges with other instances, and those of them that failed.
	Exchanges        uint64
	ExchangeFailures uint64
	// Volatile says that new ones are in this process's memory alone.
	Volatile bool
	// Deleted and Expired are those that have ended here, and EndedTime is how long
	// they lasted together.
	Deleted, Expired uint64
	EndedTime        time.Duration
	// Synced is how often something was taken over from another instance, and LagTime
	// how long before that it was written, in all.
	Synced  uint64
	LagTime time.Duration
}

// SessionsOf reads the sessions off a State's health.
func SessionsOf(h *state.SessionHealth) Sessions {
	s := &h.Stats
	return Sessions{
		Open: h.Sessions, Conflicts: s.Conflicts, Exchanges: s.Exchanges, ExchangeFailures: s.Failures, Volatile: h.Volatile,
		Deleted: s.EndedDeleted, Expired: s.EndedExpired, EndedTime: s.EndedDuration, Synced: s.SyncLagCount, LagTime: s.SyncLagSum,
	}
}

// Redis is what is known of the tier that instances share.
type Redis struct {
	// Status is a word, such as connecting, live or degraded; Reason says why it
	// is not live.
	Status, Reason string
	// Reads that found a value, found none, and had no answer in time.
	Hits, Misses, Unanswered uint64
	// Gaps are times when changes may have been missed.
	Gaps uint64
	// Writes were made; Dropped writes never will be; Waiting ones are still to be
	// made.
	Writes, Dropped uint64
	Waiting         int
}

// RedisOf reads the tier off a State's health; nil where there is none.
func RedisOf(h *state.Health) *Redis {
	if h.Redis == nil {
		return nil
	}
	s := &h.Redis.Stats
	return &Redis{
		Status: string(h.Redis.Status), Reason: h.Redis.Reason, Hits: s.Hits, Misses: s.Misses, Unanswered: s.Unanswered, Gaps: s.Gaps,
		Writes: s.Writes, Dropped: s.WritesDropped + s.WritesLate, Waiting: s.DirtyEntries + s.DirtyInFlight,
	}
}

// Snapshot is what is known of the files that sessions are kept in.
type Snapshot struct {
	// Saved is when the last snapshot succeeded, zero where none has.
	Saved time.Time
	// Taken and Failed count snapshots.
	Taken, Failed uint64
	// Bytes is the size of the last.
	Bytes int64
	// Failing is why they fail now, empty where they don't.
	Failing string
}

// SnapshotOf reads the snapshots off a State's health; nil where none are kept.
func SnapshotOf(h *state.Health) *Snapshot {
	if h.Snapshots == nil {
		return nil
	}
	s := h.Snapshots
	return &Snapshot{Saved: s.Saved, Taken: s.Taken, Failed: s.Failed, Bytes: s.Bytes, Failing: s.Failing}
}

// Sample is one number of a metric. Label is the kind's name, or another value of
// the metric's label; empty where it has none.
type Sample struct {
	Label string
	Value float64
}

// one is the samples of a metric without a label.
func one(value float64) []Sample { return []Sample{{Value: value}} }

// ofKinds reads a number off each kind.
func ofKinds(read func(*state.KindStats) float64) func(*Reading) []Sample {
	return func(r *Reading) []Sample {
		samples := make([]Sample, len(r.Health.Kinds))
		for i := range r.Health.Kinds {
			samples[i] = Sample{r.Health.Kinds[i].Name, read(&r.Health.Kinds[i])}
		}
		return samples
	}
}

// ofLoads reads a number off the load times of each kind.
func ofLoads(read func(*state.LoadStats) float64) func(*Reading) []Sample {
	return func(r *Reading) []Sample {
		samples := make([]Sample, len(r.Health.Loads))
		for i := range r.Health.Loads {
			samples[i] = Sample{r.Health.Loads[i].Name, read(&r.Health.Loads[i])}
		}
		return samples
	}
}

// ofHealth reads a number off the State's health.
func ofHealth(read func(*state.Health) float64) func(*Reading) []Sample {
	return func(r *Reading) []Sample { return one(read(&r.Health)) }
}

// of reads a number off a part of the reading that may not be there.
func of[P any](part func(*Reading) *P, read func(*P) float64) func(*Reading) []Sample {
	return func(r *Reading) []Sample {
		if p := part(r); p != nil {
			return one(read(p))
		}
		return nil
	}
}

func ofSessions(read func(*Sessions) float64) func(*Reading) []Sample {
	return of(func(r *Reading) *Sessions { return r.Sessions }, read)
}

func ofRedis(read func(*Redis) float64) func(*Reading) []Sample {
	return of(func(r *Reading) *Redis { return r.Redis }, read)
}

func ofSnapshot(read func(*Snapshot) float64) func(*Reading) []Sample {
	return of(func(r *Reading) *Snapshot { return r.Snapshot }, read)
}

// flag is 1 for true.
func flag(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
