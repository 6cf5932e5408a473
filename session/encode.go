package session

import (
	"fmt"

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
	if c.grave != nil {
		out[merge.Deleted] = merge.NewTombstone(c.grave.stamp, c.grave.deadline)
		return out
	}
	w := fieldWriter{to: out, since: since}
	single(w, identityField, c.identity)
	single(w, touchedField, c.touched)
	single(w, goalField, c.goal)
	single(w, currentField, c.current)
	registers(w, preferencePrefix, c.preferences)
	registers(w, valuePrefix, c.values)
	registers(w, resultPrefix, c.results)
	registers(w, tallyPrefix, c.tallies)
	elements(w, aliasPrefix, c.aliases)
	elements(w, exploredPrefix, c.explored)
	for _, e := range c.timeline.all() {
		if w.wants(e.changed) {
			out[timelinePrefix+e.stamp.String()] = merge.NewRegister(e.stamp, payload(e.value))
		}
	}
	if since.IsZero() && len(c.others) > 0 {
		return merge.Merge(out, c.others)
	}
	return out
}

type fieldWriter struct {
	to    merge.Fields
	since merge.Stamp
}

func (w fieldWriter) wants(changed merge.Stamp) bool {
	return w.since.IsZero() || changed.After(w.since)
}

func single[T any](w fieldWriter, name string, e *entry[T]) {
	if e != nil && w.wants(e.changed) {
		w.to[name] = registerValue(e)
	}
}

func registers[T any](w fieldWriter, prefix string, s shelf[T]) {
	for _, e := range s {
		if w.wants(e.changed) {
			w.to[prefix+e.name] = registerValue(e)
		}
	}
}

func elements[T any](w fieldWriter, prefix string, s shelf[T]) {
	for _, e := range s {
		if !w.wants(e.changed) {
			continue
		}
		written := ""
		if !e.absent {
			written = payload(e.value)
		}
		w.to[prefix+e.name] = merge.NewElement(e.stamp, e.removed, written)
	}
}

// registerValue writes a register. One that was unset has no payload.
func registerValue[T any](e *entry[T]) string {
	if e.absent {
		return merge.NewRegister(e.stamp, "")
	}
	return merge.NewRegister(e.stamp, payload(e.value))
}

func payload[T any](value T) string {
	written, err := encoding.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("session: a checked %T can't be encoded: %v", value, err))
	}
	return string(written)
}
