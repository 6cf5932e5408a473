package state

import (
	"fmt"
	"regexp"
	"time"
)

// Kind describes one kind of result: what it is called, how long it holds and
// how much of it is kept.
type Kind struct {
	// Name names the kind in errors, logs and Health: 1 to 64 letters, digits,
	// '.', '_' and '-'. Unique within a State; "query" is the State's own.
	Name string
	// TTL is how long a result is fresh, counted from when it was stored. 0
	// means Config.CacheTTL; else at least a millisecond.
	TTL time.Duration
	// StaleFor is how long after that a result is still served, flagged as Stale,
	// while a newer one is loaded behind the caller's back; see AgePerRefresh. The end of TTL is then
	// a soft deadline, noticed within about 10 ms, and the end of StaleFor is the
	// hard one. 0 means that a result ends with its TTL.
	StaleFor time.Duration
	// AgePerRefresh says when a newer result is loaded behind a hit. 0 means
	// whenever the result is stale. Else it is once the ages at which callers saw
	// it add up to so much, be it stale or not: popular results are young then,
	// and seldom ones are left alone until StaleFor has passed, for the same number
	// of loads. One hit in 4 is counted, as 4, and none in the first 10 s. Such
	// results are not refreshed ahead of their end. At least a second.
	AgePerRefresh time.Duration
	// ErrorTTL is how long an error that matches ErrPermanent is remembered: who
	// asks meanwhile gets it at once. 0 means Config.ErrorTTL; Never, not at all;
	// else at least a millisecond.
	ErrorTTL time.Duration
	// MaximumSize is the most results kept, remembered errors among them. 0 means Config.MaximumSize; else 1
	// to 2^30.
	MaximumSize int
	// MaximumBytes is how much of the heap the results kept may take in all,
	// besides MaximumSize: measured when a result is stored, by a walk through
	// it that takes some 200 ns for each of its parts. Nobody may write to a
	// result while it is stored, nor later. A result is not kept that is larger
	// than its share, MaximumBytes divided by 8 × GOMAXPROCS, but up to 1 MiB
	// always is. 0 means no such bound; else 1 MiB to 2^60.
	MaximumBytes int64
	// LoadTimeout is the longest that one load may take. 0 means
	// Config.LoadTimeout; else at least a millisecond.
	LoadTimeout time.Duration
	// LocalOnly keeps the results in this process where Config.Store is StoreRedis.
	// Invalidations by tag on other instances still reach them, as long as Redis is
	// there. Without it, results go through Redis to other instances, so their type
	// must be one that comes back as it was: see NewCache.
	LocalOnly bool
}

const (
	leastAgePerRefresh = time.Second
	leastMaximumBytes  = 1 << 20
	mostMaximumBytes   = 1 << 60
)

// kindName is what metrics, paths and logs all accept.
var kindName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// withDefaults fills in what the kind leaves to the configuration, and reports
// every fault in one error.
func (k Kind) withDefaults(c *Config) (Kind, error) {
	var faults []error
	if !kindName.MatchString(k.Name) {
		faults = append(faults, fmt.Errorf("Kind.Name=%.80q: want 1 to 64 letters, digits, '.', '_' and '-'", k.Name))
	}
	// The kind's numbers take the place of the configuration's, so they are
	// subject to the same checks.
	own := *c
	if k.TTL != 0 {
		own.CacheTTL = k.TTL
	}
	if k.ErrorTTL != 0 && k.ErrorTTL != Never {
		own.ErrorTTL = k.ErrorTTL
	}
	if k.MaximumSize != 0 {
		own.MaximumSize = k.MaximumSize
	}
	if k.LoadTimeout != 0 {
		own.LoadTimeout = k.LoadTimeout
	}
	fields := map[string]string{"CacheTTL": "TTL", "ErrorTTL": "ErrorTTL", "MaximumSize": "MaximumSize", "LoadTimeout": "LoadTimeout"}
	for _, s := range settings {
		if problem := s.check(&own); problem != "" {
			faults = append(faults, s.fault("Kind."+fields[s.field], s.current(&own), problem))
		}
	}
	if k.StaleFor < 0 {
		faults = append(faults, fmt.Errorf("Kind.StaleFor=%v is negative: want a duration from 0 up", k.StaleFor))
	}
	if k.AgePerRefresh != 0 && k.AgePerRefresh < leastAgePerRefresh {
		faults = append(faults, fmt.Errorf("Kind.AgePerRefresh=%v is too short: want at least %v, or 0 for a refresh whenever a result is stale",
			k.AgePerRefresh, leastAgePerRefresh))
	}
	if k.MaximumBytes != 0 && (k.MaximumBytes < leastMaximumBytes || k.MaximumBytes > mostMaximumBytes) {
		faults = append(faults, fmt.Errorf("Kind.MaximumBytes=%d is out of range: want %d to %d, or 0 for no such bound",
			k.MaximumBytes, leastMaximumBytes, int64(mostMaximumBytes)))
	}
	if len(faults) > 0 {
		return Kind{}, fmt.Errorf("kind %.80q: %w", k.Name, configError(faults))
	}
	if k.ErrorTTL == 0 {
		k.ErrorTTL = own.ErrorTTL
	}
	k.TTL, k.MaximumSize, k.LoadTimeout = own.CacheTTL, own.MaximumSize, own.LoadTimeout
	return k, nil
}
