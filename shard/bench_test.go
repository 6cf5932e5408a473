package shard_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/uds-platform/state/shard"
)

const (
	benchEntries  = 1 << 15
	benchAccesses = 1 << 20
)

// accesses draws a Zipf-distributed sequence of keys, the same in every run.
func accesses(entries int) []string {
	keys := make([]string, entries)
	for i := range keys {
		keys[i] = "account:1234567:schema:event-type-" + strconv.Itoa(i)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(rng, 1.01, 1, uint64(entries-1))
	drawn := make([]string, benchAccesses)
	for i := range drawn {
		drawn[i] = keys[zipf.Uint64()]
	}
	return drawn
}

// parallel runs op over the accesses on every core, each from its own offset.
func parallel(b *testing.B, drawn []string, op func(i int, key string)) {
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		i := rand.IntN(len(drawn))
		for pb.Next() {
			i = (i + 1) & (benchAccesses - 1)
			op(i, drawn[i])
		}
	})
}

func filled(b *testing.B, o shard.Options[string, int], drawn []string) *shard.Cache[string, int] {
	b.Helper()
	c, err := shard.New(o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	for i, key := range drawn {
		c.Set(key, i)
	}
	return c
}

func BenchmarkReads(b *testing.B) {
	drawn := accesses(benchEntries)
	c := filled(b, shard.Options[string, int]{MaximumSize: benchEntries}, drawn)
	parallel(b, drawn, func(_ int, key string) { c.Get(key) })
}

func BenchmarkReadsWithoutStats(b *testing.B) {
	drawn := accesses(benchEntries)
	c := filled(b, shard.Options[string, int]{MaximumSize: benchEntries, DisableStats: true}, drawn)
	parallel(b, drawn, func(_ int, key string) { c.Get(key) })
}

// BenchmarkStatsCost reads from two caches turn by turn, one with statistics and
// one without, and reports the median of the ratios.
func BenchmarkStatsCost(b *testing.B) {
	drawn := accesses(benchEntries)
	with := filled(b, shard.Options[string, int]{MaximumSize: benchEntries}, drawn)
	without := filled(b, shard.Options[string, int]{MaximumSize: benchEntries, DisableStats: true}, drawn)
	var ratios []float64
	for b.Loop() {
		ratios = append(ratios, float64(readAll(with, drawn))/float64(readAll(without, drawn)))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "with/without")
}

// readAll has every core read all the accesses, and returns how long that took.
func readAll(c *shard.Cache[string, int], drawn []string) time.Duration {
	start := time.Now()
	var readers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		readers.Go(func() {
			for _, key := range drawn {
				c.Get(key)
			}
		})
	}
	readers.Wait()
	return time.Since(start)
}

func BenchmarkReadsTTL(b *testing.B) {
	drawn := accesses(benchEntries)
	c := filled(b, shard.Options[string, int]{MaximumSize: benchEntries, DefaultTTL: time.Hour}, drawn)
	parallel(b, drawn, func(_ int, key string) { c.Get(key) })
}

func BenchmarkMixed(b *testing.B) {
	drawn := accesses(benchEntries)
	for _, updates := range []int{25, 50} {
		b.Run(fmt.Sprintf("%d%%updates", updates), func(b *testing.B) {
			c := filled(b, shard.Options[string, int]{MaximumSize: benchEntries}, drawn)
			parallel(b, drawn, func(i int, key string) {
				if i*61%100 < updates {
					c.Set(key, i)
				} else {
					c.Get(key)
				}
			})
		})
	}
}

func BenchmarkUpdates(b *testing.B) {
	drawn := accesses(benchEntries)
	c := filled(b, shard.Options[string, int]{MaximumSize: benchEntries}, drawn)
	parallel(b, drawn, func(i int, key string) { c.Set(key, i) })
}

func BenchmarkUpdatesTTL(b *testing.B) {
	drawn := accesses(benchEntries)
	c := filled(b, shard.Options[string, int]{MaximumSize: benchEntries, DefaultTTL: time.Hour}, drawn)
	parallel(b, drawn, func(i int, key string) { c.Set(key, i) })
}

// BenchmarkChurn reads, and writes on a miss, with room for a tenth of the keys.
func BenchmarkChurn(b *testing.B) {
	drawn := accesses(10 * benchEntries)
	c := filled(b, shard.Options[string, int]{MaximumSize: benchEntries}, drawn)
	before := c.Stats()
	parallel(b, drawn, func(i int, key string) {
		if _, ok := c.Get(key); !ok {
			c.Set(key, i)
		}
	})
	b.ReportMetric(c.Stats().Minus(before).HitRatio(), "hit-ratio")
}

// BenchmarkInserts writes ever new keys into a full cache.
func BenchmarkInserts(b *testing.B) {
	insertNewKeys(b, shard.Options[int, int]{MaximumSize: benchEntries})
}

// BenchmarkGrowth writes ever new keys into a cache without a maximum.
func BenchmarkGrowth(b *testing.B) {
	insertNewKeys(b, shard.Options[int, int]{Unbounded: true})
}

func insertNewKeys(b *testing.B, o shard.Options[int, int]) {
	c, err := shard.New(o)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := rand.Int(); pb.Next(); i++ {
			c.Set(i, i)
		}
	})
}
