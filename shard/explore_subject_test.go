//go:build explore

package shard

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/internal/explore"
)

// subject is the cache of one interleaving, and everything that is known of it.
// Only one thread runs at a time, so it needs no protection.
type subject struct {
	cache    *Cache[int, int]
	scenario *scenario

	calls   []call
	moments int // beginnings and ends of calls so far

	offered []bool // by value: somebody tried to write it
	entered []bool // and succeeded
	left    []int8 // how often it was reported
	causes  []Cause
	order   byte // stands for real time between calls; see explore.Event
}

// call is one entry of the history.
type call struct {
	request    request
	answer     answer
	begin, end int16
	thread     int8
}

// maxValues bounds the values of one scenario.
const maxValues = 64

func newSubject(sc *scenario) *subject {
	x := &subject{
		scenario: sc,
		offered:  make([]bool, maxValues),
		entered:  make([]bool, maxValues),
		left:     make([]int8, maxValues),
		causes:   make([]Cause, maxValues),
	}
	o := sc.options
	o.Segments = max(1, o.Segments)
	o.OnRemoval = x.removed
	c, err := New(o)
	if err != nil {
		panic(err)
	}
	c.hasher = hasher[int]{shape: shapeCustom, custom: hashOf}
	c.makeTables(sc.heads)
	if sc.cells {
		c.shape = noWord
	}
	x.cache = c
	return x
}

// Keys. The first three share every chain, however large the table; the next two
// share one with them while the table has four heads or fewer. The last is always
// in another. In a cache of two segments the last two are in the second, by the
// highest bit of their hash.
const (
	keyA = iota
	keyB
	keyC
	keyD
	keyE
	keyF
	keyCount
)

func hashOf(key int) uint64 {
	switch {
	case key <= keyC:
		return 0
	case key == keyF:
		return 1<<63 | 1
	case key == keyE:
		return 1<<63 | 8
	}
	return 4
}

func (x *subject) removed(_, value int, cause Cause) {
	x.left[value]++
	x.causes[value] = cause
}

// begin and end are steps of their own, so that the explorer knows that their
// order matters: that of a call's end before another's beginning.
func (x *subject) begin(thread int8, r request) int {
	if r.value != 0 {
		x.offered[r.value] = true
	}
	explore.Event(&x.order, false, r)
	x.moments++
	x.calls = append(x.calls, call{request: r, begin: int16(x.moments), thread: thread})
	return len(x.calls) - 1
}

func (x *subject) end(index int, a answer) {
	explore.Event(&x.order, true, a)
	x.moments++
	done := &x.calls[index]
	done.answer, done.end = a, int16(x.moments)
}

// perform does one action, and books it where it is one that has an answer.
func (x *subject) perform(thread int8, a action) {
	if a.operation.silent {
		a.operation.run(x, a.key, a.value)
		return
	}
	r := request{verb: a.operation.verb, key: a.key, value: a.value}
	if a.operation.everyKey {
		r.key = keyA
	}
	index := x.begin(thread, r)
	got := a.operation.run(x, a.key, a.value)
	if a.operation.writes && got.ok {
		x.entered[a.value] = true
	}
	x.end(index, got)
}

// plant writes an entry whose deadline has passed, but not for the clock.
func (x *subject) plant(key, value int) {
	index := x.begin(-1, request{verb: verbSet, key: key, value: value})
	x.entered[value] = true
	c := x.cache
	hash := uint32(c.hasher.sum(key))
	s := c.segment(c.hasher.sum(key))
	offer := terms{deadlineNanos: c.manager.Exact() - int64(time.Microsecond)}
	at := s.locate(hash, key)
	s.add(&at, c.newNode(hash, key, value, offer), offer)
	x.end(index, answer{ok: true})
	index = x.begin(-1, request{verb: verbShorten, key: key})
	x.end(index, answer{value: value, ok: true})
}

// faults collects what a check reports.
type faults []string

func (f *faults) Helper() {}

func (f *faults) Errorf(format string, args ...any) {
	*f = append(*f, fmt.Sprintf(format, args...))
}

func (f *faults) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	panic(f)
}

func (f *faults) err() error {
	if len(*f) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(*f, "\n"))
}

// check is made when all threads have finished: of the structure, the accounts,
// the history, and of all that again when the cache is closed.
func (x *subject) check(seen *histories) (err error) {
	f := new(faults)
	defer func() {
		if reason := recover(); reason != nil {
			if reason != any(f) {
				panic(reason)
			}
			err = f.err()
		}
	}()
	if x.scenario.after != nil {
		x.scenario.after(x)
	}
	for i := range x.cache.segments {
		if x.cache.segments[i].owner.Load() != free {
			f.Fatalf("segment %d stays owned", i)
		}
		x.checkNothingIsForgotten(f, &x.cache.segments[i])
	}
	if x.scenario.timed && !x.scenario.closes {
		x.passAll(f)
	} else {
		x.look()
	}
	x.cache.deepCheck(f)
	x.checkAccounts(f, x.scenario.closes)
	x.cache.Close()
	x.cache.deepCheck(f)
	x.checkAccounts(f, true)
	// Last, since porcupine's goroutines let the bubble's timers fire.
	if !seen.linearizable(x) {
		f.Errorf("the history is not linearizable:\n%s", x.describe())
	}
	return f.err()
}

// checkNothingIsForgotten: what nobody has done by the end, the manager is going to
// be woken for.
func (x *subject) checkNothingIsForgotten(f *faults, s *segment[int, int]) {
	if x.scenario.closes {
		return
	}
	planned, now := x.cache.manager.Planned(), x.cache.manager.Exact()
	// Where time goes by between the look at the clock and the setting of the timer,
	// that rings later by as much.
	var passed int64
	if x.scenario.timed {
		passed = int64(passing)
	}
	if set := x.cache.manager.Set(); set > max(planned, now) && set-passed > max(planned, now) {
		f.Errorf("the manager has planned to wake at %d, and the timer is set to %d", planned, set)
	}
	if left := s.hasWork() || s.table.Load().next.Load() != nil || x.cache.overSize(); left && planned > now {
		f.Errorf("work is left (on the stacks: %v, over the maximum: %v), and nobody is going to do it", s.hasWork(), x.cache.overSize())
	}
	// A tick later where the segment was owned then, and rounded up to a whole one.
	if next, ok := s.nextTimer(); ok && planned > max(next, now)+2*defaultTick.Nanoseconds() {
		f.Errorf("a deadline passes at %d, and the manager wakes at %d", next, planned)
	}
}

// passAll lets all time go by that there is, and the timer ring, after the state in
// between has become part of the history. Then everything that had a deadline is
// gone, and nobody else had to do anything for it.
func (x *subject) passAll(f *faults) {
	x.look()
	x.cache.manager.Pass(time.Hour)
	const most = 100
	for rings := 0; x.cache.manager.Ring(); rings++ {
		if rings == most {
			f.Fatalf("the timer has rung %d times, and is due again", rings)
		}
	}
	if at := x.cache.manager.Set(); at != clock.Never {
		f.Errorf("every deadline has passed and the timer has rung, and it is set to %d", at)
	}
	for i := range x.cache.segments {
		x.cache.segments[i].each(func(n *node[int, int], cl *cell[int]) bool {
			if !cl.lasts() {
				f.Errorf("key %d is still there, an hour after its deadline", n.key)
			}
			return true
		})
	}
}

// look asks for every key, as part of the history.
func (x *subject) look() {
	for key := range keyCount {
		index := x.begin(-1, request{verb: verbGet, key: key})
		value, ok := x.cache.GetQuietly(key)
		x.end(index, answer{value: value, ok: ok})
	}
}

// checkAccounts: every value that got in is there or has left once, and no other
// has left.
func (x *subject) checkAccounts(f *faults, closed bool) {
	if x.scenario.repeats {
		return // whose value is whose?
	}
	present := make([]bool, maxValues)
	for i := range x.cache.segments {
		s := &x.cache.segments[i]
		s.each(func(n *node[int, int], cl *cell[int]) bool {
			value, _ := s.last(n, cl)
			present[value] = true // expired or not
			return true
		})
	}
	for value := range maxValues {
		entered, left, there := x.entered[value], x.left[value], present[value]
		switch {
		case entered && there && left == 0 && !closed, entered && !there && left == 1:
		case !entered && !there && left == 0:
		case !entered && !there && left == 1 && x.offered[value] && x.scenario.closes:
			// taken back by who wrote it
		default:
			f.Errorf("value %d: entered %v, there %v, left %d times (%v)", value, entered, there, left, x.causes[value])
		}
		if x.causes[value] == CauseEvicted && !x.scenario.evicts {
			f.Errorf("value %d was evicted although there is room", value)
		}
	}
	if closed && x.cache.Len() != 0 {
		f.Errorf("%d entries after Close", x.cache.Len())
	}
}

// interim is checked while a thread is suspended.
func (x *subject) interim() error {
	maximum := x.cache.maxSize.Load()
	if limit := maximum + slackEntries(maximum) + 1; maximum > 0 && x.cache.size.Load() > limit {
		return fmt.Errorf("%d entries, want at most %d", x.cache.size.Load(), limit)
	}
	return nil
}

func (x *subject) describe() string {
	var b strings.Builder
	for _, c := range x.calls {
		fmt.Fprintf(&b, "  thread %d, %2d to %2d: %s\n", c.thread, c.begin, c.end, c.request.describe(c.answer))
	}
	return b.String()
}

// histories remembers which histories have been checked: different interleavings
// often look alike from outside.
type histories struct {
	known   map[string]bool
	answers map[string]bool // what calls answered, in whatever order they were made
	checked int
}

func (h *histories) linearizable(x *subject) bool {
	if h.known == nil {
		h.known, h.answers = make(map[string]bool), make(map[string]bool)
	}
	fingerprint := x.fingerprint()
	verdict, known := h.known[string(fingerprint)]
	if !known {
		h.checked++
		h.answers[x.answers()] = true
		verdict = porcupine.CheckOperations(sequentialModel(x.scenario.evicts || x.scenario.closes), x.history())
		h.known[string(fingerprint)] = verdict
	}
	return verdict
}

// fingerprint tells histories apart.
func (x *subject) fingerprint() []byte {
	print := make([]byte, 0, 15*len(x.calls))
	for _, c := range x.calls {
		flags := byte(0)
		if c.answer.ok {
			flags = 1
		}
		if x.entered[c.request.value] {
			flags += 2
		}
		print = append(print, byte(c.request.verb), byte(c.request.key), byte(c.request.value),
			flags, byte(c.begin), byte(c.end), byte(c.thread))
		print = binary.LittleEndian.AppendUint64(print, uint64(c.answer.value))
	}
	return print
}

func (x *subject) answers() string {
	var all []string
	for _, c := range x.calls {
		all = append(all, fmt.Sprintf("%d: %v %v", c.thread, c.request, c.answer))
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

// history is what porcupine is told. A call that concerns every key is one for
// each of them.
func (x *subject) history() (history []porcupine.Operation) {
	note := func(c call, r request, a answer) {
		history = append(history, porcupine.Operation{
			ClientId: int(c.thread) + 1, Input: r, Output: a, Call: int64(c.begin), Return: int64(c.end),
		})
	}
	for _, c := range x.calls {
		if !c.request.verb.everyKey() {
			r := c.request
			r.straddles = x.straddles(c)
			r.torn = x.overlaps(c, verbPass)
			if r.verb == verbCompute && !x.entered[r.value] {
				r.verb = verbGet // it was refused, so all it did was to look
			}
			if r.verb == verbProlong && x.scenario.closes {
				r.verb = verbTouch
			}
			if r.verb == verbLimit && x.scenario.closes {
				r.verb = verbTouchBriefly
			}
			note(c, r, c.answer)
			if x.refusedButSeen(c) {
				note(c, request{verb: verbAttempt, key: c.request.key, value: c.request.value}, answer{})
			}
			continue
		}
		if c.request.verb == verbRing && !c.answer.ok {
			continue // the timer was not due
		}
		for key := range keyCount {
			if c.request.verb == verbAll {
				x.noteVisit(c, key, note)
				continue
			}
			r := request{verb: c.request.verb, key: key}
			if c.request.verb == verbPass && x.scenario.options.ExactExpiry {
				r.verb = verbPassExactly
			}
			note(c, r, c.answer)
			if c.request.verb == verbShut {
				note(c, request{verb: verbClear, key: key}, c.answer)
			}
		}
	}
	return history
}

// everyKey: the verb concerns all keys.
func (v verb) everyKey() bool {
	switch v {
	case verbExpire, verbClear, verbShut, verbPass, verbRing, verbAll:
		return true
	}
	return false
}

// noteVisit is what an iterator says of one key: as a Get would that was made
// meanwhile. It says nothing where it did not visit a key that somebody changed.
func (x *subject) noteVisit(c call, key int, note func(call, request, answer)) {
	switch met := metAt(c.answer.value, key); {
	case met == anyValue:
		note(c, request{verb: verbHas, key: key}, answer{ok: true})
	case met != 0:
		note(c, request{verb: verbGet, key: key}, answer{value: met, ok: true})
	case !x.written(c, key):
		note(c, request{verb: verbGet, key: key}, answer{})
	}
}

// written: somebody changed the key's entry during the call.
func (x *subject) written(c call, key int) bool {
	for _, other := range x.calls {
		if r := other.request; r.verb != verbGet && !r.verb.everyKey() && r.key == key && other.begin < c.end && c.begin < other.end {
			return true
		}
	}
	return false
}

// straddles: the clock noticed a deadline during the call.
func (x *subject) straddles(c call) bool {
	return x.overlaps(c, verbExpire) || x.overlaps(c, verbRing) || x.scenario.options.ExactExpiry && x.overlaps(c, verbPass)
}

func (x *subject) overlaps(c call, v verb) bool {
	for _, other := range x.calls {
		if other.request.verb == v && other.begin < c.end && c.begin < other.end {
			return true
		}
	}
	return false
}

// refusedButSeen: a write that Close overtook, whose value somebody saw.
func (x *subject) refusedButSeen(c call) bool {
	value := c.request.value
	if value == 0 || x.entered[value] {
		return false
	}
	for _, other := range x.calls {
		if other.request.verb == verbAll {
			if metAt(other.answer.value, c.request.key) == value {
				return true
			}
		} else if other.request.value != value && other.answer.value == value {
			return true
		}
	}
	return false
}
