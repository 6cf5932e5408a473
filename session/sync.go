package session

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/shard"
)

const (
	// exchangers is how many exchanges may be under way at a time, besides those
	// that callers wait for, of which there may be as many as maxFetches.
	exchangers = 8
	maxFetches = 64
)

// synchroniser makes a store and its replica agree.
//
// There is one thing that it does, the exchange: send what this process has changed
// in a session since the last time, and get what it lacks, in one step. A local
// change asks for one, and so does a notice that somebody else has changed the
// session, a difference found by a sweep, and a Get of a session that is not here.
// Since a merge may be repeated and come in any order, so may exchanges; when in
// doubt there is one more.
//
//	Update ──► mark ─┐                        ┌─► push what the link has not seen
//	notice ──► hear ─┼─► due ─► dispatch ─► exchange
//	sweep  ──────────┘    ▲                   └─► absorb what is lacking
//	                      └──── failed ◄──────────┘
//
// It converges: a local change stays due until an exchange has succeeded after it;
// and whoever misses a notice finds at the next sweep that the replica's mark is not
// the link's. Nobody who changes a session waits for any of it: to mark one is a
// write to a lock-free set.
//
// What a replica has acknowledged it may lose: all of it, or, in a failover, what came
// last, and then it takes other changes in the place of those. Both ways it has another
// mark than the links say, since a mark never comes again. So at the next sweep every
// session that is concerned is exchanged; the replica then shows all that it has, and
// whoever has more sends everything. How long ago it was written does not matter, nor
// by whom.
//
// Rejected: sending changes with the notices (they are lost in a gap, so a second
// way would be needed anyway); sending the last minute's changes again after a failover
// (nobody knows how far behind the new master was, and who wrote them may be gone); and
// versions that count (after a failover the count is reached again by other changes, and
// what was lost before it stays lost).
type synchroniser struct {
	store   *Store
	replica Replica
	origin  string
	timeout time.Duration

	stop context.CancelFunc
	done sync.WaitGroup

	due   *shard.Cache[string, struct{}] // handles that want an exchange
	links *shard.Cache[string, link]
	wake  chan struct{} // has room for one
	sweep chan struct{} // has room for one: a sweep is wanted soon
	back  chan struct{} // has room for one: the replica is heard again

	fetches   chan struct{} // one for each fetch under way
	deaf      atomic.Bool   // notices are not heard
	reachable atomic.Bool   // the last exchange, sweep or subscription worked

	rejected, exchanges, failures, sweeps atomic.Uint64

	mu   sync.Mutex
	busy map[Handle]bool // INVARIANT: guarded by mu; true where one more exchange is wanted
}

func newSynchroniser(st *Store) (*synchroniser, error) {
	due, err := shard.New(shard.Options[string, struct{}]{Unbounded: true, DisableStats: true})
	if err != nil {
		return nil, err
	}
	links, err := shard.New(shard.Options[string, link]{Unbounded: true, DisableStats: true})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	y := &synchroniser{
		store:   st,
		replica: st.options.Replica,
		origin:  newToken(),
		timeout: st.options.ReplicaTimeout,
		stop:    stop,
		due:     due,
		links:   links,
		wake:    make(chan struct{}, 1),
		sweep:   make(chan struct{}, 1),
		back:    make(chan struct{}, 1),
		fetches: make(chan struct{}, maxFetches),
		busy:    make(map[Handle]bool),
	}
	y.done.Go(func() { y.dispatch(ctx) })
	y.done.Go(func() { y.listen(ctx) })
	y.done.Go(func() { y.sweepAgain(ctx) })
	return y, nil
}

// close sends what is due, if that can be done within the timeout, and ends.
func (y *synchroniser) close() {
	ctx, cancel := context.WithTimeout(context.Background(), y.timeout)
	defer cancel()
	if y.reachable.Load() {
		y.flush(ctx)
	}
	y.stop()
	y.done.Wait()
	y.due.Close()
	y.links.Close()
}

// flush returns when nothing is due, or with the context's error.
func (y *synchroniser) flush(ctx context.Context) error {
	for y.due.Len() > 0 || y.busyCount() > 0 {
		if err := clock.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (y *synchroniser) busyCount() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return len(y.busy)
}

// mark asks for an exchange and returns at once.
func (y *synchroniser) mark(handle Handle) {
	y.due.SetIfAbsent(string(handle), struct{}{})
	signal(y.wake)
}

// forget drops what is known of a session that is no longer here.
func (y *synchroniser) forget(handle Handle) { y.links.Delete(string(handle)) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// dispatch starts exchanges for what is due, a few at a time.
func (y *synchroniser) dispatch(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	places := make(chan struct{}, exchangers)
	var failed failures
	for {
		select {
		case <-ctx.Done():
			return
		case <-y.wake:
		}
		for handle := range y.due.Keys() {
			if !failed.wait(ctx, y.back) {
				return
			}
			select {
			case <-ctx.Done():
				return
			case places <- struct{}{}:
			}
			running.Go(func() {
				defer func() { <-places }()
				failed.note(y.attend(ctx, Handle(handle)))
			})
		}
	}
}

// attend makes the exchange that a session is due for. Where one is under way it
// leaves word.
func (y *synchroniser) attend(ctx context.Context, handle Handle) error {
	if !y.begin(handle) {
		return nil
	}
	err := y.exchange(ctx, handle)
	if again := y.end(handle); again || err != nil {
		y.mark(handle)
	}
	return err
}

func (y *synchroniser) begin(handle Handle) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.due.Delete(string(handle)) // before the exchange: what is marked from now on is due again
	if _, busy := y.busy[handle]; busy {
		y.busy[handle] = true
		return false
	}
	y.busy[handle] = false
	return true
}

func (y *synchroniser) end(handle Handle) (again bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	again = y.busy[handle]
	delete(y.busy, handle)
	return again
}
