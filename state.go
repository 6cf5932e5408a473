package state

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/uds-platform/state/internal/limiter"
	"github.com/uds-platform/state/session"
	"github.com/uds-platform/state/warm"
)

var (
	// ErrClosed is returned by NewCache once the State is closed.
	ErrClosed = errors.New("state: closed")
	// ErrDuplicateKind is matched by NewCache's error for a name that is in
	// use.
	ErrDuplicateKind = errors.New("state: duplicate kind")
)

// State is the state of one server: its caches of results, the front for its
// queries, and its health. Open makes one, and a process usually needs one.
//
// All methods are safe for concurrent use, with each other and with Close. A
// closed State still answers: Fetch and Query then run their load and keep
// nothing, because a server without state is better than a server that fails.
type State struct {
	config    Config // INVARIANT: validated, defaults filled in, never changed.
	limiter   *limiter.Limiter
	clock     *coarseClock
	tags      *tagTable
	schemas   *schemas
	refresher *refresher
	refining  refinements
	queries   *Cache[Rows]
	questions *questions

	ahead      *ahead          // nil with NoWarming
	predictor  *warm.Predictor // nil with NoWarming
	repertoire *repertoire
	observer   observer
	origin     originCounts
	savings    *warm.Savings
	shared     *shared // nil where everything is kept in memory
	sessions   *session.Store
	snapshots  *snapshots // nil where none are kept

	mu sync.Mutex
	// INVARIANT: guarded by mu. Every cache made of this State, by its kind's
	// name.
	kinds map[string]kind
	// INVARIANT: guarded by mu, and true for ever once true. No cache is added
	// afterwards.
	closed bool
	// INVARIANT: guarded by mu. The preloads that have not ended, and perhaps some
	// that have; the latest is the last.
	preloads []*warm.Preload
}

// kind is what a State knows of a cache without knowing the type of its
// results.
type kind interface {
	stats() KindStats
	loadStats() LoadStats
	close() // may be called more than once, and at the same time
	// forget drops what another instance has changed.
	forget(n sharedName)
}

// Open makes a State that is ready at once: nothing is waited for. The caller
// must Close it.
//
// The error matches ErrConfig and names every fault of cfg, or is ctx's where
// ctx has already ended.
func Open(ctx context.Context, cfg Config) (*State, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("state: open: %w", err)
	}
	st, err := newState(cfg)
	if err != nil {
		return nil, err
	}
	if err := st.openBy(st.parts()); err != nil {
		return nil, err
	}
	st.snapshots.start()
	return st, nil
}

// newState is a State of which no part is open.
func newState(cfg Config) (*State, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &State{
		config:    cfg,
		limiter:   limiter.New(cfg.QueryConcurrency, cfg.QueriesPerMinute),
		clock:     newCoarseClock(),
		tags:      newTagTable(),
		schemas:   newSchemas(),
		refresher: newRefresher(cfg.RefreshConcurrency),
		kinds:     make(map[string]kind),
	}, nil
}

// parts open what a State has, each on top of those before it.
func (st *State) parts() []func() error {
	return []func() error{st.openWarming, st.openShared, st.openQueries, st.openSessions, st.preloadConfigured}
}

// openBy opens one part after the other. Where one fails, it closes whatever was
// opened: connections and goroutines would be nobody's. No snapshot is taken then,
// which would push out one that has more.
func (st *State) openBy(parts []func() error) error {
	for _, part := range parts {
		if err := part(); err != nil {
			return errors.Join(err, st.Close())
		}
	}
	return nil
}

// openQueries makes the State's own kind, and what reads queries.
func (st *State) openQueries() (err error) {
	st.queries, err = NewCache[Rows](st, Kind{Name: queryKind, AgePerRefresh: max(st.config.QueryAgePerRefresh, 0)})
	if err != nil {
		return err
	}
	st.questions, err = newQuestions(st.config.Freshness, st.clock, st.loadOf)
	return err
}

// adopt adds a cache to the State.
func (st *State) adopt(name string, k kind) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed {
		return ErrClosed
	}
	if _, taken := st.kinds[name]; taken {
		return fmt.Errorf("%w: %q", ErrDuplicateKind, name)
	}
	st.kinds[name] = k
	return nil
}

// Close empties every cache and ends every goroutine of the State, except that
// loads under way go on for as long as somebody waits for them; refreshes have
// nobody waiting. It does not wait for those. It takes the last snapshot, for 10 s at
// most, and hands Redis what waits to be written, for 2 s at most and not at all while
// Redis is away.
//
// Every call returns once the State is closed. The error says what is lost: a snapshot,
// or what other instances should have heard of.
func (st *State) Close() error {
	st.mu.Lock()
	st.closed = true
	st.mu.Unlock()
	snapshotFault := st.closeSessions()
	kinds, _ := st.adopted() // no other will be
	for _, k := range kinds {
		k.close()
	}
	st.questions.close()
	st.refresher.close()
	st.closeWarming()
	st.clock.close()
	return errors.Join(snapshotFault, st.shared.close())
}

// adopted returns the caches made so far, and whether more can be.
func (st *State) adopted() (kinds []kind, closed bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, k := range st.kinds {
		kinds = append(kinds, k)
	}
	return kinds, st.closed
}
