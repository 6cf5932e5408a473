package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uds-platform/state/bench/latency"
)

const (
	defaultLatencyEntries = 1 << 15
	defaultLatencyTurn    = 200 * time.Millisecond
)

func latencyCommand(_ context.Context, b *bench, args []string) error {
	f := newFlags(b, "latency")
	p := latency.Plan{}
	f.IntVar(&p.Entries, "entries", defaultLatencyEntries, "how many entries the caches hold")
	f.DurationVar(&p.Turn, "turn", defaultLatencyTurn, "how long a turn is")
	f.DurationVar(&p.Budget, "budget", time.Minute, "how long to measure")
	f.IntVar(&p.Rounds, "rounds", defaultRounds, "at least so many turns for each cache")
	if err := f.parse(args); err != nil {
		return err
	}
	names, err := f.names()
	p.Peers, p.Statistics = names, f.statistics
	if p.Entries < 1024 || p.Entries > mostEntries {
		err = errors.Join(err, fmt.Errorf("%w: -entries is %d; want 1024 to %d", errUsage, p.Entries, mostEntries))
	}
	if p.Rounds < 1 {
		err = errors.Join(err, fmt.Errorf("%w: -rounds is %d; want a number from 1 up", errUsage, p.Rounds))
	}
	if err := errors.Join(err, positive("turn", p.Turn), positive("budget", p.Budget)); err != nil {
		return err
	}
	return b.latency(p, f.results)
}

func (b *bench) latency(p latency.Plan, folder string) error {
	var samples []latency.Sample
	if err := latency.Run(p, func(s latency.Sample) { samples = append(samples, s) }, b.say); err != nil {
		return err
	}
	table := latency.Table(samples, latency.ClockCost())
	if err := errors.Join(b.about(folder), table.WriteCSV(folder)); err != nil {
		return err
	}
	return b.print(table)
}
