// Package memory measures what a cache costs besides time: bytes an entry,
// garbage an operation, and what the garbage collector does about both.
//
// # The idea
//
// Each cache is alone in the heap while it is measured, beside the keys, which
// belong to the caller and are not counted. What a cache takes is what the live
// heap grows by while it is filled, plus what it says it holds outside of the
// heap. Garbage is counted over a fixed number of operations, all that is
// allocated meanwhile by whatever goroutine.
package memory

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/peers"
	"github.com/uds-platform/state/bench/workload"
)

// ErrTime is that the time ended before everything was measured. What was
// measured until then is good.
var ErrTime = errors.New("memory: no time for the rest")

// Plan says what to measure.
type Plan struct {
	Entries    []int    // numbers of entries to fill caches with
	Peers      []string // empty for all
	Statistics bool

	// GarbageEntries and GarbageOperations are the size of the cache for garbage,
	// and how many operations to count it over.
	GarbageEntries, GarbageOperations int

	// CollectorEntries is the size of the cache for the collector's work, and
	// CollectorTime how long it is watched for each peer.
	CollectorEntries int
	CollectorTime    time.Duration
}

// ttl is long enough for nothing to expire meanwhile.
const ttl = time.Hour

// heapBytes is the live heap, once it has settled: what has just been let go of may be
// held for a moment by a goroutine that is about to end.
func heapBytes() uint64 {
	const most, share = 8, 1000
	for last, n := liveBytes(), 1; ; n++ {
		now := liveBytes()
		if n == most || now+last/share >= last {
			return now
		}
		last = now
	}
}

func liveBytes() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// outsideHeap is what a cache offers that holds memory which Go doesn't know of.
type outsideHeap interface {
	BytesOutsideHeap() uint64
}

// EntrySample is what a full cache takes.
type EntrySample struct {
	Peer     string
	Entries  int
	TTL      bool
	Lacks    string
	Held     int // how many entries it says it holds
	Bytes    float64
	PerEntry float64 // of those held
}

// MeasureEntries fills each cache and looks at the heap.
func MeasureEntries(ctx context.Context, p Plan, keep func(EntrySample), say func(format string, args ...any)) error {
	for _, n := range p.Entries {
		keys := workload.Strings(n)
		for _, expiring := range []bool{false, true} {
			task := contest.Task{Options: contest.Options{Capacity: n, EntryBytes: workload.MeanBytes(keys) + 8, Statistics: p.Statistics}}
			if expiring {
				task.TTL = ttl
			}
			for _, peer := range selected(p.Peers) {
				if ctx.Err() != nil {
					return ErrTime
				}
				s := EntrySample{Peer: peer.Name, Entries: n, TTL: expiring, Lacks: peer.Features.Lacks(task)}
				if s.Lacks == "" {
					if err := weigh(peer, task.Options, keys, &s); err != nil {
						return err
					}
				}
				keep(s)
			}
			say("memory: %d entries, TTL %v", n, expiring)
		}
		runtime.KeepAlive(keys)
	}
	return nil
}

// weigh fills a cache, and compares the heap with what it is without the cache: before
// or afterwards, whichever is less. What its predecessor left may go meanwhile, and would
// be taken off its weight; what the cache leaves for good belongs to it.
func weigh(peer contest.Peer[string], o contest.Options, keys []string, s *EntrySample) error {
	before := heapBytes()
	full, err := fill(peer, o, keys, s)
	if err != nil {
		return err
	}
	s.Bytes += float64(full) - float64(min(before, heapBytes()))
	s.PerEntry = s.Bytes / float64(s.Held)
	return nil
}

// fill returns the heap with a full cache in it, which it has let go of.
func fill(peer contest.Peer[string], o contest.Options, keys []string, s *EntrySample) (bytes uint64, err error) {
	c, err := peer.New(o)
	if err != nil {
		return 0, fmt.Errorf("making %s: %w", peer.Name, err)
	}
	defer c.Close()
	contest.Fill(c, keys)
	s.Held = c.Len()
	if outside, ok := c.(outsideHeap); ok {
		s.Bytes = float64(outside.BytesOutsideHeap())
	}
	return heapBytes(), nil
}

func selected(names []string) []contest.Peer[string] {
	return slices.DeleteFunc(peers.Strings(), func(p contest.Peer[string]) bool {
		return p.Name == contest.Empty || len(names) > 0 && !slices.Contains(names, p.Name)
	})
}

// allocated is what has been allocated since the process began.
func allocated() (bytes, objects uint64) {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/allocs:objects"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64(), sample[1].Value.Uint64()
}
