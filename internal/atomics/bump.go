//go:build !explore && !race

package atomics

import "unsafe"

// Bump adds one to a number that nobody else writes to, and that others read with
// Load. Where a word has eight bytes it is a plain instruction: a locked one, which Add is, takes
// some twenty cycles, and what is read after it can't be under way before it.
//
// Under the race detector, which does not know that a word is written in one piece, and
// where a word is smaller, it is Add.
func Bump(x *Uint64) {
	if unsafe.Sizeof(uintptr(0)) < unsafe.Sizeof(*x) {
		x.Add(1)
		return
	}
	*(*uint64)(unsafe.Pointer(x))++
}
