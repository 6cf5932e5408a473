package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// errBaseline: without a passing run of the unmutated module, a failing one
// would mean nothing.
var errBaseline = errors.New("the tests must pass before anything is mutated")

// group is what one run of go test is about: a package, and the tags that it is
// built with.
type group struct{ folder, tags string }

func (m *mutation) group() group { return group{m.folder(), m.tags} }

// baseline is what the named tests do without any mutation: they pass, and take
// so long. A mutation that makes a test hang is noticed after a multiple of
// that, rather than after the time that the slowest of all tests may need.
type baseline struct {
	limit time.Duration // the most that one mutation's tests may take
	took  map[group]map[string]time.Duration
}

const (
	// patience is how many times as long as before a test may take, on top of
	// leastTimeout, before it counts as hanging. The machine may be busier by
	// then, and a mutation may slow a test down without breaking anything.
	patience     = 10
	leastTimeout = 5 * time.Second

	// baselineShare is how much longer the tests of all mutations of a package
	// may take than those of one.
	baselineShare = 10
)

// of returns how long a mutation's tests may take.
func (b *baseline) of(m *mutation) time.Duration {
	timeout := leastTimeout
	for _, test := range m.tests {
		timeout += patience * b.took[m.group()][test]
	}
	return min(timeout, b.limit)
}

// passedTest finds a test, or one within it, and how long that took. Parallel tests
// within a test don't count in its own time.
var passedTest = regexp.MustCompile(`(?m)^ *--- PASS: ([^\s/]+)\S* \(([0-9.]+s)\)`)

// measureBaseline runs every test that a mutation names. It fails where one
// does, or is not there.
func measureBaseline(ctx context.Context, w *workspace, list []*mutation, limit time.Duration) (*baseline, error) {
	b := &baseline{limit: limit, took: make(map[group]map[string]time.Duration)}
	tests := make(map[group][]string)
	for _, m := range list {
		for _, test := range m.tests {
			if g := m.group(); !slices.Contains(tests[g], test) {
				tests[g] = append(tests[g], test)
			}
		}
	}
	for g, names := range tests {
		o := w.test(ctx, g, names, baselineShare*limit)
		if !o.passed {
			return nil, fmt.Errorf("%w: in %s, %s\n%s", errBaseline, g.folder, o.failure, o.output)
		}
		b.took[g] = make(map[string]time.Duration)
		for _, found := range passedTest.FindAllStringSubmatch(o.output, -1) {
			took, _ := time.ParseDuration(found[2])
			b.took[g][found[1]] += took
		}
		for _, test := range names {
			if _, ran := b.took[g][test]; !ran {
				return nil, fmt.Errorf("%w: there is no %s in %s", errBaseline, test, g.folder)
			}
		}
	}
	return b, nil
}
