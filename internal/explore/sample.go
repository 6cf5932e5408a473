//go:build explore

package explore

import (
	"fmt"
	"math/rand/v2"
)

// priorities is PCT: the thread with the highest priority runs, priorities are
// drawn at the start, and at depth-1 steps, drawn too, the running thread falls
// behind all others. A bug that needs d ordering constraints is met with a
// probability of at least 1/(n·k^(d-1)), for n threads and k steps.
type priorities struct {
	priority [maxThreads]int
	changes  []int // at which steps the running thread falls behind
	lowest   int
}

func newPriorities(seed uint64, depth, steps int) *priorities {
	random := rand.New(rand.NewPCG(seed, 0))
	p := &priorities{}
	for i, rank := range random.Perm(maxThreads) {
		p.priority[i] = rank
	}
	for range depth - 1 {
		p.changes = append(p.changes, random.IntN(max(steps, 1)))
	}
	return p
}

func (p *priorities) choose(e *Explorer) int {
	for _, change := range p.changes {
		if change == len(e.events) && e.current != none {
			p.lowest--
			p.priority[e.current] = p.lowest
		}
	}
	best := none
	for i := range maxThreads {
		if e.enabled&(1<<i) != 0 && (best == none || p.priority[i] > p.priority[best]) {
			best = i
		}
	}
	return best
}

// Sample walks one interleaving for each of so many seeds, from the first on, and
// stops at the first failure. depth is the number of ordering constraints that a
// bug may need.
func (e *Explorer) Sample(depth int, seed uint64, seeds int) *Failure {
	steps := len(e.events)
	for range seeds {
		if err := e.walk(newPriorities(seed, depth, steps)); err != nil {
			return e.failure(err, fmt.Sprintf("sampling with depth %d and seed %d", depth, seed), formatSchedule(e.events))
		}
		steps = max(steps, len(e.events))
		seed++
	}
	return nil
}
