// Package discovery replays recorded discovery sessions against caches of NRDB's
// answers, and says what each of them spares, and at what price.
//
//	recording ──► sessions arrive ──► Ask ──► a contender ──► origin
//	                                   │                         │
//	                     waited, age, spelling              queries sent
//
// The sessions are those of the demo: the queries that they asked, in their
// order. When they come, and how long they think between two calls, is drawn from
// a seed. Hours of it pass in seconds, since time is virtual (testing/synctest):
// every contender runs its own code, with its own goroutines and timers, and sees
// the same arrivals, the same thinking and the same latencies at NRDB.
//
// The origin is a stand-in for NRDB: it answers after a latency that follows from
// the query, and counts. The answer is when it began, so that the age of what a
// caller gets is known without asking the cache.
package discovery
