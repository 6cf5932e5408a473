package shard

import (
	"reflect"
	"unsafe"

	"github.com/uds-platform/state/internal/atomics"
)

// A value that fits into a machine word (a number of eight bytes, or a pointer) need
// not have a new cell each time that it changes: its cell stays open, and an update
// is a CAS of the word in it. That spares an update the allocation and the collector's
// share of it, and the next reader the way to a cell that lies elsewhere.
//
//	node ─► cell {value, open}      alive: the word is the value, whatever else there is
//	        cell {mark 0, open}     dead
//	        cell {mark k, open}     the value is in the k-th hardening; see harden.go
//
// The trouble with values that change in place is whoever comes late: an update that
// has found the cell, and is descheduled, must not take effect when the entry has been
// deleted, has got a deadline or has moved to a larger table. So an open cell is ended
// in the word itself, by the CAS that takes the last value out and leaves a mark. From
// then on every late CAS fails, since it expects a value, and no value is a mark.
//
// INVARIANT: while the word of an open cell is no mark it is the entry's value, also
// where somebody is about to harden it. INVARIANT: a mark is final. INVARIANT: an open
// cell has no deadline.
//
// Marks are words that no value has: of numbers, one range of 2^16, and of pointers, the
// addresses of an array of this package. A number in that range is kept in a cell of
// its own that is never open; so every number can be a value.
//
// Only marks make this right, so a cache whose values are larger has immutable cells
// only, as has an entry with a deadline: value and deadline must change together.
//
// Rejected: a version beside the value (two words, and Go has no CAS of two); to
// look after a CAS whether the cell is still the node's (a Delete that returns what it
// removed can't be told from a Set that came too late); a lock bit (readers would
// wait for a writer who is descheduled).
type wordShape uint8

const (
	noWord wordShape = iota
	numberWord
	addressWord
)

// shapeOfWord returns what kind of word a V is.
func shapeOfWord[V any]() wordShape {
	if unsafe.Sizeof(uintptr(0)) != wordBytes {
		return noWord // there a number of eight bytes takes two
	}
	switch reflect.TypeFor[V]().Kind() {
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Uintptr, reflect.Float64:
		return numberWord
	case reflect.Pointer:
		return addressWord
	}
	return noWord
}

const (
	wordBytes = 8

	// marks is how many there are: one for the dead, and the others for
	// hardenings that are under way at one entry at the same time.
	marks    = 1 << markBits
	markBits = 16

	// numberMarks is the first of the numbers that are marks: as a float, a NaN that
	// no operation yields, and as an integer far from zero in both directions.
	numberMarks = 0xfff5_c3a9_6e27 << markBits
)

// addressMarks is nothing but addresses.
var addressMarks [marks]byte

// markOf returns the number of the mark that a value is, if it is one.
func (shape wordShape) markOf(word unsafe.Pointer) (number uint32, ok bool) {
	if shape == addressWord {
		number := *(*uintptr)(word) - uintptr(unsafe.Pointer(&addressMarks))
		return uint32(number), number < marks
	}
	number64 := *(*uint64)(word)
	return uint32(number64 & (marks - 1)), number64>>markBits == numberMarks>>markBits
}

// firstMark returns the first of the words that are marks, as bits; of values that are no
// words, one that says nothing.
func (shape wordShape) firstMark() uint64 {
	if shape == addressWord {
		return uint64(uintptr(unsafe.Pointer(&addressMarks)))
	}
	return numberMarks
}

// mark returns the value that is a mark.
func mark[V any](shape wordShape, number uint32) (value V) {
	if shape == addressWord {
		*(*unsafe.Pointer)(unsafe.Pointer(&value)) = unsafe.Pointer(&addressMarks[number])
	} else {
		*(*uint64)(unsafe.Pointer(&value)) = numberMarks | uint64(number)
	}
	return value
}

// isMark reports whether a value looks like a mark.
func isMark[V any](shape wordShape, value V) bool {
	_, is := shape.markOf(unsafe.Pointer(&value))
	return is
}

// word loads the value of a cell that may be open.
func (c *cell[V]) word(shape wordShape) (value V) {
	if shape == addressWord {
		*(**byte)(unsafe.Pointer(&value)) = (*atomics.Pointer[byte])(unsafe.Pointer(&c.value)).Load()
	} else {
		*(*uint64)(unsafe.Pointer(&value)) = (*atomics.Uint64)(unsafe.Pointer(&c.value)).Load()
	}
	return value
}

// looksEnded reports whether the first word of a cell is a mark. There are values that look
// like that, of which load knows better; but if it is false, a value that was loaded
// before is none, since a mark is final. This way a Get need not ask for the shape, nor
// take the value from one register to another through memory.
func (c *cell[V]) looksEnded(firstMark uint64) bool {
	return (*atomics.Uint64)(unsafe.Pointer(c)).Load()-firstMark < marks
}

// swapWord changes the word of an open cell from what it was.
func (c *cell[V]) swapWord(shape wordShape, old, value V) bool {
	if shape == addressWord {
		return c.swapAddress(old, value)
	}
	return c.swapNumber(old, value)
}

// swapNumber is one instruction where it is called.
func (c *cell[V]) swapNumber(old, value V) bool {
	word := (*atomics.Uint64)(unsafe.Pointer(&c.value))
	return word.CompareAndSwap(*(*uint64)(unsafe.Pointer(&old)), *(*uint64)(unsafe.Pointer(&value)))
}

// swapAddress tells the collector.
func (c *cell[V]) swapAddress(old, value V) bool {
	word := (*atomics.Pointer[byte])(unsafe.Pointer(&c.value))
	return word.CompareAndSwap(*(**byte)(unsafe.Pointer(&old)), *(**byte)(unsafe.Pointer(&value)))
}

// sameWord compares two values bit by bit, as a CAS does.
func sameWord[V any](a, b V) bool {
	return *(*uint64)(unsafe.Pointer(&a)) == *(*uint64)(unsafe.Pointer(&b))
}
