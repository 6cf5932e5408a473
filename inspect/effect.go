package inspect

import (
	"net/http"
	"time"

	"github.com/uds-platform/state"
)

// Effect is the page that says how effective the caches have been over time.
type Effect struct {
	At time.Time `json:"at"`
	// Points are oldest first, at most 60. Each is about the time between two
	// samples, or several where there are more.
	Points []Point `json:"points"`
}

// Point is what happened in a span of time.
type Point struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Calls Count     `json:"calls"` // of all kinds
	// Queries that NRDB was sent, the slowest sample's latency, and about the time
	// that callers were spared; nil without a Meter.
	Queries *PointQueries `json:"queries"`
	// Departed are results that went, by cause.
	Evicted     uint64 `json:"evicted"`
	Expired     uint64 `json:"expired"`
	Invalidated uint64 `json:"invalidated"`
	// HeapBytes and Entries are as they were at the end of the span.
	HeapBytes uint64 `json:"heapBytes"`
	Entries   int    `json:"entries"`
	// Kinds are those that there were at the end, by name.
	Kinds []PointKind `json:"kinds"`
}

// PointQueries are the queries of a span.
type PointQueries struct {
	Sent          uint64  `json:"sent"`
	Spared        uint64  `json:"spared"` // queries that were answered without one
	P50Seconds    float64 `json:"p50Seconds"`
	P99Seconds    float64 `json:"p99Seconds"`
	SparedSeconds float64 `json:"sparedSeconds"`
}

// PointKind is a kind in a span.
type PointKind struct {
	Name     string   `json:"name"`
	HitRatio *float64 `json:"hitRatio"`
	// WindowShare is the share of the results that the admission window may hold.
	WindowShare float64 `json:"windowShare"`
}

const mostPoints = 60

func (d *dashboard) effect(*http.Request) (any, error) {
	return d.effectNow(), nil
}

func (d *dashboard) effectNow() *Effect {
	return &Effect{At: d.options.Now(), Points: pointsOf(d.history.read(), d.history.meter != nil)}
}

// pointsOf folds samples into points, the latest samples wholly.
func pointsOf(samples []sample, measured bool) []Point {
	spans := len(samples) - 1
	points := []Point{}
	if spans < 1 {
		return points
	}
	step := (spans + mostPoints - 1) / mostPoints
	for from := spans % step; from < spans; from += step {
		points = append(points, pointOf(samples[from:from+step+1], measured))
	}
	return points
}

// pointOf is what happened between the first and the last sample.
func pointOf(samples []sample, measured bool) Point {
	first, last := &samples[0], &samples[len(samples)-1]
	p := Point{From: first.at, To: last.at, HeapBytes: last.heapBytes, Kinds: []PointKind{}}
	var queries Count
	for i := range last.kinds {
		k := &last.kinds[i]
		before := first.kind(k.Name)
		count := countOf(k).minus(countOf(before))
		p.Calls = p.Calls.plus(count)
		p.Entries += k.Entries
		p.Evicted += less(k.Evictions, before.Evictions)
		p.Expired += less(k.Expirations, before.Expirations)
		p.Invalidated += less(k.Invalidated, before.Invalidated)
		p.Kinds = append(p.Kinds, PointKind{Name: k.Name, HitRatio: count.HitRatio, WindowShare: last.shares[k.Name]})
		if k.Name == queryKind {
			queries = count
		}
	}
	if measured {
		p.Queries = queriesBetween(samples, queries)
	}
	return p
}

// queriesBetween has the slowest quantiles of the samples: those of several can't be
// had from those of each. What was spared is counted at the mean of all queries so
// far, since in a span there may have been none.
func queriesBetween(samples []sample, count Count) *PointQueries {
	first, last := &samples[0], &samples[len(samples)-1]
	q := &PointQueries{Sent: less(last.loaded, first.loaded), Spared: count.Spared(), SparedSeconds: spared(count.Spared(), last.loadTime, last.loaded)}
	for i := range samples[1:] {
		q.P50Seconds = max(q.P50Seconds, samples[i+1].p50.Seconds())
		q.P99Seconds = max(q.P99Seconds, samples[i+1].p99.Seconds())
	}
	return q
}

// kind returns a kind's counters, which are zero before it was made.
func (s *sample) kind(name string) *state.KindStats {
	for i := range s.kinds {
		if s.kinds[i].Name == name {
			return &s.kinds[i]
		}
	}
	return &state.KindStats{}
}
