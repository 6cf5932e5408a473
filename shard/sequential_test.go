package shard

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// This file says what one key of a cache does when operations come one after the
// other. A history of operations that overlapped is linearizable if they can be
// put in an order that respects real time and that this model allows; porcupine
// (after Wing and Gong, and Lowe) looks for one. Keys are independent, so each
// key's history is checked for itself.

// verb is what a call does with one key.
type verb uint8

const (
	verbGet verb = iota
	verbSet
	verbSetIfAbsent
	verbDelete
	verbCompute // writes, whatever is there
	verbRemove  // Compute, which removes
	verbShorten // SetTTL, with a deadline that the clock has yet to notice
	verbProlong // SetTTL, for ever
	verbExpire  // the clock notices
	verbClear
	verbShut    // Close refuses writes from here on
	verbAttempt // a write that may have been seen by others before it was refused
	verbTouch   // a Prolong that may have been refused

	verbBrief        // Set, with a deadline that passes when time goes by
	verbLimit        // SetTTL, with such a deadline
	verbTouchBriefly // a Limit that may have been refused
	verbPass         // time goes by
	verbPassExactly  // and who looks knows at once
	verbRing         // the timer rings, and the clock notices
	verbHas          // a Get that doesn't say what it found
	verbAll          // an iterator; see subject.noteVisit
)

var verbNames = [...]string{"Get", "Set", "SetIfAbsent", "Delete", "Compute", "Remove", "Shorten", "Prolong", "Expire", "Clear", "Shut", "Attempt", "Touch",
	"Brief", "Limit", "TouchBriefly", "Pass", "PassExactly", "Ring", "Has", "All"}

func (v verb) String() string { return verbNames[v] }

// request and answer are a call's two ends. The value is 0 where there is none.
type request struct {
	verb  verb
	key   int
	value int

	// straddles: the clock noticed a deadline during the call. A Compute or a
	// SetTTL may then have looked before and written after, and so carry on with
	// a value that others have missed meanwhile.
	straddles bool

	// torn: time went by during the call. A deadline that it gave may count from
	// before or from after.
	torn bool
}

// answer is what the call said: a value that it found, and whether it did (Get,
// Delete, Compute, Remove, Shorten, Prolong), or whether it wrote (Set, SetIfAbsent).
type answer struct {
	value int
	ok    bool
}

func (r request) String() string { return fmt.Sprintf("%v(%d, %d)", r.verb, r.key, r.value) }

func (a answer) String() string { return fmt.Sprintf("= %d, %v", a.value, a.ok) }

func (r request) describe(a answer) string {
	return fmt.Sprintf("%v %v", r, a)
}

// register is the state of one key.
type register struct {
	value    int  // 0: absent
	lapsed   int  // the last value, if it went because the clock noticed
	expiring bool // absent as soon as the clock notices
	noticed  bool // the clock has
	passed   bool // time has gone by
	doubtful bool // the deadline may count from before that, or from after
	shut     bool
}

// sequentialModel is the strict model where there is room for every key. The
// relaxed one holds where entries may be evicted: a value may be missed at any
// time, and is gone then for good: it is never seen again.
func sequentialModel(relaxed bool) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return register{} },
		Step: func(state, in, out any) (bool, any) {
			return state.(register).step(in.(request), out.(answer), relaxed)
		},
		Equal:             func(a, b any) bool { return a == b },
		Hash:              func(state any) uint64 { return uint64(state.(register).value) },
		DescribeOperation: func(in, out any) string { return in.(request).describe(out.(answer)) },
		DescribeState:     func(state any) string { return fmt.Sprintf("%+v", state.(register)) },
		Partition:         byKey,
	}
}

// byKey takes a history apart.
func byKey(history []porcupine.Operation) (parts [][]porcupine.Operation) {
	places := make(map[int]int)
	for _, operation := range history {
		key := operation.Input.(request).key
		place, known := places[key]
		if !known {
			place = len(parts)
			places[key] = place
			parts = append(parts, nil)
		}
		parts[place] = append(parts[place], operation)
	}
	return parts
}

// step is whether the answer is right in this state, and the state afterwards.
func (r register) step(in request, out answer, relaxed bool) (bool, register) {
	r = r.resolve(in, out)
	switch in.verb {
	case verbProlong, verbLimit, verbShorten, verbRemove, verbCompute:
		if in.straddles && out.ok && r.value == 0 {
			r.value = r.lapsed
		}
		fallthrough
	case verbGet, verbDelete, verbHas:
		if in.verb == verbProlong || in.verb == verbLimit || in.verb == verbHas {
			out.value = r.value // which these don't tell
		}
		if out.ok && (r.value == 0 || r.value != out.value) || !out.ok && r.value != 0 && !relaxed {
			return false, r
		}
		return r.change(in, out)
	case verbSet:
		return r.write(in.value, out.ok)
	case verbBrief:
		ok, after := r.write(in.value, out.ok)
		if out.ok {
			after = after.limit(in.torn)
		}
		return ok, after
	case verbSetIfAbsent:
		if !out.ok && out.value == in.value {
			return r.write(in.value, false)
		}
		if !out.ok {
			return r.value == out.value, r
		}
		if r.value != 0 && !relaxed {
			return false, r
		}
		return r.write(in.value, true)
	case verbExpire:
		r.noticed = true
		return true, r.settle()
	case verbClear:
		r.value, r.lapsed = 0, 0
	case verbShut:
		r.shut = true
	case verbAttempt:
		r.value, r.expiring, r.doubtful = in.value, false, false
	case verbTouch:
		r.expiring, r.doubtful = false, false
	case verbTouchBriefly:
		return true, r.limit(in.torn)
	case verbPass, verbPassExactly:
		r.passed = true
		r.noticed = r.noticed || in.verb == verbPassExactly
		return true, r.settle()
	case verbRing:
		r.noticed = r.noticed || r.passed
		return true, r.settle()
	}
	return true, r
}

// limit gives the value a deadline that passes when time goes by.
func (r register) limit(torn bool) register {
	r.expiring, r.doubtful = !r.passed, torn
	return r.settle()
}

// resolve learns from an answer whether a deadline that is in doubt has passed.
func (r register) resolve(in request, out answer) register {
	if !r.doubtful || !r.noticed {
		return r
	}
	switch in.verb {
	case verbGet, verbHas, verbDelete, verbCompute, verbRemove, verbProlong, verbLimit, verbShorten:
		return r.decide(out.ok)
	case verbSetIfAbsent:
		if refused := !out.ok && out.value == in.value; !refused {
			return r.decide(!out.ok)
		}
	}
	return r
}

func (r register) decide(alive bool) register {
	r.doubtful, r.expiring = false, !alive
	return r.settle()
}

// change is what a call that has looked at the value does with it.
func (r register) change(in request, out answer) (bool, register) {
	if !out.ok {
		r.value = 0 // where the model is relaxed
	}
	switch in.verb {
	case verbCompute:
		return r.write(in.value, true)
	case verbDelete, verbRemove:
		r.value, r.lapsed = 0, 0
	case verbShorten:
		r.expiring = out.ok
	case verbProlong:
		r.expiring, r.doubtful = false, false
	case verbLimit:
		if out.ok {
			return true, r.limit(in.torn)
		}
	}
	return true, r.settle()
}

func (r register) write(value int, accepted bool) (bool, register) {
	if !accepted {
		return r.shut, r
	}
	r.value, r.lapsed, r.expiring, r.doubtful = value, 0, false, false
	return !r.shut, r
}

// settle lets a value go that the clock says has expired.
func (r register) settle() register {
	if r.expiring && r.noticed && !r.doubtful {
		r.value, r.lapsed = 0, r.value
	}
	if r.value == 0 {
		r.expiring, r.doubtful = false, false
	}
	return r
}
