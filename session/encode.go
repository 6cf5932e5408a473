package session

import (
	"bytes"
	"slices"

	"github.com/uds-platform/state/internal/merge"
)

// The fields that a session is made of; see package merge.
const (
	identityField    = "r:identity"
	touchedField     = "r:touched"
	goalField        = "r:goal"
	currentField     = "r:current"
	aliasPrefix      = "s:a:"
	exploredPrefix   = "s:e:"
	preferencePrefix = "r:p:"
	valuePrefix      = "r:v:"
	resultPrefix     = "w:r:"
	tallyPrefix      = "w:p:"
	timelinePrefix   = "w:t:"
)

// fieldsSince writes the fields that this process has changed after a stamp; the
// zero stamp is for all.
func (c *content) fieldsSince(since merge.Stamp) merge.Fields {
	out := merge.Fields{}
	w := fieldWriter{since: since, emit: func(name, value []byte) { out[string(name)] = string(value) }}
	w.write(c)
	if since.IsZero() && len(c.others) > 0 {
		return merge.Merge(out, c.others)
	}
	return out
}

// fieldWriter writes fields one by one: for a replica as strings, and for a snapshot
// as it has them, one behind the other, each byte where it stays.
type fieldWriter struct {
	since merge.Stamp
	// emit gets each field, where it is not nil, and nothing is kept of it then. It
	// must not keep the bytes, nor call the writer.
	emit func(name, value []byte)

	out   []byte
	count uint64 // of fields written
	// Where the last one's name and value are in out.
	nameAt, nameEnd, valueAt int

	unknown bytes.Buffer // a value that appendPayload leaves to the codec
}

// likelyHead is the length of a value's head, which is written before the value is:
// all have 24 bytes at least, and few more than 255.
const likelyHead = 2 // bytes

// write writes all of a content but what this version can't read.
func (w *fieldWriter) write(c *content) {
	if c.grave != nil {
		w.begin(merge.Deleted, "")
		w.out = append(w.out, merge.NewTombstone(c.grave.stamp, c.grave.deadline)...)
		w.end()
		return
	}
	if c.uncounted > 0 {
		counted := c.counted()
		c = &counted
	}
	register(w, identityField, c.identity)
	register(w, touchedField, c.touched)
	register(w, goalField, c.goal)
	register(w, currentField, c.current)
	registers(w, preferencePrefix, c.preferences)
	registers(w, valuePrefix, c.values)
	registers(w, resultPrefix, c.results)
	registers(w, tallyPrefix, c.tallies)
	elements(w, aliasPrefix, c.aliases)
	elements(w, exploredPrefix, c.explored)
	for f := range c.timeline.all() {
		if w.wants(f.changed) {
			w.beginCall(f.stamp)
			w.stamp(f.stamp)
			w.payload(&f.call)
			w.end()
		}
	}
}

func (w *fieldWriter) wants(changed merge.Stamp) bool {
	return w.since.IsZero() || changed.After(w.since)
}

func (w *fieldWriter) begin(prefix, name string) {
	w.out = appendHead(w.out, cborBytes, uint64(len(prefix)+len(name)))
	at := len(w.out)
	w.out = append(append(w.out, prefix...), name...)
	w.beginValue(at)
}

// beginCall begins a call's field, whose name is its stamp.
func (w *fieldWriter) beginCall(s merge.Stamp) {
	w.out = appendHead(w.out, cborBytes, uint64(len(timelinePrefix)+merge.StampLength))
	at := len(w.out)
	w.out = s.Append(append(w.out, timelinePrefix...))
	w.beginValue(at)
}

// beginValue leaves room for the value's head.
func (w *fieldWriter) beginValue(nameAt int) {
	w.nameAt, w.nameEnd = nameAt, len(w.out)
	w.out = append(w.out, 0, 0)
	w.valueAt = len(w.out)
}

func (w *fieldWriter) stamp(s merge.Stamp) { w.out = s.Append(w.out) }

// payload writes what value points to. A pointer, since any other value would be
// copied to the heap first.
func (w *fieldWriter) payload(value any) { w.out = w.appendPayload(w.out, value) }

// end writes the value's head, and hands the field on.
func (w *fieldWriter) end() {
	if size := len(w.out) - w.valueAt; 24 <= size && size < 1<<8 {
		w.out[w.valueAt-2], w.out[w.valueAt-1] = cborBytes|24, byte(size)
	} else {
		var room [longestHead]byte
		head := appendHead(room[:0], cborBytes, uint64(size))
		w.out = slices.Replace(w.out, w.valueAt-likelyHead, w.valueAt, head...)
		w.valueAt += len(head) - likelyHead
	}
	w.count++
	if w.emit != nil {
		w.emit(w.out[w.nameAt:w.nameEnd], w.out[w.valueAt:])
		w.out = w.out[:0]
	}
}

// registers writes the registers, or the entries of a window, on a shelf.
func registers[T any](w *fieldWriter, prefix string, s shelf[T]) {
	for _, e := range s {
		register(w, prefix, e)
	}
}

// register writes a register. One that was unset has no payload.
func register[T any](w *fieldWriter, prefix string, e *entry[T]) {
	if e == nil || !w.wants(e.changed) {
		return
	}
	w.begin(prefix, e.name)
	w.stamp(e.stamp)
	if !e.absent {
		w.payload(&e.value)
	}
	w.end()
}

// elements writes the elements of a set. One that was removed has no payload.
func elements[T any](w *fieldWriter, prefix string, s shelf[T]) {
	for _, e := range s {
		if !w.wants(e.changed) {
			continue
		}
		w.begin(prefix, e.name)
		w.stamp(e.stamp)
		w.stamp(e.removed)
		if !e.absent && e.stamp.After(e.removed) {
			w.payload(&e.value)
		}
		w.end()
	}
}

// payload writes a value as it stands in a field.
func payload[T any](value T) string {
	var w fieldWriter
	w.payload(&value)
	return string(w.out)
}
