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
//     invalidated, and none of another account.
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
// account's limits. Other results have caches of their own, one for each kind
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
// look at the context. On a miss, callers of the same key share one load, each
// waits no longer than its own context, and the load ends when the last of them
// has left or its time is up. A load that is overtaken by Set, Delete or Clear
// answers those who wait for it and is not kept. A loader's panic is an error.
//
// # What it does not do
//
// Results are shared between callers, and so are read-only. Errors are not
// kept. The limits on queries hold for one process. Close does not wait for
// loads; a closed State still answers, by loading every time.
//
// # Watching it
//
// Health says in a word whether the State is live, degraded or closed, why, and
// what each kind has counted. Config.Logger hears what an operator should know;
// by default nothing is logged. Neither ever holds a query, a key's parts or a
// secret.
package state
