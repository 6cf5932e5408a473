package nrql

import (
	"errors"
	"fmt"
	"time"
)

// ErrPolicy is matched by every error of Policy.Validate.
var ErrPolicy = errors.New("nrql: bad policy")

// Policy says how long answers hold. The zero Policy works: a field left at zero
// has the default that its comment names.
type Policy struct {
	// SettledAfter is how long after a window's end its events have all
	// arrived: 48 hours.
	SettledAfter time.Duration

	// ImmutableFor is how long the answer about a settled window is fresh: 24
	// hours.
	ImmutableFor time.Duration

	// SettlingDivisor, SettlingLeast and SettlingMost bear on closed windows
	// that are not settled: fresh for the time since their end divided by 10,
	// from 1 minute to 6 hours.
	SettlingDivisor             int
	SettlingLeast, SettlingMost time.Duration

	// OpenDivisor, OpenLeast and OpenMost bear on windows that slide: fresh for
	// their length divided by 60, from 15 seconds to 15 minutes.
	OpenDivisor         int
	OpenLeast, OpenMost time.Duration

	// BucketMost bounds how long a TIMESERIES is fresh, which is one bucket: 1
	// hour. Without it the last, growing bucket of TIMESERIES 1 week would be
	// served for a week.
	BucketMost time.Duration

	// SchemaFor is how long lists of event types and of attributes are fresh,
	// and SchemaStaleFor how much longer they may be served while they are
	// refreshed: 1 hour and 3 hours.
	SchemaFor, SchemaStaleFor time.Duration

	// UnreadFor is how long the answer to a query is fresh that was not
	// understood, or whose window is not known: 15 seconds.
	UnreadFor time.Duration

	// StaleFactor is how many times as long as they were fresh other answers may
	// be served further, until they are refreshed: 30. Those of queries that were
	// not understood never are. NoStale is for never.
	// StaleMost bounds that: 2 hours.
	StaleFactor int
	StaleMost   time.Duration
}

// NoStale is the StaleFactor of answers that are never served stale.
const NoStale = -1

const (
	maxDivisor     = 1_000_000
	maxStaleFactor = 1000
	leastHold      = time.Millisecond
	mostHold       = 365 * 24 * time.Hour
)

// field is one line of the table by which policies are filled and checked.
type field struct {
	name     string
	duration *time.Duration
	number   *int
	standard int64
	most     int64
}

func (p *Policy) fields() [14]field {
	span := func(name string, d *time.Duration, standard time.Duration) field {
		return field{name: name, duration: d, standard: int64(standard), most: int64(mostHold)}
	}
	return [...]field{
		span("SettledAfter", &p.SettledAfter, 48*time.Hour),
		span("ImmutableFor", &p.ImmutableFor, 24*time.Hour),
		{name: "SettlingDivisor", number: &p.SettlingDivisor, standard: 10, most: maxDivisor},
		span("SettlingLeast", &p.SettlingLeast, time.Minute),
		span("SettlingMost", &p.SettlingMost, 6*time.Hour),
		{name: "OpenDivisor", number: &p.OpenDivisor, standard: 60, most: maxDivisor},
		span("OpenLeast", &p.OpenLeast, 15*time.Second),
		span("OpenMost", &p.OpenMost, 15*time.Minute),
		span("BucketMost", &p.BucketMost, time.Hour),
		span("SchemaFor", &p.SchemaFor, time.Hour),
		span("SchemaStaleFor", &p.SchemaStaleFor, 3*time.Hour),
		span("UnreadFor", &p.UnreadFor, 15*time.Second),
		{name: "StaleFactor", number: &p.StaleFactor, standard: 30, most: maxStaleFactor},
		span("StaleMost", &p.StaleMost, 2*time.Hour),
	}
}

// Validate reports every fault of a policy in one error.
func (p Policy) Validate() error {
	p = p.filled()
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	for _, f := range p.fields() {
		switch {
		case f.duration != nil && (*f.duration < leastHold || *f.duration > mostHold):
			fault("%s is %v; want %v to %v, or 0 for %v", f.name, *f.duration, leastHold, mostHold, time.Duration(f.standard))
		case f.number == &p.StaleFactor && *f.number == NoStale:
		case f.number != nil && (*f.number < 1 || int64(*f.number) > f.most):
			fault("%s is %d; want 1 to %d, or 0 for %d", f.name, *f.number, f.most, f.standard)
		}
	}
	if p.SettlingLeast > p.SettlingMost {
		fault("SettlingLeast is %v but SettlingMost only %v; want it the other way round", p.SettlingLeast, p.SettlingMost)
	}
	if p.OpenLeast > p.OpenMost {
		fault("OpenLeast is %v but OpenMost only %v; want it the other way round", p.OpenLeast, p.OpenMost)
	}
	if p.OpenLeast > p.BucketMost {
		fault("OpenLeast is %v but BucketMost only %v; want it the other way round", p.OpenLeast, p.BucketMost)
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrPolicy, errors.Join(faults...))
}

// filled returns the policy with its defaults.
func (p Policy) filled() Policy {
	for _, f := range p.fields() {
		if f.duration != nil && *f.duration == 0 {
			*f.duration = time.Duration(f.standard)
		}
		if f.number != nil && *f.number == 0 {
			*f.number = int(f.standard)
		}
	}
	return p
}

// staleFor returns for how long an answer may be served after it was fresh for so
// long.
func (p *Policy) staleFor(fresh time.Duration) time.Duration {
	factor := time.Duration(max(p.StaleFactor, 0))
	most := max(p.StaleMost, 0)
	if factor > 0 && fresh > most/factor {
		return most
	}
	return fresh * factor
}

// clamp returns d, or the bound that it passes. It is at least a millisecond,
// whatever the bounds.
func clamp(d, least, most time.Duration) time.Duration {
	return max(min(max(d, least), most), leastHold)
}

// share divides without fear of a divisor that Validate would refuse.
func share(d time.Duration, divisor int) time.Duration { return d / time.Duration(max(divisor, 1)) }
