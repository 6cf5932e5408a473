package warm

import (
	"container/list"
	"time"
)

// awaited are the prefetches that somebody may yet ask for. Each leaves exactly
// once: used, wasted, failed, or not needed.
//
// It is not safe for concurrent use.
type awaited struct {
	limit   int           // INVARIANT: positive, never changed.
	horizon time.Duration // INVARIANT: never changed.
	// INVARIANT: items and order hold the same prefetches, at most limit, the
	// earliest first.
	items map[Item]*list.Element
	order list.List
}

// prefetch is one item that was loaded ahead, or is being.
type prefetch struct {
	item   Item
	issued time.Time
	landed bool
}

func newAwaited(limit int, horizon time.Duration) *awaited {
	return &awaited{limit: limit, horizon: horizon, items: make(map[Item]*list.Element)}
}

func (a *awaited) find(item Item) *prefetch {
	place := a.items[item]
	if place == nil {
		return nil
	}
	return place.Value.(*prefetch)
}

func (a *awaited) full() bool { return len(a.items) >= a.limit }

func (a *awaited) add(p *prefetch) { a.items[p.item] = a.order.PushBack(p) }

// remove takes a prefetch out, and says whether it was in.
func (a *awaited) remove(p *prefetch) bool {
	if a.find(p.item) != p {
		return false
	}
	a.order.Remove(a.items[p.item])
	delete(a.items, p.item)
	return true
}

// overdue takes out and returns how many nobody has asked for in time.
func (a *awaited) overdue(now time.Time) (wasted int) {
	for {
		first := a.order.Front()
		if first == nil || now.Sub(first.Value.(*prefetch).issued) < a.horizon {
			return wasted
		}
		a.remove(first.Value.(*prefetch))
		wasted++
	}
}
