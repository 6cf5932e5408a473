package size

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"
)

type attribute struct {
	Name     string
	Kind     string
	Coverage float64
	Examples []string
	seen     map[string]int
}

type schema struct {
	EventType  string
	Attributes []attribute
	Parent     *schema
	Read       time.Time
	Extra      map[string]any
}

func decoded(text string) []map[string]any {
	var rows []map[string]any
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		panic(err)
	}
	return rows
}

func jsonRows(rows int, row func(i int) string) string {
	parts := make([]string, rows)
	for i := range parts {
		parts[i] = row(i)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func newSchema(copies int) schema {
	s := schema{EventType: fmt.Sprint("Transaction", copies), Read: time.Now(), Extra: map[string]any{}}
	for i := range 40 {
		a := attribute{Name: fmt.Sprint("attribute.name.", i, ".", copies), Kind: fmt.Sprint("string", i), Coverage: float64(i) / 40, seen: map[string]int{}}
		for k := range i % 7 {
			example := fmt.Sprint("an example of a value ", k, " of ", i)
			a.Examples = append(a.Examples, example)
			a.seen[example] = k
		}
		s.Attributes = append(s.Attributes, a)
		s.Extra[fmt.Sprint("extra ", i)] = []any{i, float64(i), fmt.Sprint(i), nil, true}
	}
	return s
}

// The corpus is what discovery gives: decoded JSON, and what is made of it.
var corpus = []struct {
	name string
	make func(i int) any
}{
	{"event types", func(int) any {
		return decoded(jsonRows(120, func(i int) string { return fmt.Sprintf(`{"eventType":"EventType%d"}`, i) }))
	}},
	{"keyset", func(int) any {
		return decoded(jsonRows(200, func(i int) string { return fmt.Sprintf(`{"key":"attribute.number%d","type":"string"}`, i) }))
	}},
	{"raw events", func(int) any {
		return decoded(jsonRows(100, func(i int) string {
			return fmt.Sprintf(`{"appName":"service-%d","duration":%d.25,"error":false,"host":"ip-10-0-0-%d","httpResponseCode":"200",
			"name":"WebTransaction/Go/path/%d","timestamp":17000000%05d,"traceId":"%032d","apdexPerfZone":"S","entityGuid":"MTIzNDU2N3xBUE18QVBQTElDQVRJT058%d",
			"nothing":null,"port":8080,"tags.team":"payments"}`, i%7, i, i, i%20, i, i, i%7)
		}))
	}},
	{"timeseries", func(int) any {
		return decoded(jsonRows(366, func(i int) string {
			return fmt.Sprintf(`{"beginTimeSeconds":%d,"endTimeSeconds":%d,"count":%d,"average.duration":%d.5}`, 1700000000+i, 1700000060+i, i*31, i)
		}))
	}},
	{"facet", func(int) any {
		return decoded(jsonRows(50, func(i int) string {
			return fmt.Sprintf(`{"facet":["service-%d","host-%d"],"appName":"service-%d","percentile.duration":{"50":%d.1,"95":%d.2,"99":%d.3}}`, i, i, i, i, i, i)
		}))
	}},
	{"one count", func(int) any { return decoded(`[{"count":123456}]`) }},
	{"schema", func(i int) any { s := newSchema(i); return &s }},
	{"wide map", func(i int) any {
		m := map[string]int{}
		for k := range 3000 {
			m[fmt.Sprint("attribute.", k, ".", i)] = k
		}
		return m
	}},
	{"coverage", func(i int) any {
		m := map[string][]float64{}
		for k := range 100 {
			m[fmt.Sprint("attribute ", k)] = make([]float64, 24)
		}
		return m
	}},
	{"text", func(i int) any { return strings.Repeat(fmt.Sprint(i), 3000) }},
	{"large values in a map", func(i int) any {
		m := map[int][20]int64{}
		for k := range 500 {
			m[k] = [20]int64{}
		}
		return m
	}},
}

// heapBytes is what is alive.
func heapBytes() int64 {
	runtime.GC()
	runtime.GC() // what the first one's finalizers and pools let go
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// The bar is 15 %. Each result is built so often that what else the process
// allocates does not count.
func TestEstimateIsCloseToTheHeap(t *testing.T) {
	const enough = 16 << 20
	for _, c := range corpus {
		t.Run(c.name, func(t *testing.T) {
			one := c.make(0)
			estimate := Of(&one)
			copies := int(enough/estimate) + 1
			kept := make([]any, copies)
			before := heapBytes()
			for i := range kept {
				kept[i] = c.make(i)
			}
			real := float64(heapBytes()-before) / float64(copies)
			var sum int64
			for i := range kept {
				sum += Of(&kept[i])
			}
			runtime.KeepAlive(kept)
			ratio := float64(sum) / float64(copies) / real
			t.Logf("%.0f B by the heap, %.0f B estimated: %.3f", real, float64(sum)/float64(copies), ratio)
			if ratio < 0.85 || ratio > 1.15 {
				t.Errorf("estimated %.3f of what the heap says", ratio)
			}
		})
	}
}

type ring struct {
	next *ring
	any  any
	_    [100]byte
}

func TestCyclesAndSharedPartsAreCountedOnce(t *testing.T) {
	a, b := &ring{}, &ring{}
	a.next, b.next, a.any, b.any = b, a, b, a
	if got, want := Of(&a), 2*Allocated[ring](); got != want {
		t.Errorf("a cycle of two: %d B: want %d", got, want)
	}
	self := map[string]any{}
	self["self"] = self
	alone := map[string]any{"self": nil}
	if got, want := Of(&self), Of(&alone); got != want {
		t.Errorf("a map that contains itself: %d B: want %d", got, want)
	}
	list := []any{nil}
	list[0] = list
	if got, want := Of(&list), Allocated[[1]any]()+Allocated[[]any](); got != want {
		t.Errorf("a list that contains itself: %d B: want %d", got, want)
	}
	text := strings.Repeat("x", 1000)
	rows := []map[string]string{{text: text}, {text: text}}
	if got := Of(&rows); got > 2*Of(&[]string{text}[0]) {
		t.Errorf("one text four times: %d B", got)
	}
}

func TestWhatCountsNothing(t *testing.T) {
	number, when, nothing := 7, time.Now(), any(nil)
	small, flag, empty := any(255), any(true), any("")
	var none *ring
	var noMap map[string]int
	var noSlice []int
	call, channel := func() { number++ }, make(chan int, 100)
	for what, got := range map[string]int64{
		"int": Of(&number), "time": Of(&when), "nil": Of(&nothing), "small": Of(&small), "bool": Of(&flag), "empty": Of(&empty),
		"nil pointer": Of(&none), "nil map": Of(&noMap), "nil slice": Of(&noSlice), "func": Of(&call), "chan": Of(&channel),
	} {
		if got != 0 {
			t.Errorf("%s: %d B", what, got)
		}
	}
}

func TestBoxesAreCounted(t *testing.T) {
	number, pair := any(1000), any([2]int64{1, 2})
	text := any(strings.Repeat("x", 100))
	for what, c := range map[string]struct{ got, want int64 }{
		"number": {Of(&number), Allocated[int]()},
		"array":  {Of(&pair), Allocated[[2]int64]()},
		"string": {Of(&text), Allocated[string]() + allocated(100, false)},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d B: want %d", what, c.got, c.want)
		}
	}
}

// JSON's own maps take a short cut, which must lead to the same.
func TestShortCutMeasuresTheSame(t *testing.T) {
	type named map[string]any
	for _, row := range corpus[2].make(0).([]map[string]any) {
		row["list"], row["zero"], row["empty"], row["row"] = []any{1, "a"}, 0.0, "", map[string]any{"a": nil}
		same := named(row)
		if got, want := Of(&row), Of(&same); got != want {
			t.Fatalf("%d B by the short cut, %d B by reflection", got, want)
		}
	}
}

func TestUnexportedAndEmbeddedPartsAreVisited(t *testing.T) {
	type inner struct {
		lists map[string]map[string]any
	}
	type outer struct {
		inner
		pair [2]any
		box  any
	}
	v := outer{inner: inner{map[string]map[string]any{"a": {"b": strings.Repeat("x", 5000)}}}, pair: [2]any{strings.Repeat("y", 5000)}, box: inner{}}
	if got := Of(&v); got < 2*5000 {
		t.Errorf("%d B: want more than 10000", got)
	}
}

// The allocator's own rounding shows in the capacity of a slice that grew.
func TestSizesAreTheAllocators(t *testing.T) {
	if len(classes()) < 60 {
		t.Fatalf("%d size classes", len(classes()))
	}
	for bytes := 16; bytes < 1<<17; bytes += 1 + bytes/40 {
		grown := append([]byte(nil), make([]byte, bytes)...)
		if got := allocated(int64(bytes), false); got != int64(cap(grown)) {
			t.Errorf("%d B are allocated as %d: want %d", bytes, got, cap(grown))
		}
	}
	for bytes, want := range map[int64]int64{0: 0, 1: 1, 5: 6, 8: 8, 9: 16, 15: 16} {
		if got := allocated(bytes, false); got != want {
			t.Errorf("%d B without pointers are allocated as %d: want %d", bytes, got, want)
		}
	}
	if unsafe.Sizeof(uintptr(0)) == 8 && (allocated(512, true) != 512 || allocated(1024, true) != 1152) {
		t.Errorf("with pointers: %d and %d", allocated(512, true), allocated(1024, true))
	}
}

// The walker's memory comes from a pool, which the collector may empty, and which
// forgets on purpose under the race detector: so the best of several counts.
func TestMeasuringAllocatesNothingForRows(t *testing.T) {
	rows := corpus[2].make(0).([]map[string]any)
	least := testing.AllocsPerRun(1, func() { Of(&rows) })
	for range 100 {
		least = min(least, testing.AllocsPerRun(1, func() { Of(&rows) }))
	}
	if least > 2 {
		t.Errorf("%v allocations", least)
	}
}

func BenchmarkRows(b *testing.B) {
	rows := corpus[2].make(0).([]map[string]any)
	b.ReportAllocs()
	for b.Loop() {
		Of(&rows)
	}
}
