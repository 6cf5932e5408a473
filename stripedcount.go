package state

import (
	"sync/atomic"
	"unsafe"
)

// stripedCount counts what all cores may do at the same time, without making them
// fight over a cache line: there is one count a stripe, and a goroutine finds its
// stripe by the address of its stack. Two that share one are slower and not wrong.
type stripedCount struct{ stripes [stripes]stripe }

type stripe struct {
	count atomic.Uint64
	_     [56]byte
}

// stripes is a power of two, and a constant so that finding one takes no bounds check:
// 1 KiB a count.
const (
	stripeBits = 4
	stripes    = 1 << stripeBits
)

func (k *stripedCount) add() {
	// Stacks are at least 2 KiB and move rarely; Fibonacci hashing spreads their
	// addresses.
	var here byte
	address := uint64(uintptr(unsafe.Pointer(&here))) >> 11
	k.stripes[address*0x9e3779b97f4a7c15>>(64-stripeBits)].count.Add(1)
}

func (k *stripedCount) load() (sum uint64) {
	for i := range k.stripes {
		sum += k.stripes[i].count.Load()
	}
	return sum
}
