package main

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/peers"
	"github.com/uds-platform/state/bench/throughput"
	"github.com/uds-platform/state/bench/workload"
)

// The benchmarks here are for benchstat and for profiles: one peer after the
// other, each alone, not turn by turn. To compare peers on a noisy machine, use
// the program.
//
//	go test -run '^$' -bench 'Throughput/reads/.*/cache=state' -cpuprofile cpu.prof .
//	go test -run '^$' -bench Throughput -cpu 1,2 -count 10 . | benchstat -col /cache -

const benchEntries = 1 << 15

func BenchmarkThroughput(b *testing.B) {
	for _, w := range throughput.Workloads {
		b.Run(w.Name, func(b *testing.B) {
			b.Run("keys=string", func(b *testing.B) { benchmarkAll(b, w, workload.Strings, peers.Strings()) })
			b.Run("keys=integer", func(b *testing.B) { benchmarkAll(b, w, workload.Integers, peers.Integers()) })
		})
	}
}

func benchmarkAll[K contest.Key](b *testing.B, w throughput.Workload, keysOf func(int) []K, all []contest.Peer[K]) {
	keys := keysOf(w.Keys(benchEntries))
	drawn, err := workload.Draw(keys, 1<<20, workload.Zipf, 1)
	if err != nil {
		b.Fatal(err)
	}
	task := contest.Task{Options: contest.Options{
		Capacity: benchEntries, EntryBytes: workload.MeanBytes(keys) + 8, TTL: w.TTL, Statistics: true,
	}, Evicts: w.Churn}
	for _, p := range all {
		if p.Features.Lacks(task) != "" {
			continue // the cell is left out, as in the program
		}
		b.Run("cache="+p.Name, func(b *testing.B) {
			c, err := p.New(task.Options)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(c.Close)
			throughput.Fill(c, w, keys, drawn, benchEntries)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				do := throughput.Walk[K](w)
				for at := rand.IntN(len(drawn) - 1); pb.Next(); at = (at + 1) % len(drawn) {
					do(c, drawn[at:at+1], at)
				}
			})
		})
	}
}

// BenchmarkHits replays a Zipf sequence, again and again; what counts is the
// metric, which needs some 100,000 accesses (-benchtime 500000x) to settle.
func BenchmarkHits(b *testing.B) {
	const capacity = 2000
	accesses := workload.Generators()[0].Make(1 << 20)
	for _, p := range peers.Integers() {
		if p.Features.Lacks(contest.Task{Evicts: true, EntryBounded: true}) != "" {
			continue // the cell is left out, as in the program
		}
		b.Run("cache="+p.Name, func(b *testing.B) {
			c, err := p.New(contest.Options{Capacity: capacity, Statistics: true, Inline: true})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(c.Close)
			hits, asked := 0, 0
			for b.Loop() {
				object := uint64(accesses[asked%len(accesses)])
				asked++
				if _, ok := c.Get(object); ok {
					hits++
					continue
				}
				c.Set(object, 1)
				c.Settle()
			}
			b.ReportMetric(100*float64(hits)/float64(asked), "hit-%")
		})
	}
}

// BenchmarkClock is what one reading of the clock costs, which is part of every
// latency.
func BenchmarkClock(b *testing.B) {
	start := time.Now()
	var last time.Duration
	for b.Loop() {
		last = time.Since(start)
	}
	if last <= 0 {
		b.Fatalf("%v have passed", last)
	}
}
