package state

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func rowsOf(i, rows int) Rows {
	made := make(Rows, rows)
	for k := range made {
		made[k] = map[string]any{
			"name": fmt.Sprint("transaction ", i, " ", k), "duration": float64(k) + 0.5, "host": fmt.Sprint("host-", k),
		}
	}
	return made
}

func TestBytesAreBounded(t *testing.T) {
	const maximum = 4 << 20
	c := cacheOf[Rows](t, Kind{MaximumBytes: maximum, MaximumSize: 1 << 20})
	for i := range 2000 {
		if !c.Set(keyOf(t, i), rowsOf(i, 10)) {
			t.Fatal("a small result was not kept")
		}
	}
	s := c.Stats()
	if s.Bytes > maximum+maximum/16 || s.Bytes < maximum/2 || s.Evictions == 0 || s.Entries == 2000 {
		t.Errorf("stats %+v", s)
	}
}

// What the statistics say is what the heap says, the engine's share included.
func TestBytesAreTheHeaps(t *testing.T) {
	const maximum, results = 1 << 30, 3000
	c := cacheOf[Rows](t, Kind{MaximumBytes: maximum, MaximumSize: 1 << 13})
	keys := make([]Key, results)
	for i := range keys {
		keys[i] = keyOf(t, i)
	}
	before := heapBytes()
	for i, key := range keys {
		c.Set(key, rowsOf(i, 10))
	}
	grown, counted := heapBytes()-before, c.Stats().Bytes
	if ratio := float64(counted) / float64(grown); ratio < 0.85 || ratio > 1.15 {
		t.Errorf("%d B are counted, %d B were allocated: %.3f", counted, grown, ratio)
	}
	runtime.KeepAlive(keys)
}

func heapBytes() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestResultThatIsTooLargeIsAnsweredAndNotKept(t *testing.T) {
	c := cacheOf[string](t, Kind{MaximumBytes: 2 << 20})
	key, small := keyOf(t, 1), keyOf(t, 2)
	c.Set(small, "small")
	c.Set(key, "old")
	large := strings.Repeat("x", 3<<20)
	if c.Set(key, large) {
		t.Error("it was kept")
	}
	if _, ok := c.Get(key); ok {
		t.Error("what it took the place of is served")
	}
	res, err := c.Fetch(t.Context(), key, func(context.Context) (string, error) { return large, nil })
	if err != nil || res.Value != large {
		t.Errorf("%d bytes, %v", len(res.Value), err)
	}
	if _, ok := c.Get(key); ok {
		t.Error("it was kept")
	}
	if _, ok := c.Get(small); !ok {
		t.Error("another result went for it")
	}
	if s := c.Stats(); s.Refused != 2 {
		t.Errorf("stats %+v", s)
	}
}

func TestKindWithoutMaximumBytesMeasuresNothing(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	c.Set(keyOf(t, 1), strings.Repeat("x", 1000))
	if e, _ := c.engine.Get(keyOf(t, 1).encoded); e.bytes != 0 || c.Stats().Bytes != 0 {
		t.Errorf("%d bytes", e.bytes)
	}
}
