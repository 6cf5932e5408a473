package fuzz

import (
	"errors"
	"math"
	"math/bits"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state/shard"
)

// FuzzOptions gives New any numbers: it names each field that is wrong, or makes
// a cache that works, in a bounded amount of memory.
func FuzzOptions(f *testing.F) {
	for _, seed := range []string{
		"",
		"\x02\x00\x40\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"\x05\x00\x00\x01\x00\xff\x02\x00",
		"\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00",
		"\x01\x00\x20\x01\x00\xff\x05\x04",
		"\x02\x01\x01\x00\x00\x08\x01\x10\x00\x00\x40\x02\x09\x00\x03\x00\x00",
		"\x03\xff\x02\x00\x04\x05\x3c\x00\x00\x05\x3f\x00\xff\x03\x00\x01\x07\x03\x00\x03\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &script{rest: data}
		o := drawOptions(s)
		wrong := wrongFields(&o)
		before := allocatedBytes()
		c, err := shard.New(o)
		if took := allocatedBytes() - before; took > mostBytes(&o) {
			t.Fatalf("New(%+v) allocated %d bytes", o, took)
		}
		if len(wrong) > 0 {
			if c != nil || !errors.Is(err, shard.ErrOptions) {
				t.Fatalf("New(%+v) = %v, %v; want ErrOptions", o, c, err)
			}
			for _, field := range wrong {
				if !strings.Contains(err.Error(), field) {
					t.Fatalf("New(%+v): the error does not name %s: %v", o, field, err)
				}
			}
			return
		}
		if err != nil {
			t.Fatalf("New(%+v): %v", o, err)
		}
		use(t, c, &o)
	})
}

// drawOptions leaves most fields at zero, so that what it sets is seen alone.
func drawOptions(s *script) shard.Options[string, int64] {
	set := s.byte()
	o := shard.Options[string, int64]{Unbounded: set&1 != 0, ExactExpiry: set&2 != 0, DisableStats: set&4 != 0}
	if s.bool() {
		o.Cost = func(_ string, cost int64) int64 { return cost }
	}
	o.MaximumSize = drawEntries(s)
	if set&8 != 0 {
		o.MaximumCost = s.integer()
	}
	if set&16 != 0 {
		o.InitialSize = drawEntries(s)
	}
	if set&32 != 0 {
		o.DefaultTTL = time.Duration(s.integer())
	}
	if set&64 != 0 {
		o.Tick = time.Duration(s.integer())
	}
	if set&128 != 0 {
		o.Segments = machineInt(s.integer())
	}
	return o
}

// drawEntries returns how many entries to make room for: any integer, but
// seldom one that takes hundreds of megabytes, as those take their time.
func drawEntries(s *script) int {
	if shape := s.byte(); shape < 255 {
		return int(shape) * 8
	}
	return machineInt(s.integer())
}

func machineInt(n int64) int { return int(min(max(n, math.MinInt), math.MaxInt)) }

// wrongFields says which fields New has to name.
func wrongFields(o *shard.Options[string, int64]) (wrong []string) {
	blame := func(bad bool, fields ...string) {
		if bad {
			wrong = append(wrong, fields...)
		}
	}
	bounded := o.MaximumSize != 0 || o.MaximumCost != 0
	blame(o.MaximumSize < 0, "MaximumSize is")
	blame(o.MaximumCost < 0 || o.MaximumCost > 1<<60, "MaximumCost is")
	blame(o.MaximumCost > 0 != (o.Cost != nil) && o.MaximumCost >= 0, "Cost is")
	blame(!bounded && !o.Unbounded, "MaximumSize", "MaximumCost", "Unbounded")
	blame(bounded && o.Unbounded, "Unbounded is true")
	blame(o.InitialSize < 0, "InitialSize is")
	blame(o.DefaultTTL < 0, "DefaultTTL is")
	blame(o.Tick != 0 && (o.Tick < time.Microsecond || o.Tick > time.Minute), "Tick is")
	blame(o.Segments < 0 || o.Segments > 1<<16 || bits.OnesCount(uint(o.Segments)) > 1, "Segments is")
	blame(o.MaximumSize > 0 && o.Segments > o.MaximumSize, "Segments is")
	blame(o.MaximumCost > 0 && int64(o.Segments) > o.MaximumCost, "Segments is")
	return wrong
}

// mostBytes bounds what an empty cache takes: 8/3 pointers at most for each entry
// that room is made for, which are 2^24 at most, and something for each segment
// and for the cache.
func mostBytes(o *shard.Options[string, int64]) uint64 {
	const cacheBytes, segmentBytes, entryBytes, entriesAtFirst = 1 << 18, 16 << 10, 24, 1 << 24
	entries := min(max(o.MaximumSize, o.InitialSize, 0), entriesAtFirst)
	segments := min(max(o.Segments, 1024), 1<<16)
	return uint64(cacheBytes + segments*segmentBytes + entries*entryBytes)
}

// allocatedBytes is what the process has ever allocated.
func allocatedBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// use checks that a cache keeps one entry, and refuses what it says it does.
func use(t *testing.T, c *shard.Cache[string, int64], o *shard.Options[string, int64]) {
	defer c.Close()
	if !c.Set("key", 1) || c.Len() != 1 {
		t.Fatalf("a cache made with %+v keeps nothing", *o)
	}
	ttl, ok := c.TTL("key")
	if o.DefaultTTL == 0 {
		if value, there := c.Get("key"); !there || value != 1 || !ok || ttl != shard.Forever {
			t.Fatalf("a cache made with %+v has %d (%v), TTL %v", *o, value, there, ttl)
		}
	}
	if ok && o.DefaultTTL > 0 && ttl > o.DefaultTTL && ttl != shard.Forever {
		t.Fatalf("a cache made with %+v keeps an entry for %v", *o, ttl)
	}
	if o.Cost != nil && (c.Set("costly", o.MaximumCost+1) || c.Set("negative", -1)) {
		t.Fatalf("a cache made with %+v keeps what costs too much", *o)
	}
}
