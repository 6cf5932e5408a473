//go:build explore

package atomics

import (
	"sync/atomic"
	"unsafe"

	"github.com/uds-platform/state/internal/explore"
)

// Int64 is sync/atomic's Int64, aligned to 8 bytes on every platform.
type Int64 struct{ v atomic.Int64 }

// Load returns the value.
func (x *Int64) Load() int64 {
	step := explore.Before(explore.Load, unsafe.Pointer(x))
	value := x.v.Load()
	if step != nil {
		step.Saw(value)
	}
	return value
}

// Store sets the value.
func (x *Int64) Store(value int64) {
	step := explore.Before(explore.Store, unsafe.Pointer(x))
	x.v.Store(value)
	if step != nil {
		step.Took(value)
	}
}

// Swap sets the value and returns the one before.
func (x *Int64) Swap(value int64) (old int64) {
	step := explore.Before(explore.Swap, unsafe.Pointer(x))
	old = x.v.Swap(value)
	if step != nil {
		step.Took(value).Saw(old)
	}
	return old
}

// CompareAndSwap sets the value if it is the old one.
func (x *Int64) CompareAndSwap(old, value int64) (swapped bool) {
	step := explore.Before(explore.CompareAndSwap, unsafe.Pointer(x))
	swapped = x.v.CompareAndSwap(old, value)
	if step != nil {
		step.Took(old, value).Saw(swapped)
	}
	return swapped
}

// Add adds to the value and returns the sum.
func (x *Int64) Add(delta int64) (sum int64) {
	step := explore.Before(explore.Add, unsafe.Pointer(x))
	sum = x.v.Add(delta)
	if step != nil {
		step.Took(delta).Saw(sum)
	}
	return sum
}

// And keeps the mask's bits and returns the value before.
func (x *Int64) And(mask int64) (old int64) {
	step := explore.Before(explore.And, unsafe.Pointer(x))
	old = x.v.And(mask)
	if step != nil {
		step.Took(mask).Saw(old)
	}
	return old
}

// Or sets the mask's bits and returns the value before.
func (x *Int64) Or(mask int64) (old int64) {
	step := explore.Before(explore.Or, unsafe.Pointer(x))
	old = x.v.Or(mask)
	if step != nil {
		step.Took(mask).Saw(old)
	}
	return old
}

// Uint32 is sync/atomic's Uint32.
type Uint32 struct{ v atomic.Uint32 }

// Load returns the value.
func (x *Uint32) Load() uint32 {
	step := explore.Before(explore.Load, unsafe.Pointer(x))
	value := x.v.Load()
	if step != nil {
		step.Saw(value)
	}
	return value
}

// Store sets the value.
func (x *Uint32) Store(value uint32) {
	step := explore.Before(explore.Store, unsafe.Pointer(x))
	x.v.Store(value)
	if step != nil {
		step.Took(value)
	}
}

// Swap sets the value and returns the one before.
func (x *Uint32) Swap(value uint32) (old uint32) {
	step := explore.Before(explore.Swap, unsafe.Pointer(x))
	old = x.v.Swap(value)
	if step != nil {
		step.Took(value).Saw(old)
	}
	return old
}

// CompareAndSwap sets the value if it is the old one.
func (x *Uint32) CompareAndSwap(old, value uint32) (swapped bool) {
	step := explore.Before(explore.CompareAndSwap, unsafe.Pointer(x))
	swapped = x.v.CompareAndSwap(old, value)
	if step != nil {
		step.Took(old, value).Saw(swapped)
	}
	return swapped
}

// Add adds to the value and returns the sum.
func (x *Uint32) Add(delta uint32) (sum uint32) {
	step := explore.Before(explore.Add, unsafe.Pointer(x))
	sum = x.v.Add(delta)
	if step != nil {
		step.Took(delta).Saw(sum)
	}
	return sum
}

// And keeps the mask's bits and returns the value before.
func (x *Uint32) And(mask uint32) (old uint32) {
	step := explore.Before(explore.And, unsafe.Pointer(x))
	old = x.v.And(mask)
	if step != nil {
		step.Took(mask).Saw(old)
	}
	return old
}

// Or sets the mask's bits and returns the value before.
func (x *Uint32) Or(mask uint32) (old uint32) {
	step := explore.Before(explore.Or, unsafe.Pointer(x))
	old = x.v.Or(mask)
	if step != nil {
		step.Took(mask).Saw(old)
	}
	return old
}

// Uint64 is sync/atomic's Uint64, aligned to 8 bytes on every platform.
type Uint64 struct{ v atomic.Uint64 }

// Load returns the value.
func (x *Uint64) Load() uint64 {
	step := explore.Before(explore.Load, unsafe.Pointer(x))
	value := x.v.Load()
	if step != nil {
		step.Saw(value)
	}
	return value
}

// Store sets the value.
func (x *Uint64) Store(value uint64) {
	step := explore.Before(explore.Store, unsafe.Pointer(x))
	x.v.Store(value)
	if step != nil {
		step.Took(value)
	}
}

// Swap sets the value and returns the one before.
func (x *Uint64) Swap(value uint64) (old uint64) {
	step := explore.Before(explore.Swap, unsafe.Pointer(x))
	old = x.v.Swap(value)
	if step != nil {
		step.Took(value).Saw(old)
	}
	return old
}

// CompareAndSwap sets the value if it is the old one.
func (x *Uint64) CompareAndSwap(old, value uint64) (swapped bool) {
	step := explore.Before(explore.CompareAndSwap, unsafe.Pointer(x))
	swapped = x.v.CompareAndSwap(old, value)
	if step != nil {
		step.Took(old, value).Saw(swapped)
	}
	return swapped
}

// Add adds to the value and returns the sum.
func (x *Uint64) Add(delta uint64) (sum uint64) {
	step := explore.Before(explore.Add, unsafe.Pointer(x))
	sum = x.v.Add(delta)
	if step != nil {
		step.Took(delta).Saw(sum)
	}
	return sum
}

// And keeps the mask's bits and returns the value before.
func (x *Uint64) And(mask uint64) (old uint64) {
	step := explore.Before(explore.And, unsafe.Pointer(x))
	old = x.v.And(mask)
	if step != nil {
		step.Took(mask).Saw(old)
	}
	return old
}

// Or sets the mask's bits and returns the value before.
func (x *Uint64) Or(mask uint64) (old uint64) {
	step := explore.Before(explore.Or, unsafe.Pointer(x))
	old = x.v.Or(mask)
	if step != nil {
		step.Took(mask).Saw(old)
	}
	return old
}
