package state

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"
)

// The canonical model: what a part means, as far as keys are concerned.
type (
	natural  uint64
	negative uint64 // -(n+1)
	instant  struct{ seconds, nanoseconds int64 }
	entryOf  struct {
		key   string
		value any
	}
	entries []entryOf
)

// decoder reads an encoded key back. It fails where an encoding is not the one
// that the format allows.
type decoder struct {
	t    rapid.TB
	rest []byte
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.rest) {
		d.t.Fatalf("encoding ends early")
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) uvarint() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.t.Fatalf("bad uvarint")
	}
	if again := binary.AppendUvarint(nil, n); !bytes.Equal(again, d.take(size)) {
		d.t.Fatalf("uvarint of %d has two encodings", n)
	}
	return n
}

func (d *decoder) varint() int64 {
	n, size := binary.Varint(d.rest)
	if size <= 0 {
		d.t.Fatalf("bad varint")
	}
	d.take(size)
	return n
}

func (d *decoder) text() string { return string(d.take(int(d.uvarint()))) }

func (d *decoder) value() any {
	switch tag := d.take(1)[0]; tag {
	case tagNil:
		return nil
	case tagFalse:
		return false
	case tagTrue:
		return true
	case tagNatural:
		return natural(d.uvarint())
	case tagNegative:
		return negative(d.uvarint())
	case tagFloat:
		return math.Float64frombits(binary.BigEndian.Uint64(d.take(8)))
	case tagString:
		return d.text()
	case tagBytes:
		return []byte(d.text())
	case tagTime:
		return instant{d.varint(), int64(d.uvarint())}
	case tagDuration:
		return time.Duration(d.varint())
	case tagList:
		list := make([]any, d.uvarint())
		for i := range list {
			list[i] = d.value()
		}
		return list
	case tagMap:
		list := make(entries, d.uvarint())
		for i := range list {
			if d.take(1)[0] != tagString {
				d.t.Fatalf("map key is not a string")
			}
			list[i].key = d.text()
			if i > 0 && list[i-1].key >= list[i].key {
				d.t.Fatalf("map keys %q and %q are out of order", list[i-1].key, list[i].key)
			}
			list[i].value = d.value()
		}
		return list
	default:
		d.t.Fatalf("unknown tag %d", tag)
		return nil
	}
}

// decodeKey reads back what a key was made of.
func decodeKey(t rapid.TB, k Key) (Scope, string, []any) {
	d := &decoder{t: t, rest: []byte(k.encoded)}
	scope := Scope{Account: int(d.uvarint()), Principal: d.text()}
	name := d.text()
	var parts []any
	for len(d.rest) > 0 {
		parts = append(parts, d.value())
	}
	return scope, name, parts
}

// sample is a part together with what it means.
type sample struct{ part, means any }

type (
	namedText  string
	namedCount int16
	namedList  []namedText
)

// samples draws parts of every accepted type.
func samples() *rapid.Generator[sample] {
	scalar := rapid.OneOf(
		rapid.Just(sample{nil, nil}),
		rapid.Map(rapid.Bool(), func(b bool) sample { return sample{b, b} }),
		rapid.Map(rapid.String(), func(s string) sample { return sample{s, s} }),
		rapid.Map(rapid.String(), func(s string) sample { return sample{namedText(s), s} }),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) sample { return sample{b, append([]byte{}, b...)} }),
		rapid.Map(rapid.Int64(), func(n int64) sample { return sample{n, integerModel(n)} }),
		rapid.Map(rapid.Int32(), func(n int32) sample { return sample{n, integerModel(int64(n))} }),
		rapid.Map(rapid.Int16(), func(n int16) sample { return sample{namedCount(n), integerModel(int64(n))} }),
		rapid.Map(rapid.Uint64(), func(n uint64) sample { return sample{n, natural(n)} }),
		rapid.Map(rapid.Uint8(), func(n uint8) sample { return sample{n, natural(n)} }),
		rapid.Map(rapid.Float64(), func(f float64) sample { return sample{f, f + 0} }),
		rapid.Map(rapid.Float32(), func(f float32) sample { return sample{f, float64(f) + 0} }),
		rapid.Map(rapid.Int64(), func(n int64) sample { return sample{time.Duration(n), time.Duration(n)} }),
		rapid.Custom(func(t *rapid.T) sample {
			seconds := rapid.Int64Range(-1e11, 1e11).Draw(t, "seconds")
			nanoseconds := rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")
			zone := time.FixedZone("", rapid.IntRange(-12, 12).Draw(t, "zone")*3600)
			return sample{time.Unix(seconds, nanoseconds).In(zone), instant{seconds, nanoseconds}}
		}),
	)
	return nested(scalar, 3)
}

func nested(scalar *rapid.Generator[sample], depth int) *rapid.Generator[sample] {
	if depth == 0 {
		return scalar
	}
	inner := nested(scalar, depth-1)
	return rapid.OneOf(
		scalar,
		rapid.Map(rapid.SliceOfN(inner, 0, 4), func(list []sample) sample {
			part, means := make([]any, len(list)), make([]any, len(list))
			for i, s := range list {
				part[i], means[i] = s.part, s.means
			}
			return sample{part, means}
		}),
		rapid.Map(rapid.SliceOfNDistinct(rapid.String(), 0, 4, rapid.ID), func(list []string) sample {
			part, means := make(namedList, len(list)), make([]any, len(list))
			for i, s := range list {
				part[i], means[i] = namedText(s), s
			}
			return sample{part, means}
		}),
		rapid.Map(rapid.MapOfN(rapid.String(), inner, 0, 4), func(m map[string]sample) sample {
			part, means := map[string]any{}, entries{}
			for _, key := range sortedKeys(m) {
				part[key] = m[key].part
				means = append(means, entryOf{key, m[key].means})
			}
			return sample{part, means}
		}),
	)
}

func sortedKeys(m map[string]sample) []string {
	var keys []string
	for key := range m {
		at := 0
		for at < len(keys) && keys[at] < key {
			at++
		}
		keys = append(keys[:at], append([]string{key}, keys[at:]...)...)
	}
	return keys
}

func integerModel(n int64) any {
	if n < 0 {
		return negative(-(n + 1))
	}
	return natural(n)
}

// Reading a key back gives exactly what its parts mean. So two lists of parts
// that mean different things cannot share a key, and one that is written in two
// ways has one key.
func TestKeyDecodesToWhatItsPartsMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scope := Scope{
			Account:   rapid.IntRange(1, math.MaxInt32).Draw(t, "account"),
			Principal: rapid.StringN(0, -1, maxPrincipalBytes).Draw(t, "principal"),
		}
		name := rapid.StringN(1, -1, maxNameBytes).Draw(t, "name")
		list := rapid.SliceOfN(samples(), 0, 5).Draw(t, "parts")
		var parts, means []any
		for _, s := range list {
			parts, means = append(parts, s.part), append(means, s.means)
		}
		key, err := NewKey(scope, name, parts...)
		if err != nil {
			t.Fatal(err)
		}
		gotScope, gotName, got := decodeKey(t, key)
		if gotScope != scope || gotName != name || !reflect.DeepEqual(got, means) {
			t.Fatalf("decoded %v %q %#v\n  want %v %q %#v", gotScope, gotName, got, scope, name, means)
		}
		if again, err := NewKey(scope, name, parts...); err != nil || again != key {
			t.Fatalf("the same parts gave another key (%v)", err)
		}
	})
}

func TestKeysThatMustBeEqual(t *testing.T) {
	day := time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC)
	large := map[string]any{}
	larger := make(map[string]any, 1000)
	for i := range 100 {
		large[fmt.Sprint(i)] = i
		larger[fmt.Sprint(99-i)] = 99 - i
	}
	for name, pair := range map[string][2]any{
		"integer widths":       {int8(5), uint64(5)},
		"negative widths":      {int8(-5), int64(-5)},
		"float widths":         {float32(0.5), 0.5},
		"minus zero":           {math.Copysign(0, -1), 0.0},
		"locations":            {day, day.In(time.FixedZone("X", 3600))},
		"monotonic reading":    {time.Unix(0, 7), time.Unix(0, 7).UTC()},
		"map order":            {large, larger},
		"named string":         {namedText("a"), "a"},
		"named map key":        {map[namedText]int{"a": 1}, map[string]any{"a": 1}},
		"typed list":           {[]int{1, 2}, []any{1, 2}},
		"array":                {[2]int{1, 2}, []int{1, 2}},
		"byte array":           {[2]byte{1, 2}, []byte{1, 2}},
		"named bytes":          {json.RawMessage("a"), []byte("a")},
		"nil and empty list":   {[]int(nil), []int{}},
		"nil and empty map":    {map[string]int(nil), map[string]int{}},
		"nil in an interface":  {[]any{nil}, []fmt.Stringer{nil}},
		"integers inside":      {[]any{int8(1)}, []any{uint(1)}},
		"largest signed":       {int64(math.MaxInt64), uint64(math.MaxInt64)},
		"time now and rounded": {day, day.Add(time.Hour).Add(-time.Hour)},
	} {
		if a, b := keyOf(t, pair[0]), keyOf(t, pair[1]); a != b {
			t.Errorf("%s: %#v and %#v have different keys", name, pair[0], pair[1])
		}
	}
}

func TestKeysThatMustDiffer(t *testing.T) {
	groups := [][]any{
		{"a,b", "c"}, {"a", "b,c"}, {"a", "b", "c"}, {[]any{"a", "b", "c"}}, {[]any{"a"}, "b", "c"}, {"abc"}, {},
		{nil}, {""}, {0}, {false}, {0.0}, {time.Duration(0)}, {time.Unix(0, 0)}, {[]any{}}, {map[string]any{}}, {[]byte{}},
		{"1"}, {1}, {-1}, {-2}, {1.0}, {true}, {time.Duration(1)}, {time.Unix(1, 0)}, {time.Unix(0, 1)}, {[]byte("1")},
		{[]int{1}}, {[]byte{1}}, {map[string]any{"a": "b"}}, {[]any{"a", "b"}}, {map[string]any{"a": nil}}, {nil, nil},
		{uint64(math.MaxUint64)}, {int64(math.MinInt64)}, {int64(math.MaxInt64)}, {math.Inf(1)}, {math.Inf(-1)},
		{time.Time{}}, {time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)}, {[]any{[]any{}, []any{}}}, {[]any{[]any{[]any{}}}},
	}
	seen := map[Key]int{}
	for i, parts := range groups {
		key := keyOf(t, parts...)
		if before, ok := seen[key]; ok {
			t.Errorf("%#v and %#v share a key", groups[before], parts)
		}
		seen[key] = i
	}
}

func TestKeyCarriesScopeAndName(t *testing.T) {
	seen := map[Key]string{}
	for _, scope := range []Scope{{Account: 1}, {Account: 12}, {Account: 1, Principal: "a"}, {Account: 1, Principal: "ab"}} {
		for _, name := range []string{"a", "b", "ab"} {
			key, err := NewKey(scope, name, "x")
			if err != nil {
				t.Fatal(err)
			}
			what := fmt.Sprintf("%+v %s", scope, name)
			if before, ok := seen[key]; ok {
				t.Errorf("%s and %s share a key", before, what)
			}
			seen[key] = what
		}
	}
}

func TestTextKeyIsNewKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		account := rapid.IntRange(1, math.MaxInt32).Draw(t, "account")
		name := rapid.StringN(1, -1, maxNameBytes).Draw(t, "name")
		text := rapid.String().Draw(t, "text")
		quick, err := TextKey(account, name, text)
		if err != nil {
			t.Fatal(err)
		}
		if slow, err := NewKey(Scope{Account: account}, name, text); err != nil || slow != quick {
			t.Fatalf("TextKey and NewKey differ (%v)", err)
		}
	})
}

func TestKeyRefusals(t *testing.T) {
	type record struct{ A int }
	n := 1
	loop := []any{nil}
	loop[0] = loop
	ring := map[string]any{}
	ring["self"] = ring
	wide := make([]any, 50)
	for i := range wide {
		wide[i] = wide
	}
	deep := any(1)
	for range MaxKeyDepth {
		deep = []any{deep}
	}
	for name, c := range map[string]struct {
		part any
		want string
	}{
		"pointer":          {&n, "part 1 (*int): a *int cannot be part of a key"},
		"nil pointer":      {(*int)(nil), "a *int cannot"},
		"struct":           {record{}, "part 1 (state.record): a state.record cannot"},
		"function":         {func() {}, "a func() cannot"},
		"channel":          {make(chan int), "a chan int cannot"},
		"uintptr":          {uintptr(1), "a uintptr cannot"},
		"unsafe pointer":   {unsafe.Pointer(&n), "a unsafe.Pointer cannot"},
		"complex":          {1i, "a complex128 cannot"},
		"pointer inside":   {map[string]any{"a": []any{&n}}, "part 1 (map[string]interface {}): a *int cannot"},
		"map from numbers": {map[int]int{}, "a map[int]int cannot be part of a key: only maps from strings can"},
		"NaN":              {math.NaN(), "NaN"},
		"NaN inside":       {[]float32{float32(math.NaN())}, "NaN"},
		"list in itself":   {loop, "nested more than 32 deep"},
		"map in itself":    {ring, "nested more than 32 deep"},
		"wide and deep":    {wide, "nested more than 32 deep"},
		"one too deep":     {deep, "nested more than 32 deep"},
		"long string":      {strings.Repeat("x", MaxKeyBytes), "would exceed 66560 bytes"},
		"long bytes":       {make([]byte, MaxKeyBytes), "would exceed"},
		"long list":        {make([]bool, MaxKeyBytes), "would exceed"},
		"long list of nil": {make([]any, MaxKeyBytes), "would exceed"},
		"long numbers":     {make([]uint16, MaxKeyBytes/2), "would exceed"},
		"long map key":     {map[string]any{strings.Repeat("x", MaxKeyBytes): 1}, "would exceed"},
	} {
		_, err := NewKey(Scope{Account: 1}, "test", "fine", c.part)
		if !errors.Is(err, ErrBadKey) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v: want ErrBadKey with %q", name, err, c.want)
		}
	}
	for name, err := range map[string]error{
		"account 0":          second(NewKey(Scope{}, "test")),
		"negative account":   second(NewKey(Scope{Account: -1}, "test")),
		"no name":            second(NewKey(Scope{Account: 1}, "")),
		"long name":          second(NewKey(Scope{Account: 1}, strings.Repeat("x", maxNameBytes+1))),
		"long principal":     second(NewKey(Scope{Account: 1, Principal: strings.Repeat("x", maxPrincipalBytes+1)}, "test")),
		"text of account 0":  second(TextKey(0, "test", "x")),
		"text without name":  second(TextKey(1, "", "x")),
		"text that is large": second(TextKey(1, "test", strings.Repeat("x", MaxKeyBytes))),
	} {
		if !errors.Is(err, ErrBadKey) {
			t.Errorf("%s: error %v: want ErrBadKey", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestKeyBoundsAreReached(t *testing.T) {
	deep := any(1)
	for range MaxKeyDepth - 1 {
		deep = []any{deep}
	}
	keyOf(t, deep)
	if _, err := NewKey(
		Scope{Account: math.MaxInt32, Principal: strings.Repeat("p", maxPrincipalBytes)},
		strings.Repeat("n", maxNameBytes), strings.Repeat("q", MaxQueryBytes),
	); err != nil {
		t.Errorf("the longest query has no key: %v", err)
	}
	// One byte more than fits is refused, whatever kind of value it belongs to.
	empty := len(keyOf(t, "").encoded)
	for size := MaxKeyBytes - empty - 4; size < MaxKeyBytes; size++ {
		key, err := NewKey(Scope{Account: 1}, "test", strings.Repeat("x", size), 1.5, time.Minute, nil)
		if err == nil && len(key.encoded) > MaxKeyBytes {
			t.Fatalf("a key of %d bytes was made", len(key.encoded))
		}
	}
	for _, tail := range []any{nil, 7, 1.5, time.Minute, time.Unix(1, 1), "", []byte{}, []any{}, map[string]any{}, map[string]int{"": 1}} {
		for spare := range 8 {
			fill := strings.Repeat("x", MaxKeyBytes-empty-2-spare)
			key, err := NewKey(Scope{Account: 1}, "test", fill, tail)
			if err == nil && len(key.encoded) > MaxKeyBytes {
				t.Errorf("%#v with %d bytes to spare: a key of %d bytes was made", tail, spare, len(key.encoded))
			}
			if err != nil && !errors.Is(err, ErrBadKey) {
				t.Errorf("%#v: %v", tail, err)
			}
		}
	}
}

// A map that cannot fit is refused before its keys are gathered: the work is
// bounded by the key, not by the map.
func TestKeyRefusesHugeMapAtOnce(t *testing.T) {
	huge := map[string]bool{}
	for i := range MaxKeyBytes {
		huge[fmt.Sprint(i)] = true
	}
	allocations := testing.AllocsPerRun(3, func() {
		if _, err := NewKey(Scope{Account: 1}, "test", huge); err == nil {
			t.Error("a huge map got a key")
		}
	})
	if allocations > 100 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestKeyErrorsHoldNoValue(t *testing.T) {
	_, err := NewKey(Scope{Account: 1, Principal: "hunter2"}, "test", "hunter2", map[string]any{"hunter2": make(chan int)})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v: want one without a value", err)
	}
}

func TestKeyString(t *testing.T) {
	key, err := NewKey(Scope{Account: 1234567, Principal: "hunter2"}, "schema", "hunter2")
	if err != nil {
		t.Fatal(err)
	}
	if got := key.String(); got != "schema (account 1234567)" {
		t.Errorf("got %q", got)
	}
	if got := (Key{}).String(); got != "no key" {
		t.Errorf("got %q", got)
	}
	bare, err := NewKey(Scope{Account: 1}, "n")
	if err != nil {
		t.Fatal(err)
	}
	if got := bare.String(); got != "n (account 1)" {
		t.Errorf("got %q", got)
	}
}
