package state

import (
	"context"
	"sync/atomic"

	"github.com/uds-platform/state/internal/clock"
)

// maxRefinements is how many loads of a State may be under way for previews. Each
// has two goroutines, and nobody who waits bounds their number.
const maxRefinements = 256

// maxSetbacks is how many failures behind previews a cache remembers.
const maxSetbacks = 256

// refinement is what became of the wish for a full result: an entry that was
// there after all, a load under way, an error of a moment ago, or, with none of
// these, nothing.
type refinement[T any] struct {
	entry *entry[T]
	worth standing
	done  <-chan struct{}
	err   error
}

// refine sees to it that key's full result is being loaded, with nobody waiting
// for it.
//
// The load is a flight like any other, and its state's seat in it, the one that
// nobody sits in, keeps it going: callers may join and leave. A flight has at most
// one, so that asking again costs nothing.
func (fs *flights[T]) refine(ctx context.Context, key string, load loader[T]) refinement[T] {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if e, ok := fs.engine.GetQuietly(key); ok {
		if worth := fs.judge(e); worth == fresh || worth == failed {
			fs.counts.landed++
			return refinement[T]{entry: e, worth: worth}
		}
	}
	if f := fs.current[key]; f != nil && f.landed != nil && !fs.tags.dropped(&f.dependence) {
		return refinement[T]{done: f.landed}
	}
	if err := fs.recentSetback(key); err != nil {
		return refinement[T]{err: err}
	}
	if fs.closed || !fs.refinements.begin() {
		return refinement[T]{}
	}
	s := fs.board(ctx, key, load, demands{least: fresh})
	if s.source == Origin {
		fs.counts.refinements++
	}
	s.flight.landed = make(chan struct{})
	fs.unmanned[s.flight] = key
	return refinement[T]{done: s.flight.landed}
}

// resting reports whether a stale entry's refresh failed a moment ago. One that is
// under way is no reason not to join it.
func (fs *flights[T]) resting(e *entry[T]) bool {
	at := e.refreshAtNanos.Load()
	return at != clock.Never && at > fs.clock.now()
}

// announce tells those who hold previews that the flight has ended. The caller
// holds mu.
func (fs *flights[T]) announce(key string, f *flight, overtaken bool, err error) {
	if f.landed == nil {
		return
	}
	close(f.landed)
	fs.giveUpSeat(f)
	switch {
	case overtaken:
	case err == nil:
		delete(fs.setbacks, key)
	case f.waiters > 0:
		fs.noteSetback(key, err)
	}
}

// giveUpSeat gives up the seat that nobody sits in, if the flight still has one,
// and reports whether it had. The caller holds mu, and takes care of waiters.
func (fs *flights[T]) giveUpSeat(f *flight) bool {
	if _, ok := fs.unmanned[f]; !ok {
		return false
	}
	delete(fs.unmanned, f)
	fs.refinements.end()
	return true
}

// endRefinements lets those flights end that nobody waits for. The caller holds
// mu.
func (fs *flights[T]) endRefinements() {
	for f, key := range fs.unmanned {
		fs.giveUpSeat(f)
		fs.vacate(key, f)
	}
}

// refinements counts the loads of a State that are under way for previews.
type refinements struct{ n atomic.Int64 }

func (r *refinements) begin() bool {
	if r.n.Add(1) <= maxRefinements {
		return true
	}
	r.end()
	return false
}

func (r *refinements) end() { r.n.Add(-1) }

// setback is a failure behind a preview, which nobody may have waited for.
//
// Without it, someone who asks again and again without waiting would start a load
// each time, and never learn why there is no answer.
type setback struct {
	err        error
	epoch      uint64 // an invalidation since then is a new start
	failures   uint8
	untilNanos int64 // on the State's clock
}

// noteSetback remembers a failure. At the bound another is forgotten, which
// costs a load. The caller holds mu.
func (fs *flights[T]) noteSetback(key string, err error) {
	s, known := fs.setbacks[key]
	if !known && len(fs.setbacks) >= maxSetbacks {
		for other := range fs.setbacks {
			delete(fs.setbacks, other)
			break
		}
	}
	pause := pauseAfter(s.failures)
	if pause < longestRefreshPause {
		s.failures++
	}
	s.err, s.epoch, s.untilNanos = err, fs.tags.epoch.Load(), clock.After(fs.clock.exact.Now(), pause)
	fs.setbacks[key] = s
}

// recentSetback returns the error of a failure that was a moment ago. The caller
// holds mu.
func (fs *flights[T]) recentSetback(key string) error {
	s, known := fs.setbacks[key]
	if !known || s.epoch != fs.tags.epoch.Load() || s.untilNanos <= fs.clock.exact.Now() {
		return nil
	}
	return s.err
}

// setback is recentSetback for a caller who does not hold mu.
func (fs *flights[T]) setback(key string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.recentSetback(key)
}
