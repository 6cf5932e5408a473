//go:build !explore

package atomics_test

import (
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/uds-platform/state/internal/atomics"
)

// In a normal build the detour costs nothing, because there is none: the names
// stand for sync/atomic's own types.
func TestNamesStandForTheTypesOfSyncAtomic(t *testing.T) {
	for _, tc := range []struct{ ours, theirs reflect.Type }{
		{reflect.TypeFor[atomics.Bool](), reflect.TypeFor[atomic.Bool]()},
		{reflect.TypeFor[atomics.Int64](), reflect.TypeFor[atomic.Int64]()},
		{reflect.TypeFor[atomics.Uint32](), reflect.TypeFor[atomic.Uint32]()},
		{reflect.TypeFor[atomics.Uint64](), reflect.TypeFor[atomic.Uint64]()},
		{reflect.TypeFor[atomics.Pointer[int]](), reflect.TypeFor[atomic.Pointer[int]]()},
		{reflect.TypeFor[atomics.Pointer[[]string]](), reflect.TypeFor[atomic.Pointer[[]string]]()},
	} {
		if tc.ours != tc.theirs {
			t.Errorf("%v is another type than %v", tc.ours, tc.theirs)
		}
	}
}
