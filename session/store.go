package session

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/uds-platform/state/internal/merge"
	"github.com/uds-platform/state/shard"
)

const (
	// maxAttempts is how often an Update tries: far more than any number of
	// goroutines that take turns would need.
	maxAttempts = 10_000
	// gravesPerSession bounds tombstones, in sessions that there may be.
	gravesPerSession = 8
	// expiredRemembered is for how many sessions Get tells ErrExpired from
	// ErrNotFound.
	expiredRemembered = 10_000
)

// Store holds the sessions of one process; see the package comment.
//
// What it is for: a session must be read as fast as a cache is, and changed by many
// at once without losing a change, and must not go before its time.
//
// A session is one immutable record under its handle in the engine, and all that
// happens to it is a CAS of that record: a change, a merge, its deletion (which
// leaves a tombstone in the same place). So what is deleted cannot be brought back
// by a change that had begun before, and no lock is ever held while a caller's
// function runs. The idle time is the engine's TTL.
//
// Rejected: a lock a session (a slow change would make others wait, and one that
// panics leave it locked) and a tombstone in a second map (between the two there
// is always a moment when a merge can slip through).
//
// All methods are safe for concurrent use.
type Store struct {
	options Options // INVARIANT: filled, never changed.
	clock   *merge.Clock
	live    *shard.Cache[string, *Session]
	// expired remembers for a while whose sessions have expired, and may forget.
	expired *shard.Cache[string, Owner]
	index   *index
	sync    *synchroniser // nil where there is no replica
	// kept is true while a snapshot is being kept of all sessions.
	kept   atomic.Bool
	closed atomic.Bool

	refused   atomic.Uint64
	conflicts atomic.Uint64
	opened    merge.Stamp // when New made the store. INVARIANT: never changed.
	lags      lags
	ended     ended
}

// New makes an empty store, which the caller must Close. The error matches
// ErrOptions.
func New(o Options) (*Store, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	st := &Store{options: o, clock: merge.NewClock(), opened: merge.StampAt(o.Now(), 0)}
	st.index = newIndex(func(h Handle) *Session {
		s, _ := st.live.GetQuietly(string(h))
		return s
	})
	st.live, err = shard.New(shard.Options[string, *Session]{
		Unbounded:  true,
		DefaultTTL: o.IdleTimeout + o.TouchInterval,
		OnRemoval:  st.removed,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	st.expired, err = shard.New(shard.Options[string, Owner]{
		MaximumSize: expiredRemembered,
		DefaultTTL:  o.Lifetime,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	if o.Replica != nil {
		st.sync, err = newSynchroniser(st)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrOptions, err)
		}
	}
	return st, nil
}

// Close ends the store. Sessions are gone from it; what others have, and what a
// snapshot has, stays. It may be called more than once. It waits for what is
// under way with the replica, at most ReplicaTimeout.
func (st *Store) Close() {
	if st.closed.Swap(true) {
		return
	}
	if st.sync != nil {
		st.sync.close()
	}
	st.live.Close()
	st.expired.Close()
}

// removed is told by the engine of every record that has left it.
func (st *Store) removed(handle string, s *Session, cause shard.Cause) {
	if cause == shard.CauseReplaced {
		return
	}
	if cause == shard.CauseExpired && s.servable {
		st.expired.Set(handle, s.owner)
	}
	if s.servable {
		st.index.settle(s.owner, s.handle)
	}
	if s.servable && cause != shard.CauseCleared {
		st.ended.expiry(s)
	}
	if st.sync != nil {
		st.sync.forget(s.handle)
	}
}

// Len returns how many sessions there are.
func (st *Store) Len() int { return int(st.index.total.Load()) }

// Volatile is true while new sessions would live in this process's memory alone.
func (st *Store) Volatile() bool {
	return !st.kept.Load() && (st.sync == nil || !st.sync.reachable.Load())
}

// SetKept says whether snapshots of all sessions are being kept. While they are
// not, and no other instance can be told of sessions, those that are made or
// changed say that they are volatile.
func (st *Store) SetKept(kept bool) { st.kept.Store(kept) }

// Create makes a session for an owner. init, unless nil, changes it first, as
// Update would; nobody sees the session before. The error matches ErrLimit where
// there are too many sessions, ErrValue where the owner can't be one, and is
// init's where that fails.
//
// Nothing outside this process is asked: Create works just as well where the
// replica is away and snapshots fail, and then says so by Session.Volatile.
func (st *Store) Create(ctx context.Context, owner Owner, init func(*Draft) error) (*Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := owner.check(); err != nil {
		return nil, err
	}
	if st.closed.Load() {
		return nil, ErrClosed
	}
	now := st.options.Now()
	handle := newHandle()
	d, s := st.draft(&content{handle: handle}, now)
	d.identity = write(d, "", identity{Owner: string(owner), Created: plainTime(now), Expires: plainTime(now.Add(st.options.Lifetime))})
	d.touch(0)
	d.classify(st.options.IdleTimeout, st.options.TouchInterval)
	if init != nil {
		if err := d.apply(init); err != nil {
			return nil, err
		}
	}
	if st.live.Len() >= gravesPerSession*st.options.MaxSessions ||
		!st.index.reserve(owner, handle, st.options.MaxSessions, st.options.MaxPerOwner) {
		return nil, fmt.Errorf("%w: at most %d sessions, %d of one owner; delete some, or wait for some to expire", ErrLimit, st.options.MaxSessions, st.options.MaxPerOwner)
	}
	kept := st.live.Set(string(handle), st.publish(s))
	st.index.settle(owner, handle)
	if !kept {
		return nil, ErrClosed
	}
	st.settle(handle)
	st.announce(handle)
	return s, nil
}

// Get returns an owner's session. The error matches ErrExpired or ErrNotFound. To
// read a session is not to use it: see Touch.
//
// A session that this process has is found without a lock, an allocation or a look
// at the context. One that it doesn't have is asked for at the replica, if there
// is one, for at most ReplicaTimeout.
func (st *Store) Get(ctx context.Context, owner Owner, handle Handle) (*Session, error) {
	s, ok := st.live.Get(string(handle))
	if ok && s.servable && s.owner == owner && !s.closing {
		return s, nil
	}
	return st.getCarefully(ctx, owner, handle)
}

func (st *Store) getCarefully(ctx context.Context, owner Owner, handle Handle) (*Session, error) {
	if s := st.find(owner, handle); s != nil {
		return s, nil
	}
	err := st.fetch(ctx, handle)
	if s := st.find(owner, handle); s != nil {
		return s, nil
	}
	return nil, st.absence(owner, handle, err)
}

// find returns a session that is here, is alive and is the owner's.
func (st *Store) find(owner Owner, handle Handle) *Session {
	s, ok := st.live.GetQuietly(string(handle))
	if !ok || !s.servable || s.owner != owner || st.over(s) {
		return nil
	}
	return s
}

// over reports whether a session's absolute lifetime has passed.
func (st *Store) over(s *Session) bool {
	return s.closing && !st.options.Now().Before(s.Expires())
}

// fetch asks the replica for a session that is not here.
func (st *Store) fetch(ctx context.Context, handle Handle) error {
	if st.sync == nil || !handle.wellFormed() {
		return nil
	}
	if s, ok := st.live.GetQuietly(string(handle)); ok && (s.grave != nil || s.servable) {
		return nil // deleted, expired, or somebody else's
	}
	return st.sync.fetch(ctx, handle)
}

// absence says why a session is not there.
func (st *Store) absence(owner Owner, handle Handle, cause error) error {
	if st.closed.Load() {
		return ErrClosed
	}
	if s, ok := st.live.GetQuietly(string(handle)); ok && s.servable && s.owner == owner && st.over(s) {
		return ErrExpired
	}
	if was, ok := st.expired.GetQuietly(string(handle)); ok && was == owner {
		return ErrExpired
	}
	if cause != nil {
		return fmt.Errorf("%w here; %w: %w", ErrNotFound, ErrUnreached, cause)
	}
	return ErrNotFound
}

// announce has a session kept, and pushed, that has changed.
func (st *Store) announce(handle Handle) {
	st.options.Changed()
	if st.sync != nil {
		st.sync.mark(handle)
	}
}
