package session

import (
	"bytes"

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

// fieldWriter writes fields one by one, for a replica as strings and for a snapshot
// as bytes.
type fieldWriter struct {
	since merge.Stamp
	// emit gets each field. It must not keep the bytes, nor call the writer.
	emit func(name, value []byte)

	name, value []byte
	unknown     bytes.Buffer // a value that appendPayload leaves to the codec
}

// write writes all of a content but what this version can't read.
func (w *fieldWriter) write(c *content) {
	if c.grave != nil {
		w.begin(merge.Deleted, "")
		w.value = append(w.value, merge.NewTombstone(c.grave.stamp, c.grave.deadline)...)
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
			w.begin(timelinePrefix, "")
			w.name = f.stamp.Append(w.name)
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
	w.name = append(append(w.name[:0], prefix...), name...)
	w.value = w.value[:0]
}

func (w *fieldWriter) stamp(s merge.Stamp) { w.value = s.Append(w.value) }

// payload writes what value points to. A pointer, since any other value would be
// copied to the heap first.
func (w *fieldWriter) payload(value any) { w.value = w.appendPayload(w.value, value) }

func (w *fieldWriter) end() { w.emit(w.name, w.value) }

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
	return string(w.value)
}
