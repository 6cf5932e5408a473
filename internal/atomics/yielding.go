//go:build explore

package atomics

import (
	"sync/atomic"
	"unsafe"

	"github.com/uds-platform/state/internal/explore"
)

// The types of this file have the size, the alignment and the methods of those in
// sync/atomic that they stand for, and yield to the explorer before each
// operation. A goroutine that no explorer runs passes straight through.

// Bool is sync/atomic's Bool.
type Bool struct{ v atomic.Bool }

// Load returns the value.
func (x *Bool) Load() bool {
	step := explore.Before(explore.Load, unsafe.Pointer(x))
	value := x.v.Load()
	if step != nil {
		step.Saw(value)
	}
	return value
}

// Store sets the value.
func (x *Bool) Store(value bool) {
	step := explore.Before(explore.Store, unsafe.Pointer(x))
	x.v.Store(value)
	if step != nil {
		step.Took(value)
	}
}

// Swap sets the value and returns the one before.
func (x *Bool) Swap(value bool) (old bool) {
	step := explore.Before(explore.Swap, unsafe.Pointer(x))
	old = x.v.Swap(value)
	if step != nil {
		step.Took(value).Saw(old)
	}
	return old
}

// CompareAndSwap sets the value if it is the old one.
func (x *Bool) CompareAndSwap(old, value bool) (swapped bool) {
	step := explore.Before(explore.CompareAndSwap, unsafe.Pointer(x))
	swapped = x.v.CompareAndSwap(old, value)
	if step != nil {
		step.Took(old, value).Saw(swapped)
	}
	return swapped
}

// Pointer is sync/atomic's Pointer.
type Pointer[T any] struct{ v atomic.Pointer[T] }

// Load returns the value.
func (x *Pointer[T]) Load() *T {
	step := explore.Before(explore.Load, unsafe.Pointer(x))
	value := x.v.Load()
	if step != nil {
		step.Saw(value)
	}
	return value
}

// Store sets the value.
func (x *Pointer[T]) Store(value *T) {
	step := explore.Before(explore.Store, unsafe.Pointer(x))
	x.v.Store(value)
	if step != nil {
		step.Took(value)
	}
}

// Swap sets the value and returns the one before.
func (x *Pointer[T]) Swap(value *T) (old *T) {
	step := explore.Before(explore.Swap, unsafe.Pointer(x))
	old = x.v.Swap(value)
	if step != nil {
		step.Took(value).Saw(old)
	}
	return old
}

// CompareAndSwap sets the value if it is the old one.
func (x *Pointer[T]) CompareAndSwap(old, value *T) (swapped bool) {
	step := explore.Before(explore.CompareAndSwap, unsafe.Pointer(x))
	swapped = x.v.CompareAndSwap(old, value)
	if step != nil {
		step.Took(old, value).Saw(swapped)
	}
	return swapped
}
