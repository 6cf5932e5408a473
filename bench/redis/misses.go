//go:build unix

package redis

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/bench/report"
	"github.com/uds-platform/state/internal/redistest"
)

// errLoaded is for a load where there should be none, and the other way round.
var errLoaded = errors.New("a result did not come from where it should")

// misses are Fetches whose load takes no time, so that what they take is the State's
// doing: without Redis, with it, from when it is suspended and nobody knows yet, and
// once that is noticed. Those of the third case come one after the other from the
// moment of the suspension: the first few wait as long as they may, until the breaker
// opens.
func misses(ctx context.Context, s *stage, p Plan) (report.Table, error) {
	live, silent, stopped := redistest.Start(s, redistest.Options{}), redistest.Start(s, redistest.Options{}), redistest.Start(s, redistest.Options{})
	field := []misser{
		{contestant{name: "memory only"}, s.open(ctx, nil)},
		{contestant{name: "Redis live"}, s.open(ctx, live)},
		{contestant{name: "Redis stopped, just now"}, s.open(ctx, silent)},
		{contestant{name: "Redis stopped, and known to be"}, s.open(ctx, stopped)},
	}
	stopped.Stop()
	s.Cleanup(stopped.Continue) // so that closing need not wait for it
	field[3].awaitStore(s, state.StoreMemory)
	rounds := max(1, p.Rounds/10) // each waits for Redis to be back
	for round := range rounds {
		silent.Stop()
		for i := range field {
			if err := field[i].take(ctx, s, round, p.Misses); err != nil {
				return report.Table{}, err
			}
		}
		silent.Continue()
		if err := field[2].awaitAsking(ctx, s, round); err != nil {
			return report.Table{}, err
		}
	}
	var contestants []*contestant
	for i := range field {
		contestants = append(contestants, &field[i].contestant)
	}
	return compared("redis-misses", contestants), nil
}

// asked are so many misses in a row that Redis answered: its breaker is closed then.
const asked = 10

// awaitAsking waits until each miss asks Redis again.
func (m *misser) awaitAsking(ctx context.Context, s *stage, round int) (err error) {
	n, answered := 0, 0
	redistest.Await(s, "each miss asks Redis", func() bool {
		n++
		before := m.state.Health().Redis.Stats.Misses
		_, err = m.cache.Fetch(ctx, s.keyOf("asking", round*math.MaxInt16+n), loaded("x"))
		if answered++; m.state.Health().Redis.Stats.Misses == before {
			answered = 0
		}
		return err != nil || answered == asked
	})
	return err
}

// misser is one who misses.
type misser struct {
	contestant
	instance
}

func (m *misser) take(ctx context.Context, s *stage, round, count int) error {
	var times []float64
	load := loaded("x")
	for n := range count {
		key := s.keyOf("miss", round*count+n)
		began := time.Now()
		res, err := m.cache.Fetch(ctx, key, load)
		times = append(times, nanoseconds(began, 1))
		if err != nil || res.Source != state.Origin {
			return errors.Join(errLoaded, err)
		}
	}
	m.turn(times)
	return nil
}
