package state

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/internal/codec"
	"github.com/uds-platform/state/remote"
)

// sharing is one cache's part in what instances share. A cache whose results stay
// in the process has none.
type sharing struct {
	*shared
	kind        string
	fingerprint uint64    // of the results' type
	index       *keyIndex // INVARIANT: guarded by flights.mu.
	// fenceRemoved has loads be kept that were overtaken elsewhere. INVARIANT: guarded by
	// flights.mu, and false, but where a test shows what the fence is for.
	fenceRemoved bool

	hits     atomic.Uint64 // results that Redis had
	unusable atomic.Uint64 // that could not be read
	unshared atomic.Uint64 // results that could not be written
}

// newSharing returns nil for a kind whose results stay here. The error matches
// ErrConfig where they can't leave.
func newSharing[T any](k Kind, s *shared) (*sharing, error) {
	if s == nil || k.LocalOnly {
		return nil, nil
	}
	of := reflect.TypeFor[T]()
	if err := codec.Check(of); err != nil {
		return nil, fmt.Errorf("kind %.80q: %w:\n%w; give Kind.LocalOnly to keep its results in this process", k.Name, ErrConfig, err)
	}
	return &sharing{shared: s, kind: k.Name, fingerprint: codec.Fingerprint(of), index: newKeyIndex()}, nil
}

// name is what Redis calls a key.
func (s *sharing) name(key string) string {
	return nameOfKey(key).keyName(s.kind, Key{encoded: key}.account())
}

// invalidate ends a key elsewhere. A nil one does nothing.
func (s *sharing) invalidate(key string) {
	if s != nil {
		s.tier.Invalidate([]string{s.name(key)}, nil)
	}
}

// demands are what a flight's caller wants of a result that Redis has.
type demands struct {
	least standing  // stale or fresh
	newer time.Time // it must be as of later than this
}

// visit is a flight's dealings with Redis, from before anything is read until the
// result was handed over to be written.
//
// A flight may read Redis twice, the second time once another instance has written
// what it was loading: then the first fill is overtaken, and another takes its place.
//
// The load may go on when the flight has ended, because it ignores its context; so
// the two agree by a mutex on whose the fill is.
type visit struct {
	sharing *sharing
	name    string
	demands demands

	mu    sync.Mutex
	fill  *remote.Fill // INVARIANT: guarded by mu; not ended unless ended is true.
	ended bool         // INVARIANT: guarded by mu, and true for ever once true.
	// absent says that Redis has no result at all; release gives the lease back,
	// nil where there is none. INVARIANT: guarded by mu.
	absent  bool
	release func()
}

// visit begins to deal with Redis for a flight, whose dependence is known already.
func (s *sharing) visit(key string, d demands) *visit {
	if s == nil {
		return nil
	}
	name := s.name(key)
	return &visit{sharing: s, name: name, demands: d, fill: s.tier.BeginFill(name)}
}

// current is the fill that stands for the flight; nil when the visit has ended.
func (v *visit) current() *remote.Fill {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ended {
		return nil
	}
	return v.fill
}

// again begins another fill in place of the one that was overtaken.
func (v *visit) again() *remote.Fill {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ended {
		return nil
	}
	v.fill.End()
	v.fill = v.sharing.tier.BeginFill(v.name)
	return v.fill
}

func (v *visit) note(absent bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.absent = absent
}

// holds keeps a lease until the visit ends.
func (v *visit) holds(release func()) {
	v.mu.Lock()
	ended := v.ended
	if !ended {
		v.release = release
	}
	v.mu.Unlock()
	if ended {
		release()
	}
}

// close ends the visit and returns what gives its lease back, nil where it has none.
func (v *visit) close() (release func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ended = true
	v.fill.End()
	release, v.release = v.release, nil
	return release
}

// leave ends the visit of a flight that has nothing to write. A nil one does
// nothing.
func (v *visit) leave() {
	if v == nil {
		return
	}
	if release := v.close(); release != nil {
		release()
	}
}

// worth is what may become of a flight's result.
type worth uint8

const (
	verified  worth = iota // it may be kept as long as it says
	unchecked              // it may be kept for a time: Redis is away
	overtaken              // it must not be kept
)

// worth judges the result of the visit, where fromRedis says that Redis had it. Call
// it with the mutex held under which the result is stored. A nil visit is of a cache
// that shares nothing.
func (v *visit) worth(fromRedis bool) worth {
	if v == nil || v.sharing.fenceRemoved {
		return verified
	}
	fill := v.current()
	switch {
	case fill == nil || fill.Overtaken():
		return overtaken
	case fill.Valid():
		return verified
	case fromRedis || !v.sharing.away():
		return overtaken
	}
	return unchecked
}

// absentFromRedis says that Redis is known to have nothing under the key.
func (v *visit) absentFromRedis() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.absent
}

// loadShared answers what Redis does not have by load, which at most one instance runs
// at a time as far as that can be had without waiting for long: that is only tried where
// Redis may be asked something else.
func (fs *flights[T]) loadShared(ctx context.Context, v *visit, ask bool, load loader[T]) outcome[T] {
	if ask {
		if out, found := fs.takeTurns(ctx, v); found {
			return out
		}
	}
	return fs.loadOrigin(ctx, load)
}

// loadOrigin is loadNow with the span of it, which also ends where the load panics.
func (fs *flights[T]) loadOrigin(ctx context.Context, load loader[T]) outcome[T] {
	span, err := fs.asksOrigin(ctx), ErrLoaderPanic
	defer func() { endSpan(span, err) }()
	out := loadNow(ctx, load)
	err = out.err
	return out
}

// loadNow asks the origin.
func loadNow[T any](ctx context.Context, load loader[T]) (out outcome[T]) {
	out.started = time.Now()
	out.value, out.terms, out.err = load(ctx)
	return out
}

// lookup reads what Redis has, within the time that a caller may wait for it. ask
// says that Redis has answered in time, and may be asked something else.
func (fs *flights[T]) lookup(ctx context.Context, v *visit, fill *remote.Fill) (out outcome[T], found, ask bool) {
	if fill == nil {
		return out, false, false
	}
	began := time.Now()
	span := fs.asks(ctx, "get")
	f, found, err := fs.sharing.tier.Get(ctx, fill)
	endSpan(span, err)
	v.note(err == nil && !found)
	if err != nil {
		return out, false, false
	}
	if found {
		deepenStack()
		out, found = fs.unpack(&f, v.demands)
	}
	return out, found, time.Since(began) < fs.sharing.wait/2
}

// deepenStack makes a new goroutine's stack as deep as decoding needs it, at once: to
// get there in steps copies more each time, which takes longer than to decode.
//
//go:noinline
func deepenStack() byte {
	var room [12 << 10]byte
	return room[len(room)/2]
}
