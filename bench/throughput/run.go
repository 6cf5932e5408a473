package throughput

import (
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/peers"
	"github.com/uds-platform/state/bench/workload"
)

const (
	// leastDraws and mostDraws bound how long the sequences of keys are.
	leastDraws = 1 << 20
	mostDraws  = 1 << 23

	drawSeed = 1
)

// Run measures a plan's cells as far as the budget goes. It hands each sample to
// keep, says on the way what it does, and returns the cells that it had no time
// for.
func Run(p Plan, keep func(Sample), say func(format string, args ...any)) (left []Cell, err error) {
	r := &runner{plan: p, end: time.Now().Add(p.Budget), keep: keep, say: say}
	blocks := map[block][]int{}
	var order []block
	for i, c := range p.Cells {
		b := c.block(p.Statistics)
		if _, ok := blocks[b]; !ok {
			order = append(order, b)
		}
		blocks[b] = append(blocks[b], i)
	}
	r.cellsLeft = len(p.Cells)
	for _, b := range order {
		switch b.keys {
		case StringKeys:
			err = runBlock(r, b, blocks[b], workload.Strings, peers.Strings())
		case IntegerKeys:
			err = runBlock(r, b, blocks[b], workload.Integers, peers.Integers())
		default:
			err = fmt.Errorf("there are no %q keys; want %s or %s", b.keys, StringKeys, IntegerKeys)
		}
		if err != nil {
			return nil, err
		}
	}
	return r.left, nil
}

type runner struct {
	plan      Plan
	end       time.Time
	cellsLeft int
	measured  int
	left      []Cell
	keep      func(Sample)
	say       func(format string, args ...any)
}

// contestant is a peer with its cache.
type contestant[K contest.Key] struct {
	name  string
	cache contest.Cache[K]
}

func runBlock[K contest.Key](r *runner, b block, cells []int, keysOf func(int) []K, all []contest.Peer[K]) error {
	if r.measured > 0 && time.Now().After(r.end) {
		for _, i := range cells {
			r.left = append(r.left, r.plan.Cells[i])
		}
		r.cellsLeft -= len(cells)
		return nil
	}
	n := r.plan.Cells[cells[0]].Workload.Keys(b.task.Capacity)
	keys := keysOf(n)
	b.task.EntryBytes = workload.MeanBytes(keys) + 8
	task := contest.Task{Options: b.task, Evicts: b.churn}
	var field []contestant[K]
	lacks := map[string]string{}
	for _, p := range all {
		if len(r.plan.Peers) > 0 && !slices.Contains(r.plan.Peers, p.Name) {
			continue
		}
		if why := p.Features.Lacks(task); why != "" && p.Name != contest.Empty {
			lacks[p.Name] = why
			continue
		}
		c, err := p.New(b.task)
		if err != nil {
			return fmt.Errorf("making %s: %w", p.Name, err)
		}
		defer c.Close()
		field = append(field, contestant[K]{p.Name, c})
	}
	r.say("%d %s keys, TTL %v: filling %d caches", n, b.keys, b.task.TTL, len(field))
	if first := r.plan.Cells[cells[0]].Workload; !first.Churn {
		for _, c := range field {
			Fill(c.cache, first, keys, nil, n)
		}
	}
	for _, i := range cells {
		if err := runCell(r, i, field, lacks, keys); err != nil {
			return err
		}
	}
	return nil
}

// Fill makes a cache ready for a workload: all keys are in it, or, where they
// don't fit, the cache has chosen what to keep.
func Fill[K contest.Key](c contest.Cache[K], w Workload, keys, drawn []K, capacity int) {
	if !w.Churn {
		contest.Fill(c, keys)
		return
	}
	readOrWrite(c, drawn[:min(4*capacity, len(drawn))], 0)
	c.Settle()
}

// draws is how long a sequence for so many keys is: a power of two.
func draws(keys int) int {
	return min(max(leastDraws, 1<<bits.Len(uint(2*keys-1))), mostDraws)
}

func runCell[K contest.Key](r *runner, index int, field []contestant[K], lacks map[string]string, keys []K) error {
	cell := r.plan.Cells[index]
	budget := time.Until(r.end) / time.Duration(r.cellsLeft)
	r.cellsLeft--
	if r.measured > 0 && budget <= 0 {
		r.left = append(r.left, cell)
		return nil
	}
	r.measured++
	end := time.Now().Add(budget)
	drawn, err := workload.Draw(keys, draws(len(keys)), cell.Distribution, drawSeed)
	if err != nil {
		return err
	}
	if cell.Workload.Churn {
		for _, c := range field {
			Fill(c.cache, cell.Workload, keys, drawn, cell.Entries)
		}
	}
	cpus := r.plan.CPUs
	if index >= r.plan.ScalingCells {
		cpus = cpus[len(cpus)-1:]
	}
	w := Walk[K](cell.Workload)
	turns := make([][]turn, len(field)*len(cpus))
	collector := contest.NewCollector()
	limits := contest.Limits{Least: r.plan.Rounds, Most: r.plan.MostRounds, Budget: time.Until(end)}
	rounds := contest.Rounds(len(field), limits, func(round, i int) {
		for j, cores := range cpus {
			collector.BetweenTurns()
			at := i*len(cpus) + j
			turns[at] = append(turns[at], run(field[i].cache, drawn, w, cores, round, r.plan.Turn))
		}
	})
	r.say("%s, %s, %d %s keys: %d rounds; %d cells to go", cell.Workload.Name, cell.Distribution, cell.Entries, cell.Keys, rounds, r.cellsLeft)
	for i, c := range field {
		for j, cores := range cpus {
			r.keep(sampleOf(cell, cores, c.name, turns[i*len(cpus)+j]))
		}
	}
	for name, why := range lacks {
		r.keep(Sample{Cell: cell, CPUs: cpus[len(cpus)-1], Peer: name, Lacks: why})
	}
	return nil
}

func sampleOf(cell Cell, cpus int, peer string, turns []turn) Sample {
	s := Sample{Cell: cell, CPUs: cpus, Peer: peer}
	var total turn
	for _, t := range turns {
		s.Nanoseconds = append(s.Nanoseconds, float64(t.elapsed.Nanoseconds())/float64(t.operations))
		total.operations += t.operations
		total.reads += t.reads
		total.hits += t.hits
		total.elapsed += t.elapsed
		total.allocatedBytes += t.allocatedBytes
		total.collectorSeconds += t.collectorSeconds
	}
	if total.reads > 0 {
		s.HitShare = float64(total.hits) / float64(total.reads)
	}
	s.BytesPerOp = float64(total.allocatedBytes) / float64(total.operations)
	s.GCShare = total.collectorSeconds / (total.elapsed.Seconds() * float64(cpus))
	return s
}
