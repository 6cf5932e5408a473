package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
	"github.com/sony/gobreaker/v2"
)

var (
	// ErrAway means that Redis did not answer, or that it is known not to: whoever
	// asked goes on without.
	ErrAway = errors.New("remote: Redis is away")
	// ErrBusy means that as much is under way as may be.
	ErrBusy = errors.New("remote: too many requests to Redis are under way")
	// ErrFull means that no more jobs may wait.
	ErrFull = errors.New("remote: too many jobs wait for Redis")
	// ErrClosed means that the Tier was closed.
	ErrClosed = errors.New("remote: the Redis tier is closed")
	// ErrCorrupt means that what Redis holds is not what was written.
	ErrCorrupt = errors.New("remote: what Redis holds can't be read")
	// ErrJobPanic means that a Job panicked.
	ErrJobPanic = errors.New("remote: a job for Redis panicked")
)

// Tier is the values that instances share through Redis. Open makes it.
//
// Nobody who calls it waits for Redis, but for Get, Lease and Run, which wait no
// longer than Options.Wait and their context. All methods are safe for
// concurrent use.
type Tier struct {
	options  Options // INVARIANT: validated, never changed.
	listener Listener
	log      *slog.Logger
	names    names
	origin   string // INVARIANT: unlike that of any other Tier.

	fence    *fence
	ledger   atomic.Pointer[ledger] // nil until it was read once
	pending  *pending
	dirty    *dirty
	echoes   *echoes
	inbox    *inbox
	trackers trackers
	bus      *bus
	flusher  *flusher
	couriers *couriers
	breaker  *gobreaker.CircuitBreaker[struct{}]
	inFlight chan struct{} // has one for each request under way that somebody waits for
	health   *condition
	counts   counts
	lastID   atomic.Uint64

	commands atomic.Pointer[rueidis.Client] // nil until Redis was reached once
	tracking atomic.Bool                    // whether Redis reports every change

	stop    context.Context
	end     context.CancelFunc
	running sync.WaitGroup
	gate    sync.RWMutex
	closed  bool          // INVARIANT: guarded by gate; once true, running is added to only from within.
	ended   chan struct{} // closed when Close is done
}

// Open makes a tier, and returns at once, whether or not Redis is there: it may
// come, go, and come back. The listener hears what happens to what is kept
// outside Redis. An error names every fault of the options.
func Open(o Options, l Listener) (*Tier, error) {
	o, err := o.validated()
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, fmt.Errorf("%w: there is no Listener", ErrOptions)
	}
	t := &Tier{
		options:  o,
		listener: l,
		log:      o.Logger,
		names:    newNames(o.KeyPrefix),
		origin:   strconv.FormatUint(rand.Uint64(), 36),
		fence:    newFence(),
		pending:  newPending(maxPending),
		dirty:    newDirty(o.DirtyEntries, int(min(o.DirtyBytes, math.MaxInt))),
		echoes:   newEchoes(),
		inbox:    newInbox(maxInbox),
		trackers: trackers{nodes: make(map[string]*tracker)},
		bus:      newBus(),
		inFlight: make(chan struct{}, o.InFlight),
		health:   newCondition(o.Logger),
		ended:    make(chan struct{}),
	}
	t.lastID.Store(rand.Uint64N(1<<20) << 32)
	t.flusher = newFlusher(t)
	t.couriers = newCouriers(t, maxJobs)
	t.breaker = t.newBreaker()
	t.stop, t.end = context.WithCancel(context.Background())
	h := &hub{tier: t, synced: make(chan reading, 1)}
	for _, run := range []func(context.Context){t.connect, h.run, t.flusher.run, t.couriers.run} {
		t.running.Go(func() { run(t.stop) })
	}
	return t, nil
}

const (
	maxInbox   = 1 << 16 // keys and messages that were heard and not handled
	maxPending = 1 << 12 // keys and tags that were invalidated and not written
	maxJobs    = 10_000
	// commandTimeout is how long one batch of what runs behind may take.
	commandTimeout = time.Second
	// endTimeout is how long Close waits for connections to end, which ask a server
	// that may not answer.
	endTimeout = 3 * time.Second
)

func (t *Tier) client() rueidis.Client {
	if c := t.commands.Load(); c != nil {
		return *c
	}
	return nil
}

// spawn runs f aside, unless the tier is closed.
func (t *Tier) spawn(f func()) bool {
	t.gate.RLock()
	defer t.gate.RUnlock()
	if t.closed {
		return false
	}
	t.running.Go(f)
	return true
}

// BeginFill begins to load the key's value. Call it before anything is read, End
// when the value was stored, and for a value that does not come from Redis, Put in
// between.
func (t *Tier) BeginFill(key string) *Fill {
	calls := t.pending.callCount()
	return t.fence.begin(key, t.ledger.Load().now(), calls)
}

// Put has the value that the fill brought written to Redis, later, and returns at
// once. It says whether it will be: not where the key is known to have changed
// since the fill began, Redis has never been there, or the tier is closed.
//
// It is exact whatever happens until it is written: a value that was invalidated
// after its fill began, by its key or by a tag, on any instance, is not written,
// or is never served. f is only read until Put returns. An error means that it
// can't be written at all; it matches ErrFrameInvalid.
func (t *Tier) Put(fill *Fill, f *Frame) (bool, error) {
	w, err := t.newWrite(fill.key, fill.stamp, fill.began, f)
	if err != nil {
		return false, err
	}
	w.calls = fill.calls
	if fill.Overtaken() || fill.stamp == (stamp{}) || t.stop.Err() != nil {
		return false, nil
	}
	t.dirty.put(w)
	t.flusher.wake()
	return true, nil
}

func (t *Tier) newWrite(key string, s stamp, began time.Time, f *Frame) (*write, error) {
	frame, err := AppendFrame(nil, f)
	if err != nil {
		return nil, err
	}
	if len(frame) > maxFrameBytes {
		return nil, fmt.Errorf("%w: it has %d bytes, and may have %d", ErrFrameInvalid, len(frame), maxFrameBytes)
	}
	return &write{
		key: key, stamp: s, began: began, frame: frame, deadline: f.HardDeadline, id: t.lastID.Add(1),
	}, nil
}

// Invalidate ends what Redis and other instances hold of the keys, and all that
// has one of the tags, and returns at once: from then on Get finds none of it, and
// other instances follow when they hear of it, in a few milliseconds. What is
// being loaded anywhere, and began before, is ended too.
//
// While Redis is away it waits, and is never forgotten: where too much waits (4,096
// keys and tags), everything in Redis is invalidated.
func (t *Tier) Invalidate(keys, tags []string) {
	t.pending.add(keys, tags, nil)
	for _, key := range keys {
		t.fence.overtake(key)
		t.dirty.forget(key)
	}
	t.flusher.wake()
}

// Replace is Invalidate of a key and Put of a value that is newer than whatever is
// being loaded. The caller's value is as of now.
func (t *Tier) Replace(key string, f *Frame) error {
	w, err := t.newWrite(key, t.ledger.Load().now(), time.Now(), f)
	if err != nil {
		return err
	}
	t.pending.add([]string{key}, nil, w)
	t.fence.overtake(key)
	t.dirty.forget(key)
	t.flusher.wake()
	return nil
}

// Live says whether everything that changes in Redis is heard now.
func (t *Tier) Live() bool { return t.fence.live.Load() }

// Trust is for how long a value may be kept without being compared with Redis. It
// is not limited where Redis reports every change.
func (t *Tier) Trust() (limit time.Duration, limited bool) {
	return t.options.MaxUnverified, !t.tracking.Load()
}

// Close writes what waits to be written, for Options.DrainTimeout at most and not
// at all while Redis is away, and ends every connection, which may take 3 s more. What was not written is
// lost, which the error says. It may be called more than once, and returns when
// it is done.
func (t *Tier) Close() error {
	t.gate.Lock()
	first := !t.closed
	t.closed = true
	t.gate.Unlock()
	if !first {
		<-t.ended
		return nil
	}
	defer close(t.ended)
	t.drain()
	t.health.close()
	t.fence.lose()
	t.end()
	if !t.await(endTimeout) {
		t.log.Warn("Redis holds up the end of its tier")
	}
	entries, _, _, _ := t.dirty.load()
	if left := entries + t.pending.len() + t.couriers.len(); left > 0 {
		return fmt.Errorf("%w: %d values, %d invalidations and %d jobs were not written", ErrAway, entries, t.pending.len(),
			t.couriers.len())
	}
	return nil
}

func (t *Tier) drain() {
	t.couriers.mu.Lock()
	t.couriers.draining.Store(true)
	t.couriers.mu.Unlock()
	t.flusher.draining.Store(true)
	t.flusher.wake()
	t.couriers.wake()
	timer := time.NewTimer(t.options.DrainTimeout)
	defer timer.Stop()
	for _, idle := range []chan struct{}{t.flusher.idle, t.couriers.idle} {
		select {
		case <-idle:
		case <-timer.C:
			return
		}
	}
}

// await waits for every goroutine of the tier.
func (t *Tier) await(limit time.Duration) bool {
	done := make(chan struct{})
	go func() {
		t.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(limit):
		return false
	}
}
