package codec

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// ErrType is the error of a type whose values do not come back as they were.
var ErrType = errors.New("codec: values of this type don't come back as they were")

// Check says whether values of a type come back as the package comment says. An error
// matches ErrType and names the part of the type that does not: a function, a channel
// or a complex number; a struct's field that is not exported, or left out by its tag;
// an interface other than any, of which nobody would know what to make; a map whose
// keys are neither text nor whole numbers.
//
// A type that encodes itself is taken at its word if it also decodes itself. What is
// in an any is not known, and is not checked. Nor is it seen whether values refer to
// themselves, which can't be encoded.
func Check(t reflect.Type) error {
	c := checker{seen: make(map[reflect.Type]bool)}
	if err := c.check(t, t.String()); err != nil {
		return fmt.Errorf("%w: %w", ErrType, err)
	}
	return nil
}

type checker struct{ seen map[reflect.Type]bool }

// check looks at a type, which is found at a place in the one that was asked for.
func (c *checker) check(t reflect.Type, place string) error {
	if c.seen[t] || t == reflect.TypeFor[time.Time]() {
		return nil
	}
	c.seen[t] = true
	if encodesItself(t) {
		if decodesItself(t) {
			return nil
		}
		return fmt.Errorf("%s encodes itself and does not decode itself", place)
	}
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer, reflect.Uintptr:
		return fmt.Errorf("%s is a %v", place, t.Kind())
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return fmt.Errorf("%s is the interface %v", place, t)
		}
	case reflect.Array, reflect.Slice:
		return c.check(t.Elem(), place+"[]")
	case reflect.Pointer:
		return c.check(t.Elem(), place)
	case reflect.Map:
		return c.mapping(t, place)
	case reflect.Struct:
		return c.fields(t, place)
	}
	return nil
}

func (c *checker) mapping(t reflect.Type, place string) error {
	switch k := t.Key().Kind(); k {
	case reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
	default:
		return fmt.Errorf("%s is a map whose keys are %vs", place, k)
	}
	return c.check(t.Elem(), place+"[]")
}

func (c *checker) fields(t reflect.Type, place string) error {
	for i := range t.NumField() {
		f := t.Field(i)
		at := place + "." + f.Name
		if !f.IsExported() && !f.Anonymous {
			return fmt.Errorf("%s is not exported", at)
		}
		if leftOut(f.Tag) {
			return fmt.Errorf("%s is left out by its tag", at)
		}
		if err := c.check(f.Type, at); err != nil {
			return err
		}
	}
	return nil
}

// leftOut reads the tag as the encoder does.
func leftOut(tag reflect.StructTag) bool {
	text, ok := tag.Lookup("cbor")
	if !ok {
		text = tag.Get("json")
	}
	name, _, _ := strings.Cut(text, ",")
	return name == "-" && text == "-"
}

func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	if p.Implements(reflect.TypeFor[cbor.Marshaler]()) {
		return p.Implements(reflect.TypeFor[cbor.Unmarshaler]())
	}
	return p.Implements(reflect.TypeFor[encoding.BinaryUnmarshaler]())
}
