package size

import (
	"reflect"
	"sync"
	"time"
	"unsafe"
)

// plan says what there is to visit in a value of a type. It is worked out once a
// type, since most of what reflection can say of a type stays the same.
type plan struct {
	bytes    int64
	pointers bool // the collector looks into it
	// flat: nothing in it refers to anything that counts, so there is nothing to
	// visit.
	flat bool
	// direct: an interface has the value itself where it has a pointer to others.
	direct bool

	kind   reflect.Kind
	elem   *plan   // of arrays, slices, maps and pointers
	key    *plan   // of maps
	fields []field // of structs: those that are not flat
	slot   int64   // of maps: one slot of a group

	// once fills in what depends on other types, which may depend on this one.
	once sync.Once
	typ  reflect.Type
}

type field struct {
	index int
	plan  *plan
}

var plans sync.Map // reflect.Type → *plan

func planOf(t reflect.Type) *plan {
	found, ok := plans.Load(t)
	if !ok {
		found, _ = plans.LoadOrStore(t, &plan{typ: t, kind: t.Kind(), bytes: int64(t.Size()),
			flat: isFlat(t), pointers: hasPointers(t), direct: isDirect(t)})
	}
	return found.(*plan)
}

// resolve fills in the rest of the plan.
func (p *plan) resolve() *plan {
	p.once.Do(func() {
		switch p.kind {
		case reflect.Array, reflect.Slice, reflect.Pointer:
			p.elem = planOf(p.typ.Elem())
		case reflect.Map:
			p.key, p.elem = planOf(p.typ.Key()), planOf(p.typ.Elem())
			p.slot = slotBytes(p.typ.Key(), p.typ.Elem())
		case reflect.Struct:
			for i := range p.typ.NumField() {
				if f := planOf(p.typ.Field(i).Type); !f.flat {
					p.fields = append(p.fields, field{i, f})
				}
			}
		}
	})
	return p
}

// location is what times point to. It belongs to the program.
var location = reflect.TypeFor[*time.Location]()

func isFlat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer:
		return t == location
	case reflect.Slice, reflect.Map, reflect.String, reflect.Interface:
		return false
	case reflect.Array:
		return t.Len() == 0 || isFlat(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !isFlat(t.Field(i).Type) {
				return false
			}
		}
	}
	return true
}

func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.String, reflect.Interface,
		reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return true
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

func isDirect(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return true
	case reflect.Array:
		return t.Len() == 1 && isDirect(t.Elem())
	case reflect.Struct:
		return t.NumField() == 1 && isDirect(t.Field(0).Type)
	}
	return false
}

// slotBytes is a key and an element, aligned.
func slotBytes(key, elem reflect.Type) int64 {
	keyBytes, keyAlign := inSlot(key)
	elemBytes, elemAlign := inSlot(elem)
	end := alignUp(keyBytes, elemAlign) + elemBytes
	return alignUp(end, max(keyAlign, elemAlign))
}

func inSlot(t reflect.Type) (bytes, align int64) {
	if t.Size() > inlineBytes {
		pointer := int64(unsafe.Sizeof(uintptr(0)))
		return pointer, pointer
	}
	return int64(t.Size()), int64(t.Align())
}

func alignUp(n, align int64) int64 { return (n + align - 1) / align * align }
