// Package latency measures how long a Get takes while others insert new keys as
// fast as they can: what a reader feels of eviction.
//
// # The idea
//
// One goroutine reads keys drawn by Zipf and looks at the clock after each; the
// others, one for each core that is left, write ever new keys into the full
// cache. A key that the storm has washed away is put back, outside of what is
// timed, as whoever missed it would.
//
// What is measured includes one reading of the clock, which is measured too and
// said beside the results; and whatever the scheduler, the collector and the
// machine do to the reader, which is why the peers take turns. The worst of many
// millions of Gets is mostly the machine's.
package latency

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/peers"
	"github.com/uds-platform/state/bench/workload"
)

const (
	drawSeed = 5
	draws    = 1 << 20

	// stormKeys is how many keys the writers go round, for each that fits: after
	// a round, none of them is left.
	stormKeys = 32

	// gust is how many writes lie between two looks at whether to go on.
	gust = 64

	// leastStormKeys is for small caches.
	leastStormKeys = 1 << 18
)

// Plan says what to measure, and for how long.
type Plan struct {
	Entries    int
	Peers      []string // empty for all
	Turn       time.Duration
	Budget     time.Duration
	Rounds     int // at least
	Statistics bool
}

// Sample is what the turns of one peer gave.
type Sample struct {
	Peer   string
	Lacks  string
	Rounds [](map[float64]float64) // quantile to nanoseconds, one a round
	All    map[float64]float64     // over all rounds

	Reads    uint64
	HitShare float64
	// WritesPerSecond is how hard the storm blew.
	WritesPerSecond float64
}

// Worst stands for the quantile of the slowest Get.
const Worst = 1.0

// Quantiles are what is reported.
var Quantiles = []float64{0.5, 0.99, 0.999, Worst}

// contestant is a peer with its cache and what it did so far.
type contestant struct {
	name    string
	cache   contest.Cache[string]
	all     histogram
	rounds  []map[float64]float64
	hits    uint64
	writes  uint64
	elapsed time.Duration
	writeAt []int // where each writer goes on in the next round
}

// Run measures all peers that can evict.
func Run(p Plan, keep func(Sample), say func(format string, args ...any)) error {
	all := workload.Strings(p.Entries + max(stormKeys*p.Entries, leastStormKeys))
	keys, storm := all[:p.Entries], all[p.Entries:]
	drawn, err := workload.Draw(keys, draws, workload.Zipf, drawSeed)
	if err != nil {
		return err
	}
	task := contest.Task{Options: contest.Options{
		Capacity: p.Entries, EntryBytes: workload.MeanBytes(all) + 8, Statistics: p.Statistics,
	}, Evicts: true}
	writers := max(runtime.GOMAXPROCS(0)-1, 1)
	var field []*contestant
	for _, peer := range peers.Strings() {
		if len(p.Peers) > 0 && !slices.Contains(p.Peers, peer.Name) {
			continue
		}
		if why := peer.Features.Lacks(task); why != "" && peer.Name != contest.Empty {
			keep(Sample{Peer: peer.Name, Lacks: why})
			continue
		}
		c, err := peer.New(task.Options)
		if err != nil {
			return fmt.Errorf("making %s: %w", peer.Name, err)
		}
		defer c.Close()
		contest.Fill(c, keys)
		field = append(field, &contestant{name: peer.Name, cache: c, writeAt: make([]int, writers)})
	}
	say("write storm: %d readers' keys, %d writers, %d caches", len(keys), writers, len(field))
	collector := contest.NewCollector()
	rounds := contest.Rounds(len(field), contest.Limits{Least: p.Rounds, Budget: p.Budget}, func(round, i int) {
		collector.BetweenTurns()
		field[i].turn(drawn, storm, round, p.Turn)
		if i == 0 {
			say("write storm: round %d", round+1)
		}
	})
	say("write storm: %d rounds", rounds)
	for _, c := range field {
		keep(c.sample())
	}
	return nil
}

// turn has one goroutine read and the others write, for so long.
func (c *contestant) turn(drawn, storm []string, round int, length time.Duration) {
	var stop atomic.Bool
	var writers, blowing sync.WaitGroup
	written := make([]uint64, len(c.writeAt))
	for w := range c.writeAt {
		part := storm[w*len(storm)/len(c.writeAt) : (w+1)*len(storm)/len(c.writeAt)]
		blowing.Add(1)
		writers.Go(func() {
			at := c.writeAt[w]
			begin := sync.OnceFunc(blowing.Done)
			for !stop.Load() {
				for range gust {
					c.cache.Set(part[at], uint64(at))
					if at++; at == len(part) {
						at = 0
					}
				}
				written[w] += gust
				begin()
			}
			c.writeAt[w] = at
		})
	}
	blowing.Wait()
	var h histogram
	hits, elapsed := read(c.cache, drawn, round*7919, length, &h)
	stop.Store(true)
	writers.Wait()
	for _, n := range written {
		c.writes += n
	}
	c.hits += hits
	c.elapsed += elapsed
	c.all.merge(&h)
	c.rounds = append(c.rounds, quantilesOf(&h))
}

// read times Gets. Every reading of the clock ends one Get and begins the next.
func read(c contest.Cache[string], drawn []string, from int, length time.Duration, h *histogram) (hits uint64, elapsed time.Duration) {
	start := time.Now()
	last := time.Duration(0)
	for i := from; last < length; i++ {
		key := drawn[i&(draws-1)]
		_, ok := c.Get(key)
		now := time.Since(start)
		h.add(uint64(now - last))
		last = now
		if ok {
			hits++
			continue
		}
		c.Set(key, uint64(i))
		last = time.Since(start)
	}
	return hits, last
}

func quantilesOf(h *histogram) map[float64]float64 {
	q := map[float64]float64{}
	for _, at := range Quantiles {
		q[at] = h.quantile(at)
	}
	return q
}

func (c *contestant) sample() Sample {
	return Sample{
		Peer: c.name, Rounds: c.rounds, All: quantilesOf(&c.all),
		Reads: c.all.total, HitShare: float64(c.hits) / float64(c.all.total),
		WritesPerSecond: float64(c.writes) / c.elapsed.Seconds(),
	}
}

// ClockCost returns the quantiles of two readings of the clock with nothing
// between them, in nanoseconds.
func ClockCost() map[float64]float64 {
	var h histogram
	start := time.Now()
	last := time.Duration(0)
	for range 1 << 20 {
		now := time.Since(start)
		h.add(uint64(now - last))
		last = now
	}
	return quantilesOf(&h)
}
