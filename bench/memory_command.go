package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uds-platform/state/bench/memory"
	"github.com/uds-platform/state/bench/report"
)

func defaultMemoryPlan() memory.Plan {
	return memory.Plan{
		Entries:           []int{10_000, 100_000, 1_000_000},
		GarbageEntries:    1 << 15,
		GarbageOperations: 200_000,
		CollectorEntries:  1_000_000,
		CollectorTime:     3 * time.Second,
	}
}

func memoryCommand(ctx context.Context, b *bench, args []string) error {
	f := newFlags(b, "memory")
	p := defaultMemoryPlan()
	var entries string
	f.StringVar(&entries, "entries", "10000,100000,1000000", "how many entries the caches hold")
	f.IntVar(&p.CollectorEntries, "collector-entries", p.CollectorEntries, "how many entries the caches hold while the collector is watched")
	f.DurationVar(&p.CollectorTime, "collector-time", p.CollectorTime, "how long the collector is watched, for each cache")
	if err := f.parse(args); err != nil {
		return err
	}
	names, fault := f.names()
	p.Peers, p.Statistics = names, f.statistics
	p.Entries, fault = numbersAnd(fault, "entries", entries, 1000, mostEntries)
	if p.CollectorEntries < 1000 || p.CollectorEntries > mostEntries {
		fault = errors.Join(fault, fmt.Errorf("%w: -collector-entries is %d; want 1000 to %d", errUsage, p.CollectorEntries, mostEntries))
	}
	if err := errors.Join(fault, positive("collector-time", p.CollectorTime)); err != nil {
		return err
	}
	return b.memory(ctx, p, f.results)
}

// numbersAnd is numbers, with an earlier fault joined.
func numbersAnd(earlier error, name, s string, least, most int) ([]int, error) {
	all, err := numbers(name, s, least, most)
	return all, errors.Join(earlier, err)
}

func (b *bench) memory(ctx context.Context, p memory.Plan, folder string) error {
	var entries []memory.EntrySample
	var garbage []memory.GarbageSample
	var collector []memory.CollectorSample
	err := memory.MeasureEntries(ctx, p, func(s memory.EntrySample) { entries = append(entries, s) }, b.say)
	if err == nil {
		err = memory.MeasureGarbage(ctx, p, func(s memory.GarbageSample) { garbage = append(garbage, s) }, b.say)
	}
	if err == nil {
		err = memory.MeasureCollector(ctx, p, func(s memory.CollectorSample) { collector = append(collector, s) }, b.say)
	}
	if errors.Is(err, memory.ErrTime) {
		fmt.Fprintf(b.out, "\n%v\n", err)
		err = nil
	}
	if err != nil {
		return err
	}
	tables := []report.Table{memory.EntriesTable(entries), memory.GarbageTable(garbage), memory.CollectorTable(collector)}
	err = b.about(folder)
	for _, table := range tables {
		err = errors.Join(err, table.WriteCSV(folder), b.print(table))
	}
	return err
}
