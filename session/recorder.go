package session

import (
	"bytes"
	"encoding/binary"
	"fmt"

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
	out     bytes.Buffer
	payload bytes.Buffer // of one field
	stamps  []byte       // of one field
}

// CBOR's major types (RFC 8949, section 3.1), as they begin a byte.
const (
	cborUnsigned = 0 << 5
	cborBytes    = 2 << 5
	cborText     = 3 << 5
	cborArray    = 4 << 5
	cborMap      = 5 << 5
)

var bufferEncoding = encoding.(cbor.UserBufferEncMode)

// record returns a session's record, until the next call.
func (r *recorder) record(c *content) []byte {
	r.out.Reset()
	r.head(cborArray, 3)
	r.head(cborUnsigned, recordVersion)
	r.head(cborText, len(c.handle))
	r.out.WriteString(string(c.handle))
	switch {
	case c.grave != nil, len(c.others) > 0: // seldom
		fields := c.fieldsSince(merge.Stamp{})
		r.head(cborMap, len(fields))
		r.fields(fields)
	default:
		r.head(cborMap, c.fieldCount())
		r.content(c)
	}
	return r.out.Bytes()
}

func (r *recorder) content(c *content) {
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
		r.head(cborBytes, len(timelinePrefix)+merge.StampLength)
		r.out.WriteString(timelinePrefix)
		r.stamps = e.stamp.Append(r.stamps[:0])
		r.out.Write(r.stamps)
		recordValue(r, e)
	}
}

// fieldCount is how many fields content writes.
func (c *content) fieldCount() int {
	count := len(c.preferences) + len(c.values) + len(c.results) + len(c.tallies) + len(c.aliases) + len(c.explored) + len(c.timeline.all())
	for _, there := range [...]bool{c.identity != nil, c.touched != nil, c.goal != nil, c.current != nil} {
		if there {
			count++
		}
	}
	return count
}

func recordSingle[T any](r *recorder, name string, e *entry[T]) {
	if e != nil {
		r.name(name, "")
		recordValue(r, e)
	}
}

func recordRegisters[T any](r *recorder, prefix string, s shelf[T]) {
	for _, e := range s {
		r.name(prefix, e.name)
		recordValue(r, e)
	}
}

// recordValue writes what registerValue does.
func recordValue[T any](r *recorder, e *entry[T]) {
	r.stamps = e.stamp.Append(r.stamps[:0])
	recordPayload(r, &e.value, !e.absent)
}

// recordElements writes what elements does.
func recordElements[T any](r *recorder, prefix string, s shelf[T]) {
	for _, e := range s {
		r.name(prefix, e.name)
		r.stamps = e.removed.Append(e.stamp.Append(r.stamps[:0]))
		recordPayload(r, &e.value, !e.absent && e.stamp.After(e.removed))
	}
}

// recordPayload writes the stamps and, where it is there, a value. It takes a
// pointer, which is no garbage as an interface.
func recordPayload[T any](r *recorder, value *T, there bool) {
	r.payload.Reset()
	if there {
		if err := bufferEncoding.MarshalToBuffer(value, &r.payload); err != nil {
			panic(fmt.Sprintf("session: a checked %T can't be encoded: %v", value, err))
		}
	}
	r.head(cborBytes, len(r.stamps)+r.payload.Len())
	r.out.Write(r.stamps)
	r.out.Write(r.payload.Bytes())
}

// fields writes fields that were made already.
func (r *recorder) fields(fields merge.Fields) {
	for _, name := range sortedNames(fields) {
		r.name(name, "")
		r.head(cborBytes, len(fields[name]))
		r.out.WriteString(fields[name])
	}
}

func (r *recorder) name(prefix, name string) {
	r.head(cborBytes, len(prefix)+len(name))
	r.out.WriteString(prefix)
	r.out.WriteString(name)
}

// head writes the head of a data item: its major type, and a length in the fewest
// bytes.
func (r *recorder) head(major byte, length int) {
	b := r.out.AvailableBuffer()
	switch {
	case length < 24:
		b = append(b, major|byte(length))
	case length < 1<<8:
		b = append(b, major|24, byte(length))
	case length < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, major|25), uint16(length))
	default:
		b = binary.BigEndian.AppendUint32(append(b, major|26), uint32(length))
	}
	r.out.Write(b)
}
