package codec

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

type everything struct {
	Bool    bool
	I8      int8
	U64     uint64
	F32     float32
	Text    string
	Bytes   []byte
	None    []string
	Empty   []string
	Words   []string
	Grid    [2]int16
	Counts  map[int32]string
	Nothing map[string]int
	Pointer *everything
	At      time.Time
	For     time.Duration
	Any     any
}

var instant = time.Date(2026, 11, 23, 1, 2, 3, 456789012, time.UTC)

func TestTypedValuesComeBackAsTheyWere(t *testing.T) {
	in := everything{
		Bool: true, I8: -128, U64: math.MaxUint64, F32: 0.1, Text: "not \xff UTF-8", Bytes: []byte{0, 255}, Empty: []string{},
		Words: []string{"a", ""}, Grid: [2]int16{-1, 2}, Counts: map[int32]string{-3: "x", 4: "y"},
		Pointer: &everything{Text: "inner"}, At: instant, For: time.Hour,
		Any: []any{nil, true, int64(math.MaxInt64), int64(math.MinInt64), 0.1, math.Inf(-1), "t", []byte{1}, instant,
			map[string]any{"a": []any{}, "b": map[string]any{}}},
	}
	data, err := Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out everything
	if err := Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(in, out) {
		t.Errorf("came back as\n%+v, went as\n%+v", out, in)
	}
}

// What the package's doc says of an any, and of times.
func TestWhatChangesOnTheWayBack(t *testing.T) {
	amsterdam := time.FixedZone("LMT", 19*60+32)
	for name, c := range map[string]struct{ in, want any }{
		"int":              {7, int64(7)},
		"uint64":           {uint64(7), int64(7)},
		"float32":          {float32(0.5), 0.5},
		"whole float":      {3.0, 3.0},
		"strings":          {[]string{"a"}, []any{"a"}},
		"duration":         {time.Second, int64(time.Second)},
		"struct":           {struct{ A int }{1}, map[string]any{"A": int64(1)}},
		"zero time":        {time.Time{}, nil},
		"seconds of zones": {time.Date(1900, 1, 1, 0, 0, 0, 1, amsterdam), time.Date(1899, 12, 31, 23, 40, 28, 1, time.UTC)},
	} {
		data, err := Marshal(c.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var out any
		if err := Unmarshal(data, &out); err != nil || !reflect.DeepEqual(out, c.want) {
			t.Errorf("%s: came back as %T %v, %v: want %T %v", name, out, out, err, c.want, c.want)
		}
	}
}

func TestAValueHasOneEncoding(t *testing.T) {
	value := map[string]any{"nan": math.NaN(), "at": instant.In(time.FixedZone("x", 3600))}
	for i := range 50 {
		value[fmt.Sprint("k", i)] = i
	}
	want, err := Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	value["at"], value["nan"] = instant, math.Float64frombits(0x7ff8_dead_beef_0001)
	for range 20 {
		got, err := Marshal(value)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%x, %v: want %x", got, err, want)
		}
	}
}

func nested(depth int) any {
	var v any
	for range depth {
		v = []any{v}
	}
	return v
}

func TestWhatCannotBeReadIsNotWritten(t *testing.T) {
	for name, value := range map[string]any{
		"too deep":        nested(MaxDepth + 1),
		"too long a list": make([]any, MaxElements+1),
		"a function":      func() {},
		"year 10000":      time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		if _, err := Marshal(value); !errors.Is(err, ErrEncode) {
			t.Errorf("%s: %v: want ErrEncode", name, err)
		}
	}
	for name, value := range map[string]any{"deep": nested(MaxDepth), "long": make([]any, MaxElements)} {
		data, err := Marshal(value)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var out any
		if err := Unmarshal(data, &out); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHostileBytesAreRefused(t *testing.T) {
	for name, data := range map[string]string{
		"empty":                 "",
		"cut off":               "\x82\x01",
		"bytes left over":       "\x01\x01",
		"a long list of one":    "\x9a\x7f\xff\xff\xff\x01",
		"a long text":           "\x7b\x7f\xff\xff\xff\xff\xff\xff\xffa",
		"a map of many":         "\xba\x7f\xff\xff\xff\x01\x01",
		"too deep":              strings.Repeat("\x81", MaxDepth+1) + "\x01",
		"a key twice":           "\xa2\x61a\x01\x61a\x02",
		"no length":             "\x9f\x01\xff",
		"a big integer":         "\xc2\x41\x01",
		"an integer too large":  "\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
		"a key that is no text": "\xa1\x01\x01",
		"a time that is none":   "\xc0\x61x",
	} {
		var out any
		if err := Unmarshal([]byte(data), &out); !errors.Is(err, ErrDecode) {
			t.Errorf("%s: %v, with value %v: want ErrDecode", name, err, out)
		}
	}
}

func TestATypeIsNotTakenForAnother(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		into any
	}{
		"field in another case":   {"\xa1\x61a\x01", &struct{ A int }{}},
		"text for a number":       {"\x61a", new(int)},
		"number for a time":       {"\x01", new(time.Time)},
		"list for a struct":       {"\x81\x01", &struct{ A int }{}},
		"number that doesn't fit": {"\x19\x01\x00", new(int8)},
	} {
		err := Unmarshal([]byte(c.data), c.into)
		if s, ok := c.into.(*struct{ A int }); ok && err == nil {
			if s.A != 0 {
				t.Errorf("%s: was taken for the field", name)
			}
		} else if !errors.Is(err, ErrDecode) {
			t.Errorf("%s: %v: want ErrDecode", name, err)
		}
	}
}

func TestLyingLengthsAllocateNothing(t *testing.T) {
	data := []byte("\x9a\x00\x00\xff\xff" + strings.Repeat("\x9a\x00\x00\xff\xff", 20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		var out any
		_ = Unmarshal(data, &out)
	}
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 1<<20 {
		t.Errorf("a hundred times 105 bytes allocate %d", bytes)
	}
}

func TestWhatIsDecodedKeepsNothingOfTheBytes(t *testing.T) {
	data, err := Marshal(map[string]any{"k": []byte("value"), "s": "text"})
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	clear(data)
	if string(out["k"].([]byte)) != "value" || out["s"] != "text" {
		t.Errorf("became %v when the bytes were overwritten", out)
	}
}

type (
	shapeA struct{ A int }
	shapeB struct{ A int }
	list   struct {
		Next *list
		V    int
	}
)

func TestFingerprintsTellTypesApart(t *testing.T) {
	types := []reflect.Type{
		nil, reflect.TypeFor[any](), reflect.TypeFor[int](), reflect.TypeFor[int64](), reflect.TypeFor[string](), reflect.TypeFor[[]int](),
		reflect.TypeFor[[2]int](), reflect.TypeFor[[3]int](), reflect.TypeFor[*int](), reflect.TypeFor[map[string]int](),
		reflect.TypeFor[map[int]string](), reflect.TypeFor[shapeA](), reflect.TypeFor[shapeB](), reflect.TypeFor[[]shapeA](), reflect.TypeFor[list](),
		reflect.TypeFor[struct{ A int }](), reflect.TypeFor[struct{ B int }](), reflect.TypeFor[struct{ A uint }](),
		reflect.TypeFor[struct {
			A int `cbor:"a"`
		}](),
		reflect.TypeFor[struct{ A, B int }](), reflect.TypeFor[struct{ A struct{ B int } }](), reflect.TypeFor[struct{ A struct{ C int } }](),
		reflect.TypeFor[time.Time](), reflect.TypeFor[time.Duration](),
	}
	var seen []uint64
	for i, typ := range types {
		f := Fingerprint(typ)
		if j := slices.Index(seen, f); j >= 0 {
			t.Errorf("%v and %v have one fingerprint", types[j], typ)
		}
		if f != Fingerprint(types[i]) {
			t.Errorf("%v has two", typ)
		}
		seen = append(seen, f)
	}
}

// A fingerprint that differs from one release to the next empties every cache.
func TestFingerprintsStay(t *testing.T) {
	if got := Fingerprint(reflect.TypeFor[shapeA]()); got != 0x8e2327786cb2d601 {
		t.Errorf("fingerprint %#x", got)
	}
}

func BenchmarkDiscovery(b *testing.B) {
	events := discoveries(1000, 40)
	data, err := Marshal(events)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("marshal", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			_, _ = Marshal(events)
		}
	})
	b.Run("unmarshal", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			var out []map[string]any
			_ = Unmarshal(data, &out)
		}
	})
}

// discoveries are generated results of a discovery query: SELECT * with so many
// attributes, of which most are short texts from small sets.
func discoveries(n, attributes int) []map[string]any {
	events := make([]map[string]any, n)
	for i := range events {
		event := map[string]any{"timestamp": int64(1_795_000_000_000) + int64(i)*137}
		for a := 1; a < attributes; a++ {
			name := fmt.Sprintf("%s.%s%d", [...]string{"http", "aws", "k8s", "service", "request"}[a%5], [...]string{"name", "id", "duration", "status"}[a%4], a)
			switch h := uint32(i*attributes+a) * 2654435761; a % 4 {
			case 0:
				event[name] = fmt.Sprintf("%s-%d", [...]string{"checkout", "payments", "search", "frontend"}[h>>30], h>>24&15)
			case 1:
				event[name] = fmt.Sprintf("%08x%08x", h, h*2246822519)
			case 2:
				event[name] = float64(h>>12) / 1e6
			default:
				event[name] = []int64{200, 200, 200, 404, 500}[h%5]
			}
		}
		events[i] = event
	}
	return events
}
