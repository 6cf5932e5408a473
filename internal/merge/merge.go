package merge

import (
	"cmp"
	"slices"
)

// Merge joins two states of a session, or a state and a change, into a new one.
// It changes neither. Fields that Check refuses are left out.
//
// It is commutative, associative and idempotent; see the package comment. It takes
// O(n) time in the number of fields, and O(n log n) where a window is full.
func Merge(a, b Fields) Fields {
	if grave, ok := deleted(a, b); ok {
		return Fields{Deleted: grave}
	}
	out := make(Fields, len(a)+len(b))
	windows := map[string]int{}
	for _, part := range [...]Fields{a, b} {
		for name, value := range part {
			v, err := Read(name, value)
			if err != nil {
				continue
			}
			old, known := out[name]
			if !known && ClassOf(name) == Entry {
				windows[group(name)]++
			}
			if !known || old != value {
				out[name] = join(name, old, value, v)
			}
		}
	}
	for window, entries := range windows {
		if entries > Window {
			out.trim(window)
		}
	}
	return out
}

// deleted returns the later tombstone, if there is one.
func deleted(a, b Fields) (grave string, ok bool) {
	for _, part := range [...]Fields{a, b} {
		value, found := part[Deleted]
		if !found {
			continue
		}
		if _, err := Read(Deleted, value); err == nil {
			grave, ok = max(grave, value), true
		}
	}
	return grave, ok
}

// join joins the values of one field. old is empty where there is none.
//
// A stamp stands before its payload, so that the greater string is the later
// write; of two payloads with one stamp, which no clock here makes, the greater
// wins everywhere.
func join(name, old, value string, v Value) string {
	if old == "" {
		return value
	}
	if ClassOf(name) != Element {
		return max(old, value)
	}
	o, _ := Read(name, old)
	added := o
	if v.Stamp.After(o.Stamp) || v.Stamp == o.Stamp && v.Payload > o.Payload {
		added = v
	}
	removed := o.Removed
	if v.Removed.After(removed) {
		removed = v.Removed
	}
	return NewElement(added.Stamp, removed, added.Payload)
}

// trim keeps the latest entries of a window; of two with one stamp the one with
// the greater name.
func (f Fields) trim(window string) {
	var names []string
	for name := range f {
		if ClassOf(name) == Entry && group(name) == window {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(f[b][:StampLength], f[a][:StampLength]), cmp.Compare(b, a))
	})
	for _, name := range names[Window:] {
		delete(f, name)
	}
}
