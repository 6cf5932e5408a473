package session

import (
	"slices"
	"strings"

	"github.com/uds-platform/state/internal/merge"
)

// entry is one thing that a session knows: a register, an element of a set, or an
// entry of a window. INVARIANT: never changed once made.
type entry[T any] struct {
	name    string
	stamp   merge.Stamp // when it was written, or added
	removed merge.Stamp // of an element: the latest stamp that was removed
	// changed is when this process wrote it; zero for what came from elsewhere. It
	// says what others have yet to be told, and is not part of the state.
	changed merge.Stamp
	absent  bool // unset, or removed
	value   T
}

// shelf is a persistent map of entries, in the order of their names. INVARIANT: the
// array is never written to once a session has been published with it.
//
// A change copies the pointers and nothing else: some hundred of them take less
// time than one lookup in a hash map's copy would, and a tree's nodes would be
// more garbage.
type shelf[T any] []*entry[T]

func (s shelf[T]) position(name string) (int, bool) {
	return slices.BinarySearchFunc(s, name, func(e *entry[T], name string) int { return strings.Compare(e.name, name) })
}

// find returns the entry of a name, absent ones included; nil where there is none.
func (s shelf[T]) find(name string) *entry[T] {
	if i, ok := s.position(name); ok {
		return s[i]
	}
	return nil
}

// get returns the value of a name.
func (s shelf[T]) get(name string) (value T, ok bool) {
	if e := s.find(name); e != nil && !e.absent {
		return e.value, true
	}
	return value, false
}

// with returns a shelf in which e is the entry of its name.
func (s shelf[T]) with(e *entry[T]) shelf[T] {
	i, found := s.position(e.name)
	rest := s[i:]
	if found {
		rest = rest[1:]
	}
	out := make(shelf[T], 0, len(s)+1)
	out = append(out, s[:i]...)
	out = append(out, e)
	return append(out, rest...)
}

// withAll returns a shelf with some entries, in the order of their names, in the
// place of those of the same names. It takes time in proportion to both.
func (s shelf[T]) withAll(entries shelf[T]) shelf[T] {
	if len(entries) == 0 {
		return s
	}
	out := make(shelf[T], 0, len(s)+len(entries))
	for _, e := range s {
		for len(entries) > 0 && entries[0].name < e.name {
			out, entries = append(out, entries[0]), entries[1:]
		}
		if len(entries) == 0 || entries[0].name != e.name {
			out = append(out, e)
		}
	}
	return append(out, entries...)
}

// without returns a shelf that has no entry of a name.
func (s shelf[T]) without(name string) shelf[T] {
	i, found := s.position(name)
	if !found {
		return s
	}
	return append(s[:i:i], s[i+1:]...)
}

// withLatest is with for a window: it keeps as many entries as a merge would.
func (s shelf[T]) withLatest(e *entry[T]) shelf[T] {
	return s.with(e).latest()
}

// latest takes out of a shelf that nobody else has what a merge would not keep.
func (s shelf[T]) latest() shelf[T] {
	for len(s) > merge.Window {
		oldest := 0
		for i, e := range s {
			if compareStamps(e.stamp, s[oldest].stamp) < 0 {
				oldest = i // of two with one stamp, that of the lesser name
			}
		}
		s = slices.Delete(s, oldest, oldest+1)
	}
	return s
}

func compareStamps(a, b merge.Stamp) int {
	switch {
	case a.After(b):
		return 1
	case b.After(a):
		return -1
	}
	return 0
}
