package warm

import (
	"fmt"
	"math"
	"sync"
)

// BudgetOptions say how much background work there may be.
type BudgetOptions struct {
	// Share is how many background queries each demand query earns, above 0 and
	// up to 1. Zero means 0.2.
	Share float64
	// Burst is how many can be saved up, and how many there are at the start: 1
	// to 1,000,000. Zero means 16.
	Burst int
	// Reserve is how many a prefetch leaves for refreshes: 1 to Burst-1, or
	// negative for none. Zero means a quarter of Burst.
	Reserve int
}

// Budget keeps background queries to a share of the demand queries. One serves
// a Refresher and a Predictor together.
//
// What it bounds is waste. A background query that turns out to answer somebody
// has stood in for a demand query, so its cost is given back by Refund. With d
// demand queries, g granted, and r refunded:
//
//	g - r  <=  Burst + Share × d        exactly, at any moment
//
// so no more than that many queries were sent that a cache without warming would
// not have sent. Without refunds a cache that warms well would starve: refreshes
// avert the very misses that earn the next refresh.
//
// A prefetch is granted only where more than Reserve would be left: a refresh is
// for a result that people are using, a prefetch for one they may use. (Telephone
// exchanges call it trunk reservation.)
//
// Credit is counted in millionths, so that no rounding adds up. All methods are
// safe for concurrent use; the mutex is held for a few additions.
type Budget struct {
	earned  int64 // INVARIANT: credit for a demand query, never changed.
	most    int64 // INVARIANT: never changed.
	reserve int64 // INVARIANT: never changed, below most.

	mu     sync.Mutex
	credit int64       // INVARIANT: guarded by mu; 0 to most.
	stats  BudgetStats // INVARIANT: guarded by mu.
}

// BudgetStats count what a budget was asked for.
type BudgetStats struct {
	Demand   uint64 // demand queries that were reported
	Refresh  uint64 // refreshes granted
	Prefetch uint64 // prefetches granted
	Refused  uint64 // of either, refused
	Refunded uint64 // of either, granted and given back
}

// Minus returns what has been counted since an earlier reading.
func (s BudgetStats) Minus(earlier BudgetStats) BudgetStats {
	return BudgetStats{
		Demand:   s.Demand - earlier.Demand,
		Refresh:  s.Refresh - earlier.Refresh,
		Prefetch: s.Prefetch - earlier.Prefetch,
		Refused:  s.Refused - earlier.Refused,
		Refunded: s.Refunded - earlier.Refunded,
	}
}

const (
	// query is the credit that one background query costs.
	query = 1_000_000

	defaultShare = 0.2
	defaultBurst = 16
	maxBurst     = 1_000_000
)

// NewBudget makes a full budget. The error matches ErrOptions.
func NewBudget(o BudgetOptions) (*Budget, error) {
	var f faults
	f.share("Share", &o.Share, defaultShare)
	f.count("Burst", &o.Burst, defaultBurst, maxBurst)
	switch {
	case o.Reserve == 0:
		o.Reserve = o.Burst / 4
	case o.Reserve < 0:
		o.Reserve = 0
	}
	f.add(o.Reserve >= o.Burst && o.Burst > 0, "Reserve", o.Reserve,
		fmt.Sprintf("a number below Burst (%d), negative for none, or 0 for a quarter of Burst", o.Burst))
	if err := f.err(); err != nil {
		return nil, err
	}
	b := &Budget{
		earned:  int64(math.Round(o.Share * query)),
		most:    int64(o.Burst) * query,
		reserve: int64(o.Reserve) * query,
	}
	b.credit = b.most
	return b, nil
}

// Demand reports that a demand query was sent.
func (b *Budget) Demand() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stats.Demand++
	b.credit = min(b.credit+b.earned, b.most)
}

// Take asks for one query. Demand is always granted, and is not reported by
// asking.
func (b *Budget) Take(p Priority) bool {
	if p == Demand {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	floor := int64(0)
	if p != Refresh {
		floor = b.reserve
	}
	if b.credit-query < floor {
		b.stats.Refused++
		return false
	}
	b.credit -= query
	if p == Refresh {
		b.stats.Refresh++
	} else {
		b.stats.Prefetch++
	}
	return true
}

// Refund gives back what one background query took: it stood in for a demand
// query, or was not sent after all.
func (b *Budget) Refund() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stats.Refunded++
	b.credit = min(b.credit+query, b.most)
}

// Stats returns the counts so far.
func (b *Budget) Stats() BudgetStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stats
}
