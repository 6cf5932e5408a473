package warm

import "container/list"

// recent is a map that keeps the entries used last, so many and no more. It is
// not safe for concurrent use.
type recent[K comparable, V any] struct {
	limit int // INVARIANT: positive, never changed.
	// INVARIANT: places and order hold the same entries, at most limit.
	places map[K]*list.Element
	order  list.List // most recently used first
}

type recentEntry[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](limit int) *recent[K, V] {
	return &recent[K, V]{limit: limit, places: make(map[K]*list.Element)}
}

// get returns key's value and moves it to the front.
func (r *recent[K, V]) get(key K) (value V, ok bool) {
	place := r.places[key]
	if place == nil {
		return value, false
	}
	r.order.MoveToFront(place)
	return place.Value.(*recentEntry[K, V]).value, true
}

// peek returns key's value and leaves it where it is.
func (r *recent[K, V]) peek(key K) (value V, ok bool) {
	place := r.places[key]
	if place == nil {
		return value, false
	}
	return place.Value.(*recentEntry[K, V]).value, true
}

// put sets key's value, and drops the entry used longest ago where there are too
// many.
func (r *recent[K, V]) put(key K, value V) {
	if place := r.places[key]; place != nil {
		place.Value.(*recentEntry[K, V]).value = value
		r.order.MoveToFront(place)
		return
	}
	if len(r.places) == r.limit {
		r.drop(r.order.Back())
	}
	r.places[key] = r.order.PushFront(&recentEntry[K, V]{key: key, value: value})
}

// remove drops key, and says whether it was there.
func (r *recent[K, V]) remove(key K) bool {
	place := r.places[key]
	if place == nil {
		return false
	}
	r.drop(place)
	return true
}

func (r *recent[K, V]) drop(place *list.Element) {
	r.order.Remove(place)
	delete(r.places, place.Value.(*recentEntry[K, V]).key)
}

func (r *recent[K, V]) len() int { return len(r.places) }

// putLast sets key's value, as that of the entry used longest ago. It does nothing,
// and says so, where there is no room or the key is there.
func (r *recent[K, V]) putLast(key K, value V) bool {
	if r.places[key] != nil || len(r.places) == r.limit {
		return false
	}
	r.places[key] = r.order.PushBack(&recentEntry[K, V]{key: key, value: value})
	return true
}

// keys returns all keys, most recently used first.
func (r *recent[K, V]) keys() []K {
	keys := make([]K, 0, len(r.places))
	for place := r.order.Front(); place != nil; place = place.Next() {
		keys = append(keys, place.Value.(*recentEntry[K, V]).key)
	}
	return keys
}
