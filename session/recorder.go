package session

import (
	"bytes"
	"maps"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/uds-platform/state/internal/merge"
)

// recorder writes records, one after the other into the same memory.
//
// A snapshot writes all sessions, and must not be felt by those who use them. So it
// makes no map of a session's fields first, and no garbage: what it takes beside bare
// encoding is the head of each field. The fields are those of content.fieldsSince, in
// an order that depends on nothing but what the session holds.
type recorder struct {
	out     []byte
	unknown bytes.Buffer // a value that appendPayload leaves to the codec
}

var bufferEncoding = encoding.(cbor.UserBufferEncMode)

// record returns a session's record, until the next call.
func (r *recorder) record(c *content) []byte {
	r.out = append(r.out[:0], cborArray|3, recordVersion)
	r.out = appendText(r.out, string(c.handle))
	if c.grave != nil || len(c.others) > 0 { // seldom
		r.fields(c.fieldsSince(merge.Stamp{}))
		return r.out
	}
	r.out = appendHead(r.out, cborMap, uint64(c.fieldCount()))
	recordSingle(r, identityField, c.identity)
	recordSingle(r, touchedField, c.touched)
	recordSingle(r, goalField, c.goal)
	recordSingle(r, currentField, c.current)
	recordRegisters(r, preferencePrefix, c.preferences)
	recordRegisters(r, valuePrefix, c.values)
	recordRegisters(r, resultPrefix, c.results)
	recordRegisters(r, tallyPrefix, c.tallies)
	recordElements(r, aliasPrefix, c.aliases)
	recordElements(r, exploredPrefix, c.explored)
	for _, e := range c.timeline.all() {
		r.out = appendHead(r.out, cborBytes, uint64(len(timelinePrefix)+merge.StampLength))
		r.out = e.stamp.Append(append(r.out, timelinePrefix...))
		recordRegister(r, e)
	}
	return r.out
}

// fieldCount is how many fields a content has.
func (c *content) fieldCount() int {
	return len(c.preferences) + len(c.values) + len(c.results) + len(c.tallies) + len(c.aliases) + len(c.explored) + len(c.timeline.all()) +
		one(c.identity != nil) + one(c.touched != nil) + one(c.goal != nil) + one(c.current != nil)
}

func recordSingle[T any](r *recorder, name string, e *entry[T]) {
	if e != nil {
		r.name(name, "")
		recordRegister(r, e)
	}
}

func recordRegisters[T any](r *recorder, prefix string, s shelf[T]) {
	for _, e := range s {
		r.name(prefix, e.name)
		recordRegister(r, e)
	}
}

// recordRegister writes what registerValue returns.
func recordRegister[T any](r *recorder, e *entry[T]) {
	at := len(r.out)
	r.out = e.stamp.Append(append(r.out, 0, 0))
	recordValue(r, e, at, !e.absent)
}

// recordElements writes what elements does.
func recordElements[T any](r *recorder, prefix string, s shelf[T]) {
	for _, e := range s {
		r.name(prefix, e.name)
		at := len(r.out)
		r.out = e.removed.Append(e.stamp.Append(append(r.out, 0, 0)))
		recordValue(r, e, at, !e.absent && e.stamp.After(e.removed))
	}
}

// recordValue ends a field whose stamps have been written after two bytes of room at
// an offset: it adds the value, where that is there, and the head before the stamps.
// They are 24 bytes or more, so the head takes two at least, and seldom more. The
// interface holds a pointer, so it is no garbage.
func recordValue[T any](r *recorder, e *entry[T], at int, there bool) {
	if there {
		r.out = r.appendPayload(r.out, &e.value)
	}
	length := len(r.out) - at - 2
	if length < 1<<8 {
		r.out[at], r.out[at+1] = cborBytes|24, byte(length)
		return
	}
	var room [9]byte
	r.out = slices.Replace(r.out, at, at+2, appendHead(room[:0], cborBytes, uint64(length))...)
}

// fields writes fields that were made already.
func (r *recorder) fields(fields merge.Fields) {
	r.out = appendHead(r.out, cborMap, uint64(len(fields)))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		r.name(name, "")
		r.out = append(appendHead(r.out, cborBytes, uint64(len(fields[name]))), fields[name]...)
	}
}

func (r *recorder) name(prefix, name string) {
	r.out = appendHead(r.out, cborBytes, uint64(len(prefix)+len(name)))
	r.out = append(append(r.out, prefix...), name...)
}
