package remote

import (
	"container/list"
	"sync"
	"time"
)

// write is a value on its way to Redis.
type write struct {
	key      string
	stamp    stamp  // of when its load began
	calls    uint64 // as in Fill
	began    time.Time
	frame    []byte
	deadline time.Time // the hard one
	id       uint64
	attempts int
}

// writeBytes is about what a write takes beside its key and frame.
const writeBytes = 256

func (w *write) sizeBytes() int { return writeBytes + len(w.key) + len(w.frame) }

// dirty are the values that are not in Redis yet, one for each key.
//
// While Redis is away or slow, whoever loads goes on; what they bring waits here,
// in the order in which the keys came, within two bounds. A newer value of a key
// takes the place of the older. Beyond a bound the oldest goes: that is a value
// that other instances have to load themselves, no more. What must not be lost,
// such as sessions, does not belong here; see Tier.Deliver.
type dirty struct {
	maxEntries, maxBytes int // INVARIANT: positive, never changed.

	mu       sync.Mutex
	byKey    map[string]*list.Element // INVARIANT: guarded by mu, as is what follows.
	inOrder  list.List                // of *write, the oldest first
	bytes    int                      // INVARIANT: the sum of inOrder's sizes, at most maxBytes
	inFlight int                      // writes that were taken and not settled
	dropped  uint64
}

func newDirty(maxEntries, maxBytes int) *dirty {
	return &dirty{maxEntries: maxEntries, maxBytes: maxBytes, byKey: make(map[string]*list.Element)}
}

// put adds a write, or has it take an older one's place.
func (d *dirty) put(w *write) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at := d.byKey[w.key]; at != nil {
		d.bytes += w.sizeBytes() - at.Value.(*write).sizeBytes()
		at.Value = w
	} else {
		d.byKey[w.key] = d.inOrder.PushBack(w)
		d.bytes += w.sizeBytes()
	}
	d.shrink()
}

// giveBack puts a write back that was taken, unless there is a newer one.
func (d *dirty) giveBack(w *write) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byKey[w.key] != nil {
		return
	}
	d.byKey[w.key] = d.inOrder.PushFront(w)
	d.bytes += w.sizeBytes()
	d.shrink()
}

func (d *dirty) shrink() {
	for d.bytes > d.maxBytes || len(d.byKey) > d.maxEntries {
		d.remove(d.inOrder.Front())
		d.dropped++
	}
}

func (d *dirty) remove(at *list.Element) *write {
	w := d.inOrder.Remove(at).(*write)
	delete(d.byKey, w.key)
	d.bytes -= w.sizeBytes()
	return w
}

// take removes the oldest, up to so many and about so many bytes.
func (d *dirty) take(entries, bytes int) []*write {
	d.mu.Lock()
	defer d.mu.Unlock()
	var taken []*write
	for len(taken) < entries && bytes > 0 && d.inOrder.Len() > 0 {
		w := d.remove(d.inOrder.Front())
		bytes -= w.sizeBytes()
		taken = append(taken, w)
	}
	d.inFlight += len(taken)
	return taken
}

// settle says that nothing more becomes of so many writes that were taken.
func (d *dirty) settle(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inFlight -= n
}

// forget removes the write of a key that was invalidated.
func (d *dirty) forget(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at := d.byKey[key]; at != nil {
		d.remove(at)
	}
}

func (d *dirty) drop(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dropped += uint64(n)
}

func (d *dirty) load() (entries, inFlight, bytes int, dropped uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.byKey), d.inFlight, d.bytes, d.dropped
}
