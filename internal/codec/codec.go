// Package codec turns Go values into bytes and back, in one way for everything
// that leaves the process: values in Redis, session records and snapshots.
//
// The bytes are CBOR (RFC 8949), because it keeps what JSON loses: integers above
// 2^53, times, and bytes as bytes; because a reader needs no registered types, as
// gob does; and because the library checks lengths before it allocates. The same
// value has the same bytes (section 4.2.1 of the RFC: sorted maps, shortest
// numbers), so that bytes can be compared instead of values.
//
// # What comes back as it was
//
// In a typed place (a struct's field, a slice of int32), every bool, integer,
// float, string (also one that is not UTF-8), slice, array, map and pointer;
// nil slices and maps as nil, and empty ones as empty. A time.Time comes back as the same instant to
// the nanosecond, in UTC and without its monotonic reading. Of a NaN it is only
// kept that it is one. Fields that are not exported are lost.
//
// In an any the bytes alone say what it is, and these come back as they were:
//
//	nil, bool, int64, float64, string, []byte, time.Time (except the zero time), []any, map[string]any
//
// Other integers come back as int64, float32 as float64, the zero time as nil, a
// []string as []any, a struct as map[string]any and a time.Duration as int64; an
// integer that int64 can't hold, and a map whose keys are not strings, can't be
// read back there. A session's context takes only what is in that list.
//
// # What is refused
//
// Marshal refuses times outside the years 0 to 9999, what has no bytes
// (functions, channels, complex numbers), and what Unmarshal would refuse for its
// size. Unmarshal refuses what is damaged, has bytes left over, is nested more than
// MaxDepth levels, or has a list or map of more than MaxElements; maps that name a
// key twice; lengths that are not given at the beginning; and big integers.
//
// Bytes may come from anybody. Reading them never panics, unless a type's own
// UnmarshalCBOR or UnmarshalBinary does. What is allocated is bounded by the
// number of bytes times the size of the largest Go type asked for: an element of a list
// takes one byte at least, and a list has no more than there are.
package codec

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"
)

const (
	// MaxDepth is how many levels lists, maps and tags may be nested.
	MaxDepth = 24
	// MaxElements is how many elements a list may have, and how many pairs a
	// map.
	MaxElements = 1 << 16
)

var (
	// ErrEncode is the error of a value that can't be encoded, or not so that it
	// could be decoded.
	ErrEncode = errors.New("codec: this value can't be encoded")
	// ErrDecode is the error of bytes that are not the encoding of what was asked
	// for.
	ErrDecode = errors.New("codec: these bytes are not such a value")
)

var (
	encodeMode = must(cbor.EncOptions{
		Sort:          cbor.SortCoreDeterministic,
		ShortestFloat: cbor.ShortestFloat16,
		NaNConvert:    cbor.NaNConvert7e00,
		InfConvert:    cbor.InfConvertFloat16,
		IndefLength:   cbor.IndefLengthForbidden,
		Time:          cbor.TimeRFC3339NanoUTC,
		TimeTag:       cbor.EncTagRequired,
	}.EncMode())
	decodeMode = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		TimeTag:           cbor.DecTagRequired,
		MaxNestedLevels:   MaxDepth,
		MaxArrayElements:  MaxElements,
		MaxMapPairs:       MaxElements,
		IndefLength:       cbor.IndefLengthForbidden,
		IntDec:            cbor.IntDecConvertSignedOrFail,
		DefaultMapType:    reflect.TypeFor[map[string]any](),
		UTF8:              cbor.UTF8DecodeInvalid,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		BignumTag:         cbor.BignumTagForbidden,
	}.DecMode())
)

func must[T any](mode T, err error) T {
	if err != nil {
		panic(err) // the options above are wrong
	}
	return mode
}

// Marshal returns the bytes of a value. An error matches ErrEncode.
func Marshal(value any) ([]byte, error) {
	data, err := encodeMode.Marshal(value)
	if err == nil {
		err = decodeMode.Wellformed(data) // nothing is written that would be refused when it is read
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEncode, err)
	}
	return data, nil
}

// Unmarshal sets what into points at to the value that the bytes stand for, all
// of them. An error matches ErrDecode; part of the value may then be set. Nothing
// that is set refers to data.
func Unmarshal(data []byte, into any) error {
	if err := decodeMode.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%w: %w", ErrDecode, err)
	}
	return nil
}
