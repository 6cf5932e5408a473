package session

import (
	"slices"
	"sync/atomic"

	"github.com/uds-platform/state/internal/merge"
)

// reel is the timeline: a persistent queue of the latest calls, oldest first.
//
// Calls come far more often than anything else, so to add one must not copy the
// others. Versions of a reel that follow each other share one film, and each shows
// the part of it between from and to. Who wants to add a frame first claims the
// place after the last with a CAS; who fails, since another version of the same
// length has been there before (a draft that lost its race, say), copies. A frame
// is written once, before the reel that shows it is published.
type reel struct {
	film     *film
	from, to int
}

type film struct {
	claimed atomic.Int64
	frames  []*entry[Call] // INVARIANT: frames[i] is written once, by who claimed i.
}

const shortestFilm = 8

// all returns the calls, oldest first. It must not be written to.
func (r reel) all() []*entry[Call] {
	if r.film == nil {
		return nil
	}
	return r.film.frames[r.from:r.to:r.to]
}

// with returns a reel that has one more call at its end.
func (r reel) with(e *entry[Call]) reel {
	if r.film == nil || r.to == len(r.film.frames) || !r.film.claimed.CompareAndSwap(int64(r.to), int64(r.to)+1) {
		r = newReel(r.all())
		r.film.claimed.Add(1)
	}
	r.film.frames[r.to] = e
	r.to++
	r.from = max(r.from, r.to-merge.Window)
	return r
}

// newReel copies calls on a film with room for as many more.
func newReel(calls []*entry[Call]) reel {
	f := &film{frames: make([]*entry[Call], max(2*len(calls), shortestFilm))}
	f.claimed.Store(int64(copy(f.frames, calls)))
	return reel{film: f, to: len(calls)}
}

// withAll returns a reel with calls put in their places, as a merge has it. Each is
// there once.
func (r reel) withAll(calls []*entry[Call]) reel {
	if len(calls) == 0 {
		return r
	}
	all := slices.Concat(calls, r.all())
	slices.SortStableFunc(all, func(a, b *entry[Call]) int { return compareStamps(a.stamp, b.stamp) })
	all = slices.CompactFunc(all, func(a, b *entry[Call]) bool { return a.stamp == b.stamp })
	return newReel(all[max(0, len(all)-merge.Window):])
}
