package warm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// PreloadOptions say what to load and how.
type PreloadOptions struct {
	// Loader makes the calls. Required.
	Loader Loader
	// Items are loaded in this order, each once however often it occurs. None is
	// fine.
	Items []Item
	// Concurrency is how many are loaded at a time: 1 to 1,000. Zero means 4.
	Concurrency int
	// Timeout ends a load that takes longer: 1 ms to 24 h. Zero means 2 min.
	Timeout time.Duration
	// Progress, if set, is called after every item, by one goroutine at a time
	// and in order. Items wait for it, the caller of StartPreload does not.
	Progress func(PreloadSummary)
	// Logger is told of panics. Nil means slog.Default.
	Logger *slog.Logger
}

// PreloadSummary says how far a preload has come. Done, Failed, Skipped and
// Cancelled add up to Total when it has ended.
type PreloadSummary struct {
	Total     int // items, duplicates among them
	Done      int // were loaded
	Failed    int // could not be
	Skipped   int // were fresh already, or duplicates
	Cancelled int // were not loaded because the preload had been ended

	// Errors are the first failures, at most MaxPreloadErrors.
	Errors []PreloadError
	// Took is the time from the start until now, or until the end.
	Took time.Duration
}

// PreloadError is the failure of one item. It unwraps to what the Loader
// returned.
type PreloadError struct {
	Item Item
	Err  error
}

// Error names the account and the beginning of the query.
func (e PreloadError) Error() string {
	return fmt.Sprintf("warm: preload of account %d, %.60q: %v", e.Item.Account, e.Item.Query, e.Err)
}

// Unwrap returns the Loader's error.
func (e PreloadError) Unwrap() error { return e.Err }

// MaxPreloadErrors is how many failures a summary keeps.
const MaxPreloadErrors = 10

const (
	defaultPreloadConcurrency = 4
	maxConcurrency            = 1000

	defaultTimeout = 2 * time.Minute
	minTimeout     = time.Millisecond
	maxTimeout     = 24 * time.Hour
)

// Preload loads a list of items in the background: what every session is going
// to ask for first, or what was most worth having before a restart.
//
// It ends by itself, with its context, or with Close, and leaves no goroutine
// behind. The failure of one item does not stop the others: a cache that is warm
// in part is better than one that is cold.
//
// It draws on no Budget, since it comes before there is any demand to share
// with; the Loader should send its queries with the priority of a prefetch.
type Preload struct {
	options PreloadOptions // INVARIANT: validated, never changed.
	ctx     context.Context
	cancel  context.CancelFunc
	started time.Time
	done    chan struct{} // closed when nothing is left

	mu      sync.Mutex
	summary PreloadSummary // INVARIANT: guarded by mu.
}

// StartPreload starts and returns at once. The error matches ErrOptions and names
// the first item at fault by its index.
func StartPreload(ctx context.Context, o PreloadOptions) (*Preload, error) {
	o.Items = slices.Clone(o.Items)
	o.Logger = logger(o.Logger)
	if err := o.validate(); err != nil {
		return nil, err
	}
	p := &Preload{options: o, started: time.Now(), done: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(ctx)
	p.summary.Total = len(o.Items)
	go p.run()
	return p, nil
}

func (o *PreloadOptions) validate() error {
	var f faults
	f.add(o.Loader == nil, "Loader", nil, "a Loader")
	f.count("Concurrency", &o.Concurrency, defaultPreloadConcurrency, maxConcurrency)
	f.duration("Timeout", &o.Timeout, defaultTimeout, minTimeout, maxTimeout)
	for i, item := range o.Items {
		if problem := item.problem(); problem != "" {
			f.add(true, fmt.Sprintf("Items[%d]", i), problem, "an account and a query")
			break
		}
	}
	return f.err()
}

// result is what became of one item.
type result struct {
	item    Item
	err     error
	skipped bool // a duplicate
}

// run hands the items to workers and keeps the books.
func (p *Preload) run() {
	defer close(p.done)
	defer p.cancel()
	items, results := make(chan Item), make(chan result)
	for range min(p.options.Concurrency, len(p.options.Items)) {
		go p.work(items, results)
	}
	go p.deal(items, results)
	for range p.options.Items {
		p.record(<-results)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.summary.Took = time.Since(p.started)
}

// deal gives out the items in order, and settles those that need no load.
func (p *Preload) deal(items chan<- Item, results chan<- result) {
	defer close(items)
	dealt := make(map[Item]bool, len(p.options.Items))
	for _, item := range p.options.Items {
		switch {
		case p.ctx.Err() != nil:
			results <- result{item: item, err: p.ctx.Err()}
		case dealt[item]:
			results <- result{item: item, skipped: true}
		default:
			dealt[item] = true
			items <- item
		}
	}
}

func (p *Preload) work(items <-chan Item, results chan<- result) {
	for item := range items {
		p.load(item, func(err error) { results <- result{item: item, err: err} })
	}
}

// load makes one call. A Loader that ends its goroutine must not end the worker,
// so the call has one of its own.
func (p *Preload) load(item Item, done func(error)) {
	ctx, cancel := context.WithTimeout(p.ctx, p.options.Timeout)
	defer cancel()
	answer := make(chan error, 1)
	go guarded(p.options.Logger, func() error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return p.options.Loader.Load(ctx, item)
	}, func(err error) { answer <- err })
	done(<-answer)
}

func (p *Preload) record(r result) {
	p.mu.Lock()
	s := &p.summary
	switch {
	case r.skipped || errors.Is(r.err, ErrFresh):
		s.Skipped++
	case r.err == nil:
		s.Done++
	case p.ctx.Err() != nil:
		s.Cancelled++
	default:
		s.Failed++
		if len(s.Errors) < MaxPreloadErrors {
			s.Errors = append(s.Errors, PreloadError{Item: r.item, Err: r.err})
		}
	}
	now := p.copy()
	now.Took = time.Since(p.started)
	p.mu.Unlock()
	if p.options.Progress != nil {
		answer := make(chan error, 1)
		go guarded(p.options.Logger, func() error { p.options.Progress(now); return nil }, func(err error) { answer <- err })
		<-answer
	}
}

// copy shares nothing with the summary that goes on changing. The caller holds
// mu.
func (p *Preload) copy() PreloadSummary {
	s := p.summary
	s.Errors = slices.Clone(s.Errors)
	return s
}

// Summary says how far the preload has come.
func (p *Preload) Summary() PreloadSummary {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.copy()
	select {
	case <-p.done:
	default:
		s.Took = time.Since(p.started)
	}
	return s
}

// Ended says whether nothing is left to do.
func (p *Preload) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Wait returns when the preload has ended, with its summary; or when ctx ends,
// with the summary so far and ctx's error.
func (p *Preload) Wait(ctx context.Context) (PreloadSummary, error) {
	select {
	case <-p.done:
		return p.Summary(), nil
	case <-ctx.Done():
		return p.Summary(), ctx.Err()
	}
}

// Close ends the preload and returns at once; Wait says when the last load has
// returned. It may be called more than once.
func (p *Preload) Close() { p.cancel() }
