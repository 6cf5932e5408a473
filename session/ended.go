package session

import (
	"sync/atomic"
	"time"
)

// ended counts the sessions that have ended, and how long they lasted.
//
// Every instance sees every session end, so that each counts those that are its: what
// was deleted by a call here, and what expired after it had last been used here. Then
// the counts of all instances add up to what there was.
//
// Accepted: two instances that delete one session while they are cut off from each
// other both count it, and so do two that read it from snapshots.
type ended struct {
	deleted, expired, durationNanos atomic.Uint64
}

// deletion counts a session that was deleted by a call here.
func (e *ended) deletion(s *Session, now time.Time) {
	e.deleted.Add(1)
	e.durationNanos.Add(uint64(max(now.Sub(s.Created()), 0)))
}

// expiry counts a session whose time is up, if it is this process's to count.
func (e *ended) expiry(s *Session) {
	if s.touched == nil || s.touched.changed.IsZero() {
		return // it was last used elsewhere
	}
	e.expired.Add(1)
	e.durationNanos.Add(uint64(max(s.LastUsed().Sub(s.Created()), 0)))
}
