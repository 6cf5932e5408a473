package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uds-platform/state/shard"
)

// draft begins a change of some content: next is the session that it will be.
func (st *Store) draft(c *content, now time.Time) (d *Draft, next *Session) {
	next = &Session{content: *c}
	return &Draft{content: &next.content, clock: st.clock, now: now}, next
}

// apply lets a caller's function change a draft, which is over after that, come
// what may.
func (d *Draft) apply(change func(*Draft) error) error {
	defer func() { d.over = true }()
	return change(d)
}

// publish makes a session ready to be seen, whose draft is over.
func (st *Store) publish(s *Session) *Session {
	s.revision++
	s.volatile = st.Volatile()
	return s
}

// Update changes a session in one step, and returns it as it is then. change gets a
// draft of the session as it is; nobody sees what it does to that unless it returns
// nil, and then everybody sees all of it. No other change is lost: where one came
// between, change is called again with what that left. So it must have no effects
// but on its draft, and be quick.
//
// The error is change's, or matches ErrNotFound, ErrExpired, ErrLimit, or
// ErrConflict where others came between 10,000 times. Between attempts Update
// looks at the context.
//
// An Update is a use, as by Touch. It never waits for the replica, except to look
// for a session that is not here, as Get does.
func (st *Store) Update(ctx context.Context, owner Owner, handle Handle, change func(*Draft) error) (*Session, error) {
	s, err := st.update(ctx, owner, handle, change)
	if err != errAbsent {
		return s, err
	}
	cause := st.fetch(ctx, handle)
	if s, err = st.update(ctx, owner, handle, change); err == errAbsent {
		return nil, st.absence(owner, handle, cause)
	}
	return s, err
}

// errAbsent never leaves the package.
var errAbsent = fmt.Errorf("%w: not here", ErrNotFound)

func (st *Store) update(ctx context.Context, owner Owner, handle Handle, change func(*Draft) error) (*Session, error) {
	attempts := 0
	written := false
	var failure error
	s, ok := st.live.Compute(string(handle), func(old *Session, found bool) (*Session, shard.Op) {
		attempts++
		written, failure = false, nil
		if !found || !old.servable || old.owner != owner {
			failure = errAbsent
			return old, shard.Keep
		}
		if attempts > 1 {
			if failure = st.mayRetry(ctx, attempts); failure != nil {
				return old, shard.Keep
			}
		}
		now := st.options.Now()
		if old.closing && !now.Before(old.Expires()) {
			failure = errAbsent
			return old, shard.Keep
		}
		d, next := st.draft(&old.content, now)
		if failure = d.apply(change); failure != nil {
			return old, shard.Keep
		}
		if d.touch(st.options.TouchInterval) {
			d.classify(st.options.IdleTimeout, st.options.TouchInterval)
		}
		if !d.changed {
			return old, shard.Keep
		}
		written = true
		return st.publish(next), shard.Write
	})
	if failure != nil {
		return nil, failure
	}
	if !ok {
		return nil, ErrClosed
	}
	if written {
		if s.closing {
			st.settle(handle)
		}
		st.announce(handle)
	}
	return s, nil
}

func (st *Store) mayRetry(ctx context.Context, attempts int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if attempts > maxAttempts {
		st.conflicts.Add(1)
		return fmt.Errorf("%w: others came between %d times", ErrConflict, maxAttempts)
	}
	return nil
}

// Touch says that a session is in use, which gives it IdleTimeout from now. Within
// TouchInterval after a use it does next to nothing.
func (st *Store) Touch(ctx context.Context, owner Owner, handle Handle) error {
	s, err := st.Get(ctx, owner, handle)
	if err != nil {
		return err
	}
	if st.options.Now().Sub(s.LastUsed()) < st.options.TouchInterval {
		return nil
	}
	_, err = st.Update(ctx, owner, handle, func(*Draft) error { return nil })
	return err
}

// Delete ends a session, everywhere and for good: a change that somebody else
// makes at the same time does not bring it back. It is nil as well where there is
// no such session, or it is somebody else's, which is left alone. The error matches
// ErrUnreached where the session is not here and may be elsewhere.
func (st *Store) Delete(ctx context.Context, owner Owner, handle Handle) error {
	was, err := st.bury(ctx, owner, handle)
	if errors.Is(err, ErrUnreached) || errors.Is(err, ErrClosed) {
		return err
	}
	if was != nil {
		st.ended.deletion(was, st.options.Now())
	}
	return nil
}

// bury puts a tombstone in a session's place and returns what was there.
func (st *Store) bury(ctx context.Context, owner Owner, handle Handle) (*Session, error) {
	if st.find(owner, handle) == nil {
		if err := st.fetch(ctx, handle); err != nil {
			return nil, st.absence(owner, handle, err)
		}
	}
	var was *Session
	_, ok := st.live.Compute(string(handle), func(old *Session, found bool) (*Session, shard.Op) {
		was = nil
		if !found || !old.servable || old.owner != owner || st.over(old) {
			return old, shard.Keep
		}
		was = old
		stamp := st.clock.Next(st.options.Now())
		return &Session{content{
			handle: handle, revision: old.revision + 1, latest: stamp,
			grave: &grave{stamp: stamp, deadline: old.Expires()},
		}}, shard.Write
	})
	if was == nil {
		return nil, st.absence(owner, handle, nil)
	}
	if !ok {
		return nil, ErrClosed
	}
	st.index.settle(owner, handle)
	st.settle(handle)
	st.announce(handle)
	return was, nil
}

// Renew gives a session another handle and ends the old one, as is due when what
// its owner may do has changed. It is a use, as by Touch. Nothing else changes, neither
// does the end of its lifetime.
func (st *Store) Renew(ctx context.Context, owner Owner, handle Handle) (*Session, error) {
	was, err := st.bury(ctx, owner, handle)
	if err != nil {
		return nil, err
	}
	now := st.options.Now()
	d, s := st.draft(&was.content, now)
	d.handle, d.revision = newHandle(), 0
	d.touch(0)
	st.publish(s)
	if !st.live.Set(string(s.handle), s) {
		return nil, ErrClosed
	}
	st.index.settle(owner, s.handle)
	st.settle(s.handle)
	st.announce(s.handle)
	return s, nil
}

// keep takes note that something else than this process has a session by now.
func (st *Store) keep(handle Handle) {
	st.live.Compute(string(handle), func(old *Session, found bool) (*Session, shard.Op) {
		if !found || !old.volatile {
			return old, shard.Keep
		}
		s := &Session{content: old.content}
		s.volatile = false
		return s, shard.Write
	})
	st.settle(handle)
}
