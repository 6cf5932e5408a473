package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/throughput"
	"github.com/uds-platform/state/bench/workload"
)

const (
	// mostEntries keeps a mistyped number from filling the machine's memory.
	mostEntries = 1 << 24

	defaultTurn   = 60 * time.Millisecond
	defaultRounds = 5
)

func oursAndHarness() []string { return []string{contest.Ours, contest.Empty} }

func allWorkloads() string { return strings.Join(workloadNames(), ",") }

func workloadNames() (names []string) {
	for _, w := range throughput.Workloads {
		names = append(names, w.Name)
	}
	return names
}

// throughputFlags are the flags for throughput alone.
type throughputFlags struct {
	workloads, distributions, entries, keys, cpu string
	turn, budget                                 time.Duration
	rounds                                       int
}

func (t *throughputFlags) register(f *flags) {
	f.StringVar(&t.workloads, "workloads", allWorkloads(), "what is done to the keys")
	f.StringVar(&t.distributions, "distributions", workload.Zipf+","+workload.Uniform, "how keys are drawn")
	f.StringVar(&t.entries, "entries", "32768,1048576", "how many entries the caches hold")
	f.StringVar(&t.keys, "keys", throughput.StringKeys+","+throughput.IntegerKeys, "the keys' types")
	f.StringVar(&t.cpu, "cpu", defaultCPUs(), "numbers of cores; all cells are measured on the last, those with the first kind of keys, entries and distribution on each")
	f.DurationVar(&t.turn, "turn", defaultTurn, "how long a turn is")
	f.IntVar(&t.rounds, "rounds", defaultRounds, "at least so many turns for each cache in each cell")
}

func defaultCPUs() string {
	if n := runtime.GOMAXPROCS(0); n > 1 {
		return fmt.Sprintf("1,%d", n)
	}
	return "1"
}

// plan makes cells of all combinations, the most important first: those of the
// first entries, keys and distribution given.
func (t *throughputFlags) plan(f *flags) (throughput.Plan, error) {
	p := throughput.Plan{Turn: t.turn, Budget: t.budget, Rounds: t.rounds, Statistics: f.statistics}
	var faults [8]error
	var names, distributions, keys []string
	var entries []int
	names, faults[0] = choices("workloads", t.workloads, workloadNames()...)
	distributions, faults[1] = choices("distributions", t.distributions, workload.Zipf, workload.Uniform)
	keys, faults[2] = choices("keys", t.keys, throughput.StringKeys, throughput.IntegerKeys)
	entries, faults[3] = numbers("entries", t.entries, 1024, mostEntries)
	p.CPUs, faults[4] = numbers("cpu", t.cpu, 1, max(runtime.NumCPU(), runtime.GOMAXPROCS(0)))
	p.Peers, faults[5] = f.names()
	faults[6] = errors.Join(positive("turn", t.turn), positive("budget", t.budget))
	if t.rounds < 1 {
		faults[7] = fmt.Errorf("%w: -rounds is %d; want a number from 1 up", errUsage, t.rounds)
	}
	if err := errors.Join(faults[:]...); err != nil {
		return p, err
	}
	for _, k := range keys {
		for _, n := range entries {
			for _, d := range distributions {
				for _, w := range throughput.Workloads {
					if slices.Contains(names, w.Name) {
						p.Cells = append(p.Cells, throughput.Cell{Workload: w, Distribution: d, Entries: n, Keys: k})
					}
				}
			}
		}
	}
	p.ScalingCells = len(names)
	return p, nil
}

func throughputCommand(_ context.Context, b *bench, args []string) error {
	f, t := newFlags(b, "throughput"), &throughputFlags{}
	t.register(f)
	f.DurationVar(&t.budget, "budget", 5*time.Minute, "how long to measure; what doesn't fit is left out")
	if err := f.parse(args); err != nil {
		return err
	}
	p, err := t.plan(f)
	if err != nil {
		return err
	}
	return b.throughput(p, f.results)
}

func (b *bench) throughput(p throughput.Plan, folder string) error {
	var results throughput.Results
	left, err := throughput.Run(p, results.Add, b.say)
	if err != nil {
		return err
	}
	table, scaling, best := results.Table(), results.Scaling(), results.Best()
	if err := errors.Join(b.about(folder), table.WriteCSV(folder), scaling.WriteCSV(folder), best.WriteCSV(folder)); err != nil {
		return err
	}
	if err := b.print(table, "workload", "distribution", "entries", "keys", "cpus", "cache", "ns", "ns_low", "ns_high",
		"ours_is_faster", "ours_is_faster_low", "ours_is_faster_high", "hit_share", "left_out_because"); err != nil {
		return err
	}
	if err := errors.Join(b.print(scaling), b.print(best)); err != nil {
		return err
	}
	for _, c := range left {
		fmt.Fprintf(b.out, "no time for %s, %s, %d entries, %s keys\n", c.Workload.Name, c.Distribution, c.Entries, c.Keys)
	}
	return nil
}
