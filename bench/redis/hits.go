//go:build unix

package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/bench/report"
	"github.com/uds-platform/state/internal/redistest"
)

// quietLooks are so many looks in a row, 2 ms apart at least, that find everything in
// memory.
const quietLooks = 100

// batch is how many hits one reading of the clock is for.
const batch = 100

var errNoHit = errors.New("a hit was not what it should be")

// hits are Fetches of what is in memory: of an instance that keeps everything there, of
// one whose Redis is live, of one whose Redis is suspended and is known to be so,
// which makes everything that it keeps unverified, and of another one that has no
// Redis.
func hits(ctx context.Context, s *stage, p Plan) (report.Table, error) {
	live, stopped := redistest.Start(s, redistest.Options{}), redistest.Start(s, redistest.Options{})
	longUnverified := func(c *state.Config) { c.RedisMaxUnverified = time.Hour } // it must not end while it is measured
	field := []hitter{
		{contestant{name: "memory only"}, s.open(ctx, nil), state.Full},
		{contestant{name: "Redis live"}, s.open(ctx, live), state.Full},
		{contestant{name: "Redis stopped"}, s.open(ctx, stopped, longUnverified), state.Stale},
		{contestant{name: "memory only, once more"}, s.open(ctx, nil), state.Full},
	}
	keys := s.keysOf("hit", p.Keys)
	for i := range field {
		if err := field[i].fill(ctx, s, keys); err != nil {
			return report.Table{}, err
		}
	}
	stopped.Stop()
	s.Cleanup(stopped.Continue) // so that closing need not wait for it
	field[2].awaitStore(s, state.StoreMemory)
	for range p.Rounds {
		for i := range field {
			if err := field[i].take(ctx, keys, p.Turn); err != nil {
				return report.Table{}, err
			}
		}
	}
	var contestants []*contestant
	for i := range field {
		contestants = append(contestants, &field[i].contestant)
	}
	return compared("redis-hits", contestants), nil
}

// hitter is one who hits.
type hitter struct {
	contestant
	instance
	quality state.Quality // of all that it is answered
}

// fill returns once everything is in memory to stay. When Redis tells of a write, the
// instance looks whether it was its own; where it can't, as many are looked at already,
// it takes it for another's, and drops the result.
func (h *hitter) fill(ctx context.Context, s *stage, keys []state.Key) (err error) {
	quiet := 0
	redistest.Await(s, "everything is kept", func() bool {
		quiet++
		for _, key := range keys {
			res, failed := h.cache.Fetch(ctx, key, loaded("x"))
			if err = errors.Join(err, failed); res.Source != state.Memory {
				quiet = 0
			}
		}
		return err != nil || quiet == quietLooks
	})
	return err
}

func (h *hitter) take(ctx context.Context, keys []state.Key, length time.Duration) error {
	var times []float64
	load, at := loaded("another"), 0
	for start := time.Now(); time.Since(start) < length; {
		began := time.Now()
		for range batch {
			if at++; at == len(keys) {
				at = 0
			}
			res, err := h.cache.Fetch(ctx, keys[at], load)
			if err != nil || res.Quality != h.quality || res.Source != state.Memory {
				return errors.Join(fmt.Errorf("%w: %s: %v from %v, want %v", errNoHit, h.name, res.Quality, res.Source, h.quality), err)
			}
		}
		times = append(times, nanoseconds(began, batch))
	}
	h.turn(times)
	return nil
}

// loaded is a load that takes no time.
func loaded(name string) func(context.Context) (answer, error) {
	return func(context.Context) (answer, error) { return answerOf(name), nil }
}
