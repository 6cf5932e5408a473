//go:build explore

package shard

import (
	"fmt"
	"strings"
)

// families returns all scenarios there are, the longest first. The bounds and
// limits are chosen so that all of it takes about a minute on two cores.
func families() []*family {
	return []*family{
		{name: "triples", scenarios: triples(), bound: 1, limit: 1500, seeds: 10},
		{name: "growing", scenarios: growingPairs(), bound: 2, limit: 800, seeds: 20},
		{name: "pairs", scenarios: pairs(), bound: 2, limit: 4000, seeds: 20},
		{name: "sequences", scenarios: sequences(), bound: 2, limit: 1000, seeds: 20},
		{name: "ownerless", scenarios: ownerless(), bound: 2, limit: 1000, seeds: 20},
		{name: "lapses", scenarios: lapses(), bound: 2, limit: 1000, seeds: 20},
		{name: "handover", scenarios: handovers(), bound: 2, limit: 20_000, seeds: 1000},
		{name: "hardening", scenarios: hardenings(), bound: 2, limit: 1500, seeds: 20},
		{name: "cells", scenarios: byCells(), bound: 2, limit: 500, seeds: 10},
		{name: "costed", scenarios: costed(), bound: 2, limit: 1000, seeds: 20},
		{name: "counted", scenarios: counted(), bound: 1, limit: 1000, seeds: 20},
		{name: "timed", scenarios: timedOnes(), bound: 2, limit: 300, seeds: 20},
		{name: "segments", scenarios: acrossSegments(), bound: 2, limit: 500, seeds: 20},
		{name: "newcomers", scenarios: newcomers(), bound: 2, limit: 500, seeds: 20},
		{name: "iterators", scenarios: iterators(), bound: 2, limit: 500, seeds: 20},
	}
}

// roomy is a cache in which nothing needs to be evicted; tight holds so many
// entries and no more. Statistics are counters that everybody adds to: they would
// make most interleavings differ in nothing else.
func roomy() Options[int, int] { return Options[int, int]{MaximumSize: 64, DisableStats: true} }

func tight(size int) Options[int, int] {
	return Options[int, int]{MaximumSize: size, DisableStats: true}
}

const (
	smallTable = 4
	largeTable = 4 * helpBuckets
)

// state is what a cache is like before operations meet.
type state struct {
	name     string
	present  []int
	expiring []int
	brief    []int
}

func (st state) entries() int { return len(st.present) + len(st.expiring) + len(st.brief) }

var (
	empty       = state{name: "empty"}
	present     = state{name: "present", present: []int{keyA, keyB}}
	expiring    = state{name: "expiring", present: []int{keyB}, expiring: []int{keyA}}
	spread      = state{name: "spread", present: []int{keyA, keyF}}
	brief       = state{name: "brief", present: []int{keyB}, brief: []int{keyA}}
	everyState  = []state{empty, present, expiring}
	filledState = []state{present, expiring}
)

// meet makes a scenario in which each thread does one operation. The cache is full
// where something is to be evicted.
func meet(prefix string, st state, options Options[int, int], threads ...[]action) *scenario {
	sc := &scenario{heads: smallTable, options: options, present: st.present, expiring: st.expiring, brief: st.brief, threads: threads}
	sc.complete(prefix + "/" + st.name)
	if sc.evicts && options.MaximumSize > 0 {
		sc.options.MaximumSize = max(1, st.entries())
	}
	return sc
}

// on is an operation on a key; what evicts writes one that is not there.
func on(o *operation, key int) []action {
	if o == opEvict {
		key += keyD
	}
	return []action{{operation: o, key: key}}
}

// eachPair calls visit with all pairs of operations, on one key and on two of one
// chain.
func eachPair(operations []*operation, visit func(first, second []action)) {
	for i, first := range operations {
		for _, second := range operations[i:] {
			visit(on(first, keyA), on(second, keyA))
			if !second.everyKey && !first.everyKey {
				visit(on(first, keyA), on(second, keyB))
			}
		}
	}
}

func pairs() (scenarios []*scenario) {
	for _, st := range everyState {
		eachPair(everyOperation, func(first, second []action) {
			scenarios = append(scenarios, meet("pairs", st, roomy(), first, second))
		})
		if len(st.expiring) == 0 {
			continue // the keys are alike
		}
		for i, first := range everyOperation {
			for _, second := range everyOperation[i+1:] {
				if !first.everyKey && !second.everyKey {
					scenarios = append(scenarios, meet("pairs", st, roomy(), on(first, keyB), on(second, keyA)))
				}
			}
		}
	}
	return scenarios
}

// growingPairs meet in a table that has been given a successor, to which nothing
// has moved yet.
func growingPairs() (scenarios []*scenario) {
	for _, st := range everyState {
		eachPair(everyOperation, func(first, second []action) {
			sc := meet("growing", st, roomy(), first, second)
			sc.grow()
			scenarios = append(scenarios, sc)
		})
	}
	// In two chains of the table: each arrives for itself, and both must.
	for _, first := range everyOperation {
		for _, second := range []*operation{opGet, opSet, opDelete, opGrow} {
			sc := meet("growing", spread, roomy(), on(first, keyA), on(second, keyF))
			sc.grow()
			scenarios = append(scenarios, sc)
		}
	}
	return scenarios
}

func (sc *scenario) grow() {
	sc.heads, sc.grows, sc.before = 2, true, (*subject).startGrowing
	sc.name += ", growing"
}

func (x *subject) startGrowing() {
	for i := range x.cache.segments {
		s := &x.cache.segments[i]
		s.grow(s.table.Load())
	}
	x.cache.manager.Wake()
}

// triples are all triples of operations on one key, and with each of the three on
// another of its chain.
func triples() (scenarios []*scenario) {
	for i, first := range everyOperation {
		for j, second := range everyOperation[i:] {
			for _, third := range everyOperation[i+j:] {
				for _, st := range everyState {
					scenarios = append(scenarios, meet("triples", st, roomy(), on(first, keyA), on(second, keyA), on(third, keyA)))
				}
				if !third.everyKey {
					scenarios = append(scenarios, meet("triples", present, roomy(), on(first, keyA), on(second, keyA), on(third, keyB)))
				}
				if !second.everyKey && second != third {
					scenarios = append(scenarios, meet("triples", present, roomy(), on(first, keyA), on(second, keyB), on(third, keyA)))
				}
				if !first.everyKey && first != second {
					scenarios = append(scenarios, meet("triples", present, roomy(), on(first, keyB), on(second, keyA), on(third, keyA)))
				}
			}
		}
	}
	return scenarios
}

// sequences are two threads with two operations each, so that what one has done
// must be seen by what comes later in real time.
func sequences() (scenarios []*scenario) {
	var each [][]action
	for _, first := range []*operation{opSet, opDelete, opSetIfAbsent, opGet, opGrow} {
		for _, second := range []*operation{opGet, opSet, opCompute} {
			each = append(each, append(on(first, keyA), on(second, keyA)...))
		}
	}
	for i, first := range each {
		for _, second := range each[i:] {
			scenarios = append(scenarios, meet("sequences", present, roomy(), clone(first), clone(second)))
		}
	}
	// In a table that is too large to have moved when the first operation ends.
	for _, second := range each {
		sc := meet("sequences", present, roomy(), append(on(opSet, keyC), on(opGet, keyC)...), clone(second))
		sc.grow()
		sc.heads = largeTable
		scenarios = append(scenarios, sc)
	}
	return scenarios
}

func clone(actions []action) []action { return append([]action(nil), actions...) }

// ownerless are pairs while the segment's owner is away, in a cache that is as far
// over its maximum as that allows, and with the stacks about to be trimmed.
func ownerless() (scenarios []*scenario) {
	for _, st := range filledState {
		eachPair([]*operation{opGet, opSet, opDelete, opCompute, opShorten, opExpire, opEvict, opGrow, opClear}, func(first, second []action) {
			sc := meet("ownerless", st, roomy(), first, second)
			sc.options = tight(1)
			sc.evicts = true
			sc.before = func(x *subject) {
				s := &x.cache.segments[0]
				if !s.own() {
					panic("the segment is owned before the scenario has begun")
				}
				value := firstValue + len(x.scenario.present) + len(x.scenario.expiring)
				for key := keyE; int64(x.cache.Len()) < 1+slackEntries(1); key++ {
					x.perform(-1, action{operation: opSet, key: key, value: value})
					value++
				}
				s.crowd.Store(pendingLimit)
			}
			sc.after = func(x *subject) {
				s := &x.cache.segments[0]
				s.release()
				s.settle(nil)
			}
			scenarios = append(scenarios, sc)
		})
	}
	return scenarios
}

// lapses are all operations that look at an entry, while its deadline passes for
// the clock and somebody gives it another, in a table that stands and in one that
// moves.
func lapses() (scenarios []*scenario) {
	for _, looker := range []*operation{opGet, opPeek, opLook, opDelete, opSetIfAbsent, opRemove, opProlong, opShorten} {
		for _, writer := range []*operation{opSet, opCompute, opProlong} {
			for _, growing := range []bool{false, true} {
				sc := meet("lapses", expiring, roomy(), on(looker, keyA), on(writer, keyA), on(opExpire, keyA))
				if growing {
					sc.grow()
				}
				scenarios = append(scenarios, sc)
			}
		}
	}
	return scenarios
}

// handovers are two and three writers that race for the segment, each with new
// nodes, notices or a debt that the owner must hear of, also where it is just
// leaving.
func handovers() (scenarios []*scenario) {
	for _, threads := range [][][]action{
		{on(opSet, keyC), on(opSet, keyD)},
		{append(on(opSet, keyC), on(opSet, keyD)...), on(opSet, keyE)},
		{append(on(opSet, keyC), on(opDelete, keyC)...), on(opSet, keyC)},
		{append(on(opSet, keyC), on(opShorten, keyC)...), on(opShorten, keyA)},
		{on(opShorten, keyA), on(opShorten, keyB), on(opExpire, keyA)},
		{on(opSet, keyC), on(opSet, keyD), on(opSet, keyE)},
		{on(opEvict, keyA), on(opEvict, keyB), on(opGet, keyA)},
		{append(on(opEvict, keyA), on(opEvict, keyB)...), on(opEvict, keyC)},
		{append(on(opEvict, keyA), on(opGet, keyD)...), append(on(opEvict, keyB), on(opGet, keyE)...)},
	} {
		scenarios = append(scenarios, meet("handover", present, roomy(), threads...))
	}
	return scenarios
}

// hardenings are threads that must each have an open cell that does not change any more, while
// others change it or end it; also where a value comes back that was there before, which
// a CAS can't tell from one that has stayed.
func hardenings() (scenarios []*scenario) {
	hardeners := []*operation{opShorten, opGrow}
	changers := []*operation{opSet, opCompute, opRemove, opDelete, opEvict, opSetIfAbsent, opExpire}
	add := func(repeats bool, threads ...[]action) {
		sc := meet("hardening", present, roomy(), threads...)
		if repeats {
			sc.repeat()
		}
		scenarios = append(scenarios, sc)
	}
	for i, first := range hardeners {
		for _, second := range hardeners[i:] {
			for _, changer := range changers {
				add(false, on(first, keyA), on(second, keyA), on(changer, keyA))
			}
			add(true, on(first, keyA), on(second, keyA), append(on(opSet, keyA), on(opSet, keyA)...))
		}
		for _, changer := range changers {
			add(false, on(first, keyA), on(changer, keyA), append(on(opGet, keyA), on(opGet, keyA)...))
			add(true, on(first, keyA), on(changer, keyA), append(on(opSet, keyA), on(opSet, keyA)...))
			add(true, on(first, keyA), append(on(opSet, keyA), on(changer, keyA)...), append(on(opSet, keyA), on(opGet, keyA)...))
		}
	}
	return scenarios
}

// byCells are pairs in a cache whose values don't change in place, as if they were too
// large for it.
func byCells() (scenarios []*scenario) {
	for _, st := range filledState {
		eachPair(everyOperation, func(first, second []action) {
			for _, growing := range []bool{false, true} {
				sc := meet("cells", st, roomy(), first, second)
				sc.cells = true
				if growing {
					sc.grow()
				}
				scenarios = append(scenarios, sc)
			}
		})
	}
	return scenarios
}

// costed are pairs in a cache that bounds cost, and where updates change it.
func costed() (scenarios []*scenario) {
	options := Options[int, int]{MaximumCost: 5, Cost: modestCost, DisableStats: true}
	eachPair([]*operation{opSet, opSetIfAbsent, opDelete, opCompute, opShorten, opExpire, opEvict, opGrow, opClear, opClose}, func(first, second []action) {
		sc := meet("costed", present, options, first, second)
		sc.evicts = true
		scenarios = append(scenarios, sc)
	})
	return scenarios
}

// counted are pairs with statistics, which must add up in the end.
func counted() (scenarios []*scenario) {
	eachPair(everyOperation, func(first, second []action) {
		sc := meet("counted", present, roomy(), first, second)
		sc.options.DisableStats = false
		scenarios = append(scenarios, sc)
	})
	return scenarios
}

// timedOnes let time go by and the runtime's timer ring, whenever that may be, beside
// one operation and two: with the coarse clock, which notices a deadline when the
// timer rings, and with one that is exact.
func timedOnes() (scenarios []*scenario) {
	operations := []*operation{
		opGet, opPeek, opSet, opSetIfAbsent, opDelete, opCompute, opRemove, opBrief, opLimit, opProlong, opAll, opEvict, opGrow, opClear, opClose,
	}
	coarse, exact := roomy(), roomy()
	exact.ExactExpiry = true
	pass, ring := on(opPass, keyA), on(opRing, keyA)
	for _, options := range []Options[int, int]{coarse, exact} {
		add := func(st state, growing bool, threads ...[]action) {
			sc := meet("timed", st, options, threads...)
			if growing {
				sc.grow()
			}
			if options.ExactExpiry {
				sc.name += ", exact"
			}
			scenarios = append(scenarios, sc)
		}
		for i, first := range operations {
			add(brief, false, on(first, keyA), clone(pass), clone(ring), clone(ring))
			add(present, false, on(first, keyA), on(opBrief, keyA), clone(pass), clone(ring))
			add(brief, true, on(first, keyA), clone(pass), clone(ring))
			for _, second := range operations[i:] {
				add(brief, false, on(first, keyA), on(second, keyA), append(clone(pass), ring...))
			}
		}
	}
	return scenarios
}

// halves is a state with an entry in each of two segments, and no more.
var halves = state{name: "halves", present: []int{keyA, keyF}}

// acrossSegments are pairs on two segments that share one budget, of entries or of
// cost, and each of which has next to nothing to evict: what one can't find, the
// other makes up for. The same while the owner of the first is away.
func acrossSegments() (scenarios []*scenario) {
	operations := []*operation{opGet, opSet, opSetIfAbsent, opDelete, opCompute, opShorten, opExpire, opEvict, opShrink, opGrow, opAll, opClear, opClose}
	sized := Options[int, int]{MaximumSize: 2, Segments: 2, DisableStats: true}
	costed := Options[int, int]{MaximumCost: 6, Cost: modestCost, Segments: 2, DisableStats: true}
	for _, options := range []Options[int, int]{sized, costed} {
		kind := "segments/sized"
		if options.Cost != nil {
			kind = "segments/costed"
		}
		for i, first := range operations {
			for j, second := range operations {
				if first == opShrink && options.Cost != nil || second == opShrink && options.Cost != nil {
					continue
				}
				there := on(second, keyF)
				if second == opEvict {
					there = on(opSet, keyE)
				}
				add := func(prefix string, threads ...[]action) *scenario {
					sc := meet(prefix, halves, options, threads...)
					sc.evicts = true
					scenarios = append(scenarios, sc)
					return sc
				}
				add(kind, on(first, keyA), there)
				if j < i {
					continue
				}
				sc := add(kind+"/ownerless", on(first, keyA), clone(there), on(opSet, keyD))
				sc.before = func(x *subject) { x.cache.segments[0].owner.Store(owned) }
				sc.after = func(x *subject) {
					s := &x.cache.segments[0]
					s.release()
					s.settle(nil)
				}
			}
		}
	}
	return scenarios
}

// modestCost is from 1 to 3, and changes with each write.
func modestCost(_, value int) int64 { return int64(value%3) + 1 }

// newcomers are entries that die, in every way there is, before they are counted
// (see room.go), in a full cache where others write as well; also where an entry is
// announced to an owner who has just left, and in two segments.
func newcomers() (scenarios []*scenario) {
	killers := [][]action{
		on(opDelete, keyD), on(opRemove, keyD), on(opSet, keyD), on(opClear, keyD), on(opClose, keyD),
		append(on(opShorten, keyD), on(opExpire, keyD)...),
	}
	writers := []*operation{opSet, opSetIfAbsent, opCompute}
	others := [][]action{nil, on(opGet, keyD), on(opSet, keyE), on(opSet, keyD), on(opDelete, keyA), on(opSet, keyF)}
	for _, segments := range []int{1, 2} {
		for _, announced := range []bool{false, true} {
			for _, killer := range killers {
				for i, other := range others {
					threads := [][]action{on(writers[i%len(writers)], keyD), clone(killer)}
					if other != nil {
						threads = append(threads, clone(other))
					}
					options := tight(2)
					options.Segments = segments
					prefix := fmt.Sprintf("newcomers/%d", segments)
					sc := meet(prefix, halves, options, threads...)
					sc.evicts, sc.options.MaximumSize = true, 2
					if announced {
						sc.name += ", announced"
						sc.before = (*subject).announceOne
					}
					scenarios = append(scenarios, sc)
				}
			}
		}
	}
	return scenarios
}

// announceOne leaves an entry to an owner who has gone without a look back.
func (x *subject) announceOne() {
	s := &x.cache.segments[0]
	s.owner.Store(owned)
	x.perform(-1, action{operation: opSet, key: keyC, value: firstValue + x.scenario.entries()})
	s.owner.Store(free)
	x.cache.manager.Wake()
}

func (sc *scenario) entries() int { return len(sc.present) + len(sc.expiring) + len(sc.brief) }

// iterators go through the cache while an operation changes it, or two of which one
// makes the table move.
func iterators() (scenarios []*scenario) {
	for _, iterator := range []*operation{opAll, opKeys, opHottest} {
		for _, o := range []*operation{opSet, opSetIfAbsent, opDelete, opCompute, opShorten, opProlong, opExpire, opEvict, opGrow, opClear, opClose} {
			for _, st := range []state{present, expiring, spread} {
				scenarios = append(scenarios, meet("iterators", st, roomy(), on(iterator, keyA), on(o, keyA)))
				moving := meet("iterators", st, roomy(), on(iterator, keyA), on(o, keyA))
				moving.grow()
				scenarios = append(scenarios, moving)
				if o != opGrow {
					scenarios = append(scenarios, meet("iterators", st, roomy(), on(iterator, keyA), on(o, keyA), on(opGrow, keyA)))
				}
				if again := append(on(opDelete, keyA), on(opSet, keyA)...); o == opGrow {
					scenarios = append(scenarios, meet("iterators", st, roomy(), on(iterator, keyA), again, on(opGrow, keyA)))
				}
			}
		}
	}
	return scenarios
}

// familyOf returns the name of the family that a scenario's name begins with.
func familyOf(scenario string) string {
	family, _, _ := strings.Cut(scenario, "/")
	return family
}
