// Package state is the state layer of an MCP server that explores New Relic
// data: it answers what has been asked before from memory, and lets what must
// be asked be asked once.
//
// A discovery call costs 0.2 to 60 seconds at NRDB, which allows an account
// only so many; the same answer from memory costs less than a microsecond.
// Everything here exists for that difference. Three promises order the design:
//
//  1. A caller never waits for state: a hit takes no lock, nobody waits for
//     eviction, nor for another caller's slow load longer than its own context
//     allows. (A miss and a write take a mutex for a few map operations.)
//  2. Nothing wrong is served: no value after its deadline, none that was
//     invalidated, none of another account, and no stale one or preview that is
//     not called so.
//  3. Everything is in memory by default, and what is missing makes the state
//     degraded rather than the server fail.
//
// # Using it
//
// FromEnv reads a Config from the environment, and Open makes a State of it,
// which is ready at once:
//
//	st, err := state.Open(ctx, cfg)
//	defer st.Close()
//	res, err := st.Query(ctx, account, "SHOW EVENT TYPES")
//
// Query runs what is not in memory through the embedder's Querier, within the
// account's limits. It reads the query (package nrql), so that two spellings of
// one share an answer, which holds for as long as the query's time range lets it:
// seconds for the last minutes, a day for last March. Config.Freshness has the
// numbers. What can't be read is run as it is and kept for a short time.
//
// Other results have caches of their own, one for each kind
// of result, with its own Go type, lifetime and size:
//
//	schemas, err := state.NewCache[Schema](st, state.Kind{Name: "schema", TTL: 4 * time.Hour})
//	key, err := state.NewKey(state.Scope{Account: account}, "schema", eventType)
//	res, err := schemas.Fetch(ctx, key, loadSchema)
//
// A Key is made of typed parts and always has the account; where a result
// depends on who asks, it has the principal too. Two different lists of parts
// never share a key.
//
// # What a fetch does
//
// A hit is a lookup in the engine (package shard): no lock, no allocation, no
// look at the context. (Query looks there for a Call.)
//
// A result has two deadlines. Until the soft one (Kind.TTL) it is fresh. From
// then to the hard one (Kind.StaleFor later) it is served as well, called Stale,
// and one refresh a key runs behind it, through a few workers. After the hard one
// it is never served. A load that knows better than its kind how long its result
// holds says so: FetchWithTerms, SetWithTerms, Terms.
//
//	                soft deadline          hard deadline
//	 ├───── Full ────────┼──────── Stale ────────┤ gone
//	stored                served at once, refreshed behind
//
// Answers to queries are refreshed by the age that callers see of them: see
// Kind.AgePerRefresh. So what is popular is young, and no query is spent on what is
// asked for once in a while.
//
// On a miss, callers of the same key share one load, each
// waits no longer than its own context, and the load ends when the last of them
// has left or its time is up. A load that is overtaken by Set, Delete, Clear or an
// invalidation answers those who wait for it and is not kept. A loader's panic is
// an error.
//
// What a failure means, a load says by its error. ErrTemporary leaves a stale
// result where it is; ErrDenied ends it; ErrPermanent ends it too, unless it is
// Settled, and is remembered for a while.
//
// # Before anybody waits
//
// A popular result is loaded again a little before it ends, so that nobody waits
// for it, nor gets a stale one. Where tool calls are named, with WithCall, the
// queries that usually come next are loaded while the session thinks; and
// Config.Warming.Preload, STATE_PRELOAD_FILE or State.Preload load a list at the
// start, such as what Hottest returned before a restart:
//
//	ctx = state.WithCall(ctx, state.Call{Session: id, Tool: "explore", Subject: eventType})
//	res, err := st.Query(ctx, account, query)
//
// All of it goes the way of every query, so nothing is loaded twice. It starts
// after all demand that waits for the same account, and becomes demand itself when
// somebody asks for it. What it may waste is bounded by Warming.Share, and Health
// says how right it was. See package warm.
//
// # Previews
//
// A tool that must answer at once asks for a preview instead: QueryPreview, or
// Cache.FetchPreview. It never waits. It returns the best there is, and says what
// that is, while the full result is loaded behind it:
//
//	p, err := st.QueryPreview(ctx, account, nrql)
//	p.Quality        // Full, Stale, Narrow, Sampled, or Nothing yet
//	p.AsOf, p.Window // when and about which time range it was right
//	p.SampleRate     // the share of events that was read
//	<-p.Done()       // or p.Wait(ctx), for the full result
//
// A preview is a stale result, or what StorePreview was given: a sample, a part of
// the time. It is never
// returned by Fetch, Get or Query, never takes the place of anything better, and
// ends with what it depends on.
//
// # When something changes
//
// Every result has the Tags of its account and its kind, and those that its Terms
// add, such as event types. Invalidate ends all results that have a tag, in the
// same time however many there are, and whatever is being loaded meanwhile.
// ObserveSchema invalidates an event type's results when its schema changes;
// ObserveData makes those Stale that new events can change. The answers to queries
// have the tags of the event types and lookup tables that they name; one to a query
// that could not be read is taken to depend on everything in its account.
//
// # Several instances
//
// With StoreRedis instances share results and sessions. A miss looks in Redis before it
// loads, for Config.RedisWait at most; a result that was loaded is written there behind
// the caller; and of instances that miss the same key at the same time one loads. A hit
// has nothing to do with Redis. Invalidations reach the others in milliseconds.
//
// Redis may come, go and come back. While it is away nobody knows what others have
// invalidated, so what was kept is Stale for Config.RedisMaxUnverified and then gone, and
// what is loaded is kept for as long; when it is back, all is compared with what is there.
// See docs/redis.md and package remote.
//
// # Sessions and snapshots
//
// Sessions are in State.Sessions; see package session. With Config.SnapshotFolder they
// and the hottest queries are there again after a restart.
//
// # Memory
//
// A kind is bounded by the number of its results, and with Kind.MaximumBytes by
// what they take of the heap, which is measured when they are stored.
//
// Code that has a cache of its own, from text to anything, swaps it for an
// Untyped.
//
// # What it does not do
//
// Results are shared between callers, and so are read-only. Errors are not
// kept, except permanent ones, and those in one process. The limits on queries hold for
// one process, and previews stay in it. What the prediction has learned is not in a
// snapshot. Close does not wait for loads; a closed State still answers, by loading
// every time.
//
// # Watching it
//
// Health says in a word whether the State is live, degraded or closed, why, and
// what each kind has counted, what NRDB was asked and spared, and how many queries were not understood.
// LiveHandler, ReadyHandler and DegradedHandler answer an orchestrator's probes. Config.Tracer sees where callers wait;
// package telemetry has one for New Relic, and serves the counters as OpenMetrics and expvar. Config.Logger hears what an operator should know;
// by default nothing is logged. Neither ever holds a query, a key's parts or a
// secret.
package state
