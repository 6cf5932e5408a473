// Package hits measures hit ratios: what share of a sequence of accesses a cache
// answers, where every miss is followed by a write of the key.
//
// # The idea
//
// One goroutine replays the accesses against each cache at each capacity. There
// is no time in it: what a cache hands to other goroutines it is asked to do at
// once, or is waited for after every write, as far as it offers either, so that
// the figures tell of its policy and not of the scheduler. That is more than any
// cache gets in earnest, and it is the same for all.
//
// Beside the caches stand LRU, which is the least one may expect, and Belady's
// optimum, which knows the future.
package hits

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/peers"
)

// The names of the two yardsticks.
const (
	Optimum = "optimum"
	LRU     = "LRU"
)

// Sequence is a series of accesses to numbered objects.
type Sequence struct {
	Name       string
	Generated  bool // not recorded
	Accesses   []uint32
	Objects    int
	Capacities []int
}

// Cell is a sequence at a capacity.
type Cell struct {
	Sequence  string
	Generated bool
	Capacity  int
}

// Sample is a cache's share of hits in a cell.
type Sample struct {
	Cell     Cell
	Cache    string
	HitShare float64
	Lacks    string // why it was left out; then there is no share
}

// Run replays every sequence at each of its capacities against each cache, as
// many at a time as there are cores, and so many times each: some caches hash
// with a random seed or decide by dice, and the mean says more than one throw. Of
// names, only those; empty for all. What hasn't begun when ctx ends is left out;
// it returns how many that were.
func Run(ctx context.Context, sequences []Sequence, names []string, times int, keep func(Sample), say func(format string, args ...any)) (left int, err error) {
	contenders := contendersOf(names)
	var jobs []job
	for _, s := range sequences {
		for _, capacity := range s.Capacities {
			cell := Cell{s.Name, s.Generated, capacity}
			for _, c := range contenders {
				jobs = append(jobs, job{cell, s, c, times})
			}
		}
	}
	queue := make(chan job)
	results := make(chan result)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for j := range queue {
				results <- j.run()
			}
		})
	}
	go func() {
		for i, j := range jobs {
			if ctx.Err() != nil {
				left = len(jobs) - i // read only after results is closed
				break
			}
			queue <- j
		}
		close(queue)
		workers.Wait()
		close(results)
	}()
	done := 0
	for r := range results {
		done++
		if r.err != nil {
			err = fmt.Errorf("%s at %d with %s: %w", r.sample.Cell.Sequence, r.sample.Cell.Capacity, r.sample.Cache, r.err)
			continue
		}
		keep(r.sample)
		if r.sample.Lacks != "" {
			continue
		}
		say("%d of %d: %s at %d, %s: %.2f %% in %v", done, len(jobs), r.sample.Cell.Sequence, r.sample.Cell.Capacity,
			r.sample.Cache, 100*r.sample.HitShare, r.took.Round(time.Millisecond))
	}
	return left, err
}

type job struct {
	cell      Cell
	sequence  Sequence
	contender contender
	times     int
}

type result struct {
	sample Sample
	took   time.Duration
	err    error
}

func (j job) run() result {
	start := time.Now()
	r := result{sample: Sample{Cell: j.cell, Cache: j.contender.name, Lacks: j.contender.lacks}}
	if r.sample.Lacks != "" {
		return r
	}
	times := j.times
	if j.contender.certain {
		times = 1
	}
	sum := 0
	for range times {
		hits, err := j.contender.replay(j.sequence, j.cell.Capacity)
		if err != nil {
			r.err = err
			return r
		}
		sum += hits
	}
	r.sample.HitShare = float64(sum) / float64(times) / float64(len(j.sequence.Accesses))
	r.took = time.Since(start)
	return r
}

// contender is whatever can replay a sequence.
type contender struct {
	name    string
	lacks   string
	certain bool // the same every time
	replay  func(s Sequence, capacity int) (hits int, err error)
}

func contendersOf(names []string) []contender {
	all := []contender{
		{name: Optimum, certain: true, replay: func(s Sequence, capacity int) (int, error) { return optimum(s.Accesses, s.Objects, capacity), nil }},
		{name: LRU, certain: true, replay: func(s Sequence, capacity int) (int, error) { return lru(s.Accesses, s.Objects, capacity), nil }},
	}
	integers := peers.Integers()
	for _, p := range integers {
		all = append(all, contenderOf(p, func(objects int) []uint64 {
			keys := make([]uint64, objects)
			for i := range keys {
				keys[i] = uint64(i)
			}
			return keys
		}))
	}
	for _, p := range peers.Strings() {
		if _, err := peers.Find(integers, p.Name); err == nil {
			continue
		}
		all = append(all, contenderOf(p, func(objects int) []string {
			keys := make([]string, objects)
			for i := range keys {
				keys[i] = strconv.Itoa(i)
			}
			return keys
		}))
	}
	return slices.DeleteFunc(all, func(c contender) bool {
		return c.name == contest.Empty || len(names) > 0 && !slices.Contains(names, c.name)
	})
}

func contenderOf[K contest.Key](p contest.Peer[K], keysOf func(objects int) []K) contender {
	return contender{
		name:  p.Name,
		lacks: p.Features.Lacks(contest.Task{Evicts: true, EntryBounded: true}),
		replay: func(s Sequence, capacity int) (int, error) {
			c, err := p.New(contest.Options{Capacity: capacity, Statistics: true, Inline: true})
			if err != nil {
				return 0, err
			}
			defer c.Close()
			return replay(c, keysOf(s.Objects), s.Accesses), nil
		},
	}
}

// replay returns how many of the accesses hit.
func replay[K contest.Key](c contest.Cache[K], keys []K, accesses []uint32) (hits int) {
	for _, object := range accesses {
		key := keys[object]
		if _, ok := c.Get(key); ok {
			hits++
			continue
		}
		c.Set(key, uint64(object))
		c.Settle()
	}
	return hits
}
