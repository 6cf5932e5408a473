//go:build unix

package redis

import (
	"context"
	"errors"
	"time"

	"github.com/uds-platform/state/bench/report"
	"github.com/uds-platform/state/internal/redistest"
)

// glance is how often it is looked whether a result is gone: the server and the other
// instance need a processor meanwhile. It is part of what is measured.
const glance = 20 * time.Microsecond

// deletions are from Delete on one instance until another has the result no more.
func deletions(ctx context.Context, s *stage, p Plan) (report.Table, error) {
	server := redistest.Start(s, redistest.Options{})
	one, other := s.open(ctx, server), s.open(ctx, server)
	byKey := &contestant{name: "Delete"}
	part := max(1, p.Deletions/p.Rounds)
	for round := range p.Rounds {
		var times []float64
		for n := range part {
			key := s.keyOf("deleted", round*part+n)
			if _, err := other.cache.Fetch(ctx, key, loaded("x")); err != nil {
				return report.Table{}, err
			}
			began := time.Now()
			one.cache.Delete(key)
			for {
				if _, ok := other.cache.Get(key); !ok {
					break
				}
				if time.Since(began) > patience {
					return report.Table{}, errNotHeard
				}
				time.Sleep(glance)
			}
			times = append(times, nanoseconds(began, 1))
		}
		byKey.turn(times)
	}
	return compared("redis-deletions", []*contestant{byKey}), nil
}

var errNotHeard = errors.New("another instance has not heard of an invalidation")
