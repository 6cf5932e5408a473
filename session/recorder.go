package session

import (
	"maps"
	"slices"

	"github.com/uds-platform/state/internal/merge"
)

// recorder writes records, one after the other into the same memory.
//
// A snapshot writes all sessions, and must not be felt by those who use them. So it
// makes no map of a session's fields first, and no garbage: what it takes beside bare
// encoding is the head of each field. The fields are those of content.fieldsSince, in
// an order that depends on nothing but what the session holds.
//
// How many fields there are is known only when they are written, and stands before
// them: so they are written behind room for the longest head there can be, and the head
// then ends where they begin.
type recorder struct {
	writer fieldWriter
	out    []byte
	head   []byte
	count  uint64
}

func newRecorder() *recorder {
	r := &recorder{}
	r.writer.emit = r.add
	return r
}

// record returns a session's record, until the next call.
func (r *recorder) record(c *content) []byte {
	room := 4*longestHead + len(c.handle)
	r.out, r.count = slices.Grow(r.out[:0], room)[:room], 0
	if c.grave == nil && len(c.others) > 0 { // seldom
		r.addAll(c.fieldsSince(merge.Stamp{}))
	} else {
		r.writer.write(c)
	}
	r.head = appendHead(r.head[:0], cborArray, 3)
	r.head = appendHead(r.head, cborUnsigned, recordVersion)
	r.head = appendText(r.head, string(c.handle))
	r.head = appendHead(r.head, cborMap, r.count)
	begin := room - len(r.head)
	copy(r.out[begin:], r.head)
	return r.out[begin:]
}

// add adds a field.
func (r *recorder) add(name, value []byte) {
	r.count++
	r.out = append(appendHead(r.out, cborBytes, uint64(len(name))), name...)
	r.out = append(appendHead(r.out, cborBytes, uint64(len(value))), value...)
}

// addAll adds fields that were made already.
func (r *recorder) addAll(fields merge.Fields) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		r.add([]byte(name), []byte(fields[name]))
	}
}
