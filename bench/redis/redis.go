//go:build unix

// Package redis measures what the Redis tier costs callers and gives them,
// against a redis-server that it starts.
//
// # The idea
//
// Five questions, each asked of whole States, as an embedder has them:
//
//   - What does a hit cost without Redis, with it, and while it is suspended
//     (SIGSTOP)?
//   - What does a miss wait for Redis, in the same three cases?
//   - What does a result cost that another instance has put there, beside what the
//     client alone takes to read and decode it?
//   - How long until a result is gone on one instance that was deleted on another?
//   - How many loads does a stampede on several instances cost, with Redis and
//     without?
//
// What is compared takes turns in one process, A B C A B C …, and ratios are of
// turns that lie side by side: the machine is never the same for long. Memory alone
// has two contestants, so that the ratio of the two says what the noise is.
//
// Everything runs on one machine: the server and the instances share its cores, and
// there is no network.
package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uds-platform/state/bench/report"
)

// Plan says how much to measure.
type Plan struct {
	Rounds    int           // turns of each contestant
	Turn      time.Duration // of a contestant in hits
	Keys      int           // that are hit, one after the other
	Misses    int           // of each contestant in a round
	Deletions int           // in all
	Stampedes int           // in each case
	Callers   int           // of a stampede on each instance
}

// DefaultPlan takes about a minute.
func DefaultPlan() Plan {
	return Plan{
		Rounds: 40, Turn: 25 * time.Millisecond, Keys: 1000, Misses: 50, Deletions: 2000, Stampedes: 20, Callers: 100,
	}
}

// patience is how long anything may take that takes milliseconds.
const patience = 30 * time.Second

// Run measures everything, and hands each table over when it is there.
func Run(ctx context.Context, p Plan, keep func(report.Table) error, say func(string, ...any)) error {
	for _, part := range []struct {
		name    string
		measure func(context.Context, *stage, Plan) (report.Table, error)
	}{
		{"hits", hits}, {"misses", misses}, {"results that Redis has", found}, {"deletions", deletions}, {"stampedes", stampedes},
	} {
		say("%s", part.name)
		if err := onStage(ctx, part.measure, p, keep); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// onStage runs one part, with servers and instances of its own.
func onStage(
	ctx context.Context, measure func(context.Context, *stage, Plan) (report.Table, error), p Plan, keep func(report.Table) error,
) (err error) {
	s := &stage{}
	defer func() { err = errors.Join(err, s.close()) }()
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case failure:
			err = thrown.err
		default:
			panic(thrown)
		}
	}()
	table, err := measure(ctx, s, p)
	if err != nil {
		return err
	}
	return keep(table)
}
