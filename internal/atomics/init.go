//go:build !explore

package atomics

import "unsafe"

// Init sets a number that nobody else can see yet: a plain write, where Store is a
// locked instruction of some twenty cycles. What publishes it must be an atomic
// operation.
func Init(x *Uint32, value uint32) { *(*uint32)(unsafe.Pointer(x)) = value }

// InitPointer is Init for a pointer.
func InitPointer[T any](x *Pointer[T], value *T) { *(**T)(unsafe.Pointer(x)) = value }
