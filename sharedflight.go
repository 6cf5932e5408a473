package state

import (
	"time"

	"github.com/uds-platform/state/remote"
)

// What the flights of a cache do about Redis. In a cache that shares nothing, all of
// it comes to nothing.

// register has the key found by what Redis calls it. The caller holds mu.
func (fs *flights[T]) register(key string) {
	if fs.sharing == nil {
		return
	}
	fs.sharing.index.add(nameOfKey(key), key, func(key string) bool {
		if _, flying := fs.current[key]; flying {
			return true
		}
		_, kept := fs.engine.GetQuietly(key)
		return kept
	})
}

// forget drops what is kept of a key that another instance has written or
// invalidated, and whoever asks from now on does not join the load under way.
func (fs *flights[T]) forget(n sharedName) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.sharing == nil {
		return
	}
	key, ok := fs.sharing.index.keys[n]
	if !ok {
		return
	}
	delete(fs.setbacks, key)
	if !fs.sharing.fenceRemoved {
		fs.ground(key)
	}
	fs.engine.Delete(key)
	fs.previews.remove(key)
}

// trusted is for how long a result may be kept that has landed.
func (fs *flights[T]) trusted(e *entry[T], kept time.Duration, w worth) time.Duration {
	if fs.sharing == nil || kept < 0 {
		return kept
	}
	most, limited := fs.sharing.tier.Trust()
	if w == verified && !limited {
		return kept
	}
	if most == 0 {
		return Never
	}
	return fs.limit(e, kept, most)
}

// endElsewhere ends what Redis has of a key, for a flight which has found out that it
// is wrong. The caller holds mu.
func (fs *flights[T]) endElsewhere(key string, v *visit) {
	if v != nil && !v.absentFromRedis() {
		fs.sharing.invalidate(key)
	}
}

// frameOfSet is what Redis gets of a value that was set; nil where it can't have it.
func (fs *flights[T]) frameOfSet(key string, e *entry[T], kept time.Duration, t Terms) *remote.Frame {
	if fs.sharing == nil || kept < 0 {
		return nil
	}
	span := lifespan{kept: kept}
	span.fresh, _ = t.lifetime(&fs.kind)
	f, err := fs.frame(&shareable[T]{
		value: e.value, asOf: e.asOf(), from: e.asOf(), span: span, settled: e.settled, terms: t.Tags,
		account: Key{encoded: key}.account(),
	})
	if err != nil {
		fs.sharing.unshared.Add(1)
		return nil
	}
	return f
}

// replaceElsewhere puts a value that was set in the place of what others have, and
// says for how long it may be kept here. The caller holds mu, so that Redis gets the
// values of two calls in the order in which they are kept.
func (fs *flights[T]) replaceElsewhere(key string, e *entry[T], kept time.Duration, f *remote.Frame) time.Duration {
	if fs.sharing == nil {
		return kept
	}
	w := verified
	if fs.sharing.away() {
		w = unchecked
	}
	if f == nil || fs.sharing.tier.Replace(fs.sharing.name(key), f) != nil {
		fs.sharing.invalidate(key)
	}
	return fs.trusted(e, kept, w)
}

// renewalOf is what a refresh of e wants of Redis: something newer, unless e only has
// to be compared.
func (fs *flights[T]) renewalOf(e *entry[T]) demands {
	if _, lost := fs.trust.lostAt(e.dependence.since); lost {
		return demands{least: fresh}
	}
	return demands{least: fresh, newer: e.asOf()}
}

// cameStale says of what a flight brought that another instance had loaded it too long
// ago for it to be fresh.
func (fs *flights[T]) cameStale(e *entry[T]) bool {
	return e.fromRedis && e.freshUntilNanos < fs.clock.exact.Now()
}

// restsUnverified says of a stale entry that it is so only because Redis is away, and
// not yet for long: it is likely to be back before the entry must be loaded again.
func (fs *flights[T]) restsUnverified(e *entry[T]) bool {
	at, lost := fs.trust.lostAt(e.dependence.since)
	if !lost || !fs.sharing.away() {
		return false
	}
	now := fs.clock.now()
	return now < at+int64(fs.trust.maxUnverified/2) && e.freshUntilNanos >= now
}
