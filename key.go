package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
)

// ErrBadKey is matched by every error of NewKey and TextKey, and by Fetch where
// it is given the zero Key.
var ErrBadKey = errors.New("state: bad key")

// The bounds of a key. They exist for hostile input: a part may come from a
// client, and may contain itself.
const (
	// MaxKeyBytes bounds the encoded key: the longest query that Query accepts,
	// and 1 KiB for scope, name and framing.
	MaxKeyBytes = MaxQueryBytes + 1<<10
	// MaxKeyDepth bounds how deeply slices and maps may nest in one part. A
	// part that is not a container has depth 1.
	MaxKeyDepth = 32

	maxPrincipalBytes = 512
	maxNameBytes      = 128
)

// Scope says whose results a key may name. Results of different scopes never
// share a key.
type Scope struct {
	// Account is the New Relic account that the result was read from. Positive.
	Account int
	// Principal is set where the result depends on who asks (a user, a role, a
	// set of permissions), and empty where every caller of the account may see
	// it. At most 512 bytes, compared byte by byte.
	Principal string
}

// Key names one cached result. The zero Key names nothing and is refused.
//
// It solves the mistake that result caches are most often broken by: keys made
// by printing values. Printing gives a pointer's address (a key that never
// repeats), lets ("a,b", "c") meet ("a", "b,c"), follows the random order of a
// map, and leaves it to every caller to remember the account.
//
// Contract: a Key always carries its account and principal; two different lists
// of parts never have the same Key; one list of parts always has the same Key,
// in every process. Keys are comparable with == and safe to share.
//
// A Key is a struct round a string, and not a named string, so that no
// conversion can make one that lacks an account. Hashing the parts was
// rejected: it is smaller, but then two keys differ only very probably.
type Key struct {
	// INVARIANT: empty only in the zero Key; else uvarint account, principal,
	// name (each with its length), then the parts, every one of them
	// self-delimiting, so that the whole can be decoded in one way only.
	encoded string
}

// The first byte of every encoded value. Part of the key's format: a changed
// number is a changed key.
const (
	tagNil byte = iota
	tagFalse
	tagTrue
	tagNatural  // uvarint: an integer ≥ 0
	tagNegative // uvarint of -(n+1): an integer < 0
	tagFloat    // 8 bytes, IEEE 754, big-endian
	tagString   // length, bytes
	tagBytes    // length, bytes
	tagTime     // Unix seconds as varint, nanoseconds as uvarint
	tagDuration // nanoseconds as varint
	tagList     // count, elements
	tagMap      // count, then (string, value) in the order of the strings
)

var (
	typeOfTime     = reflect.TypeFor[time.Time]()
	typeOfDuration = reflect.TypeFor[time.Duration]()
)

// NewKey builds the key of one result from its scope, its name (what it is, 1
// to 128 bytes) and its parts (what it depends on).
//
// A part is nil, a string, a bool, an integer, a float, a time.Time, a
// time.Duration, a []byte, a slice or array of parts, or a map from strings to
// parts; a type defined on one of those counts as what it is defined on. What
// counts as equal:
//   - integers by value, whatever their width: int8(5), uint64(5) and 5 are one
//     part. 5.0 and time.Duration(5) are others.
//   - floats by value: float32(0.5) equals 0.5, and -0 equals 0. NaN is
//     refused, since it does not equal itself.
//   - times by instant, in any location, with or without a monotonic reading.
//   - lists by their elements: []int{1} equals []any{1}. A []byte is a byte
//     string: neither a list nor a string.
//   - maps by their entries; order plays no part. A nil slice or map equals an
//     empty one, but not an untyped nil.
//
// Everything else is refused: pointers, functions, channels and uintptr are
// addresses, and a struct may hide one. The error matches ErrBadKey and names
// the part by its index and type; it never holds a part's value. NewKey keeps
// no reference to the parts; they must not change while it runs. Encoded size
// and depth are bounded by MaxKeyBytes and MaxKeyDepth, so a part that contains
// itself is an error too.
func NewKey(scope Scope, name string, parts ...any) (Key, error) {
	buf, err := appendHeader(make([]byte, 0, 128), scope, name)
	if err != nil {
		return Key{}, err
	}
	e := keyEncoder{buf: buf}
	for i, part := range parts {
		if err := e.value(reflect.ValueOf(part), 1); err != nil {
			return Key{}, fmt.Errorf("%w: part %d (%T): %w", ErrBadKey, i, part, err)
		}
	}
	return Key{encoded: string(e.buf)}, nil
}

// TextKey is NewKey(Scope{Account: account}, name, text), without the cost of
// boxing and reflection.
func TextKey(account int, name, text string) (Key, error) {
	var room [256]byte // stays on the stack, as the encoder's buffer cannot
	buf, err := appendHeader(room[:0], Scope{Account: account}, name)
	if err != nil {
		return Key{}, err
	}
	if buf, err = appendText(buf, tagString, text); err != nil {
		return Key{}, fmt.Errorf("%w: text: %w", ErrBadKey, err)
	}
	return Key{encoded: string(buf)}, nil
}

// String gives the name and the account, for logs and errors. It leaves out the
// principal and the parts: those may be private.
func (k Key) String() string {
	if k.encoded == "" {
		return "no key"
	}
	account, n := binary.Uvarint([]byte(k.encoded[:min(len(k.encoded), binary.MaxVarintLen64)]))
	_, rest := cutText(k.encoded[n:])
	name, _ := cutText(rest)
	return fmt.Sprintf("%s (account %d)", name, account)
}

// account returns the account of a key other than the zero Key.
func (k Key) account() int {
	account, _ := binary.Uvarint([]byte(k.encoded[:min(len(k.encoded), binary.MaxVarintLen64)]))
	return int(account)
}

// cutText splits off a text that is preceded by its length.
func cutText(s string) (text, rest string) {
	size, n := binary.Uvarint([]byte(s[:min(len(s), binary.MaxVarintLen64)]))
	return s[n : n+int(size)], s[n+int(size):]
}

// keyEncoder appends values to a key's encoding.
type keyEncoder struct {
	// INVARIANT: len(buf) ≤ MaxKeyBytes, except within a call that is about to
	// return errKeySize.
	buf []byte
}

var (
	errKeySize  = fmt.Errorf("the key would exceed %d bytes", MaxKeyBytes)
	errKeyDepth = fmt.Errorf("nested more than %d deep, or contains itself", MaxKeyDepth)
)

// appendHeader appends what every key begins with.
func appendHeader(buf []byte, scope Scope, name string) ([]byte, error) {
	if scope.Account <= 0 {
		return nil, fmt.Errorf("%w: account %d: want a positive account number", ErrBadKey, scope.Account)
	}
	if len(scope.Principal) > maxPrincipalBytes {
		return nil, fmt.Errorf("%w: principal of %d bytes: want at most %d", ErrBadKey, len(scope.Principal), maxPrincipalBytes)
	}
	if name == "" || len(name) > maxNameBytes {
		return nil, fmt.Errorf("%w: name of %d bytes: want 1 to %d", ErrBadKey, len(name), maxNameBytes)
	}
	buf = binary.AppendUvarint(buf, uint64(scope.Account))
	buf = binary.AppendUvarint(buf, uint64(len(scope.Principal)))
	buf = append(buf, scope.Principal...)
	buf = binary.AppendUvarint(buf, uint64(len(name)))
	return append(buf, name...), nil
}

// appendText appends a tag, a length and so many bytes.
func appendText[T string | []byte](buf []byte, tag byte, text T) ([]byte, error) {
	buf = binary.AppendUvarint(append(buf, tag), uint64(len(text)))
	if len(text) > MaxKeyBytes-len(buf) {
		return nil, errKeySize
	}
	return append(buf, text...), nil
}

// value appends v, which lies depth levels deep in its part. The zero Value
// stands for nil.
func (e *keyEncoder) value(v reflect.Value, depth int) error {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if depth > MaxKeyDepth {
		return errKeyDepth
	}
	if !v.IsValid() {
		return e.fixed(tagNil)
	}
	switch v.Type() {
	case typeOfTime:
		return e.time(v.Interface().(time.Time))
	case typeOfDuration:
		return e.fixed(binary.AppendVarint([]byte{tagDuration}, v.Int())...)
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		return e.list(v, depth)
	case reflect.Map:
		return e.mapping(v, depth)
	default:
		return e.scalar(v)
	}
}

func (e *keyEncoder) scalar(v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		return e.text(v.String())
	case reflect.Bool:
		if v.Bool() {
			return e.fixed(tagTrue)
		}
		return e.fixed(tagFalse)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return e.integer(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return e.number(tagNatural, v.Uint())
	case reflect.Float32, reflect.Float64:
		return e.float(v.Float())
	default:
		return fmt.Errorf("a %v cannot be part of a key (kind %v)", v.Type(), v.Kind())
	}
}

func (e *keyEncoder) integer(n int64) error {
	if n < 0 {
		return e.number(tagNegative, uint64(^n)) // ^n = -(n+1) has no overflow at the smallest integer
	}
	return e.number(tagNatural, uint64(n))
}

func (e *keyEncoder) float(f float64) error {
	if math.IsNaN(f) {
		return errors.New("NaN does not equal itself, so it cannot name anything")
	}
	if f == 0 {
		f = 0 // -0 becomes 0
	}
	return e.fixed(binary.BigEndian.AppendUint64([]byte{tagFloat}, math.Float64bits(f))...)
}

// time keeps seconds and nanoseconds apart, because nanoseconds alone overflow
// before 1678 and after 2262.
func (e *keyEncoder) time(t time.Time) error {
	b := binary.AppendVarint([]byte{tagTime}, t.Unix())
	return e.fixed(binary.AppendUvarint(b, uint64(t.Nanosecond()))...)
}

func (e *keyEncoder) list(v reflect.Value, depth int) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return e.bytes(v)
	}
	if err := e.number(tagList, uint64(v.Len())); err != nil {
		return err
	}
	for i := range v.Len() {
		if err := e.value(v.Index(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// bytes takes a slice or an array of a kind of uint8. An array in an interface
// has no address to slice, so it is copied.
func (e *keyEncoder) bytes(v reflect.Value) error {
	if v.Kind() == reflect.Array {
		room := reflect.New(v.Type()).Elem()
		room.Set(v)
		v = room
	}
	buf, err := appendText(e.buf, tagBytes, v.Bytes())
	e.buf = buf
	return err
}

func (e *keyEncoder) mapping(v reflect.Value, depth int) error {
	if v.Type().Key().Kind() != reflect.String {
		return fmt.Errorf("a %v cannot be part of a key: only maps from strings can", v.Type())
	}
	// An entry takes two bytes at least, so a map too large to fit is refused
	// before its keys are gathered and sorted.
	if v.Len() > (MaxKeyBytes-len(e.buf))/2 {
		return errKeySize
	}
	if err := e.number(tagMap, uint64(v.Len())); err != nil {
		return err
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, key := range keys {
		if err := e.text(key.String()); err != nil {
			return err
		}
		if err := e.value(v.MapIndex(key), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (e *keyEncoder) text(s string) error {
	buf, err := appendText(e.buf, tagString, s)
	e.buf = buf
	return err
}

func (e *keyEncoder) number(tag byte, n uint64) error {
	e.buf = binary.AppendUvarint(append(e.buf, tag), n)
	if len(e.buf) > MaxKeyBytes {
		return errKeySize
	}
	return nil
}

func (e *keyEncoder) fixed(b ...byte) error {
	e.buf = append(e.buf, b...)
	if len(e.buf) > MaxKeyBytes {
		return errKeySize
	}
	return nil
}
