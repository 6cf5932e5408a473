package state

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/internal/size"
	"github.com/uds-platform/state/nrql"
	"github.com/uds-platform/state/shard"
)

// ErrBadPreview is matched by StorePreview's error for terms that don't describe
// a preview.
var ErrBadPreview = errors.New("state: bad preview")

// previewShare is how much room previews have besides a kind's results: a quarter
// as much.
const previewShare = 4

// PreviewTerms say what a preview lacks, and how long it may be served.
type PreviewTerms struct {
	// SampleRate is the share of events that were read, above 0 and up to 1; 0
	// means all of them.
	SampleRate float64
	// Window is the time range that was read; the zero Window means all that is
	// asked for.
	Window nrql.Window
	// KeepFor is how long the preview may be served: 0 means as long as a result
	// of the kind or, of a query, as long as its answer.
	KeepFor time.Duration
	// Tags are what the preview depends on, as in Terms.
	Tags []Tag
}

// quality judges what the terms describe, or says what is wrong with them.
func (t *PreviewTerms) quality() (Quality, error) {
	switch {
	case !(t.SampleRate >= 0 && t.SampleRate <= 1): // NaN is neither
		return Nothing, fmt.Errorf("%w: SampleRate is %v: want a share above 0 and up to 1, or 0 where all events were read", ErrBadPreview, t.SampleRate)
	case t.KeepFor < 0:
		return Nothing, fmt.Errorf("%w: KeepFor is %v: want a duration above 0, or 0 for as long as a result", ErrBadPreview, t.KeepFor)
	case t.Window.To.Before(t.Window.From):
		return Nothing, fmt.Errorf("%w: Window ends at %v, before it begins at %v", ErrBadPreview, t.Window.To, t.Window.From)
	case t.SampleRate > 0 && t.SampleRate < 1:
		return Sampled, nil
	case t.Window == nrql.Window{}:
		return Nothing, fmt.Errorf("%w: neither SampleRate nor Window says what is missing: want one of them, or Set for a full result", ErrBadPreview)
	}
	return Narrow, nil
}

// previewStore keeps the previews of one cache.
//
// They have an engine of their own, apart from the results: so no way to a result
// can lead to a preview, and a preview can't take a result's place, whatever comes
// first. The engine is made with the first preview, so that a kind without any
// pays nothing.
//
// Contract: among the previews of a key the best is kept, until it ends. A lesser
// one is not stored over it; one that is as good is, being newer.
type previewStore[T any] struct {
	kind Kind // INVARIANT: as in Cache.
	tags *tagTable

	engine atomic.Pointer[engine[storedPreview[T]]]
	mu     sync.Mutex
	// INVARIANT: guarded by mu, and true for ever once true. Nothing is stored
	// from then on.
	closed bool
}

// storedPreview never changes.
type storedPreview[T any] struct {
	value      T
	asOf       time.Time
	quality    Quality
	sampleRate float64
	window     nrql.Window
	dependence dependence
	bytes      int64
}

// find returns key's preview, unless something that it depends on was
// invalidated.
func (ps *previewStore[T]) find(key string) (p Preview[T], ok bool) {
	engine := ps.engine.Load()
	if engine == nil {
		return p, false
	}
	s, ok := engine.Get(key)
	if !ok {
		return p, false
	}
	if ps.tags.dropped(&s.dependence) {
		engine.bury(key, s)
		return p, false
	}
	p.Result = Result[T]{Value: s.value, Source: Memory, Quality: s.quality, AsOf: s.asOf}
	p.Window, p.SampleRate = s.window, s.sampleRate
	return p, true
}

// put stores a preview, unless there is a better one.
func (ps *previewStore[T]) put(key string, s *storedPreview[T], keepFor time.Duration) (kept bool, err error) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.closed {
		return false, nil
	}
	engine := ps.engine.Load()
	if engine == nil {
		if engine, err = ps.newEngine(); err != nil {
			return false, err
		}
		ps.engine.Store(engine)
	}
	if old, ok := engine.GetQuietly(key); ok && s.lessThan(old) && !ps.tags.dropped(&old.dependence) {
		return false, nil
	}
	return engine.SetWithTTL(key, s, keepFor), nil
}

func (ps *previewStore[T]) newEngine() (*engine[storedPreview[T]], error) {
	return newEngine(engineLimits[storedPreview[T]]{
		maximumSize: max(ps.kind.MaximumSize/previewShare, 1),
		maximumCost: ps.kind.MaximumBytes / previewShare,
		cost: func(key string, s *storedPreview[T]) int64 {
			return engineBytes + size.Allocated[storedPreview[T]]() + s.bytes + int64(len(key)) + 4*int64(len(s.dependence.more))
		},
	})
}

// lessThan orders the previews of a key by what they lack.
func (s *storedPreview[T]) lessThan(o *storedPreview[T]) bool {
	if s.quality != o.quality {
		return s.quality < o.quality
	}
	if s.quality == Sampled && s.sampleRate != o.sampleRate {
		return s.sampleRate < o.sampleRate
	}
	return s.width() < o.width()
}

// width is the length of the time range that was read: that which was asked for
// is longer than any other.
func (s *storedPreview[T]) width() time.Duration {
	if s.window == (nrql.Window{}) {
		return shard.Forever
	}
	return s.window.To.Sub(s.window.From)
}

func (ps *previewStore[T]) remove(key string) (found bool) {
	ps.mu.Lock() // after which whoever was storing one has
	defer ps.mu.Unlock()
	if engine := ps.engine.Load(); engine != nil {
		_, found = engine.Delete(key)
	}
	return found
}

func (ps *previewStore[T]) clear() {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if engine := ps.engine.Load(); engine != nil {
		engine.Clear()
	}
}

func (ps *previewStore[T]) close() {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.closed = true
	if engine := ps.engine.Load(); engine != nil {
		engine.Clear()
		engine.Close()
	}
}

// StorePreview keeps value as a preview of key's result, as of now: what sampling
// brought, or a narrower time range. Only FetchPreview returns it, called Sampled
// or Narrow by what the terms say is missing; Sampled where both are.
//
// It reports whether the preview was kept. It is not where there is a better one,
// which is one of higher Quality, a higher rate or a longer window; where it is
// too large, or once the State is closed. Results and previews don't touch each
// other. Previews have a quarter of the room besides that the kind has for
// results, by Kind.MaximumSize and by Kind.MaximumBytes.
//
// As with Set, what was read before an invalidation must not be stored after it.
// The error matches ErrBadPreview, or ErrBadKey for the zero Key.
func (c *Cache[T]) StorePreview(key Key, value T, t PreviewTerms) (kept bool, err error) {
	if key.encoded == "" {
		return false, fmt.Errorf("%w: the zero Key", ErrBadKey)
	}
	quality, err := t.quality()
	if err != nil {
		return false, err
	}
	s := &storedPreview[T]{
		value: value, asOf: time.Now(), quality: quality, sampleRate: t.SampleRate, window: t.Window,
		dependence: c.tags.with(c.flights.newDependence(key.encoded), t.Tags),
	}
	if s.sampleRate == 0 {
		s.sampleRate = 1
	}
	if c.kind.MaximumBytes > 0 {
		s.bytes = size.Of(&s.value)
	}
	if t.KeepFor == 0 {
		_, t.KeepFor = Terms{}.lifetime(&c.kind)
	}
	return c.flights.previews.put(key.encoded, s, t.KeepFor)
}
