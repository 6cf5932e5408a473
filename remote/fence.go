package remote

import (
	"sync"
	"sync/atomic"
	"time"
)

// fence knows which fills are under way, and ends those that may bring what is
// no longer so.
//
// The problem: a value is read on one connection, and that it has changed is
// heard on another. Between the two there is no order, so the news may be there
// before the value that it is about; who stores the value then keeps it for good,
// since nothing more will be heard of it. So whoever fills a cache registers
// before anything is read, the news ends every fill of its key, and only a fill
// that was not ended may be stored. This needs no order between the connections:
// either the value was read after the change, or the news comes after the fill
// began.
//
// Where news may have been missed, because the connection that brings it was
// lost or the server was emptied, all fills end, and those that begin before
// the gap is over are born ended.
//
// The generation of a key is the list of its fills itself: it exists only while
// somebody fills, so what the fence takes is bounded by the loads under way.
// Rejected: a counter a key, which has to outlive its fills or be mistaken for
// another of the same number.
type fence struct {
	mu    sync.Mutex
	fills map[string]*Fill // INVARIANT: guarded by mu; lists of fills that stand, by key.
	// gaps counts the times when news may have been missed. INVARIANT: written
	// with mu held.
	gaps atomic.Uint64
	// live is true while all news arrives. INVARIANT: written with mu held.
	live atomic.Bool

	refused atomic.Uint64
	// removed has every fill be valid. INVARIANT: false, but where a test shows what
	// the fence is for.
	removed bool
}

// Fill is one load of one key's value, from Redis or from the origin, from
// before anything was read until the value is stored. Tier.BeginFill makes it,
// and whoever made it calls End.
//
// What a cache does with it:
//
//	fill := tier.BeginFill(key)
//	defer fill.End()
//	value := …                  // from tier.Get, or loaded
//	mu.Lock()
//	if fill.Valid() {
//		cache.Set(key, value)
//	}
//	mu.Unlock()
//
// and its Listener.InvalidateKey takes the same mutex to delete. A fill is ended
// before the listener is called: so either Valid is false already, or the value
// is stored before the listener gets the mutex, and goes. Listener.Gap has the
// same order.
//
// All methods are safe for concurrent use.
type Fill struct {
	key   string
	fence *fence
	stamp stamp
	calls uint64 // of Invalidate here, before it began
	began time.Time
	gaps  uint64
	next  *Fill // INVARIANT: guarded by fence.mu.
	// end says why the fill is not valid. INVARIANT: written with fence.mu held,
	// and only upwards: whoever is overtaken stays so.
	end atomic.Uint32
	// suspicions are reports of the key that may be about a tombstone of this
	// instance, left by an Invalidate before the fill began.
	suspicions atomic.Int32
	changed    chan struct{} // closed when the fill is overtaken
}

const (
	standing  uint32 = iota
	uncertain        // a change may have been missed
	overtaken        // the key has changed
	left             // End was called
)

func newFence() *fence { return &fence{fills: make(map[string]*Fill)} }

// begin registers a fill. It stands if all news arrives now.
func (f *fence) begin(key string, s stamp, calls uint64) *Fill {
	fill := &Fill{key: key, fence: f, stamp: s, calls: calls, began: time.Now(), changed: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	fill.gaps = f.gaps.Load()
	if !f.live.Load() {
		fill.end.Store(uncertain)
	}
	fill.next = f.fills[key]
	f.fills[key] = fill
	return fill
}

// overtake ends the fills of a key that has changed.
func (f *fence) overtake(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for fill := f.fills[key]; fill != nil; fill = fill.next {
		fill.end.Store(overtaken)
		close(fill.changed)
	}
	delete(f.fills, key)
}

// suspect has the key's fills wait until it is known whether the report of a
// change is about a tombstone that was left here. Those that began before that
// Invalidate are ended already, and those that began after it never read what it
// is about; so if it is, they may go on.
func (f *fence) suspect(key string) (fills []*Fill) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for fill := f.fills[key]; fill != nil; fill = fill.next {
		fill.suspicions.Add(1)
		fills = append(fills, fill)
	}
	return fills
}

// lose ends every fill, and has none stand until restore.
func (f *fence) lose() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gaps.Add(1)
	f.live.Store(false)
	for _, first := range f.fills {
		for fill := first; fill != nil; fill = fill.next {
			fill.end.Store(uncertain)
		}
	}
}

// restore lets fills stand again, unless there was another gap since the caller
// counted them.
func (f *fence) restore(gaps uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gaps.Load() != gaps {
		return false
	}
	f.live.Store(true)
	return true
}

// underWay is how many keys are being filled.
func (f *fence) underWay() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.fills)
}

// Key is the key that is being filled.
func (f *Fill) Key() string { return f.key }

// Valid says whether the value may be stored as one that is known to be current:
// since the fill began, the key has not changed and no news can have been missed.
// Call it with the mutex held under which the value is stored.
func (f *Fill) Valid() bool {
	if f.end.Load() == standing && f.suspicions.Load() == 0 || f.fence.removed {
		return true
	}
	f.fence.refused.Add(1)
	return false
}

// Overtaken says whether the key is known to have changed since the fill began.
// A value that is neither Valid nor Overtaken may be given to those who wait for
// it, and may be kept as an unverified one.
func (f *Fill) Overtaken() bool { return f.end.Load() == overtaken }

// Changed is closed when the key changes in Redis, such as when the instance
// that has the Lease has written its value. It may stay open where news was
// missed, so wait with a limit.
func (f *Fill) Changed() <-chan struct{} { return f.changed }

// End forgets the fill. It may be called more than once.
func (f *Fill) End() {
	f.fence.mu.Lock()
	defer f.fence.mu.Unlock()
	if f.end.Load() >= overtaken {
		return
	}
	f.end.Store(left)
	at := f.fence.fills[f.key]
	if at == f {
		if f.next == nil {
			delete(f.fence.fills, f.key)
		} else {
			f.fence.fills[f.key] = f.next
		}
		return
	}
	for at.next != f {
		at = at.next
	}
	at.next = f.next
}
