package codec

import (
	"encoding"
	"fmt"
	"reflect"

	"github.com/cespare/xxhash/v2"
	"github.com/fxamacker/cbor/v2"
)

// Fingerprint tells Go types apart whose encodings could be taken for each
// other's. Another version of a program may have given a struct other fields:
// what it has written would decode, with fields silently missing. So what is kept
// for other processes to read carries its type's fingerprint.
//
// It is the same in every process and on every machine. It covers the type's
// name, its kind, and for structs the fields' names, tags and types, all the way
// down. It does not cover what a type that encodes itself makes of itself, but
// its name. Two different types have the same one with a chance of one in 2^64.
func Fingerprint(t reflect.Type) uint64 {
	w := outline{digest: xxhash.New(), seen: make(map[reflect.Type]int)}
	w.write(t)
	return w.digest.Sum64()
}

// outline writes what distinguishes a type.
type outline struct {
	digest *xxhash.Digest
	seen   map[reflect.Type]int // in which order: a type may contain itself
}

func (o *outline) write(t reflect.Type) {
	if t == nil {
		o.say("nil")
		return
	}
	if n, ok := o.seen[t]; ok {
		o.say("again", n)
		return
	}
	o.seen[t] = len(o.seen)
	o.say(t.Kind(), t.PkgPath(), t.Name())
	if encodesItself(t) {
		o.say("itself")
		return
	}
	switch t.Kind() {
	case reflect.Array:
		o.say(t.Len())
		o.write(t.Elem())
	case reflect.Pointer, reflect.Slice:
		o.write(t.Elem())
	case reflect.Map:
		o.write(t.Key())
		o.write(t.Elem())
	case reflect.Struct:
		o.say(t.NumField())
		for i := range t.NumField() {
			f := t.Field(i)
			o.say(f.Name, f.Tag, f.Anonymous)
			o.write(f.Type)
		}
	}
}

// say writes words so that no two lists of words are the same.
func (o *outline) say(words ...any) {
	for _, word := range words {
		text := fmt.Sprint(word)
		_, _ = fmt.Fprintf(o.digest, "%d:%s,", len(text), text)
	}
	_, _ = o.digest.WriteString(";")
}

func encodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[cbor.Marshaler]()) || p.Implements(reflect.TypeFor[encoding.BinaryMarshaler]())
}
