//go:build unix

package state

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/uds-platform/state/internal/codec"
	"github.com/uds-platform/state/internal/redistest"
	"github.com/uds-platform/state/remote"
)

// percentiles reports those of times.
func percentiles(b *testing.B, times []time.Duration) {
	slices.Sort(times)
	for name, share := range map[string]float64{"p50": 0.5, "p99": 0.99} {
		b.ReportMetric(float64(times[int(share*float64(len(times)-1))].Nanoseconds()), name+"-ns")
	}
}

// timed runs f for as long as the benchmark does, and reports percentiles.
func timed(b *testing.B, f func()) {
	var times []time.Duration
	for b.Loop() {
		start := time.Now()
		f()
		times = append(times, time.Since(start))
	}
	percentiles(b, times)
}

// BenchmarkHitWhileRedisIsStopped is a Fetch that hits: without Redis, with it, and
// while it does not answer.
func BenchmarkHitWhileRedisIsStopped(b *testing.B) {
	s := redistest.Start(b, redistest.Options{})
	hit := func(m *member) func(*testing.B) {
		key, load := keyOf(b, 1), func(context.Context) (report, error) { return reportOf("x"), nil }
		return func(b *testing.B) {
			timed(b, func() {
				for range 100 { // or the clock is what is measured
					if _, err := m.c.Fetch(b.Context(), key, load); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	memory := &member{t: b, st: open(b, Config{})}
	memory.c, _ = NewCache[report](memory.st, Kind{Name: "report", TTL: time.Hour})
	shared := joined(b, s.URL())
	b.Run("memory", hit(memory))
	b.Run("redis", hit(shared))
	s.Stop()
	b.Run("stopped", hit(shared))
	b.Run("memory again", hit(memory))
	s.Continue()
}

// BenchmarkMissWhileRedisIsStopped is a Fetch whose load takes no time, so all that it
// takes is Redis' doing.
func BenchmarkMissWhileRedisIsStopped(b *testing.B) {
	s := redistest.Start(b, redistest.Options{})
	m := joined(b, s.URL(), func(c *Config) { c.RedisWait = 50 * time.Millisecond })
	n := 0
	miss := func() { n++; m.fetch(keyOf(b, n), "x") }
	b.Run("live", func(b *testing.B) { timed(b, miss) })
	s.Stop()
	b.Run("stopped", func(b *testing.B) { timed(b, miss) })
	s.Continue()
}

// BenchmarkSharedHit is a Fetch that finds its result in Redis, beside what the client
// alone takes for GET, and decoding.
func BenchmarkSharedHit(b *testing.B) {
	s := redistest.Start(b, redistest.Options{})
	m := joined(b, s.URL())
	key := keyOf(b, 1)
	m.fetch(key, "x")
	m.awaitWritten()
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{s.Addr()}, DisableCache: true, AlwaysPipelining: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	name, print := "state:v:"+m.c.flights.sharing.name(key.encoded), m.c.flights.sharing.fingerprint
	b.Run("bare", func(b *testing.B) {
		timed(b, func() {
			text, err := client.Do(b.Context(), client.B().Get().Key(name).Build()).ToString()
			if err != nil {
				b.Fatal(err)
			}
			f, err := remote.ParseFrame([]byte(text[66:]))
			var value report
			if err = errors.Join(err, f.Unpack(&value, print)); err != nil || value.Name != "x" {
				b.Fatal(err)
			}
		})
	})
	b.Run("state", func(b *testing.B) {
		timed(b, func() {
			m.c.engine.Delete(key.encoded)
			if res := m.fetch(key, "y"); res.Source != Shared {
				b.Fatal(res.Source)
			}
		})
	})
}

// BenchmarkInvalidationElsewhere is from Delete on one instance until another serves
// the result no more.
func BenchmarkInvalidationElsewhere(b *testing.B) {
	s := redistest.Start(b, redistest.Options{})
	one, other := joined(b, s.URL()), joined(b, s.URL())
	var times []time.Duration
	n := 0
	for b.Loop() {
		n++
		key := keyOf(b, n)
		other.fetch(key, strconv.Itoa(n))
		start := time.Now()
		one.c.Delete(key)
		for {
			if _, ok := other.c.engine.GetQuietly(key.encoded); !ok {
				break
			}
			time.Sleep(20 * time.Microsecond) // the other needs a processor
		}
		times = append(times, time.Since(start))
	}
	percentiles(b, times)
}

// BenchmarkEncode is what a result takes to be written and read.
func BenchmarkEncode(b *testing.B) {
	value := reportOf("x")
	for b.Loop() {
		data, err := codec.Marshal(value)
		if err = errors.Join(err, codec.Unmarshal(data, &value)); err != nil {
			b.Fatal(err)
		}
	}
}
