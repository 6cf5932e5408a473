// Package goal reads what somebody who explores New Relic data is after, and says
// what to do about it.
//
// # The idea
//
// A discovery session begins with a sentence: "p95 latency of the checkout service
// over the last 24 hours". Most of what the session will ask of NRDB follows from
// it, long before anybody asks. So it is read once, into plain data, and that is
// used to preload, to rank, and to suggest what comes next.
//
//	text ──► tokens ──► reader ──► Goal ──┬─► Rank      event types, most relevant first
//	           lexicon ──┘                ├─► Preload   queries worth asking now
//	                                      └─► Suggest   calls that may come next, and why
//	                                            ▲
//	                         Learner: what was taken in such a place
//
// There is no network and no model in it: a goal is read in some ten microseconds,
// the same each time, and whoever wonders why can find the line of the lexicon.
// What it can't read it leaves out; nothing here is more than advice.
//
// # The rules
//
// A text is read from left to right, once. What may begin at a word is tried in
// this order:
//
//  1. A text in quotes: an event type or an attribute where there is one of that
//     name, else the name of an entity.
//  2. The name of an event type, as written (in any case where it is made of several
//     words); an attribute, known or written like one: appName, http.statusCode.
//  3. A time: "last week", "since yesterday", "past 24 hours", "between 2026-11-01
//     and 2026-11-03", "Q3", "from 2pm to 4pm on friday". The first one counts. One
//     that something is compared with ("than last week") says how far back.
//  4. A grouping: "by region", "per host and app".
//  5. A phrase of the lexicon, the longest that begins here.
//  6. "p95" and the like.
//  7. A negation: "not", "except", "other than". What follows, to the end of the
//     clause and for six words at most, is ruled out.
//  8. Else a name, where it is written like one (web-01) or stands beside "service".
//
// "Last week" is the one before this, from Monday on; "the last week" and "past week"
// are seven days to now. A time that is named is included: until yesterday ends with
// yesterday. What is still to come is left out.
//
// Each phrase speaks for intents and event types with some confidence. What
// several say is taken together as a noisy or; a guess is told where it is at
// least 0.4 sure and 0.6 times as sure as the best.
//
// A word of five letters or more that nobody knows is taken for one of the
// lexicon where a single mistake, not in the first letter, lies between them.
//
// # Extending it
//
// A [Lexicon] takes an embedder's entries, which win over the standard ones, and
// the names of event types and attributes that exist. It never changes; new names
// mean a new one.
//
// # Bounds
//
// A text may come from a client: 4 KiB of it are read, in time proportional to that,
// and each list of a [Goal] has 16 entries at most. Names are quoted when a query
// is made of them. docs/goals.md has how well goals are read, and the command that
// measures it.
package goal
