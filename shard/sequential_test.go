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
)

var verbNames = [...]string{"Get", "Set", "SetIfAbsent", "Delete", "Compute", "Remove", "Shorten", "Prolong", "Expire", "Clear", "Shut", "Attempt", "Touch"}

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
	switch in.verb {
	case verbProlong, verbShorten, verbRemove, verbCompute:
		if in.straddles && out.ok && r.value == 0 {
			r.value = r.lapsed
		}
		fallthrough
	case verbGet, verbDelete:
		if in.verb == verbProlong {
			out.value = r.value // SetTTL doesn't tell
		}
		if out.ok && (r.value == 0 || r.value != out.value) || !out.ok && r.value != 0 && !relaxed {
			return false, r
		}
		return r.change(in, out)
	case verbSet:
		return r.write(in.value, out.ok)
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
		r.value, r.expiring = in.value, false
	case verbTouch:
		r.expiring = false
	}
	return true, r
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
		r.expiring = false
	}
	return true, r.settle()
}

func (r register) write(value int, accepted bool) (bool, register) {
	if !accepted {
		return r.shut, r
	}
	r.value, r.lapsed, r.expiring = value, 0, false
	return !r.shut, r
}

// settle lets a value go that the clock says has expired.
func (r register) settle() register {
	if r.expiring && r.noticed {
		r.value, r.lapsed = 0, r.value
	}
	if r.value == 0 {
		r.expiring = false
	}
	return r
}
