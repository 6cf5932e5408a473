package state

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/uds-platform/state/internal/limiter"
	"github.com/uds-platform/state/warm"
)

// flights are the loads under way of one cache, and the fence round its engine.
//
// They solve three problems at once. Callers that miss the same key at the same
// time share one load. A caller that has had enough leaves without harming the
// others, and the load ends when all have left. And a load that was overtaken,
// by an invalidation or by a newer value, must not write what it read before.
//
// The contract rests on one map. While a load may still be joined and its
// result may still be kept, its flight is in current; both end in the same
// critical section, whatever ends them: landing, Set, Delete, Clear, or the
// last waiter's leaving. A result is kept only by a flight that is still in
// current, in the critical section that takes it out; so no invalidation can
// fall between the check and the write.
//
// Invalidation by tags can't end flights one by one, since it does not know
// them. So each load takes the epoch before it starts; see tagTable. What it
// brings is checked when it lands, and whoever boards checks what is known of the
// load, and again what it brought.
//
// Accepted: a miss and a write take a mutex, held for a few map operations and
// one call of the engine, never while a caller's code runs or anything is
// waited for. A hit does not take it. A waiter that leaves early leaves its
// answer channel (about 100 bytes) with the load until that ends.
//
// Rejected: a generation counter for every key (it must outlive the entries, so
// it grows without bound), one for the whole cache (every Set would fence every
// load), and a count of flights that lets Set skip the mutex (sound for Delete,
// but a load that starts between the look at the count and the write would
// overwrite the newer Set).
type flights[T any] struct {
	kind   Kind // INVARIANT: as in Cache.
	clock  *coarseClock
	tags   *tagTable
	ahead  *ahead // the State's
	tracer Tracer // the State's; nil where there is none
	slot   uint32 // INVARIANT: of the kind's tag in tags.
	log    *slog.Logger
	engine *engine[entry[T]]
	group  singleflight.Group
	// sharing is with other instances, nil where results stay here; trust is then nil
	// too.
	sharing *sharing
	trust   *trust

	mu sync.Mutex
	// INVARIANT: guarded by mu, and so is every use of group: while mu is free,
	// group has a call that can be joined for exactly the keys in current.
	current map[string]*flight
	// INVARIANT: guarded by mu, and true for ever once true. Nothing is written
	// to engine from then on.
	closed bool
	counts flightCounts // INVARIANT: guarded by mu.

	// previews are what FetchPreview may serve where there is no result.
	previews    *previewStore[T]
	refinements *refinements // the State's
	// INVARIANT: guarded by mu. The flights with a seat that nobody sits in, by
	// which they go on for previews, and their keys.
	unmanned map[*flight]string
	setbacks map[string]setback // INVARIANT: guarded by mu; at most maxSetbacks.
}

// flightCounts say what became of the fetches that missed.
type flightCounts struct {
	started, collapsed, failed, abandoned, fenced uint64
	refreshes, refreshesAhead                     uint64        // of stale results, and of fresh ones
	landed                                        uint64        // before the caller could join
	refinements                                   uint64        // started behind previews
	prefetches                                    uint64        // of the started, before anybody asked
	ended                                         uint64        // whatever came of them
	time                                          time.Duration // of those that ended
}

// flight is one load and those who wait for it.
type flight struct {
	// INVARIANT: guarded by flights.mu. Callers that joined and have not left.
	waiters int
	// dependence is what is known before the load has ended. INVARIANT: made
	// before the load begins, never changed.
	dependence dependence
	demands    demands         // of a result in Redis
	urgency    limiter.Urgency // of who started it, or the most urgent who joined
	behind     bool            // started by somebody who does not wait for it
	prefetch   bool            // started before anybody asked
	ctx        context.Context
	cancel     context.CancelCauseFunc
	stop       context.CancelFunc // releases the timer of ctx
	// landed is closed when the flight has ended. INVARIANT: written with
	// flights.mu held; nil while nobody holds a preview of what it brings.
	landed chan struct{}
}

// seat is one caller's place in a flight.
type seat struct {
	flight *flight
	source Source
	answer <-chan singleflight.Result
	// epoch is when the caller boarded: what was invalidated up to then must
	// not be what it gets.
	epoch uint64
	// caller is the urgency of the load that the caller is part of, nil where
	// there is none.
	caller *limiter.Urgency
}

// getOff ends the caller's say in how urgent the flight is. What it has been, it
// stays.
func (s *seat) getOff() { s.caller.Unfollow(&s.flight.urgency) }

// errAbandoned is why the context of a load ended that nobody waits for.
var errAbandoned = errors.New("everybody waiting for the load has left")

func newFlights[T any](k Kind, engine *engine[entry[T]], st *State, sharing *sharing) *flights[T] {
	fs := &flights[T]{
		kind:    k,
		clock:   st.clock,
		tags:    st.tags,
		ahead:   st.ahead,
		tracer:  st.config.Tracer,
		slot:    st.tags.slot(KindTag(k.Name)),
		log:     st.config.Logger.With(slog.String("kind", k.Name)),
		engine:  engine,
		current: make(map[string]*flight),

		previews:    &previewStore[T]{kind: k, tags: st.tags},
		refinements: &st.refining,
		unmanned:    make(map[*flight]string),
		setbacks:    make(map[string]setback),
	}
	if sharing != nil {
		fs.sharing, fs.trust = sharing, sharing.trust
	}
	return fs
}

// join gives the caller a seat in key's flight, which it starts where there is
// none. Where a flight has landed since the caller looked, its entry and what
// that is worth are returned instead, if it is worth enough.
func (fs *flights[T]) join(
	ctx context.Context, key string, load loader[T], least standing,
) (s seat, e *entry[T], worth standing) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if e, ok := fs.engine.GetQuietly(key); ok {
		if worth = fs.judge(e); worth == failed || worth >= least {
			fs.counts.landed++
			return seat{}, e, worth
		}
	}
	return fs.board(ctx, key, load, demands{least: least}), nil, dead
}

// board gives the caller a seat in key's flight, which it starts where there is
// none. The caller holds mu.
func (fs *flights[T]) board(ctx context.Context, key string, load loader[T], d demands) seat {
	epoch := fs.tags.epoch.Load()
	f, source := fs.current[key], Flight
	if f != nil && fs.tags.dropped(&f.dependence) {
		fs.ground(key)
		f = nil
	}
	if f == nil {
		f, source = fs.takeOff(ctx, key, d), Origin
	} else {
		fs.counts.collapsed++
	}
	f.waiters++
	caller := limiter.UrgencyOf(ctx)
	caller.Follow(&f.urgency)
	answer := fs.group.DoChan(key, func() (any, error) { return fs.fly(key, f, load) })
	return seat{flight: f, source: source, answer: answer, epoch: epoch, caller: caller}
}

// takeOff starts key's flight. It has the values of ctx, and a life of its own.
// The caller holds mu.
func (fs *flights[T]) takeOff(ctx context.Context, key string, d demands) *flight {
	f := &flight{dependence: fs.newDependence(key), demands: d}
	fs.register(key)
	caller := limiter.UrgencyOf(ctx)
	if caller == nil { // what a load needs besides is part of it
		fs.ahead.demand()
	}
	f.urgency.Begin(caller.Now())
	f.behind, f.prefetch = f.urgency.Now() != warm.Demand, f.urgency.Now() == warm.Prefetch
	f.ctx, f.cancel = context.WithCancelCause(limiter.WithUrgency(context.WithoutCancel(ctx), &f.urgency))
	f.ctx, f.stop = context.WithTimeoutCause(f.ctx, fs.kind.LoadTimeout, ErrLoadTimeout)
	fs.current[key] = f
	fs.counts.started++
	if f.prefetch {
		fs.counts.prefetches++
	}
	return f
}

// leave gives up a seat. The last to leave ends the load, and from then on
// nobody joins it.
func (fs *flights[T]) leave(key string, f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.vacate(key, f)
}

// vacate is leave for a caller who holds mu.
func (fs *flights[T]) vacate(key string, f *flight) {
	f.waiters--
	if f.waiters > 0 {
		return
	}
	if fs.current[key] == f {
		fs.ground(key)
	}
	f.cancel(errAbandoned)
}

// ground takes key's flight, if there is one, out of the traffic: nobody joins
// it from now on, and its result is not kept. The caller holds mu.
func (fs *flights[T]) ground(key string) {
	delete(fs.current, key)
	fs.group.Forget(key)
}

// fly runs the load to its end, or to the end of its context, and lands.
func (fs *flights[T]) fly(key string, f *flight, load loader[T]) (*entry[T], error) {
	defer f.stop()
	v := fs.sharing.visit(key, f.demands)
	out := fs.load(f, v, load)
	err := fs.explain(f, out.err)
	e, kept := fs.entryOf(f, &out)
	if !fs.land(key, f, v, e, kept, err) || v == nil || out.fromRedis {
		v.leave()
		return e, err
	}
	fs.share(v, &shareable[T]{
		value: e.value, asOf: e.asOf(), from: time.Now(), span: out.span, settled: e.settled, terms: out.terms.Tags,
		account: Key{encoded: key}.account(),
	})
	return e, err
}

// load runs a flight's load, or what stands for it in Redis, to its end, or to the end
// of the flight's context.
//
// Redis is asked first by the flight's own goroutine, which is never inside the client and
// waits for it no longer than it may: one hand-over less. A flight that everybody has left
// meanwhile asks nobody else.
func (fs *flights[T]) load(f *flight, v *visit, load loader[T]) (out outcome[T]) {
	started := time.Now()
	defer func() {
		if out.started.IsZero() {
			out.started = started
		}
	}()
	ctx, done := fs.detach(f), make(chan outcome[T], 1)
	run := func(ctx context.Context) outcome[T] { return loadNow(ctx, load) }
	if v != nil {
		var found, ask bool
		if out, found, ask = fs.lookup(ctx, v, v.current()); found {
			return out
		}
		if out.err = f.ctx.Err(); out.err != nil {
			return out
		}
		run = func(ctx context.Context) outcome[T] { return fs.loadShared(ctx, v, ask, load) }
	}
	go runGuarded(ctx, fs.log, run, done)
	select {
	case out = <-done:
	case <-f.ctx.Done():
		out.err = f.ctx.Err()
	}
	return out
}

// entryOf makes the entry of what a flight brought.
func (fs *flights[T]) entryOf(f *flight, out *outcome[T]) (e *entry[T], kept time.Duration) {
	if out.fromRedis {
		e = fs.newEntryFor(out.value, out.started, 0, f.dependence, out.terms, out.span)
		e.fromRedis = true
		return e, out.span.kept
	}
	out.span.fresh, out.span.kept = out.terms.lifetime(&fs.kind)
	e = fs.newEntryFor(out.value, out.started, time.Since(out.started), f.dependence, out.terms, out.span)
	return e, out.span.kept
}

// explain says of an error that it came of the load's time being up, where it
// did. A load that just made it has no error.
func (fs *flights[T]) explain(f *flight, err error) error {
	if err == nil || !errors.Is(context.Cause(f.ctx), ErrLoadTimeout) {
		return err
	}
	return fmt.Errorf("%w after %v: %w", ErrLoadTimeout, fs.kind.LoadTimeout, err)
}

// land keeps the flight's result, unless it was overtaken, and ends the flight. It
// says whether others may have the result too.
func (fs *flights[T]) land(
	key string, f *flight, v *visit, e *entry[T], kept time.Duration, err error,
) (shareable bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if !e.fromRedis {
		fs.counts.ended++
		fs.counts.time += e.loadTime
	} else if f.prefetch {
		fs.counts.prefetches-- // what Redis answers is no load
	}
	grounded := fs.current[key] != f
	if !grounded {
		fs.ground(key)
	}
	result := v.worth(e.fromRedis)
	grounded = grounded || result == overtaken || fs.tags.dropped(&e.dependence)
	defer fs.announce(key, f, grounded, err) // once it is there to be found
	switch {
	case f.waiters == 0:
		fs.counts.abandoned++
	case err != nil:
		fs.counts.failed++
		if !grounded {
			fs.fail(key, v, e, err)
		}
	case grounded:
		fs.counts.fenced++
	case !fs.closed:
		if kept < 0 {
			fs.endElsewhere(key, v)
		}
		fs.keep(key, e, fs.trusted(e, kept, result))
		return kept >= 0
	}
	return false
}

// overtook reports whether what a flight brought may have been invalidated
// before the caller boarded. Whoever boarded a flight that was known to be
// overtaken started another; but what a result depends on may only be known when
// it is there.
func (fs *flights[T]) overtook(s seat, e *entry[T]) bool {
	return s.epoch > s.flight.dependence.since && fs.tags.dropped(&e.dependence)
}

// arrivedAs says how good a result is to someone who waited for it: as good as
// when they boarded.
func (fs *flights[T]) arrivedAs(s seat, e *entry[T]) Quality {
	if s.epoch > s.flight.dependence.since && !e.settled && fs.tags.aged(&e.dependence) || fs.cameStale(e) {
		return Stale
	}
	return Full
}

// newDependence is what a result of key depends on at least, from now on.
func (fs *flights[T]) newDependence(key string) dependence {
	return fs.tags.newDependence(Key{encoded: key}.account(), fs.slot)
}

// bury removes an entry that is dead, unless it has been replaced. It fences
// nothing: what is under way is judged by its own tags.
func (fs *flights[T]) bury(key string, e *entry[T]) {
	fs.engine.bury(key, e)
}

// keep writes an entry, or removes the one there is where the new one is not to
// be kept. The caller holds mu.
func (fs *flights[T]) keep(key string, e *entry[T], kept time.Duration) bool {
	if kept < 0 {
		fs.engine.Delete(key)
		return false
	}
	return fs.engine.SetWithTTL(key, e, kept)
}

// put writes a value that is newer than what any load under way may bring.
func (fs *flights[T]) put(key string, e *entry[T], kept time.Duration, t Terms) bool {
	f := fs.frameOfSet(key, e, kept, t)
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.closed {
		return false
	}
	fs.register(key)
	kept = fs.replaceElsewhere(key, e, kept, f)
	delete(fs.setbacks, key)
	fs.ground(key)
	return fs.keep(key, e, kept)
}

func (fs *flights[T]) remove(key string) bool {
	if key == "" {
		return false
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.sharing.invalidate(key)
	delete(fs.setbacks, key)
	fs.ground(key)
	_, ok := fs.engine.Delete(key)
	return fs.previews.remove(key) || ok
}

// clear empties the engine outside mu, since that may take a while. A load that
// starts in between may lose what it has just brought; it can bring nothing
// old.
func (fs *flights[T]) clear() {
	if fs.sharing != nil {
		fs.sharing.drop([]Tag{KindTag(fs.kind.Name)})
	}
	fs.mu.Lock()
	clear(fs.setbacks)
	for key := range fs.current {
		fs.ground(key)
	}
	fs.mu.Unlock()
	fs.engine.Clear()
	fs.previews.clear()
}

// close keeps nothing from now on. The engine is emptied before it is closed,
// so that nothing in it outlives the clock by which it expires.
func (fs *flights[T]) close() {
	fs.mu.Lock()
	fs.closed = true
	fs.endRefinements()
	fs.mu.Unlock()
	fs.previews.close()
	fs.engine.Clear()
	fs.engine.Close()
}

func (fs *flights[T]) tally() flightCounts {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.counts
}
