package inspect

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/warm"
)

// still is a source that nothing happens to.
type still struct{}

func (still) Health() state.Health {
	return state.Health{Kinds: []state.KindStats{{Name: queryKind, Hits: 5, Loads: 2}}}
}
func (still) Hottest(int) []warm.Saving                   { return nil }
func (still) Lifetime(int, string) (state.Lifetime, bool) { return state.Lifetime{}, false }
func (still) WindowShares() map[string]float64            { return map[string]float64{queryKind: 0.05} }

func TestSamplesAreApart(t *testing.T) {
	at := time.Unix(1e9, 0)
	h := newHistory(still{}, nil, func() time.Time { return at })
	for range 100 {
		h.observe()
		at = at.Add(SampleInterval / 10)
	}
	if n := len(h.read()); n != 11 && n != 12 {
		t.Errorf("%d samples in ten intervals", n)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	at := time.Unix(1e9, 0)
	h := newHistory(still{}, nil, func() time.Time { return at })
	for range mostSamples + 9 {
		h.observe()
		at = at.Add(SampleInterval)
	}
	samples := h.read()
	if len(samples) != mostSamples || !samples[mostSamples-1].at.Equal(at.Add(-SampleInterval)) {
		t.Errorf("%d samples, the last of %v", len(samples), samples[len(samples)-1].at)
	}
	points := pointsOf(samples, false)
	if len(points) > mostPoints || len(points) < mostPoints/2 || !points[len(points)-1].To.Equal(at.Add(-SampleInterval)) {
		t.Errorf("%d points", len(points))
	}
	for i := range points[1:] {
		if !points[i].To.Equal(points[i+1].From) {
			t.Fatalf("points %d and %d have a gap", i, i+1)
		}
	}
}

func TestAHistoryRunsUntilItIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := NewHistory(still{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*SampleInterval+time.Second)
		defer cancel()
		h.Run(ctx)
		if n := len(h.read()); n != 11 {
			t.Errorf("%d samples", n)
		}
	})
}

func TestAPointIsWhatHappenedInIt(t *testing.T) {
	sampleOf := func(seconds int, k state.KindStats, loaded uint64) sample {
		k.Name = queryKind
		return sample{
			at: time.Unix(1e9+int64(seconds), 0), kinds: []state.KindStats{k}, shares: map[string]float64{queryKind: 0.25},
			loaded: loaded, loadTime: time.Duration(loaded) * 2 * time.Second, p50: time.Duration(seconds) * time.Millisecond, p99: time.Second,
		}
	}
	points := pointsOf([]sample{
		sampleOf(0, state.KindStats{}, 0),
		sampleOf(5, state.KindStats{Hits: 10, Loads: 12, Refreshes: 2, Collapsed: 5, Evictions: 1}, 12),
		sampleOf(10, state.KindStats{Hits: 40, Loads: 22, Refreshes: 2, Collapsed: 5, Evictions: 4, Expirations: 6, Invalidated: 7}, 22),
	}, true)
	if len(points) != 2 {
		t.Fatalf("%d points", len(points))
	}
	p := points[1]
	if p.Calls.FromMemory != 30 || p.Calls.Loaded != 10 || p.Calls.Shared != 0 || *p.Calls.HitRatio != 0.75 {
		t.Errorf("%+v", p.Calls)
	}
	if points[0].Calls.Loaded != 10 || points[0].Calls.Shared != 5 || *points[0].Calls.HitRatio != 0.4 {
		t.Errorf("refreshes are nobody's calls: %+v", points[0].Calls)
	}
	if p.Evicted != 3 || p.Expired != 6 || p.Invalidated != 7 || p.Kinds[0].WindowShare != 0.25 {
		t.Errorf("%+v", p)
	}
	if *p.Queries != (PointQueries{Sent: 10, Spared: 30, P50Seconds: 0.01, P99Seconds: 1, SparedSeconds: 60}) {
		t.Errorf("%+v", p.Queries)
	}
}

func TestCountersThatSeemToGoBackAreNotNegative(t *testing.T) {
	c := Count{FromMemory: 3}.minus(Count{FromMemory: 5, Loaded: 1})
	if c.Calls() != 0 || c.HitRatio != nil {
		t.Errorf("%+v", c)
	}
	if c := countOf(&state.KindStats{Loads: 1, Refreshes: 2}); c.Loaded != 0 {
		t.Errorf("%+v", c)
	}
}

// asked is a Querier that does what it is told.
type asked func(context.Context) error

func (a asked) QueryNRQL(ctx context.Context, _ int, _ string) (state.Rows, error) {
	return nil, a(ctx)
}

func TestAMeterMeasures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := errors.New("fault")
		took := time.Duration(0)
		outcome := error(nil)
		m, err := NewMeter(asked(func(context.Context) error {
			time.Sleep(took)
			return outcome
		}))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			took = time.Duration(i+1) * 10 * time.Millisecond
			if _, err := m.QueryNRQL(t.Context(), 1, ""); err != nil {
				t.Fatal(err)
			}
		}
		read := m.read()
		within := func(what string, got, want time.Duration) {
			if math.Abs(float64(got-want)) > float64(want)/14 {
				t.Errorf("%s is %v, want %v", what, got, want)
			}
		}
		within("half", read.quantile(0.5), 505*time.Millisecond)
		within("99 %", read.quantile(0.99), time.Second)
		if read.queries() != 100 || read.mean() != 505*time.Millisecond || read.failed != 0 {
			t.Errorf("%d queries, %v", read.queries(), read.mean())
		}
		outcome = fault
		if _, err := m.QueryNRQL(t.Context(), 1, ""); !errors.Is(err, fault) {
			t.Error(err)
		}
		outcome = fmt.Errorf("gone: %w", context.Canceled)
		_, _ = m.QueryNRQL(t.Context(), 1, "")
		since := m.read().minus(read)
		if since.queries() != 1 || since.failed != 1 {
			t.Errorf("%d queries, %d failed: one that its caller left says nothing", since.queries(), since.failed)
		}
	})
}

func TestAMeterCountsAPanic(t *testing.T) {
	m, err := NewMeter(asked(func(context.Context) error { panic("x") }))
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = m.QueryNRQL(t.Context(), 1, "")
	}()
	if read := m.read(); read.queries() != 1 || read.failed != 1 {
		t.Errorf("%d, %d", read.queries(), read.failed)
	}
}

func TestBucketsCoverEveryDuration(t *testing.T) {
	before := -1
	for took := time.Duration(1); took > 0 && took < math.MaxInt64/2; took += took/20 + 1 {
		bucket := bucketOf(took)
		if bucket < before || bucket >= bucketCount {
			t.Fatalf("%v is in bucket %d, after %d", took, bucket, before)
		}
		before = bucket
		if middle := middleOf(bucket); took > 10*time.Microsecond && took < 1000*time.Hour && math.Abs(float64(middle-took)) > float64(took)/8 {
			t.Fatalf("%v counts as %v", took, middle)
		}
	}
	if bucketOf(-1) != 0 || bucketOf(math.MaxInt64) >= bucketCount {
		t.Error("the ends are out of range")
	}
}

func TestFiguresSayTheirUnits(t *testing.T) {
	for got, want := range map[string]string{
		secondsText(0): "0 s", secondsText(0.00034): "340 µs", secondsText(0.0125): "12.5 ms", secondsText(59.5): "59.5 s",
		secondsText(61): "1 min 1 s", secondsText(3600): "1 h", secondsText(7380): "2 h 3 min", secondsText(200000): "2 d 7 h",
		bytesText(0): "0 B", bytesText(1536): "1.50 KiB", bytesText(5 << 30): "5 GiB", bytesText(3 << 50): "3072 TiB",
		percent(0.12345): "12.3 %", grouped("1234567"): "1 234 567", grouped("-1234"): "-1 234", grouped("999"): "999",
	} {
		if strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(got) != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if html := string(countHTML(uint64(1234))); html != "<data value=\"1234\">1\u202f234</data>" {
		t.Error(html)
	}
}

func TestChartsBreakWhereThereIsNothing(t *testing.T) {
	at := time.Unix(1e9, 0)
	points := []Point{{From: at, To: at.Add(1)}, {From: at.Add(1), To: at.Add(2)}, {From: at.Add(2), To: at.Add(3)}}
	c := newChart(chart{}, points, []series{{"a", []float64{0, math.NaN(), 1}}}, 1, percent)
	if c.Series[0].Path != "M0 120L200 120M400 0L600 0" {
		t.Error(c.Series[0].Path)
	}
	c = newChart(chart{Bars: true}, points, []series{{"a", []float64{2, 0, 4}}, {"b", []float64{2, 1, 1}}}, 0, whole)
	if c.Top != "5" || !strings.HasPrefix(c.Series[1].Path, "M0 72V24H198.5V72Z") {
		t.Errorf("%+v", c)
	}
	if c := newChart(chart{}, nil, nil, 0, whole); c.Empty == "" {
		t.Error("no words")
	}
	for n, want := range map[float64]float64{0: 1, 1: 1, 1.1: 2, 3: 5, 6: 10, 0.03: 0.05, 730: 1000} {
		if got := roundUp(n); math.Abs(got-want) > want/1e9 {
			t.Errorf("roundUp(%v) is %v", n, got)
		}
	}
}
