//go:build unix

package redis

import (
	"context"
	"errors"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/bench/report"
	"github.com/uds-platform/state/internal/redistest"
)

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
		for _, key := range keys {
			if _, err := field[i].cache.Fetch(ctx, key, loaded("x")); err != nil {
				return report.Table{}, err
			}
		}
	}
	field[2].awaitWritten(s)
	stopped.Stop()
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
				return errors.Join(errNoHit, err)
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
