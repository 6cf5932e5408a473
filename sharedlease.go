package state

import (
	"context"
	"time"
)

const (
	// An instance looks whether another has given up the load for which it waits, after
	// firstLeaseLook at first, and then each time after twice as long.
	firstLeaseLook   = 10 * time.Millisecond
	longestLeaseLook = 200 * time.Millisecond
	// Nobody waits longer for another instance than an eighth of the time that a load
	// may take, and longestLease.
	leasePart    = 8
	leastLease   = 100 * time.Millisecond
	longestLease = 15 * time.Second
	// leaseLife is for how long a lease outlives an instance that has died.
	leaseLife = 1500 * time.Millisecond
)

// takeTurns has one instance load at a time: found is true where another has loaded
// what is wanted meanwhile. If not, it is this one's turn, or it has waited long
// enough.
//
// It saves queries, and correctness does not depend on it: where Redis does not
// answer, everybody loads. Whoever waits looks at Redis when the key changes there,
// which is when the other has written, and now and then at the lease, which is free
// when the other's load has failed.
func (fs *flights[T]) takeTurns(ctx context.Context, v *visit) (out outcome[T], found bool) {
	defer endSpan(fs.asks(ctx, "lease"), nil)
	limit := time.NewTimer(within(fs.kind.LoadTimeout/leasePart, leastLease, longestLease))
	defer limit.Stop()
	for pause := firstLeaseLook; ; pause = min(2*pause, longestLeaseLook) {
		fill := v.current()
		if fill == nil {
			return out, false
		}
		acquired := fs.acquire(ctx, v)
		if !acquired {
			look := time.NewTimer(pause)
			select {
			case <-fill.Changed():
			case <-look.C:
			case <-limit.C:
				look.Stop()
				return out, false
			case <-ctx.Done():
				look.Stop()
				return out, false
			}
			look.Stop()
		}
		if fill.Overtaken() { // perhaps with what is wanted
			if out, found, _ = fs.lookup(ctx, v, v.again()); found {
				return out, true
			}
		}
		if acquired {
			return out, false
		}
	}
}

// acquire asks for the lease, and says whether to load now: also where nobody can
// say.
func (fs *flights[T]) acquire(ctx context.Context, v *visit) bool {
	wait, cancel := context.WithTimeout(ctx, fs.sharing.wait/2)
	defer cancel()
	release, acquired, err := fs.sharing.tier.Lease(wait, v.name, leaseLife)
	if err != nil {
		return true
	}
	if acquired {
		v.holds(release)
	}
	return acquired
}
