package session

import (
	"time"

	"github.com/uds-platform/state/internal/merge"
	"github.com/uds-platform/state/shard"
)

// settle gives a record in the engine the time to live that its content calls
// for, or ends it. The engine's default is right only for a session that has just
// been used and is far from the end of its lifetime.
func (st *Store) settle(handle Handle) {
	for {
		s, ok := st.live.GetQuietly(string(handle))
		if !ok {
			return
		}
		left := s.deadline(st.options.IdleTimeout, st.options.TouchInterval).Sub(st.options.Now())
		if s.grave != nil {
			left += merge.MaxAhead // somebody's clock may be behind
		}
		if s.identity == nil && s.grave == nil {
			left = st.options.IdleTimeout // the rest of it may yet come
		}
		if left > 0 {
			st.live.SetTTL(string(handle), max(left, time.Millisecond))
		} else if st.drop(s) {
			return
		}
		if now, _ := st.live.GetQuietly(string(handle)); now == s {
			return // nobody has changed it, and so its time, meanwhile
		}
	}
}

// drop ends a record whose time is up, unless it has been replaced.
func (st *Store) drop(s *Session) bool {
	gone := false
	st.live.Compute(string(s.handle), func(now *Session, found bool) (*Session, shard.Op) {
		if gone = !found || now == s; gone && found {
			return nil, shard.Remove
		}
		return now, shard.Keep
	})
	if gone && s.servable {
		st.expired.Set(string(s.handle), s.owner)
	}
	return gone
}

// Lifetimes are how long a session is kept without use, and how long at the latest
// however much it is used.
func (st *Store) Lifetimes() (idle, absolute time.Duration) {
	return st.options.IdleTimeout, st.options.Lifetime
}
