// Package nrql reads off an NRQL query what a cache has to know about its answer:
// which other texts ask for the same, which time range it covers now, how long
// the answer holds, and what would make it wrong.
//
// # The idea
//
// A cache of queries by their text alone has two faults. It misses where two
// programs write one query in two ways, and it keeps the count of the last five
// minutes as long as the count of last March. Both are cured by reading the
// query; none of it needs the data.
//
//	text ──► lexer ──► parser ──► Query ──┬─► Canonical, Tags     from the text
//	                                      ├─► Window(now)         and the time
//	                                      └─► Freshness, Slot     and a Policy
//
// [Read] never fails. It is not NRDB: a query that NRDB would refuse may well be
// understood, since the answer to it is NRDB's error. What Read is not sure of
// has Understood == false and is passed through unchanged, for a short time. So
// a gap in the grammar costs a cache miss, and a wrong guess, which would serve
// one query the answer to another, is not made.
//
// # What counts as the same
//
// The canonical form takes away only what New Relic documents to mean nothing:
//   - the letter case of clauses and functions; white space and comments
//   - the order of clauses, and backticks round names that do without them
//   - parentheses in a WHERE clause round one comparison, round the whole, or
//     twice round anything
//   - plurals of units, and the unit itself in SINCE, UNTIL and COMPARE WITH: 60
//     minutes ago and 1 hour ago are one, and so are 30 days and 1 month
//   - the way an instant is written, where its zone is known from the text
//   - SINCE 1 hour ago, UNTIL NOW, WITH TIMEZONE 'UTC', ASC, INNER, an ON key = key
//     with twice the same key, and a LIMIT without a number: the defaults
//
// Names and strings keep every byte. Lists keep their order, since columns have
// one. Outside WHERE every parenthesis stays, since labels may be made from the
// text. Quotes stay as they are.
//
// Two properties are tested on generated queries and by fuzzing: a canonical
// form is its own canonical form, and means what the text meant.
//
// # Time
//
// Most windows move with the clock: their answers age, and are refreshed in their
// place. Some move with the calendar, and mean something else from one moment to
// the next. [Query.Slot] tells the latter apart, for the key of an answer, and
// [Query.Freshness] says how long the answer holds:
//
//	the window                          class      fresh for
//	ended more than 48 hours ago        Immutable  24 hours
//	ended within 48 hours               Settling   age/10, 1 minute to 6 hours
//	SINCE n ago                         Sliding    length/60, 15 s to 15 minutes
//	SINCE n ago UNTIL m ago             Lagging    the same
//	TIMESERIES b                        Series     b, 15 s to 1 hour
//	SHOW EVENT TYPES, keyset()          Schema     1 hour, and 3 more while refreshed
//	unknown                             Unknown    15 s
//
// Every number is a field of [Policy].
//
// # Limits
//
// A text may come from a client, so reading is bounded: 64 KiB of text, 64 nested
// expressions, 8 nested queries; time and memory in proportion to the length, in
// one pass without backtracking.
package nrql
