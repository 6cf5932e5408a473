package limiter

import (
	"testing"

	"github.com/uds-platform/state/warm"
)

// Loads that wait for each other raise each other, and that ends.
func TestUrgencyGoesRoundOnce(t *testing.T) {
	a, b := NewUrgency(warm.Prefetch), NewUrgency(warm.Prefetch)
	a.Follow(b)
	b.Follow(a)
	a.Raise(warm.Demand)
	if a.Now() != warm.Demand || b.Now() != warm.Demand {
		t.Errorf("they are %v and %v", a.Now(), b.Now())
	}
	c := NewUrgency(warm.Prefetch)
	a.Follow(c)
	if c.Now() != warm.Demand {
		t.Errorf("who follows demand is %v", c.Now())
	}
}

func TestUrgencyTellsNobodyWhoHasLeft(t *testing.T) {
	a, b := NewUrgency(warm.Prefetch), NewUrgency(warm.Prefetch)
	a.Follow(b)
	a.Unfollow(b)
	a.Raise(warm.Demand)
	if b.Now() != warm.Prefetch {
		t.Errorf("it is %v", b.Now())
	}
}
