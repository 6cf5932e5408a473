package memory

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/stat"
	"github.com/uds-platform/state/bench/workload"
)

// CollectorSample is what a full cache means to the garbage collector.
type CollectorSample struct {
	Peer    string
	Lacks   string
	Entries int

	// ForcedMilliseconds is how long a collection takes that is forced while
	// nothing else runs.
	ForcedMilliseconds float64

	// Collections ran by themselves while every core did half reads, half
	// updates, and made callersBytes of garbage of its own with each, as the
	// program around a cache does; they took CPUShare of all CPU time, and stopped the world for
	// PauseMedianMicroseconds and at most for PauseWorstMicroseconds.
	Collections             uint64
	CPUShare                float64
	PauseMedianMicroseconds float64
	PauseWorstMicroseconds  float64

	OperationsPerSecond float64
}

const (
	forcedCollections = 5
	callersBytes      = 512
	collectorDraws    = 1 << 20
	collectorSeed     = 6
)

// MeasureCollector watches the collector at work on each cache.
func MeasureCollector(ctx context.Context, p Plan, keep func(CollectorSample), say func(format string, args ...any)) error {
	keys := workload.Strings(p.CollectorEntries)
	drawn, err := workload.Draw(keys, collectorDraws, workload.Zipf, collectorSeed)
	if err != nil {
		return err
	}
	o := contest.Options{Capacity: len(keys), EntryBytes: workload.MeanBytes(keys) + 8, TTL: ttl, Statistics: p.Statistics}
	for _, peer := range selected(p.Peers) {
		if ctx.Err() != nil {
			return ErrTime
		}
		s := CollectorSample{Peer: peer.Name, Entries: len(keys), Lacks: peer.Features.Lacks(contest.Task{Options: o})}
		if s.Lacks == "" {
			if err := watch(peer, o, keys, drawn, p.CollectorTime, &s); err != nil {
				return err
			}
			say("collector: %s", peer.Name)
		}
		keep(s)
	}
	return nil
}

func watch(peer contest.Peer[string], o contest.Options, keys, drawn []string, length time.Duration, s *CollectorSample) error {
	c, err := peer.New(o)
	if err != nil {
		return fmt.Errorf("making %s: %w", peer.Name, err)
	}
	defer c.Close()
	contest.Fill(c, keys)
	s.ForcedMilliseconds = forced()
	before := readWork()
	start := time.Now()
	operations := work(c, drawn, length)
	elapsed := time.Since(start)
	after := readWork()
	s.OperationsPerSecond = float64(operations) / elapsed.Seconds()
	s.Collections = after.collections - before.collections
	cores := float64(runtime.GOMAXPROCS(0))
	s.CPUShare = (after.cpuSeconds - before.cpuSeconds) / (elapsed.Seconds() * cores)
	counts := make([]uint64, len(after.pauses.Counts))
	for i := range counts {
		counts[i] = after.pauses.Counts[i] - before.pauses.Counts[i]
	}
	s.PauseMedianMicroseconds = 1e6 * quantile(counts, after.pauses.Buckets, 0.5)
	s.PauseWorstMicroseconds = 1e6 * quantile(counts, after.pauses.Buckets, 1)
	return nil
}

// forced returns the median duration of a few forced collections.
func forced() float64 {
	runtime.GC() // sweeps what the filling left
	var took []float64
	for range forcedCollections {
		start := time.Now()
		runtime.GC()
		took = append(took, float64(time.Since(start).Microseconds())/1000)
	}
	return stat.SpreadOf(took).Median
}

// work does half reads, half updates on every core, and makes garbage.
func work(c contest.Cache[string], drawn []string, length time.Duration) int {
	parts := make([]int, runtime.GOMAXPROCS(0))
	var workers sync.WaitGroup
	for p := range parts {
		workers.Go(func() {
			start := time.Now()
			var latest [64][]byte
			for at := p * len(drawn) / len(parts); time.Since(start) < length; at += 256 {
				for i := at; i < at+256; i++ {
					latest[i%len(latest)] = make([]byte, callersBytes+i%2) // not of constant size: on the heap
					if key := drawn[i%len(drawn)]; i&1 == 0 {
						c.Get(key)
					} else {
						c.Set(key, uint64(i))
					}
				}
				parts[p] += 256
			}
			runtime.KeepAlive(latest)
		})
	}
	workers.Wait()
	all := 0
	for _, n := range parts {
		all += n
	}
	return all
}

// collectorWork is what the collector has done since the process began. The
// runtime brings the CPU time up to date at the end of each collection.
type collectorWork struct {
	collections uint64
	cpuSeconds  float64
	pauses      *metrics.Float64Histogram
}

func readWork() collectorWork {
	sample := []metrics.Sample{
		{Name: "/gc/cycles/automatic:gc-cycles"},
		{Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/sched/pauses/total/gc:seconds"},
	}
	metrics.Read(sample)
	return collectorWork{sample[0].Value.Uint64(), sample[1].Value.Float64(), sample[2].Value.Float64Histogram()}
}

// quantile of a histogram of the runtime's: the upper end of the bucket where it
// falls; NaN of an empty one.
func quantile(counts []uint64, bounds []float64, q float64) float64 {
	total := uint64(0)
	for _, n := range counts {
		total += n
	}
	rank, seen := uint64(math.Ceil(q*float64(total))), uint64(0)
	for i, n := range counts {
		if seen += n; n > 0 && seen >= rank {
			if math.IsInf(bounds[i+1], 1) {
				return bounds[i]
			}
			return bounds[i+1]
		}
	}
	return math.NaN()
}
