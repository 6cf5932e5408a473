package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/uds-platform/state/bench/hits"
	"github.com/uds-platform/state/bench/trace"
	"github.com/uds-platform/state/bench/workload"
)

const (
	defaultAccesses   = 1_000_000
	defaultTraceLimit = 20_000_000
)

// hitsPlan says what hit ratios to measure.
type hitsPlan struct {
	traces     string // folder; none if empty
	format     trace.Format
	limit      int
	generators []string
	accesses   int
	capacities []int // empty for those that suit the sequence
	names      []string
	times      int
}

func generatorNames() (names []string) {
	for _, g := range workload.Generators() {
		names = append(names, g.Name)
	}
	return names
}

func hitsCommand(ctx context.Context, b *bench, args []string) error {
	f := newFlags(b, "hits")
	var p hitsPlan
	var format, generators, capacities string
	f.StringVar(&p.traces, "traces", "", "a `folder` of trace files; without it only generators are measured")
	f.StringVar(&format, "format", string(trace.Auto), "the format of the trace files: "+strings.Join(trace.Formats(), ", "))
	f.IntVar(&p.limit, "limit", defaultTraceLimit, "at most so many accesses of each trace")
	f.StringVar(&generators, "generators", strings.Join(generatorNames(), ","), "generated sequences; none for no such")
	f.IntVar(&p.accesses, "accesses", defaultAccesses, "how many accesses to generate")
	f.IntVar(&p.times, "times", 1, "replay everything so often, and take the mean: some caches throw dice")
	f.StringVar(&capacities, "capacities", "", "instead of those that suit each sequence")
	if err := f.parse(args); err != nil {
		return err
	}
	var faults [4]error
	if generators != "none" {
		p.generators, faults[0] = choices("generators", generators, generatorNames()...)
	}
	if capacities != "" {
		p.capacities, faults[1] = numbers("capacities", capacities, 1, mostEntries)
	}
	p.names, faults[2] = f.names(hits.Optimum, hits.LRU)
	p.format = trace.Format(format)
	switch {
	case !slices.Contains(trace.Formats(), format):
		faults[3] = fmt.Errorf("%w: -format is %q; want one of %s", errUsage, format, strings.Join(trace.Formats(), ", "))
	case p.limit < 1 || p.limit > trace.MostAccesses:
		faults[3] = fmt.Errorf("%w: -limit is %d; want 1 to %d", errUsage, p.limit, trace.MostAccesses)
	case p.accesses < 1 || p.accesses > trace.MostAccesses:
		faults[3] = fmt.Errorf("%w: -accesses is %d; want 1 to %d", errUsage, p.accesses, trace.MostAccesses)
	case p.times < 1:
		faults[3] = fmt.Errorf("%w: -times is %d; want a number from 1 up", errUsage, p.times)
	case p.traces == "" && len(p.generators) == 0:
		faults[3] = fmt.Errorf("%w: neither -traces nor -generators; want something to replay", errUsage)
	}
	if err := errors.Join(faults[:]...); err != nil {
		return err
	}
	return b.hits(ctx, p, f.results)
}

func (b *bench) hits(ctx context.Context, p hitsPlan, folder string) error {
	sequences, err := b.sequences(p)
	if err != nil {
		return err
	}
	var results hits.Results
	left, err := hits.Run(ctx, sequences, p.names, p.times, results.Add, b.say)
	if err != nil {
		return err
	}
	table, cells, summary := results.Table(), results.Cells(), results.Summary()
	if err := errors.Join(b.about(folder), table.WriteCSV(folder), cells.WriteCSV(folder), summary.WriteCSV(folder)); err != nil {
		return err
	}
	if left > 0 {
		fmt.Fprintf(b.out, "\nno time for the last %d replays: means are over what there is\n", left)
	}
	return errors.Join(b.print(cells), b.print(summary))
}

func (b *bench) sequences(p hitsPlan) ([]hits.Sequence, error) {
	var all []hits.Sequence
	if p.traces != "" {
		files, err := traceFiles(p.traces)
		if err != nil {
			return nil, err
		}
		for _, path := range files {
			t, err := trace.Read(path, p.format, p.limit)
			if err != nil {
				return nil, err
			}
			cut := ""
			if t.Cut {
				cut = ", cut there"
			}
			b.say("%s: %d accesses to %d objects%s", t.Name, len(t.Accesses), t.Objects, cut)
			all = append(all, hits.Sequence{Name: t.Name, Accesses: t.Accesses, Objects: t.Objects, Capacities: p.capacitiesFor(t.Name, t.Objects)})
		}
	}
	for _, g := range workload.Generators() {
		if !slices.Contains(p.generators, g.Name) {
			continue
		}
		accesses := g.Make(p.accesses)
		objects := int(slices.Max(accesses)) + 1
		b.say("%s: %d accesses to %d objects", g.Name, len(accesses), objects)
		all = append(all, hits.Sequence{Name: g.Name, Generated: true, Accesses: accesses, Objects: objects, Capacities: p.capacitiesFor(g.Name, objects)})
	}
	return all, nil
}

func (p hitsPlan) capacitiesFor(name string, objects int) []int {
	if len(p.capacities) > 0 {
		return p.capacities
	}
	return hits.Capacities(name, objects)
}

// traceFiles returns the files of a folder, but for notes about them.
func traceFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("reading the traces: %w", err)
	}
	var files []string
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasSuffix(e.Name(), ".md") && !strings.HasPrefix(e.Name(), ".") {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%w: -traces: there are no files in %s", errUsage, folder)
	}
	return files, nil
}
