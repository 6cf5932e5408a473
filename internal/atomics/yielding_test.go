//go:build explore

package atomics_test

import (
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/uds-platform/state/internal/atomics"
)

// What the explorer runs must be laid out and behave as what it stands for.
func TestYieldingTypesAreLikeThoseOfSyncAtomic(t *testing.T) {
	for _, tc := range []struct{ ours, theirs reflect.Type }{
		{reflect.TypeFor[atomics.Bool](), reflect.TypeFor[atomic.Bool]()},
		{reflect.TypeFor[atomics.Int64](), reflect.TypeFor[atomic.Int64]()},
		{reflect.TypeFor[atomics.Uint32](), reflect.TypeFor[atomic.Uint32]()},
		{reflect.TypeFor[atomics.Uint64](), reflect.TypeFor[atomic.Uint64]()},
		{reflect.TypeFor[atomics.Pointer[int]](), reflect.TypeFor[atomic.Pointer[int]]()},
	} {
		if tc.ours == tc.theirs {
			t.Errorf("%v is %v itself: nothing yields", tc.ours, tc.theirs)
		}
		if tc.ours.Size() != tc.theirs.Size() || tc.ours.Align() != tc.theirs.Align() {
			t.Errorf("%v: size %d, alignment %d; want %d, %d", tc.ours, tc.ours.Size(), tc.ours.Align(), tc.theirs.Size(), tc.theirs.Align())
		}
		ours, theirs := reflect.PointerTo(tc.ours), reflect.PointerTo(tc.theirs)
		if ours.NumMethod() != theirs.NumMethod() {
			t.Errorf("%v has %d methods, want %d", tc.ours, ours.NumMethod(), theirs.NumMethod())
		}
		for i := range theirs.NumMethod() {
			compareMethod(t, ours, theirs.Method(i))
		}
	}
}

// compareMethod calls a method of both types with the same arguments, twice, and
// wants the same answers.
func compareMethod(t *testing.T, ours reflect.Type, their reflect.Method) {
	t.Helper()
	our, ok := ours.MethodByName(their.Name)
	if !ok || our.Type.NumIn() != their.Type.NumIn() || our.Type.NumOut() != their.Type.NumOut() {
		t.Errorf("%v has no %s like that of sync/atomic", ours, their.Name)
		return
	}
	a, b := reflect.New(ours.Elem()), reflect.New(their.Type.In(0).Elem())
	for range 2 {
		arguments := make([]reflect.Value, our.Type.NumIn()-1)
		for i := range arguments {
			arguments[i] = reflect.New(our.Type.In(i + 1)).Elem()
			if i > 0 || their.Name != "CompareAndSwap" { // which is to succeed once
				setSomething(arguments[i])
			}
		}
		got := our.Func.Call(append([]reflect.Value{a}, arguments...))
		want := their.Func.Call(append([]reflect.Value{b}, arguments...))
		for i := range want {
			if got[i].Interface() != want[i].Interface() {
				t.Errorf("%v.%s(%v) = %v, want %v", ours, their.Name, arguments, got[i], want[i])
			}
		}
		if got, want := load(a), load(b); got != want {
			t.Errorf("after %v.%s the value is %v, want %v", ours, their.Name, got, want)
		}
	}
}

func load(x reflect.Value) any { return x.MethodByName("Load").Call(nil)[0].Interface() }

var something = 7

func setSomething(value reflect.Value) {
	switch value.Kind() {
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Int64:
		value.SetInt(5)
	case reflect.Uint32, reflect.Uint64:
		value.SetUint(5)
	case reflect.Pointer:
		value.Set(reflect.ValueOf(&something))
	}
}
