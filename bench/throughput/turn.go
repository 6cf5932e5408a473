package throughput

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/uds-platform/state/bench/contest"
)

// batch is how many operations lie between two looks at the clock.
const batch = 256

// Walker does a workload's operations on the keys, one on each. It returns how
// many reads there were, and how many of them hit.
type Walker[K contest.Key] func(c contest.Cache[K], keys []K, at int) (reads, hits int)

// Walk returns the loop for a workload.
func Walk[K contest.Key](w Workload) Walker[K] {
	switch {
	case w.Churn:
		return readOrWrite[K]
	case w.WriteShare == 0:
		return read[K]
	case w.WriteShare == 1:
		return write[K]
	default:
		return mix[K](w.WriteShare)
	}
}

func read[K contest.Key](c contest.Cache[K], keys []K, _ int) (reads, hits int) {
	for _, key := range keys {
		if _, ok := c.Get(key); ok {
			hits++
		}
	}
	return len(keys), hits
}

func write[K contest.Key](c contest.Cache[K], keys []K, at int) (reads, hits int) {
	for i, key := range keys {
		c.Set(key, uint64(at+i))
	}
	return 0, 0
}

func readOrWrite[K contest.Key](c contest.Cache[K], keys []K, at int) (reads, hits int) {
	for i, key := range keys {
		if _, ok := c.Get(key); ok {
			hits++
		} else {
			c.Set(key, uint64(at+i))
		}
	}
	return len(keys), hits
}

// mix spreads the writes evenly: the multiples of the golden ratio, without
// their integer parts, fall below any share as often as they should.
func mix[K contest.Key](writeShare float64) Walker[K] {
	const golden = 2654435769 // 2^32 divided by the golden ratio
	below := uint32(writeShare * (1 << 32))
	return func(c contest.Cache[K], keys []K, at int) (reads, hits int) {
		for i, key := range keys {
			if uint32(at+i)*golden < below {
				c.Set(key, uint64(at+i))
				continue
			}
			reads++
			if _, ok := c.Get(key); ok {
				hits++
			}
		}
		return reads, hits
	}
}

// turn is what one peer did in one turn.
type turn struct {
	operations, reads, hits int
	elapsed                 time.Duration
	allocatedBytes          uint64
	collectorSeconds        float64
}

// run has one goroutine for each core do the walk for so long.
func run[K contest.Key](c contest.Cache[K], drawn []K, w Walker[K], cpus, round int, length time.Duration) turn {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cpus))
	parts := make([]turn, cpus)
	gate := make(chan struct{})
	var walkers sync.WaitGroup
	before := readCosts()
	for i := range parts {
		// Each starts elsewhere, and elsewhere in every round.
		from := (round*7919 + i*len(drawn)/cpus/batch) * batch
		walkers.Go(func() {
			<-gate
			parts[i] = walkFor(c, drawn, w, from, length)
		})
	}
	start := time.Now()
	close(gate)
	walkers.Wait()
	all := turn{elapsed: time.Since(start)}
	after := readCosts()
	for _, p := range parts {
		all.operations += p.operations
		all.reads += p.reads
		all.hits += p.hits
	}
	all.allocatedBytes = after.allocatedBytes - before.allocatedBytes
	all.collectorSeconds = after.collectorSeconds - before.collectorSeconds
	return all
}

// walkFor walks until the time is up. The length of drawn is a multiple of
// batch.
func walkFor[K contest.Key](c contest.Cache[K], drawn []K, w Walker[K], from int, length time.Duration) (t turn) {
	start := time.Now()
	for at := from % len(drawn); time.Since(start) < length; at = (at + batch) % len(drawn) {
		reads, hits := w(c, drawn[at:at+batch], at)
		t.operations += batch
		t.reads += reads
		t.hits += hits
	}
	return t
}

type costs struct {
	allocatedBytes   uint64
	collectorSeconds float64
}

func readCosts() costs {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(sample)
	return costs{sample[0].Value.Uint64(), sample[1].Value.Float64()}
}
