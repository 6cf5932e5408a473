package state

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"
)

// The two benchmarks that belong together look up the same keys, with values of
// the same type, in the same engine; the difference is what Fetch adds to a
// hit.

func hits(b *testing.B) (*Cache[Rows], []Key) {
	c := cacheOf[Rows](b, Kind{MaximumSize: 4096})
	keys := make([]Key, 1024)
	for i := range keys {
		keys[i] = keyOf(b, "SELECT count(*) FROM Transaction", i)
		c.Set(keys[i], Rows{{"count": i}})
	}
	return c, keys
}

func BenchmarkFetchHit(b *testing.B) {
	c, keys := hits(b)
	ctx := b.Context()
	load := func(context.Context) (Rows, error) { return nil, fmt.Errorf("a hit loads nothing") }
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if res, err := c.Fetch(ctx, keys[i&1023], load); err != nil || res.Value == nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkEngineGet(b *testing.B) {
	c, keys := hits(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if e, ok := c.engine.Get(keys[i&1023].encoded); !ok || e.value == nil {
			b.Fatal("miss")
		}
		i++
	}
}

// BenchmarkFetchHitCost takes the two turn by turn, and reports the median of
// the ratios.
func BenchmarkFetchHitCost(b *testing.B) {
	c, keys := hits(b)
	ctx := b.Context()
	load := func(context.Context) (Rows, error) { return nil, fmt.Errorf("a hit loads nothing") }
	const lookups = 1 << 18
	var ratios []float64
	for b.Loop() {
		start := time.Now()
		for i := range lookups {
			if res, err := c.Fetch(ctx, keys[i&1023], load); err != nil || res.Value == nil {
				b.Fatal(err)
			}
		}
		fetches := time.Since(start)
		start = time.Now()
		for i := range lookups {
			if e, ok := c.engine.Get(keys[i&1023].encoded); !ok || e.value == nil {
				b.Fatal("miss")
			}
		}
		ratios = append(ratios, float64(fetches)/float64(time.Since(start)))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "fetch/get")
}

func BenchmarkQueryHit(b *testing.B) {
	st := open(b, Config{Querier: querierFunc(echo)})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := st.Query(b.Context(), 1, "SELECT count(*) FROM Transaction"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQueryPreviewHit(b *testing.B) {
	st := open(b, Config{Querier: querierFunc(echo)})
	const text = "SHOW EVENT TYPES"
	if _, err := st.Query(b.Context(), 1, text); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if p, err := st.QueryPreview(b.Context(), 1, text); err != nil || p.Quality != Full {
			b.Fatal(p.Quality, err)
		}
	}
}

// BenchmarkQueryHitInTurn asks so many queries in turn that the clock has moved
// on when one comes round, so that its slot is worked out again.
func BenchmarkQueryHitInTurn(b *testing.B) {
	st := open(b, Config{Querier: querierFunc(echo), QueriesPerMinute: 1_000_000})
	texts := make([]string, 2048)
	for i := range texts {
		texts[i] = fmt.Sprint("SELECT count(*) FROM Transaction SINCE 1 day ago LIMIT ", i)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := st.Query(b.Context(), 1, texts[i%len(texts)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkFetchMiss(b *testing.B) {
	c := cacheOf[string](b, Kind{})
	key, load := keyOf(b, 1), constant("a")
	b.ReportAllocs()
	for b.Loop() {
		c.Delete(key)
		if _, err := c.Fetch(b.Context(), key, load); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewKey(b *testing.B) {
	parts := []any{"Transaction", 10, true, map[string]any{"since": "1 hour ago", "limit": 100}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewKey(Scope{Account: 1}, "test", parts...); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTextKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := TextKey(1, "query", "SELECT count(*) FROM Transaction"); err != nil {
			b.Fatal(err)
		}
	}
}
