//go:build explore

package explore

import (
	"fmt"
	"math/bits"
)

// node is a state on the path that is being walked, and what has been and is still
// to be tried from there.
type node struct {
	enabled     uint
	chosen      int
	previous    int // the thread that took the step before, or none
	preemptions int // on the way here
	todo, done  uint
}

// cost is how many preemptions the way has with a thread as the next.
func (n *node) cost(thread int) int {
	if n.previous == none || n.previous == thread || n.enabled&(1<<n.previous) == 0 {
		return n.preemptions
	}
	return n.preemptions + 1
}

// depthFirst walks depth first. The path is replayed up to the last node with
// something to try; from there on nothing is preempted.
type depthFirst struct {
	bound int // of preemptions
	all   bool
	path  []node
	known int // how much of the path is to be replayed
}

func (d *depthFirst) choose(e *Explorer) int {
	step := len(e.events)
	if step < d.known {
		return d.path[step].chosen
	}
	n := node{enabled: e.enabled, previous: e.current, chosen: e.follow()}
	if step > 0 {
		before := &d.path[step-1]
		n.preemptions = before.cost(before.chosen)
	}
	n.done = 1 << n.chosen
	if d.all {
		n.todo = n.enabled
	}
	d.path = append(d.path, n)
	return n.chosen
}

// turn goes back to the last node from which there is something to try that the
// bound allows, and is false where there is none.
func (d *depthFirst) turn() bool {
	for i := len(d.path) - 1; i >= 0; i-- {
		n := &d.path[i]
		for todo := n.todo &^ n.done; todo != 0; todo &= todo - 1 {
			thread := bits.TrailingZeros(todo)
			n.done |= 1 << thread
			if n.cost(thread) <= d.bound {
				n.chosen = thread
				d.path = d.path[:i+1]
				d.known = i + 1
				return true
			}
		}
	}
	return false
}

// Coverage says what Exhaust walked.
type Coverage struct {
	Interleavings int
	Complete      bool // everything within the bound
}

// Exhaust walks all interleavings with at most bound preemptions, or the first
// limit of them, and stops at the first failure. Of interleavings that differ only
// in the order of operations that don't conflict it walks one at least, and
// not all.
func (e *Explorer) Exhaust(bound, limit int) (Coverage, *Failure) {
	return e.exhaust(&depthFirst{bound: bound}, limit)
}

// ExhaustAll is Exhaust without the reduction: it walks every interleaving.
func (e *Explorer) ExhaustAll(bound, limit int) (Coverage, *Failure) {
	return e.exhaust(&depthFirst{bound: bound, all: true}, limit)
}

func (e *Explorer) exhaust(d *depthFirst, limit int) (c Coverage, failure *Failure) {
	var races races
	for c.Interleavings < limit {
		d.path = d.path[:d.known]
		err := e.walk(d)
		c.Interleavings++
		if err != nil {
			return c, e.failure(err, fmt.Sprintf("walking depth first with up to %d preemptions", d.bound), formatSchedule(e.events))
		}
		if !d.all {
			races.find(e.events, d.path)
		}
		if !d.turn() {
			c.Complete = true
			return c, nil
		}
	}
	return c, nil
}
