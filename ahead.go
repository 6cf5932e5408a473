package state

import (
	"context"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/warm"
)

// ahead is what the caches of a State share to refresh results before they end:
// who decides and works, and the budget that demand earns. A nil one refreshes
// nothing.
type ahead struct {
	budget    *warm.Budget
	refresher *warm.Refresher
}

const (
	// Both bounds are package warm's.
	mostRefreshesAhead   = 1000
	longestRefreshAhead  = 24 * time.Hour
	refreshAheadEarliest = warm.Reach // load times before the end, with a beta of 1
)

// newAhead counts time as the State's clock does, so that entries need no other
// deadline than the one they have.
func newAhead(c *Config, k *coarseClock) (*ahead, error) {
	if c.Warming.Share == NoWarming {
		return nil, nil
	}
	budget, err := warm.NewBudget(warm.BudgetOptions{Share: c.Warming.Share})
	if err != nil {
		return nil, err
	}
	refresher, err := warm.NewRefresher(warm.RefresherOptions{
		Budget:      budget,
		Concurrency: min(c.RefreshConcurrency, mostRefreshesAhead),
		Timeout:     longestRefreshAhead, // the load has its kind's
		Now:         func() time.Time { return time.Unix(0, k.exact.Now()) },
		Logger:      c.Logger,
	})
	if err != nil {
		return nil, err
	}
	return &ahead{budget: budget, refresher: refresher}, nil
}

// demand reports a load that somebody waits for.
func (a *ahead) demand() {
	if a != nil {
		a.budget.Demand()
	}
}

func (a *ahead) close() {
	if a != nil {
		a.refresher.Close()
	}
}

// plainUntil is e.plainUntilNanos.
//
// A hit must not pay for what most hits don't need. It compares one deadline
// anyway, so that is set as much earlier as a refresh ahead can be: up to then a
// hit costs what it did before there were any.
func (fs *flights[T]) plainUntil(e *entry[T]) int64 {
	if fs.kind.AgePerRefresh > 0 {
		return e.plainUntilAged()
	}
	refreshable := fs.ahead != nil && e.loadTime > 0 && e.freshUntilNanos != clock.Never
	switch {
	case refreshable:
		return e.freshUntilNanos - refreshAheadEarliest*int64(min(e.loadTime, longestRefreshAhead))
	case e.ends:
		return clock.Never
	}
	return e.freshUntilNanos
}

// due says, on a hit on a fresh entry, whether to refresh it now: it is popular,
// near its end, and the dice say so. See warm.Refresher.
//
// Its end is the end of its freshness. Where it may be served stale after that,
// nobody would have to wait either; but who refreshes a popular result a moment
// before rather than after has the same number of loads, and nobody gets a stale
// one.
//
// All caches share one refresher, which knows a result by its key and its end.
// Where two caches use equal keys, one of two refreshes at the same time may be
// left to demand.
func (c *Cache[T]) due(key Key, e *entry[T]) bool {
	if a := c.flights.ahead; a != nil && e.plainUntilNanos < c.flights.clock.now() {
		return a.refresher.Wants(key.encoded, e.freshUntilNanos, e.loadTime)
	}
	return false
}

// refreshAhead has an entry replaced behind the caller's back that is due.
func (c *Cache[T]) refreshAhead(ctx context.Context, key Key, e *entry[T], load loader[T]) {
	c.flights.ahead.refresher.Refresh(key.encoded, e.freshUntilNanos, func(stop context.Context) error {
		return c.flights.renewAhead(stop, ctx, key.encoded, e, load)
	})
}

// renewAhead is renew for a refresh ahead. The error matches warm.ErrFresh where e
// is no longer what is kept.
func (fs *flights[T]) renewAhead(stop, ctx context.Context, key string, e *entry[T], load loader[T]) error {
	s, ok := fs.joinRenewal(ctx, key, e, load, &fs.counts.refreshesAhead)
	if !ok {
		return warm.ErrFresh
	}
	select {
	case answer := <-s.answer:
		return answer.Err
	case <-stop.Done():
		fs.leave(key, s.flight)
		return stop.Err()
	}
}
