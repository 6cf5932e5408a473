package inspect

import (
	"math"
	"slices"
	"strconv"
)

// The charts of the page about effectiveness.

func ratioChart(e *Effect) chart {
	c := chart{ID: "ratio", Caption: "Share of calls answered from memory, by kind"}
	return newChart(c, e.Points, byKind(e, func(k *PointKind) float64 { return orNone(k.HitRatio) }), 1, roundPercent)
}

func windowChart(e *Effect) chart {
	c := chart{ID: "window", Caption: "Admission window: share of the results that it may hold, by kind"}
	return newChart(c, e.Points, byKind(e, func(k *PointKind) float64 { return k.WindowShare }), 0, roundPercent)
}

func trafficChart(e *Effect) chart {
	c := chart{ID: "traffic", Caption: "Calls by how they were answered, in each span", Bars: true}
	return newChart(c, e.Points, []series{
		{"from memory", valuesOf(e, func(p *Point) float64 { return float64(p.Calls.FromMemory) })},
		{"by another's load", valuesOf(e, func(p *Point) float64 { return float64(p.Calls.Shared) })},
		{"by a load of their own", valuesOf(e, func(p *Point) float64 { return float64(p.Calls.Loaded) })},
	}, 0, whole)
}

func latencyChart(e *Effect) chart {
	c := chart{ID: "latency", Caption: "What NRDB took to answer a query, in the slowest sample of each span"}
	if unmeasured(e, &c) {
		return c
	}
	return newChart(c, e.Points, []series{
		{"99 % at most", valuesOf(e, func(p *Point) float64 { return noneForZero(p.Queries.P99Seconds) })},
		{"half at most", valuesOf(e, func(p *Point) float64 { return noneForZero(p.Queries.P50Seconds) })},
	}, 0, secondsText)
}

// unmeasured says so in the chart where queries are.
func unmeasured(e *Effect, c *chart) bool {
	if len(e.Points) == 0 || e.Points[0].Queries != nil {
		return false
	}
	c.Empty = "Queries are not measured: this dashboard has no Meter."
	return true
}

func queryChart(e *Effect) chart {
	c := chart{ID: "queries", Caption: "NRDB queries, in each span", Bars: true}
	if unmeasured(e, &c) {
		return c
	}
	return newChart(c, e.Points, []series{
		{"spared", valuesOf(e, func(p *Point) float64 { return float64(p.Queries.Spared) })},
		{"sent", valuesOf(e, func(p *Point) float64 { return float64(p.Queries.Sent) })},
	}, 0, whole)
}

func savingChart(e *Effect) chart {
	c := chart{ID: "saving", Caption: "Waiting that callers were spared, in each span", Bars: true}
	if unmeasured(e, &c) {
		return c
	}
	return newChart(c, e.Points, []series{
		{"spared", valuesOf(e, func(p *Point) float64 { return p.Queries.SparedSeconds })},
	}, 0, secondsText)
}

// recentChart is the first page's: the same as the traffic of the page about
// effectiveness, under another name.
func recentChart(e *Effect) chart {
	c := trafficChart(e)
	c.ID, c.Caption = "recent", "How calls were answered lately"
	return c
}

func departureChart(e *Effect) chart {
	c := chart{ID: "departures", Caption: "Results that went, by cause, in each span", Bars: true}
	return newChart(c, e.Points, []series{
		{"made room", valuesOf(e, func(p *Point) float64 { return float64(p.Evicted) })},
		{"expired", valuesOf(e, func(p *Point) float64 { return float64(p.Expired) })},
		{"invalidated", valuesOf(e, func(p *Point) float64 { return float64(p.Invalidated) })},
	}, 0, whole)
}

func memoryChart(e *Effect) chart {
	c := chart{ID: "memory", Caption: "The process's heap, garbage included"}
	return newChart(c, e.Points, []series{
		{"heap", valuesOf(e, func(p *Point) float64 { return float64(p.HeapBytes) })},
	}, 0, bytesText)
}

// byKind makes a series of each kind that there was at the end, the busiest first
// as far as the names can tell: the state's own.
func byKind(e *Effect, value func(*PointKind) float64) []series {
	if len(e.Points) == 0 {
		return nil
	}
	var all []series
	for _, kind := range e.Points[len(e.Points)-1].Kinds {
		values := valuesOf(e, func(p *Point) float64 {
			i := slices.IndexFunc(p.Kinds, func(k PointKind) bool { return k.Name == kind.Name })
			if i < 0 {
				return math.NaN()
			}
			return value(&p.Kinds[i])
		})
		all = append(all, series{kind.Name, values})
	}
	slices.SortStableFunc(all, func(a, b series) int {
		switch {
		case a.name == b.name:
			return 0
		case a.name == queryKind:
			return -1
		case b.name == queryKind:
			return 1
		}
		return 0
	})
	return all
}

func valuesOf(e *Effect, value func(*Point) float64) []float64 {
	values := make([]float64, len(e.Points))
	for i := range e.Points {
		values[i] = value(&e.Points[i])
	}
	return values
}

func orNone(share *float64) float64 {
	if share == nil {
		return math.NaN()
	}
	return *share
}

func noneForZero(n float64) float64 {
	if n == 0 {
		return math.NaN()
	}
	return n
}

func whole(n float64) string {
	if n != math.Trunc(n) {
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	return grouped(strconv.FormatFloat(n, 'f', 0, 64))
}

// latestPoints are all points, latest first, as tables have them.
func latestPoints(e *Effect) []Point {
	points := slices.Clone(e.Points)
	slices.Reverse(points)
	return points
}
