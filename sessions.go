package state

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uds-platform/state/session"
)

const (
	// sessionLifetime ends a session however much it is used, unless SessionTTL is
	// longer: a week of working days, and what is left of a tombstone is gone soon
	// after.
	sessionLifetime = 7 * 24 * time.Hour
	// longestSessionTTL is package session's bound.
	longestSessionTTL = 30 * 24 * time.Hour
	// mostSessions is package session's bound.
	mostSessions = 10_000_000
)

// Sessions are the discovery sessions of this server: with StoreRedis those of all
// instances that share it, and with Config.SnapshotFolder such as outlive the
// process. Where neither is there, or works, sessions work all the same and say that
// they are Volatile.
//
// The store is the State's: its Close is called by State.Close. A session ends when
// it has not been used for Config.SessionTTL, and at the latest after seven days, or
// SessionTTL where that is longer.
func (st *State) Sessions() *session.Store { return st.sessions }

// openSessions opens the store, which joins others when Redis is there.
func (st *State) openSessions() error {
	options := session.Options{
		IdleTimeout: st.config.SessionTTL,
		Lifetime:    max(sessionLifetime, st.config.SessionTTL),
		MaxSessions: st.config.MaximumSessions,
		MaxPerOwner: st.config.SessionsPerOwner,
		Waiting:     st.awaitSession,
		Logger:      st.config.Logger,
	}
	if st.shared != nil {
		options.Replica = newSessionReplica(st.shared.tier, st.config.Tracer)
	}
	var err error
	if st.snapshots, err = newSnapshots(st); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if snapshots := st.snapshots; snapshots != nil {
		options.Changed = func() { snapshots.keeper.Changed(1) }
	}
	if st.sessions, err = session.New(options); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	st.snapshots.load()
	return nil
}

// closeSessions takes the last snapshot and closes the store, which sends what it has
// not sent yet. A snapshot that takes longer than may be waited for goes on, and the
// store is closed after it: it would be cut short otherwise, and stand for the whole.
func (st *State) closeSessions() error {
	err := st.snapshots.close()
	if st.sessions == nil {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		go func() {
			<-st.snapshots.ended()
			st.sessions.Close()
		}()
		return err
	}
	st.sessions.Close()
	return err
}
