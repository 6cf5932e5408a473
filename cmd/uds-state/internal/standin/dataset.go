package standin

import (
	"fmt"
	"math"
	"sort"
	"time"
)

// dataset is an account's events. None is stored: an event is its type and its
// number, and every value of it follows from those and the seed. So any window
// of any length can be asked for, twice with the same answer, at no memory.
type dataset struct {
	seed  uint64
	types map[string]*eventType
	names []string // sorted
}

// newDataset builds the catalogue's event types for a seed.
func newDataset(seed uint64) *dataset {
	d := &dataset{seed: seed, types: make(map[string]*eventType)}
	for _, t := range catalogue() {
		t.salt = mix(seed, hashOf(t.name))
		t.byName = make(map[string]*attribute, len(t.attributes))
		for i := range t.attributes {
			t.byName[t.attributes[i].name] = &t.attributes[i]
		}
		d.types[t.name] = t
		d.names = append(d.names, t.name)
	}
	sort.Strings(d.names)
	return d
}

// valueKind is an attribute's type, in the words keyset() uses.
type valueKind string

const (
	text    valueKind = "string"
	numeric valueKind = "numeric"
	boolean valueKind = "boolean"
)

// attribute is a column of an event type: what its values look like and how
// often there is none.
type attribute struct {
	name      string
	kind      valueKind
	nullShare float64
	// draw turns random bits into a value of kind: string, float64 or bool.
	draw func(bits uint64) any
}

// eventType is a table of the account. Events arrive at perHour on average, with
// a daily wave around it.
type eventType struct {
	name       string
	perHour    float64
	attributes []attribute

	salt   uint64
	byName map[string]*attribute
}

const (
	waveHeight      = 0.6 // the rate swings between 40 % and 160 % of its mean
	hoursADay       = 24.0
	radiansAnHour   = 2 * math.Pi / hoursADay
	waveShiftHours  = 9.0 // lowest in the small hours, highest in the afternoon
	bisectionRounds = 60
)

// before is how many events happened before a moment. It is the integral of
// perHour·(1 + waveHeight·sin(…)), so it never falls, and the count of a window
// is a difference: windows that meet add up.
func (t *eventType) before(moment time.Time) int64 {
	return int64(math.Floor(t.eventsAt(hoursOf(moment))))
}

func (t *eventType) eventsAt(hours float64) float64 {
	return t.perHour * (hours - waveHeight/radiansAnHour*math.Cos(radiansAnHour*(hours-waveShiftHours)))
}

// momentOf is when an event happened: the inverse of before.
func (t *eventType) momentOf(number int64) time.Time {
	guess := float64(number) / t.perHour
	low, high := guess-hoursADay, guess+hoursADay
	for range bisectionRounds {
		middle := (low + high) / 2
		if t.eventsAt(middle) < float64(number) {
			low = middle
		} else {
			high = middle
		}
	}
	return time.UnixMilli(int64(math.Ceil(high * float64(time.Hour/time.Millisecond))))
}

func hoursOf(moment time.Time) float64 {
	return float64(moment.UnixMilli()) / float64(time.Hour/time.Millisecond)
}

// timestampKey is the attribute that every event has and no catalogue lists.
const timestampKey = "timestamp"

// event is one event of a type.
type event struct {
	of     *eventType
	number int64
}

// value returns an attribute of the event, nil where the event has none.
func (e event) value(key string) any {
	if key == timestampKey {
		return float64(e.of.momentOf(e.number).UnixMilli())
	}
	a, ok := e.of.byName[key]
	if !ok {
		return nil
	}
	bits := mix(e.of.salt^hashOf(key), uint64(e.number))
	if unitOf(bits) < a.nullShare {
		return nil
	}
	return a.draw(mix(bits, 1))
}

// row is the whole event as SELECT * returns it: absent attributes are absent.
func (e event) row() row {
	r := row{timestampKey: e.value(timestampKey)}
	for i := range e.of.attributes {
		key := e.of.attributes[i].name
		if v := e.value(key); v != nil {
			r[key] = v
		}
	}
	return r
}

// keysOf lists a type's attributes as keyset() does.
func (t *eventType) keys() []row {
	rows := []row{{"key": timestampKey, "type": string(numeric)}}
	for _, a := range t.attributes {
		rows = append(rows, row{"key": a.name, "type": string(a.kind)})
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i]["key"].(string) < rows[j]["key"].(string) })
	return rows
}

// The constructors below are the vocabulary of the catalogue.

// oneOf is a string attribute with few values, the first ones most frequent.
func oneOf(name string, nullShare float64, values ...string) attribute {
	return attribute{name: name, kind: text, nullShare: nullShare, draw: func(bits uint64) any {
		return values[skewed(bits, len(values))]
	}}
}

// numbered is a string attribute with as many values as cardinality says, made
// from a format with one number.
func numbered(name string, nullShare float64, format string, cardinality int) attribute {
	values := make([]string, cardinality)
	for i := range values {
		values[i] = fmt.Sprintf(format, i+1)
	}
	return oneOf(name, nullShare, values...)
}

// identifier is a string attribute that hardly ever repeats.
func identifier(name string, nullShare float64) attribute {
	return attribute{name: name, kind: text, nullShare: nullShare, draw: func(bits uint64) any {
		return fmt.Sprintf("%016x", bits)
	}}
}

// measure is a positive number, log-normal around its median.
func measure(name string, nullShare, median, sigma float64) attribute {
	return attribute{name: name, kind: numeric, nullShare: nullShare, draw: func(bits uint64) any {
		// The sum of three uniforms is near enough to a normal.
		sum := unitOf(mix(bits, 2)) + unitOf(mix(bits, 3)) + unitOf(mix(bits, 4))
		return median * math.Exp(sigma*2*(sum-1.5))
	}}
}

// integer is a whole number between low and high, small ones most frequent.
func integer(name string, nullShare float64, low, high int) attribute {
	return attribute{name: name, kind: numeric, nullShare: nullShare, draw: func(bits uint64) any {
		return float64(low + skewed(bits, high-low+1))
	}}
}

// percent is a number between 0 and 100.
func percent(name string, nullShare float64) attribute {
	return attribute{name: name, kind: numeric, nullShare: nullShare, draw: func(bits uint64) any {
		return 100 * unitOf(bits)
	}}
}

// flag is a boolean that is true for a share of the events.
func flag(name string, nullShare, trueShare float64) attribute {
	return attribute{name: name, kind: boolean, nullShare: nullShare, draw: func(bits uint64) any {
		return unitOf(bits) < trueShare
	}}
}

// skewed picks an index below n, low ones more often.
func skewed(bits uint64, n int) int {
	u := unitOf(bits)
	return min(int(u*u*float64(n)), n-1)
}

// unitOf maps bits to [0, 1).
func unitOf(bits uint64) float64 { return float64(bits>>11) / (1 << 53) }

// mix is one step of SplitMix64 over both inputs: cheap, and every input bit
// reaches every output bit.
func mix(a, b uint64) uint64 {
	z := a + 0x9e3779b97f4a7c15*(b+1)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// hashOf is FNV-1a, inlined because it runs for every value.
func hashOf(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return h
}
