package standin

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// noon is an arbitrary moment that tests take for now.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func TestCatalogueIsSound(t *testing.T) {
	d := newDataset(1)
	if len(d.names) < 36 {
		t.Errorf("%d event types, want a few dozen", len(d.names))
	}
	for _, eventType := range d.types {
		if len(eventType.attributes) != len(eventType.byName) {
			t.Errorf("%s lists an attribute twice", eventType.name)
		}
		if eventType.byName[timestampKey] != nil {
			t.Errorf("%s lists %s, which every event has", eventType.name, timestampKey)
		}
		if eventType.perHour <= 0 {
			t.Errorf("%s has no events", eventType.name)
		}
	}
}

func TestValuesFitTheirAttribute(t *testing.T) {
	d := newDataset(1)
	for _, eventType := range d.types {
		for i := range eventType.attributes {
			checkAttribute(t, eventType, &eventType.attributes[i])
		}
	}
}

func checkAttribute(t *testing.T, eventType *eventType, a *attribute) {
	t.Helper()
	const events = 4000
	nulls := 0
	for number := range int64(events) {
		switch v := (event{of: eventType, number: number}).value(a.name).(type) {
		case nil:
			nulls++
		case string:
			check(t, eventType, a, a.kind == text && v != "", v)
		case bool:
			check(t, eventType, a, a.kind == boolean, v)
		case float64:
			check(t, eventType, a, a.kind == numeric && !math.IsNaN(v) && !math.IsInf(v, 0), v)
		default:
			t.Fatalf("%s.%s is a %T", eventType.name, a.name, v)
		}
	}
	if share := float64(nulls) / events; math.Abs(share-a.nullShare) > 0.04 {
		t.Errorf("%s.%s is null in %.2f of the events, want %.2f", eventType.name, a.name, share, a.nullShare)
	}
}

func check(t *testing.T, eventType *eventType, a *attribute, ok bool, v any) {
	t.Helper()
	if !ok {
		t.Fatalf("%s.%s is of kind %s and has the value %v", eventType.name, a.name, a.kind, v)
	}
}

func TestSeedDecidesValues(t *testing.T) {
	value := func(seed uint64, number int64) any {
		return event{of: newDataset(seed).types["Span"], number: number}.value("id")
	}
	if one, again := value(7, 12345), value(7, 12345); one != again {
		t.Errorf("the same seed gave %v and %v", one, again)
	}
	if one, other := value(7, 12345), value(8, 12345); one == other {
		t.Errorf("seeds 7 and 8 both gave %v", one)
	}
}

func TestCountsOfAdjoiningWindowsAddUp(t *testing.T) {
	d := newDataset(1)
	rapid.Check(t, func(t *rapid.T) {
		eventType := d.types[rapid.SampledFrom(d.names).Draw(t, "type")]
		begin := noon.Add(-time.Duration(rapid.Int64Range(0, int64(1000*time.Hour)).Draw(t, "ago")))
		first := time.Duration(rapid.Int64Range(0, int64(50*time.Hour)).Draw(t, "first"))
		second := time.Duration(rapid.Int64Range(0, int64(50*time.Hour)).Draw(t, "second"))
		count := func(from, to time.Time) int64 { return eventType.before(to) - eventType.before(from) }
		middle := begin.Add(first)
		end := middle.Add(second)
		if a, b, all := count(begin, middle), count(middle, end), count(begin, end); a < 0 || b < 0 || a+b != all {
			t.Fatalf("%d + %d events in the parts, %d in the whole", a, b, all)
		}
	})
}

func TestEventsLieInTheWindowThatCountsThem(t *testing.T) {
	d := newDataset(1)
	begin, end := noon.Add(-time.Hour), noon
	for _, eventType := range d.types {
		first, last := eventType.before(begin), eventType.before(end)-1
		if last < first {
			continue
		}
		// Timestamps have milliseconds, so the edges may be off by one.
		tolerance := 2 * time.Millisecond
		if at := eventType.momentOf(first + 1); at.Before(begin.Add(-tolerance)) {
			t.Errorf("%s: the first event happened at %v, before %v", eventType.name, at, begin)
		}
		if at := eventType.momentOf(last); at.After(end.Add(tolerance)) {
			t.Errorf("%s: the last event happened at %v, after %v", eventType.name, at, end)
		}
	}
}

func TestLatencyFollowsCost(t *testing.T) {
	median := func(cost Cost) time.Duration { return medianOf(cost) }
	cheap := median(Cost{Metadata: true})
	count := median(Cost{Events: 1e6, Functions: 1})
	profile := median(Cost{Events: 2e7, Functions: 2, Buckets: 24})
	sample := median(Cost{Events: 2e7, Rows: 1000})
	if !(cheap < count && count < profile && profile < sample) {
		t.Errorf("medians %v, %v, %v, %v do not rise with the cost", cheap, count, profile, sample)
	}
	latency, again := NewLogNormal(3), NewLogNormal(3)
	for range 2000 {
		drawn := latency.For(Cost{Events: 2e7, Rows: 5000})
		if drawn < latencyFloor || drawn > latencyCap {
			t.Fatalf("drew %v, outside %v to %v", drawn, latencyFloor, latencyCap)
		}
		if same := again.For(Cost{Events: 2e7, Rows: 5000}); same != drawn {
			t.Fatalf("one seed drew %v and %v", drawn, same)
		}
	}
}
