package warm

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// RefresherOptions say which results are refreshed ahead of their expiry.
type RefresherOptions struct {
	// Budget grants the refreshes. Required; share it with the Predictor.
	Budget *Budget
	// Beta is XFetch's: above 1 refreshes earlier, below 1 later. Above 0 and up
	// to 100. Zero means 1.
	Beta float64
	// MinimumHits is how many hits make a key popular, counted from Reach × Beta
	// load times before its expiry: 1 to 254. Zero means 2.
	MinimumHits int
	// Concurrency is how many refreshes are under way at a time: 1 to 1,000.
	// Zero means 4.
	Concurrency int
	// Timeout ends a refresh that takes longer: 1 ms to 24 h. Zero means 2 min.
	Timeout time.Duration
	// Resolution is how far the clock that hits are compared with may be behind:
	// 1 ms to 1 min. Zero means 50 ms.
	Resolution time.Duration
	// Random draws from [0, 1); it must be safe for concurrent use. Nil means
	// math/rand/v2.
	Random func() float64
	// Now reads the time. Nil means time.Now.
	Now func() time.Time
	// Logger is told of panics. Nil means slog.Default.
	Logger *slog.Logger
}

// Reach bounds how early a refresh can be, in load times (and times Beta): the
// chance that XFetch is earlier is 1 in 9 million a hit.
const Reach = 16

const (
	defaultBeta        = 1
	maxBeta            = 100
	defaultMinimumHits = 2

	defaultRefreshConcurrency = 4

	defaultResolution = 50 * time.Millisecond
	minResolution     = time.Millisecond
	maxResolution     = time.Minute

	// maxRefreshed bounds the keys whose last refresh may yet turn out to have
	// been of use.
	maxRefreshed = 4096
)

// Refresher keeps popular results from ever expiring under those who use them.
// It is asked on every hit, and costs it two atomic loads and a comparison for as
// long as the entry has more than Reach × Beta load times to live:
//
//	if r.Wants(key, expiryNanoseconds, loadTime) {
//		r.Refresh(key, expiryNanoseconds, func(ctx context.Context) error { … })
//	}
//
// Within that stretch each hit counts towards the key's popularity, and a popular
// key is drawn by XFetch; see Due. A refresh that is wanted is started only where
// no other of the key is under way, one of the pool's places is free, and the
// Budget grants it. There is one attempt a life: when it fails, the result
// expires as it would have, and demand loads it.
//
// A refresh was of use if its result proved popular in turn, which is when its
// cost is refunded.
//
// All methods are safe for concurrent use.
type Refresher struct {
	options RefresherOptions // INVARIANT: validated, never changed.
	reach   float64          // INVARIANT: Reach × Beta, never changed.
	clock   coarse
	crowd   crowd
	crew    *crew

	wanted atomic.Uint64

	mu        sync.Mutex
	underWay  map[string]struct{}       // INVARIANT: guarded by mu.
	refreshed *recent[string, struct{}] // INVARIANT: guarded by mu.
	stats     RefreshStats              // INVARIANT: guarded by mu; Wanted is counted apart.
}

// RefreshStats count refreshes. The numbers are read at one instant, but for
// Wanted.
type RefreshStats struct {
	Wanted     uint64 // drawn by a hit
	Started    uint64 // of those, were started
	Duplicates uint64 // were not: one of the key was under way
	OverBudget uint64 // were not: the budget refused
	Crowded    uint64 // were not: all places were taken, or closed
	Succeeded  uint64 // ended well
	Failed     uint64 // ended with an error, other than by Close
	Skipped    uint64 // found that there was nothing to do
	Used       uint64 // brought a result that proved popular in turn
}

// Minus returns what has been counted since an earlier reading.
func (s RefreshStats) Minus(earlier RefreshStats) RefreshStats {
	return RefreshStats{
		Wanted:     s.Wanted - earlier.Wanted,
		Started:    s.Started - earlier.Started,
		Duplicates: s.Duplicates - earlier.Duplicates,
		OverBudget: s.OverBudget - earlier.OverBudget,
		Crowded:    s.Crowded - earlier.Crowded,
		Succeeded:  s.Succeeded - earlier.Succeeded,
		Failed:     s.Failed - earlier.Failed,
		Skipped:    s.Skipped - earlier.Skipped,
		Used:       s.Used - earlier.Used,
	}
}

// NewRefresher makes a refresher, which the caller must Close. The error matches
// ErrOptions.
func NewRefresher(o RefresherOptions) (*Refresher, error) {
	var f faults
	f.add(o.Budget == nil, "Budget", nil, "a Budget")
	f.positive("Beta", &o.Beta, defaultBeta, maxBeta)
	f.count("MinimumHits", &o.MinimumHits, defaultMinimumHits, maxMinimumHits)
	f.count("Concurrency", &o.Concurrency, defaultRefreshConcurrency, maxConcurrency)
	f.duration("Timeout", &o.Timeout, defaultTimeout, minTimeout, maxTimeout)
	f.duration("Resolution", &o.Resolution, defaultResolution, minResolution, maxResolution)
	if err := f.err(); err != nil {
		return nil, err
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Logger = logger(o.Logger)
	return &Refresher{
		options:   o,
		reach:     Reach * o.Beta,
		clock:     coarse{now: o.Now, resolution: o.Resolution},
		crowd:     crowd{seed: maphash.MakeSeed()},
		crew:      newCrew(o.Concurrency),
		underWay:  make(map[string]struct{}),
		refreshed: newRecent[string, struct{}](maxRefreshed),
	}, nil
}

// Wants says, on a hit, whether to refresh the key now. expiryNanoseconds is when
// the value expires, since 1970; loadTime is how long its load took, and where it
// is not known, zero, which means never. When Wants is true the caller calls
// Refresh: nobody else will be asked to during this life of the key.
//
// It takes no lock and allocates nothing, except that the first hit after an idle
// time takes a mutex to wake the clock.
func (r *Refresher) Wants(key string, expiryNanoseconds int64, loadTime time.Duration) bool {
	now := r.clock.load()
	left := float64(expiryNanoseconds - now)
	if left > r.reach*float64(loadTime) || now == 0 {
		return false
	}
	return r.draws(key, expiryNanoseconds, left, loadTime)
}

func (r *Refresher) draws(key string, expiryNanoseconds int64, left float64, loadTime time.Duration) bool {
	if loadTime <= 0 {
		return false
	}
	here := r.crowd.find(key, expiryNanoseconds)
	if !here.popular(uint64(r.options.MinimumHits)) {
		return false
	}
	if !due(left, float64(loadTime), r.options.Beta, r.options.Random()) || !here.claim() {
		return false
	}
	r.wanted.Add(1)
	return true
}

// Refresh starts load in the background and returns at once. It says whether it
// did: not while another refresh of the key is under way, all places are taken,
// the budget is spent, or the refresher is closed. In those cases, the first
// apart, the key may be drawn again.
//
// load is subject to what is said of Loader.
func (r *Refresher) Refresh(key string, expiryNanoseconds int64, load func(context.Context) error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, running := r.underWay[key]; running {
		r.stats.Duplicates++
		return false
	}
	if r.refreshed.remove(key) {
		r.stats.Used++
		r.options.Budget.Refund()
	}
	if !r.options.Budget.Take(Refresh) {
		r.stats.OverBudget++
		r.crowd.find(key, expiryNanoseconds).release()
		return false
	}
	if !r.crew.start(func(ctx context.Context) { r.run(ctx, key, load) }) {
		r.stats.Crowded++
		r.options.Budget.Refund()
		r.crowd.find(key, expiryNanoseconds).release()
		return false
	}
	r.stats.Started++
	r.underWay[key] = struct{}{}
	return true
}

// run makes one refresh. It takes the mutex last, so its landing comes after
// Refresh has noted the start.
func (r *Refresher) run(ctx context.Context, key string, load func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()
	guarded(r.options.Logger, func() error { return load(ctx) }, func(err error) { r.land(key, err) })
}

func (r *Refresher) land(key string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.underWay, key)
	switch {
	case err == nil:
		r.stats.Succeeded++
		r.refreshed.put(key, struct{}{})
	case errors.Is(err, ErrFresh):
		r.stats.Skipped++
		r.options.Budget.Refund()
	case !r.crew.closed():
		r.stats.Failed++
	}
}

// Stats returns the counts so far.
func (r *Refresher) Stats() RefreshStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Wanted = r.wanted.Load()
	return s
}

// Close ends the refreshes under way and starts no other. It returns at once, and
// may be called more than once; Wait says when the last has returned.
func (r *Refresher) Close() {
	r.clock.close()
	r.crew.close()
}

// Wait returns when no refresh is under way, or with ctx's error.
func (r *Refresher) Wait(ctx context.Context) error { return r.crew.wait(ctx) }
