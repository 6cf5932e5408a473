package session

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/uds-platform/state/internal/merge"
)

// replicaMargin is how much longer the replica keeps a session than it lives.
const replicaMargin = time.Minute

// link is what is known of a session at the replica.
type link struct {
	// mark is the state there that has been taken over here. Zero where that is
	// not certain, so that a sweep asks again.
	mark merge.Mark
	// sent: all of the session was merged there that was not changed here, and of
	// what was, everything up to this stamp. It means nothing where mark is zero.
	sent merge.Stamp
}

// unchanged is before every stamp that a clock makes, and after the zero one.
var unchanged = merge.StampAt(time.UnixMilli(1), 0)

// exchange sends what the replica has not seen of a session and takes over what
// is lacking here.
func (y *synchroniser) exchange(ctx context.Context, handle Handle) error {
	ctx, cancel := context.WithTimeout(ctx, y.timeout)
	defer cancel()
	l, _ := y.links.GetQuietly(string(handle))
	request := merge.Request{ID: string(handle), Origin: y.origin, Known: l.mark, Want: true, Incarnation: newToken()}
	next := link{sent: unchanged}
	s, here := y.store.live.GetQuietly(string(handle))
	if here {
		if l.mark == (merge.Mark{}) {
			l.sent = merge.Stamp{} // who knows what is there? So all is sent
		}
		request.Delta = s.fieldsSince(l.sent)
		request.TTL = y.store.timeToLive(s)
		next.sent = laterOf(s.latest, unchanged)
	}
	y.exchanges.Add(1)
	reply, err := y.replica.Merge(ctx, request)
	if err != nil {
		y.failures.Add(1)
		y.reachable.Store(false)
		return err
	}
	y.reachable.Store(true)
	y.rejected.Add(uint64(reply.Refused))
	if y.store.absorb(handle, reply.Lacks) == 0 && reply.Refused == 0 {
		next.mark = reply.Mark
	}
	switch {
	case reply.Refused > 0:
		next.sent = l.sent
	case here && !l.sent.IsZero() && s.hasMoreThan(request.Delta, reply):
		next.sent = merge.Stamp{} // the replica has lost something; so it gets all
		y.mark(handle)
	case here && s.volatile:
		y.store.keep(handle)
	}
	y.connect(handle, next)
	return nil
}

// hasMoreThan reports whether something is in a session that is not at the replica, to
// which delta has just been sent. Most fields are there just as they are here; of the
// rest, which somebody else may have changed, merge.Merge knows.
func (s *Session) hasMoreThan(delta merge.Fields, reply merge.Reply) bool {
	if !reply.Whole {
		return false // it is what was known before
	}
	left := s.fieldsSince(merge.Stamp{})
	for name, value := range left {
		if reply.Lacks[name] == value {
			delete(left, name)
		}
	}
	if len(left) == 0 {
		return false
	}
	there := make(merge.Fields, len(delta)+len(reply.Lacks))
	maps.Copy(there, delta)
	maps.Copy(there, reply.Lacks)
	for name, value := range merge.Merge(there, left) {
		if there[name] != value {
			return true
		}
	}
	return false
}

// connect remembers a link for as long as the session is here.
func (y *synchroniser) connect(handle Handle, l link) {
	y.links.Set(string(handle), l)
	if _, here := y.store.live.GetQuietly(string(handle)); !here {
		y.forget(handle)
	}
}

func laterOf(a, b merge.Stamp) merge.Stamp {
	if a.After(b) {
		return a
	}
	return b
}

// errBusy: there are too many fetches under way.
var errBusy = fmt.Errorf("session: %d sessions are being fetched already", maxFetches)

// fetch asks the replica for a session that is not here, while the caller waits.
func (y *synchroniser) fetch(ctx context.Context, handle Handle) (err error) {
	select {
	case y.fetches <- struct{}{}:
	default:
		return errBusy
	}
	defer func() { <-y.fetches }()
	if waiting := y.store.options.Waiting; waiting != nil {
		waits, done := waiting(ctx)
		if ctx = waits; done != nil {
			defer func() { done(err) }()
		}
	}
	return y.exchange(ctx, handle)
}

// timeToLive is how long the replica has to keep a session at least.
func (st *Store) timeToLive(s *Session) time.Duration {
	left := s.deadline(st.options.IdleTimeout, st.options.TouchInterval).Sub(st.options.Now())
	return max(left+replicaMargin, replicaMargin)
}

// newToken names an instance, or an incarnation.
func newToken() string { return string(newHandle()[:16]) }
