package session

import (
	"iter"
	"slices"
	"sync/atomic"

	"github.com/uds-platform/state/internal/merge"
)

// reel is the timeline: a persistent queue of the latest calls, oldest first.
//
// Calls come far more often than anything else, so to add one must neither copy the
// others nor make an object of its own, which the collector would have to visit in
// each of its rounds. Frames lie side by side in strips. Versions of a reel that
// follow each other share strips, and each shows the last length frames up to place
// to of the last strip. Who wants to add a frame first claims that place with a CAS;
// who fails, since another version has been there before (a draft that lost its
// race, say), copies the last strip. A frame is written once, before the reel that
// shows it is published.
//
// Rejected: one array for all (to make room copies everything, and a session with
// one call needs no room for 256), and a pointer a call (twice the garbage, and 256
// objects a session).
type reel struct {
	strips []*strip // INVARIANT: never written to; all but the last are full.
	to     int32    // the frames of the last strip that are shown, and before
	length int32
}

type strip struct {
	claimed atomic.Int32
	frames  []frame // INVARIANT: frames[i] is written once, by who claimed i.
}

// frame is a call and its stamps; see entry.
type frame struct {
	stamp, changed merge.Stamp
	call           Call
}

const (
	// shortestStrip is the first strip's length. The next ones are twice as long each.
	shortestStrip = 3
	// longestStrip fills 2 KiB, with what the allocator keeps in front.
	longestStrip = 21
)

// all returns the frames, oldest first. They must not be written to.
func (r reel) all() iter.Seq[*frame] { return r.last(int(r.length)) }

// last returns the latest n frames, oldest first, of which there must be as many.
func (r reel) last(n int) iter.Seq[*frame] {
	return func(yield func(*frame) bool) {
		skip := r.shown() - n
		for i, s := range r.strips {
			frames := s.frames
			if i == len(r.strips)-1 {
				frames = frames[:r.to]
			}
			if skip >= len(frames) {
				skip -= len(frames)
				continue
			}
			for j := skip; j < len(frames); j++ {
				if !yield(&frames[j]) {
					return
				}
			}
			skip = 0
		}
	}
}

// shown counts the frames in all strips, those that are no longer shown included.
func (r reel) shown() int {
	if len(r.strips) == 0 {
		return 0
	}
	n := int(r.to)
	for _, s := range r.strips[:len(r.strips)-1] {
		n += len(s.frames)
	}
	return n
}

// with returns a reel that has one more frame at its end.
func (r reel) with(f frame) reel {
	if len(r.strips) == 0 || int(r.to) == len(r.strips[len(r.strips)-1].frames) {
		r = r.longer()
	} else if !r.strips[len(r.strips)-1].claimed.CompareAndSwap(r.to, r.to+1) {
		r = r.fork()
	}
	r.strips[len(r.strips)-1].frames[r.to] = f
	r.to++
	r.length = min(r.length+1, merge.Window)
	return r
}

// longer returns a reel with room in a strip of its own, of which the first place is
// claimed. It drops the strips of which nothing will be shown any more.
func (r reel) longer() reel {
	hidden := r.shown() - min(int(r.length), merge.Window-1)
	length := shortestStrip
	kept := r.strips
	for len(kept) > 0 && hidden >= len(kept[0].frames) {
		hidden -= len(kept[0].frames)
		kept = kept[1:]
	}
	if len(r.strips) > 0 {
		length = min(2*len(r.strips[len(r.strips)-1].frames), longestStrip)
	}
	return reel{strips: append(slices.Clip(kept), newStrip(length, nil)), length: r.length}
}

// fork returns the same reel with a last strip of its own, of which the place after
// the last frame is claimed.
func (r reel) fork() reel {
	last := len(r.strips) - 1
	own := newStrip(len(r.strips[last].frames), r.strips[last].frames[:r.to])
	return reel{strips: append(slices.Clip(r.strips[:last]), own), to: r.to, length: r.length}
}

// newStrip returns a strip that begins with copies of some frames, and has the place
// after them claimed.
func newStrip(length int, frames []frame) *strip {
	s := &strip{frames: make([]frame, length)}
	s.claimed.Store(int32(copy(s.frames, frames)) + 1)
	return s
}

// newReel copies frames.
func newReel(frames []frame) reel {
	r := reel{length: int32(len(frames))}
	for part := range slices.Chunk(frames, longestStrip) {
		s := &strip{frames: slices.Clone(part)}
		s.claimed.Store(int32(len(part)))
		r.strips = append(r.strips, s)
		r.to = int32(len(part))
	}
	return r
}

// withAll returns a reel with calls put in their places, as a merge has it. Each is
// there once.
func (r reel) withAll(calls []*entry[Call]) reel {
	if len(calls) == 0 {
		return r
	}
	all := make([]frame, 0, len(calls)+int(r.length))
	for _, e := range calls {
		all = append(all, frame{stamp: e.stamp, changed: e.changed, call: e.value})
	}
	for f := range r.all() {
		all = append(all, *f)
	}
	slices.SortStableFunc(all, func(a, b frame) int { return compareStamps(a.stamp, b.stamp) })
	all = slices.CompactFunc(all, func(a, b frame) bool { return a.stamp == b.stamp })
	return newReel(all[max(0, len(all)-merge.Window):])
}
