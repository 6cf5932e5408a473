// Package remote is the tier of values that instances share through Redis (or
// Valkey), on the rueidis client. It knows nothing of what the values mean: they
// are frames of bytes with deadlines and tags.
//
// # The idea
//
// Three things are wanted at once. Nobody waits for Redis longer than they said,
// whatever Redis does. Nothing is served that is known to be wrong anywhere. And
// the memory of an instance, where a hit costs nanoseconds, is not given up for
// it.
//
//	 callers ── hit ──► cache in front (the embedder's)
//	    │ miss               ▲ InvalidateKey, InvalidateTags, Gap, Verified
//	    ▼                    │
//	BeginFill, Get          hub ◄── inbox ◄── trackers    one connection a node:
//	 breaker, bound          │                  ▲         what changes, and what
//	 a worker each           ▼                  │         others publish
//	    │                  ledger              ─┼───────────────────────────
//	    └──────────► command client ──────►  Redis
//	                    ▲
//	Put, Invalidate ──► dirty, pending ──► flusher
//	Deliver ──────────► jobs ────────────► couriers
//
// # What a cache in front does
//
// It implements Listener, and wraps each miss in a Fill:
//
//	fill := tier.BeginFill(key)
//	defer fill.End()
//	frame, found, err := tier.Get(ctx, fill)
//	if !found {
//		frame = load()                      // from the origin
//	}
//	mu.Lock()
//	if fill.Valid() {                       // else it has changed meanwhile, or may have
//		cache[key] = frame
//	}
//	mu.Unlock()
//	if !found {
//		tier.Put(fill, &frame)              // written behind
//	}
//
// # How an invalidation is exact
//
// By its key. Invalidate ends fills and pending writes here, enters the next epoch
// into the ledger, and leaves a tombstone with that epoch where the value was. Redis
// reports the tombstone to everyone. Whoever loaded before, and could not hear,
// finds it when they write, and is refused.
//
// By a tag. The ledger, one small sorted set in Redis of which every instance has
// a copy, knows of each tag the epoch of its last invalidation; a value carries the
// epoch in which its load began. A value in Redis that has the tag is refused by
// whoever reads it, however long ago they were away. See ledger for the argument.
//
// What is heard late is served late: an instance hears of another's invalidation
// in about a millisecond, and where its connection is silently dead, within two
// seconds, when it finds out, everything it holds is unverified.
//
// # When Redis goes
//
// Open returns at once; Redis may come later. While it is away, or not everything
// is heard, Get says ErrAway without asking, writes and invalidations wait within
// bounds, and the listener has been told of the Gap. When it is back, the ledger is
// read from where this instance stood, and only then is anything believed. Redis
// holds nothing that can't be loaded again, with one exception, sessions, which
// keep their own copy: jobs given to Deliver are never dropped for cache values.
//
// # What it relies on
//
// Deadlines are wall-clock times, so instances are expected to keep time to within
// less than the lifetimes that they give. Everything else is ordered by epochs,
// which Redis counts. The user of Redis needs the commands GET, GETRANGE, SET, EVAL,
// EVALSHA, ZSCORE, ZADD, ZINCRBY, ZRANGEBYSCORE, DEL, PTTL, TIME, SUBSCRIBE, PUBLISH and CLIENT
// TRACKING, on keys and channels with the prefix. Without CLIENT TRACKING it works
// with less: see Health.Tracking.
//
// Accepted: a failover to a replica that lacks the last writes loses invalidations
// for good if every instance that knew of them ends before it reconnects; any one
// that remains makes another ledger, which ends everything. What Redis evicts is
// reported like what was deleted, so a Redis with too little memory costs hits.
package remote
