package state

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/uds-platform/state/internal/clock"
)

// leastAgeRefreshed is how old a result is at least that is refreshed for its age:
// there must be an end to how popular it can be. Up to then a hit need not look at
// it twice.
const leastAgeRefreshed = 10 * time.Second

// spent reports whether a hit on e has a newer result loaded behind it, in a kind
// with AgePerRefresh.
//
// The problem: loads are rationed, and one lifetime for all spends them where they
// do least. Halving the age of a result that is asked for once in an hour costs as
// many loads as halving that of one asked for every second, and is noticed 3,600
// times less often. With an age T for a result that is asked for r times a second,
// loads cost 1/T and the ages that callers see add up to r·T/2 a second; where a
// load is worth an age of L, the sum of both is least at T = √(2L/r). So what is
// popular should be young, and what is not may be old, by the root of how much
// more popular it is.
//
// At that T, the ages that callers have seen of a result add up to L. So they are
// added up, and nothing else need be known: no rate is measured, and no constant
// fits one load only.
//
// One hit in a few is counted, as so many: hits on a popular result would else all
// write to one line.
//
// Rejected: to keep no sum, and have each hit draw with the chance age/L. That
// spends as much on average, but a result is then refreshed by luck rather than
// when it is time: for as many loads, callers see ages a quarter higher.
func (c *Cache[T]) spent(e *entry[T]) bool {
	age := c.flights.clock.now() - e.bornNanos
	if age < int64(leastAgeRefreshed) || rand.Uint32()%ageSample != 0 {
		return false
	}
	counted := min(age, maxAgeSeen) * ageSample
	// Steps may be large: on average they end at the mark, and not half of one past it.
	return e.ageSeenNanos.Add(counted)+counted/2 >= int64(c.kind.AgePerRefresh)
}

const (
	// ageSample is of how many hits one is counted.
	ageSample = 4
	// maxAgeSeen keeps sums from overflowing, whatever hits come after the sum is
	// reached and while no refresh is to be had.
	maxAgeSeen = int64(24 * time.Hour)
)

// renewal is what a hit has done behind it.
type renewal uint8

const (
	noRenewal    renewal = iota
	renewalNow           // a refresh: see refresh
	renewalAhead         // a refresh before the end: see refreshAhead
)

// wanted says what a hit on e, which is fresh or stale, has done behind it. It
// wants an answer: what it has said once, it may not say to the next hit.
func (c *Cache[T]) wanted(key Key, e *entry[T], worth standing) renewal {
	switch {
	case worth == stale && c.flights.restsUnverified(e):
	case c.kind.AgePerRefresh > 0:
		if c.outdated(e, worth) || c.spent(e) {
			return renewalNow
		}
	case worth == stale:
		return renewalNow
	case c.due(key, e):
		return renewalAhead
	}
	return noRenewal
}

// have has done what is wanted.
func (c *Cache[T]) have(r renewal, ctx context.Context, key Key, e *entry[T], load loader[T]) {
	switch r {
	case renewalNow:
		c.refresh(ctx, key, e, load)
	case renewalAhead:
		c.refreshAhead(ctx, key, e, load)
	}
}

// outdated reports whether e is stale because there is newer data, and not for its
// age.
func (c *Cache[T]) outdated(e *entry[T], worth standing) bool {
	return worth == stale && e.freshUntilNanos >= c.flights.clock.now()
}

// plainUntilAged is plainUntil in a kind with AgePerRefresh.
func (e *entry[T]) plainUntilAged() int64 {
	return min(e.freshUntilNanos, clock.After(e.bornNanos, leastAgeRefreshed))
}

// agePerRefreshSetting is a duration whose 0 is Never in a Config, whose 0 means
// the default.
func agePerRefreshSetting(name, field string, standard time.Duration, meaning string) setting {
	of := func(c *Config) *time.Duration { return &c.QueryAgePerRefresh }
	s := durationSetting(name, field, standard, leastAgePerRefresh, of, meaning)
	read, check := s.parse, s.check
	s.want += ", or 0"
	s.parse = func(c *Config, text string) string {
		problem := read(c, text)
		if problem == "" && *of(c) == 0 {
			*of(c) = Never
		}
		return problem
	}
	s.check = func(c *Config) string {
		if *of(c) == Never {
			return ""
		}
		return check(c)
	}
	return s
}
