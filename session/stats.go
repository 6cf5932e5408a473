package session

import (
	"slices"
	"time"
)

// Stats count what should not happen, or not often, and how long it took sessions to
// get here and to end.
type Stats struct {
	Refused   uint64 `json:"refused"`   // fields from elsewhere: malformed, or stamped more than a minute ahead
	Rejected  uint64 `json:"rejected"`  // fields of ours that the replica refused: is the clock right?
	Conflicts uint64 `json:"conflicts"` // Updates that gave up
	Exchanges uint64 `json:"exchanges"` // with the replica
	Failures  uint64 `json:"failures"`  // of those
	Sweeps    uint64 `json:"sweeps"`

	// SyncLagCount is how often something was taken over from another instance that
	// this one lacked. The other SyncLags say how long before that it was written, by
	// the writer's clock, in whole milliseconds: in all, the latest and the longest. They
	// are zero where the writer's clock is ahead. What was written before New does not
	// count.
	SyncLagCount uint64        `json:"syncLagCount"`
	SyncLagSum   time.Duration `json:"syncLagSumNanos"`
	SyncLagLast  time.Duration `json:"syncLagLastNanos"`
	SyncLagMax   time.Duration `json:"syncLagMaxNanos"`
	// SyncLagRanges are the counts of lags up to each of SyncLagBounds, and above the
	// one before it; the last is of those above the last bound.
	SyncLagRanges [len(lagBounds) + 1]uint64 `json:"syncLagRanges"`

	// EndedDeleted is how many sessions were deleted here, and EndedExpired how many
	// have expired that had last been used here. So over all instances each session
	// counts once. One with a new handle has not ended.
	EndedDeleted uint64 `json:"endedDeleted"`
	EndedExpired uint64 `json:"endedExpired"`
	// EndedDuration is how long those lasted together: to the deletion, or the last use.
	EndedDuration time.Duration `json:"endedDurationNanos"`
}

// SyncLagBounds returns the upper bounds of Stats.SyncLagRanges, ascending; the range
// after the last has none.
func SyncLagBounds() []time.Duration { return slices.Clone(lagBounds[:]) }

// SyncLagMean is the mean of the lags that were counted; zero where there were none.
func (s Stats) SyncLagMean() time.Duration {
	if s.SyncLagCount == 0 {
		return 0
	}
	return s.SyncLagSum / time.Duration(s.SyncLagCount)
}

// Stats returns what has been counted since New.
func (st *Store) Stats() Stats {
	out := Stats{
		Refused: st.refused.Load(), Conflicts: st.conflicts.Load(),

		SyncLagCount: st.lags.count.Load(),
		SyncLagSum:   time.Duration(st.lags.sumNanos.Load()),
		SyncLagLast:  time.Duration(st.lags.lastNanos.Load()),
		SyncLagMax:   time.Duration(st.lags.maxNanos.Load()),

		EndedDeleted:  st.ended.deleted.Load(),
		EndedExpired:  st.ended.expired.Load(),
		EndedDuration: time.Duration(st.ended.durationNanos.Load()),
	}
	for i := range st.lags.ranges {
		out.SyncLagRanges[i] = st.lags.ranges[i].Load()
	}
	if y := st.sync; y != nil {
		out.Rejected, out.Exchanges, out.Failures, out.Sweeps = y.rejected.Load(), y.exchanges.Load(), y.failures.Load(), y.sweeps.Load()
	}
	return out
}
