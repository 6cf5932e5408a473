//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/uds-platform/state/bench/redis"
	"github.com/uds-platform/state/bench/report"
)

func redisCommand(ctx context.Context, b *bench, args []string) error {
	f := newFlags(b, "redis")
	p := redis.DefaultPlan()
	f.IntVar(&p.Rounds, "rounds", p.Rounds, "how many turns each case has")
	f.DurationVar(&p.Turn, "turn", p.Turn, "how long a turn of hits is")
	f.IntVar(&p.Keys, "keys", p.Keys, "how many keys are hit, one after the other")
	f.IntVar(&p.Misses, "misses", p.Misses, "how many misses a turn has")
	f.IntVar(&p.Deletions, "deletions", p.Deletions, "how many results are deleted elsewhere")
	f.IntVar(&p.Stampedes, "stampedes", p.Stampedes, "how many stampedes each case has")
	f.IntVar(&p.Callers, "callers", p.Callers, "how many callers a stampede has on each instance")
	if err := f.parse(args); err != nil {
		return err
	}
	err := positive("turn", p.Turn)
	for name, n := range map[string]int{
		"rounds": p.Rounds, "keys": p.Keys, "misses": p.Misses, "deletions": p.Deletions, "stampedes": p.Stampedes, "callers": p.Callers,
	} {
		if n < 1 || n > mostEntries {
			err = errors.Join(err, fmt.Errorf("%w: -%s is %d; want 1 to %d", errUsage, name, n, mostEntries))
		}
	}
	if err != nil {
		return err
	}
	if err := b.about(f.results); err != nil {
		return err
	}
	keep := func(t report.Table) error { return errors.Join(t.WriteCSV(f.results), b.print(t)) }
	return redis.Run(ctx, p, keep, b.say)
}
