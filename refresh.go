package state

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/internal/limiter"
	"github.com/uds-platform/state/warm"
)

const (
	// refreshBacklog is how many refreshes may wait for a worker.
	refreshBacklog = 256
	// A stale result whose refresh failed is left alone for a while, and after
	// each further failure for twice as long: those who ask for it are answered
	// meanwhile, and NRDB has trouble enough.
	firstRefreshPause   = time.Second
	longestRefreshPause = time.Minute
)

// refresher runs the refreshes of a State behind the answers that asked for
// them.
//
// A stale hit must be served at once, must not wait for anything, and there may
// be any number of them: with a goroutine for each, one slow minute at NRDB
// would end in as many goroutines as there were hits. So there are a few
// workers, started when there is work and gone when there is none, and a bounded
// queue in front of them.
//
// Contract: offer never waits, not even for the mutex. What it refuses, because
// the queue is full or somebody else is in it at that very moment, is not
// started; the next stale hit asks again.
type refresher struct {
	workers int // INVARIANT: positive, never changed.
	// stop ends when the State is closed, and with it whatever a worker waits
	// for.
	stop context.Context
	end  context.CancelFunc
	// waiting is len(queue), for those who only want to know whether it is full.
	waiting atomic.Int32

	mu      sync.Mutex
	running int      // INVARIANT: guarded by mu; at most workers.
	queue   []func() // INVARIANT: guarded by mu; at most refreshBacklog, and empty unless running is workers.
}

func newRefresher(workers int) *refresher {
	r := &refresher{workers: workers}
	r.stop, r.end = context.WithCancel(context.Background())
	return r
}

// full is true where offer would most likely refuse. It costs one load.
func (r *refresher) full() bool { return r.waiting.Load() >= refreshBacklog }

// offer has job run by a worker, now or later, or refuses.
func (r *refresher) offer(job func()) bool {
	if !r.mu.TryLock() {
		return false
	}
	defer r.mu.Unlock()
	if r.stop.Err() != nil {
		return false
	}
	if r.running < r.workers {
		r.running++
		go r.work(job)
		return true
	}
	if len(r.queue) >= refreshBacklog {
		return false
	}
	r.queue = append(r.queue, job)
	r.waiting.Store(int32(len(r.queue)))
	return true
}

func (r *refresher) work(job func()) {
	for ; job != nil; job = r.next() {
		job()
	}
}

// next takes a job out of the queue; nil means that the worker is to end.
func (r *refresher) next() func() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 {
		r.running--
		return nil
	}
	job := r.queue[0]
	r.queue[0] = nil
	r.queue = r.queue[1:]
	r.waiting.Store(int32(len(r.queue)))
	return job
}

// close makes workers leave the loads that they wait for. What is queued then
// finds the cache closed.
func (r *refresher) close() {
	r.mu.Lock() // after which offer has seen that it is over, or has offered
	defer r.mu.Unlock()
	r.end()
}

// refresh has a stale entry replaced behind the caller's back, unless that is
// under way already, failed a moment ago, or there is no room for it.
func (c *Cache[T]) refresh(ctx context.Context, key Key, e *entry[T], load loader[T]) {
	at := e.refreshAtNanos.Load()
	if at > c.flights.clock.now() {
		return
	}
	if c.refresher.full() || !e.refreshAtNanos.CompareAndSwap(at, clock.Never) {
		return
	}
	job := func() { c.flights.renew(c.refresher.stop, ctx, key.encoded, e, load) }
	if !c.refresher.offer(job) {
		e.refreshAtNanos.Store(at)
	}
}

// renew loads a newer result in place of a stale one, if that is still there,
// and waits for it until stop ends. It is a flight like any other: callers who
// miss may join it, and what overtakes a load overtakes it.
func (fs *flights[T]) renew(stop, ctx context.Context, key string, e *entry[T], load loader[T]) {
	var pause time.Duration
	if s, ok := fs.joinRenewal(ctx, key, e, load, &fs.counts.refreshes); ok {
		select {
		case answer := <-s.answer:
			if answer.Err != nil {
				pause = e.pause()
			}
		case <-stop.Done():
			fs.leave(key, s.flight)
		}
	}
	e.refreshAtNanos.Store(clock.After(fs.clock.exact.Now(), pause))
}

// joinRenewal is join for a refresh, of which it does one more count: it does
// nothing unless e is what is kept.
func (fs *flights[T]) joinRenewal(
	ctx context.Context, key string, e *entry[T], load loader[T], count *uint64,
) (seat, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if kept, ok := fs.engine.GetQuietly(key); !ok || kept != e || fs.closed || fs.judge(e) < stale {
		return seat{}, false
	}
	*count++
	return fs.board(limiter.WithPriority(ctx, warm.Refresh), key, load, fs.renewalOf(e)), true
}

// pause returns for how long to leave the entry alone after one more failure.
func (e *entry[T]) pause() time.Duration {
	pause := pauseAfter(e.failures)
	if pause < longestRefreshPause {
		e.failures++
	}
	return pause
}

// pauseAfter returns for how long nothing is tried again after so many failures
// and one more.
func pauseAfter(failures uint8) time.Duration {
	return min(firstRefreshPause<<failures, longestRefreshPause)
}
