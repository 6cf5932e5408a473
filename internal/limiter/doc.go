// Package limiter keeps queries within what NRDB allows an account: so many at
// once, and so many started in any minute. Beyond that NRDB refuses them, which
// costs a caller more than to wait here.
//
//	Acquire ──► account ──► queue ──► demand  ─┐
//	                              ──► refresh ─┼─► a place ──► the query ──► release
//	                              ──► prefetch ┘
//
// Each account has a queue of its own, since NRDB counts by account and one that
// is busy should not delay another. In a queue whoever somebody waits for goes
// first, then what renews an answer, then what is only likely to be asked. How
// urgent a load is may change while it waits: a caller who joins a prefetch makes
// it demand. So urgency is not a number that is handed over but a thing that is
// followed; see [Urgency].
package limiter
