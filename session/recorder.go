package session

import (
	"maps"
	"slices"

	"github.com/uds-platform/state/internal/merge"
)

// recorder writes records, one after the other into the same memory.
//
// A snapshot writes all sessions, and must not be felt by those who use them. So it
// makes no map of a session's fields first, and no garbage but where calls are still to
// be counted: what it takes beside bare encoding is the head of each field. The fields are those of content.fieldsSince, in
// an order that depends on nothing but what the session holds.
//
// How many fields there are is known only when they are written, and stands before
// them: so they are written behind room for the longest head there can be, and the head
// then ends where they begin.
type recorder struct {
	writer fieldWriter
	head   []byte
}

func newRecorder() *recorder { return &recorder{} }

// record returns a session's record, until the next call.
func (r *recorder) record(c *content) []byte {
	w := &r.writer
	room := 4*longestHead + len(c.handle)
	w.out, w.count = slices.Grow(w.out[:0], room)[:room], 0
	if c.grave == nil && len(c.others) > 0 { // seldom
		w.copy(c.fieldsSince(merge.Stamp{}))
	} else {
		w.write(c)
	}
	r.head = appendHead(r.head[:0], cborArray, 3)
	r.head = appendHead(r.head, cborUnsigned, recordVersion)
	r.head = appendText(r.head, string(c.handle))
	r.head = appendHead(r.head, cborMap, w.count)
	begin := room - len(r.head)
	copy(w.out[begin:], r.head)
	return w.out[begin:]
}

// copy writes fields that were made already.
func (w *fieldWriter) copy(fields merge.Fields) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		w.begin("", name)
		w.out = append(w.out, fields[name]...)
		w.end()
	}
}
