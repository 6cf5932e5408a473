package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// verdict is what became of a mutation.
type verdict string

const (
	// killed: a named test failed, or did not end in time.
	killed verdict = "killed"
	// survived: all its tests passed, so they prove nothing about that line.
	survived verdict = "SURVIVED"
	// uncompilable: the mutated package does not build.
	uncompilable verdict = "UNCOMPILABLE"
	// misplaced: the old text is not where the list says.
	misplaced verdict = "MISPLACED"
)

// trial is a mutation with its verdict.
type trial struct {
	mutation *mutation
	verdict  verdict
	detail   string
	duration time.Duration
}

func (t trial) String() string {
	switch t.verdict {
	case killed:
		return fmt.Sprintf("%s  %s  by %s in %.1f s", t.verdict, t.mutation, t.detail, t.duration.Seconds())
	case survived:
		return fmt.Sprintf("%s  %s  all of %s passed in %.1f s: %s", t.verdict, t.mutation, strings.Join(t.mutation.tests, ", "), t.duration.Seconds(), t.mutation.why)
	default:
		return fmt.Sprintf("%s  %s  %s", t.verdict, t.mutation, t.detail)
	}
}

// try makes one mutation and runs its tests.
func (w *workspace) try(ctx context.Context, m *mutation, timeout time.Duration) trial {
	var o outcome
	if err := w.with(m, func() { o = w.test(ctx, m.group(), m.tests, timeout) }); err != nil {
		return trial{mutation: m, verdict: misplaced, detail: err.Error()}
	}
	t := trial{mutation: m, verdict: killed, detail: o.failure, duration: o.duration}
	switch {
	case o.passed:
		t.verdict = survived
	case !o.ran:
		t.verdict, t.detail = uncompilable, o.output
	}
	return t
}

// tryAll tries every mutation, in as many workspaces as there are, and hands each
// verdict to report as it comes, one at a time.
func tryAll(ctx context.Context, workspaces []*workspace, list []*mutation, timeouts *baseline, report func(trial)) {
	work := make(chan *mutation)
	var reporting sync.Mutex
	var workers sync.WaitGroup
	for _, w := range workspaces {
		workers.Go(func() {
			for m := range work {
				t := w.try(ctx, m, timeouts.of(m))
				if ctx.Err() != nil {
					continue // what a test came to that was stopped means nothing
				}
				reporting.Lock()
				report(t)
				reporting.Unlock()
			}
		})
	}
	for _, m := range list {
		work <- m
	}
	close(work)
	workers.Wait()
}
