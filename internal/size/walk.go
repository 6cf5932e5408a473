package size

import (
	"reflect"
	"sync"
	"unsafe"
)

// Of returns how many bytes of the heap the value keeps alive, besides the value
// itself: what it refers to, and what that refers to, each once however often it
// is met. It only reads; nobody may write to what it reads meanwhile.
//
// It takes time in proportion to the number of parts: for rows of JSON some
// 200 ns for each of their values.
func Of[T any](value *T) int64 {
	p := planOf(reflect.TypeFor[T]())
	if p.flat {
		return 0
	}
	w := walkers.Get().(*walker)
	defer w.putBack()
	return w.walk(reflect.ValueOf(value).Elem(), p)
}

// Allocated returns how many bytes of the heap a value of type T takes that is
// allocated by itself, without what it refers to.
func Allocated[T any]() int64 {
	p := planOf(reflect.TypeFor[T]())
	return allocated(p.bytes, p.pointers)
}

// walker has what one walk has to remember.
type walker struct {
	seen map[place]struct{}
}

// place is an object that has been counted. An object and its first part have
// one address, and are told apart by their kind and size.
type place struct {
	address unsafe.Pointer
	kind    reflect.Kind
	bytes   int64
}

var walkers = sync.Pool{New: func() any { return &walker{seen: make(map[place]struct{})} }}

// keptPlaces is how large a walker's memory may stay.
const keptPlaces = 1 << 14

func (w *walker) putBack() {
	if len(w.seen) > keptPlaces {
		return
	}
	clear(w.seen)
	walkers.Put(w)
}

// first reports whether an object has not been counted yet.
func (w *walker) first(address unsafe.Pointer, kind reflect.Kind, bytes int64) bool {
	at := place{address, kind, bytes}
	if _, seen := w.seen[at]; seen {
		return false
	}
	w.seen[at] = struct{}{}
	return true
}

// walk returns what a value refers to.
func (w *walker) walk(v reflect.Value, p *plan) int64 {
	if p.flat {
		return 0
	}
	p.resolve()
	switch p.kind {
	case reflect.String:
		return w.text(v.String())
	case reflect.Slice:
		return w.slice(v, p)
	case reflect.Map:
		return w.dictionary(v, p)
	case reflect.Pointer:
		return w.pointer(v, p)
	case reflect.Interface:
		return w.boxed(v)
	case reflect.Array:
		return w.elements(v, p)
	case reflect.Struct:
		var sum int64
		for _, f := range p.fields {
			sum += w.walk(v.Field(f.index), f.plan)
		}
		return sum
	}
	return 0
}

func (w *walker) text(s string) int64 {
	if s == "" || !w.first(unsafe.Pointer(unsafe.StringData(s)), reflect.String, int64(len(s))) {
		return 0
	}
	return allocated(int64(len(s)), false)
}

func (w *walker) slice(v reflect.Value, p *plan) int64 {
	room := int64(v.Cap()) * p.elem.bytes
	if room == 0 || !w.first(v.UnsafePointer(), reflect.Slice, room) {
		return 0
	}
	return allocated(room, p.elem.pointers) + w.elements(v, p)
}

func (w *walker) elements(v reflect.Value, p *plan) int64 {
	if p.elem.flat {
		return 0
	}
	var sum int64
	for i := range v.Len() {
		sum += w.walk(v.Index(i), p.elem)
	}
	return sum
}

func (w *walker) pointer(v reflect.Value, p *plan) int64 {
	if v.IsNil() || !w.first(v.UnsafePointer(), reflect.Pointer, p.elem.bytes) {
		return 0
	}
	return allocated(p.elem.bytes, p.elem.pointers) + w.walk(v.Elem(), p.elem)
}

// boxed is what an interface refers to: the value in a box of its own, unless it
// is a pointer itself, or one of those that the runtime keeps ready.
func (w *walker) boxed(v reflect.Value) int64 {
	if v.IsNil() {
		return 0
	}
	inner := v.Elem()
	p := planOf(inner.Type())
	sum := w.walk(inner, p)
	if !p.direct && !isReady(inner, p) {
		sum += allocated(p.bytes, p.pointers)
	}
	return sum
}

// isReady reports whether the runtime boxes a value without allocating: single
// bytes, integers below 256, and what is empty.
func isReady(v reflect.Value, p *plan) bool {
	switch {
	case v.CanInt():
		return v.Int() >= 0 && v.Int() < 256 || p.bytes == 1
	case v.CanUint():
		return v.Uint() < 256
	}
	switch p.kind {
	case reflect.Bool:
		return true
	case reflect.Float32, reflect.Float64, reflect.String, reflect.Slice:
		return v.IsZero()
	}
	return false
}

func (w *walker) dictionary(v reflect.Value, p *plan) int64 {
	if v.IsNil() || !w.first(v.UnsafePointer(), reflect.Map, p.slot) {
		return 0
	}
	entries := v.Len()
	sum := mapBytes(entries, p.slot, p.key.pointers || p.elem.pointers)
	for _, inner := range [...]*plan{p.key, p.elem} {
		if inner.bytes > inlineBytes {
			sum += int64(entries) * allocated(inner.bytes, inner.pointers)
		}
	}
	if p.key.flat && p.elem.flat {
		return sum
	}
	if rows, ok := plainMap(v); ok {
		return sum + w.attributes(rows)
	}
	for each := v.MapRange(); each.Next(); {
		if !p.key.flat {
			sum += w.walk(each.Key(), p.key)
		}
		if !p.elem.flat {
			sum += w.walk(each.Value(), p.elem)
		}
	}
	return sum
}

// plainMap returns a map in the form that JSON comes in.
func plainMap(v reflect.Value) (map[string]any, bool) {
	if !v.CanInterface() {
		return nil, false
	}
	rows, ok := v.Interface().(map[string]any)
	return rows, ok
}

// attributes is the walk through a map from strings to anything, without the
// copies on the heap that reflection makes of every key and element.
func (w *walker) attributes(m map[string]any) int64 {
	var sum int64
	for key, value := range m {
		sum += w.text(key)
		switch value := value.(type) {
		case nil, bool:
		case string:
			if value != "" {
				sum += allocated(int64(unsafe.Sizeof(value)), true) + w.text(value)
			}
		case float64:
			if value != 0 {
				sum += allocated(int64(unsafe.Sizeof(value)), false)
			}
		default:
			sum += w.boxed(reflect.ValueOf(&value).Elem())
		}
	}
	return sum
}
