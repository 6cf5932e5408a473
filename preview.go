package state

import (
	"context"
	"fmt"

	"github.com/uds-platform/state/nrql"
)

// Preview is the best that could be had at once, and the way to the full result.
//
// Its Quality says how good it is; see there for the order. Nothing means that
// there is no value yet.
type Preview[T any] struct {
	// Result is what there is. Never take its Value without its Quality.
	Result[T]
	// Window is the time range that the value covers. It is the zero Window where
	// that is what was asked for, except that QueryPreview names it too, as it was
	// at AsOf, where it can be read off the query.
	Window nrql.Window
	// SampleRate is the share of the events in Window that were read: 1 for all,
	// and 0 where there is no value.
	SampleRate float64
	// Refining is true where a load of the full result is under way. Where there
	// is something less than that, and Refining is false, then the load failed a
	// moment ago, too many are under way for other previews, the State is closed,
	// or the caller's context has ended.
	Refining bool

	rest *remainder[T] // INVARIANT: nil where Quality is Full.
}

// remainder is what a preview has yet to get.
type remainder[T any] struct {
	cache *Cache[T]
	key   Key
	load  loader[T]
	done  <-chan struct{} // nil where nothing is under way
}

// ended is the channel of what has ended already.
var ended = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Done returns a channel that is closed when the load has ended that is under
// way, well or not; where none is, it is closed already. Any number of previews
// of a key share one.
func (p *Preview[T]) Done() <-chan struct{} {
	if p.rest == nil || p.rest.done == nil {
		return ended
	}
	return p.rest.done
}

// Wait returns the full result: at once where the preview is Full or the load has
// ended well, and else as Fetch does, by joining the load under way or starting
// one, for no longer than ctx. It never returns a preview, and nothing that was
// invalidated before Wait was called. The result is Stale only where newer data
// was reported while it was loaded.
//
// Where the load behind the preview failed a moment ago, Wait returns that
// error. It may be called any number of times, by several goroutines.
func (p *Preview[T]) Wait(ctx context.Context) (Result[T], error) {
	switch {
	case p.Quality == Full:
		return p.Result, nil
	case p.rest == nil:
		return Result[T]{}, fmt.Errorf("%w: the zero Preview", ErrBadKey)
	}
	return p.rest.cache.fetchFull(ctx, p.rest.key, p.rest.load)
}

// FetchPreview returns at once what is the best to be had for key, and sees to it
// that the full result is loaded. It waits neither for a load nor for the State:
//   - Full: the result, where it is fresh. Such a call is a hit like any other: no
//     lock, no allocation.
//   - Stale: the result, where it may still be served.
//   - Narrow or Sampled: what StorePreview stored, where that has not ended.
//   - Nothing, with a nil error, where there is none of these. Say so to whoever
//     asks, or Wait.
//
// Short of Full, load is run in the background (one load a key, which other
// callers of Fetch and FetchPreview join), with the values of ctx and for no
// longer than Kind.LoadTimeout; Refining says so. It is demand, and does not queue
// with refreshes. At most 256 loads of a State are under way that way; beyond
// that FetchPreview starts none, and Wait does.
//
// A load that fails leaves the preview, unless it matches ErrDenied or
// ErrPermanent: these end it. Whoever asks after that without waiting should know
// why nothing comes: where there is no value, the error of a load that failed a
// moment ago is returned in its place, for a second at first and for a minute at
// most, and meanwhile none is started. A remembered permanent error is
// returned as by Fetch.
//
// A preview is never returned by Fetch and Get, never takes the place of a
// result, and ends with Delete, Clear and Invalidate as a result does.
func (c *Cache[T]) FetchPreview(
	ctx context.Context, key Key, load func(context.Context) (T, error),
) (Preview[T], error) {
	e, fresh := c.look(key)
	if fresh {
		return fullPreview(e), nil
	}
	return c.previewElse(ctx, key, e, withoutTerms(load), nil)
}

// FetchPreviewWithTerms is FetchPreview for a load that says itself how long its
// result holds.
func (c *Cache[T]) FetchPreviewWithTerms(
	ctx context.Context, key Key, load func(context.Context) (T, Terms, error),
) (Preview[T], error) {
	e, fresh := c.look(key)
	if fresh {
		return fullPreview(e), nil
	}
	return c.previewElse(ctx, key, e, load, nil)
}

func fullPreview[T any](e *entry[T]) Preview[T] {
	return Preview[T]{Result: e.result(Memory, Full), SampleRate: 1}
}

// previewElse is a FetchPreview that found no entry, or one that is not fresh at
// first sight. lesser finds what there is besides entry and store; it may be nil.
func (c *Cache[T]) previewElse(
	ctx context.Context, key Key, e *entry[T], load loader[T], lesser func() (Preview[T], bool),
) (Preview[T], error) {
	if key.encoded == "" {
		return Preview[T]{}, fmt.Errorf("%w: the zero Key", ErrBadKey)
	}
	p, resting, err := c.preview(key, e, lesser)
	if err != nil || p.Quality == Full {
		return p, err
	}
	p.rest = &remainder[T]{cache: c, key: key, load: load}
	if ctx.Err() != nil || resting {
		return p.orElse(departureOrNil(ctx, key))
	}
	r := c.flights.refine(ctx, key.encoded, load)
	if r.entry != nil { // it has landed since
		return c.landedPreview(key, r)
	}
	p.rest.done, p.Refining = r.done, r.done != nil
	return p.orElse(loadErrorOrNil(key, r.err))
}

// preview finds the best that is there for key. resting is true where its refresh
// failed a moment ago.
func (c *Cache[T]) preview(
	key Key, e *entry[T], lesser func() (Preview[T], bool),
) (p Preview[T], resting bool, err error) {
	worth := dead
	if e != nil {
		if worth = c.flights.judge(e); worth == dead {
			c.bury(key, e)
		}
	}
	switch worth {
	case fresh:
		return fullPreview(e), false, nil
	case failed:
		c.counts.remembered.Add(1)
		return p, false, loadError(key, e.err)
	case stale:
		return Preview[T]{Result: c.serve(e, stale), SampleRate: 1}, c.flights.resting(e), nil
	}
	ok := false
	if lesser != nil {
		p, ok = lesser()
	}
	if !ok {
		p, ok = c.flights.previews.find(key.encoded)
	}
	if ok {
		c.counts.previews.Add(1)
	}
	return p, false, nil
}

// landedPreview is for a call during which the full result arrived.
func (c *Cache[T]) landedPreview(key Key, r refinement[T]) (Preview[T], error) {
	if r.worth == failed {
		c.counts.remembered.Add(1)
		return Preview[T]{}, loadError(key, r.entry.err)
	}
	return fullPreview(r.entry), nil
}

// orElse is the preview, or the error where there is one and no value.
func (p Preview[T]) orElse(err error) (Preview[T], error) {
	if err != nil && p.Quality == Nothing {
		return Preview[T]{}, err
	}
	return p, nil
}

func departureOrNil(ctx context.Context, key Key) error {
	if ctx.Err() == nil {
		return nil
	}
	return departure(ctx, key)
}

func loadErrorOrNil(key Key, err error) error {
	if err == nil {
		return nil
	}
	return loadError(key, err)
}

// fetchFull is a Fetch that takes nothing less than a fresh result, and whose
// load is not tried again right after it failed for a preview.
func (c *Cache[T]) fetchFull(ctx context.Context, key Key, load loader[T]) (Result[T], error) {
	if e, ok := c.engine.Get(key.encoded); ok {
		switch c.flights.judge(e) {
		case fresh:
			return e.result(Memory, Full), nil
		case dead:
			c.bury(key, e)
		default:
			c.counts.unserved.Add(1)
		}
	}
	if err := c.flights.setback(key.encoded); err != nil {
		return Result[T]{}, loadError(key, err)
	}
	return c.fetchAtLeast(ctx, key, load, fresh)
}
