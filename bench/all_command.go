package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uds-platform/state/bench/charts"
	"github.com/uds-platform/state/bench/latency"
	"github.com/uds-platform/state/bench/memory"
)

const (
	// leastBudget is what everything needs at the smallest.
	leastBudget = 30 * time.Second

	// quickBelow is the budget below which everything is measured smaller: a
	// million entries in each cache take minutes to fill.
	quickBelow = 4 * time.Minute
)

// plans are what measures what.
type plans struct {
	memory     memory.Plan
	hits       hitsPlan
	latency    latency.Plan
	throughput throughputFlags
}

// plansFor divides a budget: half for throughput, a tenth for latency. Memory
// takes the time it takes, to three tenths, and hit ratios the rest.
func plansFor(budget time.Duration, f *flags) plans {
	p := plans{
		memory:  defaultMemoryPlan(),
		hits:    hitsPlan{generators: generatorNames(), accesses: 300_000, times: 1},
		latency: latency.Plan{Entries: defaultLatencyEntries, Turn: defaultLatencyTurn, Budget: budget / 10, Rounds: defaultRounds},
		throughput: throughputFlags{
			workloads: allWorkloads(), distributions: "zipf,uniform", entries: "32768,1048576", keys: "string,integer",
			cpu: defaultCPUs(), turn: defaultTurn, rounds: defaultRounds, budget: budget / 2,
		},
	}
	p.memory.CollectorTime = 2 * time.Second
	if budget < quickBelow {
		p.memory.Entries = []int{10_000, 100_000}
		p.memory.GarbageOperations = 50_000
		p.memory.CollectorEntries = 100_000
		p.memory.CollectorTime = 200 * time.Millisecond
		p.hits.accesses = 50_000
		p.latency.Turn, p.latency.Rounds = 50*time.Millisecond, 3
		p.throughput.entries, p.throughput.keys, p.throughput.distributions = "32768", "string", "zipf"
		p.throughput.turn, p.throughput.rounds = 20*time.Millisecond, 3
	}
	p.memory.Statistics, p.latency.Statistics = f.statistics, f.statistics
	return p
}

func allCommand(ctx context.Context, b *bench, args []string) error {
	f := newFlags(b, "all")
	var budget time.Duration
	var folder string
	f.DurationVar(&budget, "budget", 10*time.Minute, "how long to measure in all; below "+quickBelow.String()+" everything is smaller")
	f.StringVar(&folder, "charts", "", "a `folder` to draw charts into as well")
	if err := f.parse(args); err != nil {
		return err
	}
	if budget < leastBudget {
		return fmt.Errorf("%w: -budget is %v; want at least %v", errUsage, budget, leastBudget)
	}
	names, err := f.names()
	if err != nil {
		return err
	}
	p := plansFor(budget, f)
	p.memory.Peers, p.hits.names, p.latency.Peers = names, names, names
	plan, err := p.throughput.plan(f)
	if err != nil {
		return err
	}
	if err := errors.Join(b.throughput(plan, f.results), b.latency(p.latency, f.results)); err != nil {
		return err
	}
	for _, part := range []struct {
		end     time.Duration
		measure func(ctx context.Context) error
	}{
		{budget * 9 / 10, func(ctx context.Context) error { return b.memory(ctx, p.memory, f.results) }},
		{budget, func(ctx context.Context) error { return b.hits(ctx, p.hits, f.results) }},
	} {
		limited, cancel := context.WithDeadline(ctx, b.start.Add(part.end))
		err := part.measure(limited)
		cancel()
		if err != nil {
			return err
		}
	}
	if folder == "" {
		return nil
	}
	_, err = charts.Draw(f.results, folder)
	return err
}
