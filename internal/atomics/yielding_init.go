//go:build explore

package atomics

// Init sets a number that nobody else can see yet, so it does not yield.
func Init(x *Uint32, value uint32) { x.v.Store(value) }

// InitPointer is Init for a pointer.
func InitPointer[T any](x *Pointer[T], value *T) { x.v.Store(value) }
