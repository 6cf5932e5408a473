//go:build explore

package shard

import (
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/uds-platform/state/internal/explore"
	"github.com/uds-platform/state/ttl"
)

// operation is something a thread does, as the scenarios' tables name it.
type operation struct {
	name     string
	verb     verb
	writes   bool // a value, which it is given
	everyKey bool
	silent   bool // it has no answer, and changes none
	evicts   bool // it needs a full cache, or makes one too full
	expires  bool // it needs the clock
	closes   bool
	timed    bool // it needs time that goes by, and the runtime's timer
	run      func(x *subject, key, value int) answer
}

var (
	opGet = &operation{name: "Get", verb: verbGet, run: func(x *subject, key, _ int) answer {
		value, ok := x.cache.Get(key)
		return answer{value, ok}
	}}
	opSet = &operation{name: "Set", verb: verbSet, writes: true, run: func(x *subject, key, value int) answer {
		return answer{ok: x.cache.Set(key, value)}
	}}
	opSetIfAbsent = &operation{name: "SetIfAbsent", verb: verbSetIfAbsent, writes: true, run: func(x *subject, key, value int) answer {
		actual, set := x.cache.SetIfAbsent(key, value)
		if set {
			return answer{ok: true}
		}
		return answer{value: actual}
	}}
	opDelete = &operation{name: "Delete", verb: verbDelete, run: func(x *subject, key, _ int) answer {
		value, ok := x.cache.Delete(key)
		return answer{value, ok}
	}}
	opCompute = &operation{name: "Compute", verb: verbCompute, run: func(x *subject, key, value int) (a answer) {
		_, wrote := x.cache.Compute(key, func(old int, found bool) (int, Op) {
			a = answer{old, found}
			return value, Write
		})
		x.entered[value] = wrote
		return a
	}}
	opRemove = &operation{name: "Remove", verb: verbRemove, run: func(x *subject, key, _ int) (a answer) {
		x.cache.Compute(key, func(old int, found bool) (int, Op) {
			a = answer{old, found}
			return 0, Remove
		})
		return a
	}}
	opShorten = &operation{name: "Shorten", verb: verbShorten, expires: true, run: func(x *subject, key, _ int) (a answer) {
		return x.shorten(key)
	}}
	opProlong = &operation{name: "Prolong", verb: verbProlong, expires: true, run: func(x *subject, key, _ int) answer {
		return answer{ok: x.cache.SetTTL(key, Forever)}
	}}
	opPeek = &operation{name: "Peek", verb: verbGet, run: func(x *subject, key, _ int) answer {
		value, ok := x.cache.GetQuietly(key)
		return answer{value, ok}
	}}
	opLook = &operation{name: "Look", verb: verbGet, run: func(x *subject, key, _ int) answer {
		value, ok := x.cache.Compute(key, func(old int, _ bool) (int, Op) { return old, Keep })
		return answer{value, ok}
	}}
	opExpire = &operation{name: "Expire", verb: verbExpire, everyKey: true, expires: true, run: func(x *subject, _, _ int) answer {
		x.cache.manager.Fire()
		return answer{}
	}}
	opEvict = &operation{name: "Evict", verb: verbSet, writes: true, evicts: true, run: func(x *subject, key, value int) answer {
		return answer{ok: x.cache.Set(key, value)}
	}}
	opGrow = &operation{name: "Grow", everyKey: true, silent: true, run: func(x *subject, _, _ int) answer {
		for i := range x.cache.segments {
			s := &x.cache.segments[i]
			t := s.table.Load()
			s.startGrowing(t)
			s.helpMoving(t)
		}
		return answer{}
	}}
	opBrief = &operation{name: "Brief", verb: verbBrief, writes: true, timed: true, run: func(x *subject, key, value int) answer {
		return answer{ok: x.cache.SetWithTTL(key, value, briefTTL)}
	}}
	opLimit = &operation{name: "Limit", verb: verbLimit, timed: true, run: func(x *subject, key, _ int) answer {
		return answer{ok: x.cache.SetTTL(key, briefTTL)}
	}}
	opPass = &operation{name: "Pass", verb: verbPass, everyKey: true, timed: true, run: func(x *subject, _, _ int) answer {
		x.cache.manager.Pass(passing)
		return answer{}
	}}
	opRing = &operation{name: "Ring", verb: verbRing, everyKey: true, timed: true, run: func(x *subject, _, _ int) answer {
		return answer{ok: x.cache.manager.Ring()}
	}}
	opAll = &operation{name: "All", verb: verbAll, everyKey: true, run: func(x *subject, _, _ int) answer {
		return x.iterate(x.cache.All())
	}}
	opKeys = &operation{name: "Keys", verb: verbAll, everyKey: true, run: func(x *subject, _, _ int) answer {
		return x.iterate(func(yield func(int, int) bool) {
			for key := range x.cache.Keys() {
				if !yield(key, 0) {
					return
				}
			}
		})
	}}
	opHottest = &operation{name: "Hottest", verb: verbAll, everyKey: true, run: func(x *subject, _, _ int) answer {
		return x.iterate(x.cache.Hottest())
	}}
	opShrink = &operation{name: "Shrink", everyKey: true, silent: true, evicts: true, run: func(x *subject, _, _ int) answer {
		if err := x.cache.Resize(1); err != nil {
			panic(err)
		}
		return answer{}
	}}
	opClear = &operation{name: "Clear", verb: verbClear, everyKey: true, run: func(x *subject, _, _ int) answer {
		x.cache.Clear()
		return answer{}
	}}
	opClose = &operation{name: "Close", verb: verbShut, everyKey: true, closes: true, run: func(x *subject, _, _ int) answer {
		x.cache.Close()
		return answer{}
	}}
)

// everyOperation is what the pairs and triples are made of.
var everyOperation = []*operation{
	opGet, opSet, opSetIfAbsent, opDelete, opCompute, opRemove, opShorten, opProlong, opExpire, opEvict, opGrow, opClear, opClose,
}

const (
	// briefTTL is over when time has gone by once, and begins anew for what is
	// written afterwards.
	briefTTL = defaultTick
	passing  = time.Second
)

// iterate goes through entries. What it meets is noted with the call: a value, or
// anyValue where only the key is known.
func (x *subject) iterate(entries iter.Seq2[int, int]) answer {
	var met [keyCount]int
	for key, value := range entries {
		if met[key] != 0 {
			panic(fmt.Sprintf("key %d was visited twice", key))
		}
		met[key] = value
		if value == 0 {
			met[key] = anyValue
		}
	}
	packed := 0
	for key := range met {
		packed |= met[key] << (metBits * key)
	}
	return answer{value: packed}
}

// What an iterator met is packed into the value that it answers.
const (
	metBits  = 7
	anyValue = maxValues
)

func metAt(packed, key int) int { return packed >> (metBits * key) & (1<<metBits - 1) }

// shorten is SetTTL as it would have been a moment ago: with a deadline that has
// passed, which the coarse clock does not know yet.
func (x *subject) shorten(key int) answer {
	c := x.cache
	hash := c.hasher.sum(key)
	s := c.segment(hash)
	for {
		now := c.now() // before the entry is looked at, since it may be replaced
		at := s.locate(uint32(hash), key)
		if at.node == nil || at.cell.deadlineNanos <= now {
			return answer{}
		}
		offer := terms{deadlineNanos: c.manager.Exact() - int64(time.Microsecond)}
		if kept, ok := s.renew(&at, offer); ok {
			c.keep(at.node)
			return answer{kept.value, true}
		}
	}
}

// action is an operation on a key, with the value that it writes.
type action struct {
	operation *operation
	key       int
	value     int
}

// scenario is a program for the explorer: a cache in some state, and what the
// threads do to it.
type scenario struct {
	name    string
	options Options[int, int]
	heads   int // of the first table

	present  []int // keys that are there at first
	expiring []int // keys whose deadline has passed, though the clock doesn't know
	brief    []int // keys whose deadline passes when time goes by
	before   func(x *subject)
	threads  [][]action
	after    func(x *subject) // when all threads have finished

	cells   bool // values don't change in place
	repeats bool // every other value is the first that was there

	// What follows from the actions: complete sets them.
	evicts, expires, closes, grows, timed bool
}

// complete gives each write a value of its own, and the scenario its name.
func (sc *scenario) complete(prefix string) *scenario {
	value := 0
	var names []string
	for i := range sc.threads {
		var actions []string
		for j := range sc.threads[i] {
			a := &sc.threads[i][j]
			value++
			if a.operation.writes || a.operation == opCompute {
				a.value = value
			}
			o := a.operation
			sc.evicts, sc.expires = sc.evicts || o.evicts, sc.expires || o.expires
			sc.closes, sc.grows = sc.closes || o.closes, sc.grows || o == opGrow
			sc.timed = sc.timed || o.timed
			actions = append(actions, a.name())
		}
		names = append(names, strings.Join(actions, ","))
	}
	sc.expires = sc.expires || sc.timed || len(sc.expiring)+len(sc.brief) > 0
	sc.name = fmt.Sprintf("%s/%s", prefix, strings.Join(names, "+"))
	return sc
}

// repeat has every other write write what the first key has at the beginning.
func (sc *scenario) repeat() {
	sc.repeats = true
	sc.name += ", repeating"
	writes := 0
	for i := range sc.threads {
		sc.threads[i] = clone(sc.threads[i])
		for j := range sc.threads[i] {
			if a := &sc.threads[i][j]; a.value != 0 {
				if writes++; writes%2 == 0 {
					a.value = firstValue
				}
			}
		}
	}
}

func (a action) name() string {
	if a.operation.everyKey {
		return a.operation.name
	}
	return a.operation.name + string(rune('A'+a.key))
}

// stepLimits say how many steps an interleaving may take, and a thread while
// another is suspended. A wake-up of the manager may look at moveAtOnce buckets,
// though they have all arrived, while one who moved the last has yet to say so.
func (sc *scenario) stepLimits() (all, each int) {
	const operation, look = 400, 8
	if sc.grows && sc.expires {
		return 3 * look * moveAtOnce, look * moveAtOnce
	}
	return 4 * operation, operation
}

// firstValue is the first that the state before the threads has.
const firstValue = 32

// program makes the scenario something that an explorer can run. It must run in a
// bubble, where time stands still while anything runs, so that no timer fires but
// when a scenario says so. The caches go on from a clock that has a past: sleeping
// in each would let the bubble's timers fire beside what runs.
func (sc *scenario) program(past *ttl.Manager, seen *histories) explore.Program {
	return func() explore.Trial {
		x := newSubject(sc)
		x.cache.manager.Continue(past)
		value := firstValue
		for _, key := range sc.present {
			x.perform(-1, action{operation: opSet, key: key, value: value})
			value++
		}
		for _, key := range sc.expiring {
			x.plant(key, value)
			value++
		}
		for _, key := range sc.brief {
			x.perform(-1, action{operation: opBrief, key: key, value: value})
			value++
		}
		if sc.before != nil {
			sc.before(x)
		}
		trial := explore.Trial{Check: func() error { return x.check(seen) }, Interim: x.interim}
		for i, actions := range sc.threads {
			trial.Threads = append(trial.Threads, explore.Thread{Name: actions[0].name(), Body: func() {
				for _, a := range actions {
					x.perform(int8(i), a)
				}
			}})
		}
		return trial
	}
}
