package goal

import (
	"strconv"
	"time"
)

// Intent is what somebody is after: one of those below, or an embedder's own.
type Intent string

// The intents of the standard lexicon.
const (
	Performance  Intent = "performance"  // how fast it is
	Errors       Intent = "errors"       // what fails
	Cost         Intent = "cost"         // what is paid, and for which data
	Usage        Intent = "usage"        // how much it is used, and by whom
	Capacity     Intent = "capacity"     // whether there is room
	Availability Intent = "availability" // whether it is there
	Security     Intent = "security"     // who may, and who did what
	Change       Intent = "change"       // deployments and settings
	Business     Intent = "business"     // what it earns
	Quality      Intent = "quality"      // whether the data can be trusted
	Exploration  Intent = "exploration"  // what there is
)

// Goal is what was read off a text. It is plain data: it has no pointers, no two
// goals share memory, and CBOR and JSON bring it back as it was, but for the
// monotonic part and the zone's name of times.
//
// The zero Goal is that of somebody who has said nothing.
type Goal struct {
	// Text is what was read: at most MaxBytes of valid UTF-8.
	Text string `cbor:"1,keyasint" json:"text"`
	// Truncated says that the text was longer than that, and the rest not read.
	Truncated bool `cbor:"2,keyasint,omitempty" json:"truncated,omitempty"`
	// Intents are surest first, and the same as Lexicon's order where as sure.
	Intents []IntentGuess `cbor:"3,keyasint,omitempty" json:"intents,omitempty"`
	// EventTypes are surest first. They are what the text is about; Rank says
	// what else is worth a look.
	EventTypes []TypeGuess `cbor:"4,keyasint,omitempty" json:"eventTypes,omitempty"`
	// Excluded are event types that the text rules out. One that is also spoken
	// of is in EventTypes only where it is named in full.
	Excluded []string `cbor:"5,keyasint,omitempty" json:"excluded,omitempty"`
	// Attributes are those that the text names, in its order.
	Attributes []string `cbor:"6,keyasint,omitempty" json:"attributes,omitempty"`
	// Window is the time that the text speaks of; the zero Window where it says
	// nothing.
	Window Window `cbor:"7,keyasint" json:"window"`
	// Measure is what is to be worked out; the zero Measure where nothing is said.
	Measure Measure `cbor:"8,keyasint" json:"measure"`
	// Entities are names of services, hosts and the like.
	Entities []Entity `cbor:"9,keyasint,omitempty" json:"entities,omitempty"`
	// Facets are what to group by: words of the lexicon ("host"), or as written.
	Facets []string `cbor:"10,keyasint,omitempty" json:"facets,omitempty"`
}

// The bounds of a goal. What is beyond them is left out.
const (
	// MaxBytes is how much of a text is read.
	MaxBytes = 4 << 10
	// MaxGuesses bounds each list of a Goal.
	MaxGuesses = 16
)

// IntentGuess is an intent, and how sure it is: above 0 and below 1.
type IntentGuess struct {
	Intent     Intent  `cbor:"1,keyasint" json:"intent"`
	Confidence float64 `cbor:"2,keyasint" json:"confidence"`
}

// TypeGuess is an event type, and how sure it is: above 0 and below 1.
type TypeGuess struct {
	Name       string  `cbor:"1,keyasint" json:"name"`
	Confidence float64 `cbor:"2,keyasint" json:"confidence"`
}

// Entity is something with a name.
type Entity struct {
	// Kind is "service", "host" and so on where the text says so, else "".
	Kind string `cbor:"1,keyasint,omitempty" json:"kind,omitempty"`
	// Name is as written.
	Name string `cbor:"2,keyasint" json:"name"`
	// Excluded says that the text rules it out.
	Excluded bool `cbor:"3,keyasint,omitempty" json:"excluded,omitempty"`
}

// Measure is what is to be worked out.
type Measure struct {
	// Function is NRQL's name of it: count, rate, percentage, average, median's
	// percentile, max, min, sum, uniqueCount, apdex. It is "" in the zero Measure.
	Function string `cbor:"1,keyasint,omitempty" json:"function,omitempty"`
	// Of is what it is worked out of: duration, errors, requests, bytes, users,
	// cpu, memory, disk, …; "" where a count is of whatever there is.
	Of string `cbor:"2,keyasint,omitempty" json:"of,omitempty"`
	// Percentile is above 0 and below 100 where Function is percentile.
	Percentile float64 `cbor:"3,keyasint,omitempty" json:"percentile,omitempty"`
}

// String returns the measure as one would write it: percentile(duration, 95).
func (m Measure) String() string {
	switch {
	case m.Of == "":
		return m.Function
	case m.Percentile > 0:
		return m.Function + "(" + m.Of + ", " + strconv.FormatFloat(m.Percentile, 'g', -1, 64) + ")"
	}
	return m.Function + "(" + m.Of + ")"
}

// Window is a stretch of time.
type Window struct {
	// From and To are its ends at the time of the reading; From is before To.
	From time.Time `cbor:"1,keyasint" json:"from"`
	To   time.Time `cbor:"2,keyasint" json:"to"`
	// Open says that the window ends now, whenever now is.
	Open bool `cbor:"3,keyasint,omitempty" json:"open,omitempty"`
	// Length is that of a window that slides ("the past 24 hours"), else 0.
	Length time.Duration `cbor:"4,keyasint,omitempty" json:"length,omitempty"`
	// Compare is how much earlier the time is that the window is to be compared
	// with, else 0. It may be said of a window that is not.
	Compare time.Duration `cbor:"5,keyasint,omitempty" json:"compare,omitempty"`
}

// Stated is false where the text says nothing of the window's ends.
func (w Window) Stated() bool { return !w.To.IsZero() }

// At returns the window's ends at another time.
func (w Window) At(now time.Time) (from, to time.Time) {
	switch {
	case w.Length > 0:
		return now.Add(-w.Length), now
	case w.Open:
		return w.From, now
	}
	return w.From, w.To
}

// Clause returns the window in NRQL: "SINCE 24 hours ago". Ends that stand
// still are epoch milliseconds, which mean the same in every zone. It is "" where
// nothing was said.
func (w Window) Clause() string {
	clause := ""
	switch {
	case !w.Stated():
	case w.Length > 0:
		clause = "SINCE " + span(w.Length) + " ago"
	case w.Open:
		clause = "SINCE " + epoch(w.From)
	default:
		clause = "SINCE " + epoch(w.From) + " UNTIL " + epoch(w.To)
	}
	if w.Compare <= 0 {
		return clause
	}
	if clause == "" {
		clause = "SINCE 1 hour ago"
	}
	return clause + " COMPARE WITH " + span(w.Compare) + " ago"
}

// epoch writes a time in milliseconds since the Unix epoch. NRQL has no times before that,
// and NRDB no data.
func epoch(t time.Time) string { return strconv.FormatInt(max(t.UnixMilli(), 0), 10) }

// span writes a length of time in the largest unit that it is a multiple of.
func span(d time.Duration) string {
	for _, u := range [...]struct {
		name   string
		length time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}} {
		if n := d / u.length; n > 0 && d%u.length == 0 {
			return plural(int64(n), u.name)
		}
	}
	return plural(max(int64(d/time.Second), 1), "second")
}

func plural(n int64, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return strconv.FormatInt(n, 10) + " " + unit
}
