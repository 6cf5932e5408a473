// Package standin is a stand-in for New Relic: an HTTP server on loopback that
// speaks NerdGraph's wire format, so that the demo and its tests can run the
// official client end to end without an account.
//
// It is not a mock that replays replies. A query is parsed, its window is
// resolved against the clock, and it is evaluated over a generated data set:
// the same seed gives the same events, counts over a window are exact and add
// up across TIMESERIES buckets, attributes have a type, a cardinality and a
// share of nulls, and key attributes such as appName or host draw from the same
// values in every event type that has them, so relationships can be found.
//
// What it promises:
//   - POST /graphql with an Api-Key header; a missing or wrong key is answered
//     with 401 and the words NerdGraph uses for it.
//   - The GraphQL of a NRQL query: actor { account(id) { nrql(query, timeout) } }
//     with arguments inline or as variables, and only the fields asked for.
//   - The NRQL that a discovery sequence uses. A query that is wrong is refused
//     in NRDB's words where New Relic has published them; one that is right but
//     beyond the stand-in is refused in its own, which name it.
//   - NerdGraph's limit of concurrent requests a user: one more is answered
//     with 429 at once.
//   - A query takes as long as its Latency says; beyond the query's timeout
//     (NerdGraph's default is 5 s) it is an error of class TIMEOUT.
//
// What it does not do: FACET, subqueries, metrics functions, mutations,
// asynchronous queries, accounts other than its own.
package standin
