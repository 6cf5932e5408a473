package warm

import (
	"math"
	"sync"
	"time"
)

// SavingsOptions say how many items are remembered, and how long.
type SavingsOptions struct {
	// Items is how many are remembered: 1 to 1,000,000. Zero means 1024. Any
	// that saves more than the total divided by Items is among them.
	Items int
	// HalfLife is after what time a saving counts half: 1 s to 10,000 h. Zero
	// means 6 h.
	HalfLife time.Duration
	// Now reads the time. Nil means time.Now.
	Now func() time.Time
}

const (
	defaultSavingsItems    = 1024
	defaultSavingsHalfLife = 6 * time.Hour

	// maxSaved is what one report or one restored saving may amount to, so that
	// sums stay exact enough to compare.
	maxSaved = 100 * 365 * 24 * time.Hour
)

// Savings knows which items save the most waiting: for each hit, as much as the
// load that it spared took. Those are worth loading first after a restart.
//
// It is a tally, so its memory is bounded however many items there are. Feed it
// from what is seldom: when a load ends, when an entry leaves, from every
// thousandth hit a thousandfold. It takes a mutex, and is not meant to be called
// on every hit. All methods are safe for concurrent use.
type Savings struct {
	now func() time.Time

	mu    sync.Mutex
	tally *tally[Item] // INVARIANT: guarded by mu.
}

// Saving is how much waiting an item has spared, old savings counting less.
type Saving struct {
	Item Item
	// Saved is never too low.
	Saved time.Duration
	// Excess is by how much Saved may be too high.
	Excess time.Duration
}

// NewSavings makes one that knows nothing. The error matches ErrOptions.
func NewSavings(o SavingsOptions) (*Savings, error) {
	var f faults
	f.count("Items", &o.Items, defaultSavingsItems, maxRemembered)
	f.duration("HalfLife", &o.HalfLife, defaultSavingsHalfLife, time.Second, maxHalfLife)
	if err := f.err(); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Savings{now: o.Now, tally: newTally[Item](o.Items, o.HalfLife, o.Now().UnixNano())}, nil
}

// Add reports that so many hits were spared a load that took so long. Numbers
// that are not positive count nothing.
func (s *Savings) Add(item Item, hits int, loadTime time.Duration) {
	if hits <= 0 || loadTime <= 0 || item == (Item{}) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tally.add(item, min(float64(hits)*float64(loadTime), float64(maxSaved)), s.now().UnixNano())
}

// Top returns the n items that save the most, most first. Give them to a Preload.
func (s *Savings) Top(n int) []Saving {
	if n <= 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	heaviest := s.tally.heaviest(n, s.now().UnixNano())
	savings := make([]Saving, len(heaviest))
	for i, c := range heaviest {
		savings[i] = Saving{Item: c.key, Saved: nanoseconds(c.weight), Excess: nanoseconds(c.excess)}
	}
	return savings
}

// Restore adds what Top returned before a restart, as if it had just been saved.
// A saving that makes no sense is left out, and counted.
func (s *Savings) Restore(savings []Saving) (leftOut int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now().UnixNano()
	for _, one := range savings {
		if one.Item.problem() != "" || one.Saved <= 0 || one.Saved > maxSaved || one.Excess < 0 || one.Excess > one.Saved {
			leftOut++
			continue
		}
		s.tally.restore(one.Item, float64(one.Saved), float64(one.Excess), now)
	}
	return leftOut
}

// Len is how many items are remembered.
func (s *Savings) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tally.counters)
}

// nanoseconds is a weight as a duration, rounded, at the most the largest.
func nanoseconds(weight float64) time.Duration {
	if weight >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(math.Round(weight))
}
