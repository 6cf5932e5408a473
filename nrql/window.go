package nrql

import (
	"cmp"
	"time"
)

// Window is the time range that a query reads at a given moment.
type Window struct {
	// From is the first instant in it, To the first one after it.
	From, To time.Time
	// Open is true where events may still arrive in it: it ends now or later.
	Open bool
	// Bucket is the width of a TIMESERIES' buckets, or 0 where there are none
	// or New Relic chooses.
	Bucket time.Duration
}

// maxBuckets is how many buckets TIMESERIES MAX makes.
const maxBuckets = 366

// Window returns the time range that NRDB would read now, aligned as NRDB aligns
// it: buckets are counted from the end, and a partial first one is left out. It
// is not ok where the query was not understood, names a time zone that this
// machine does not know, or ends before it begins.
//
// NRDB also widens the range of queries on aggregated metrics, to boundaries
// that depend on how they are stored. That cannot be known here.
func (q Query) Window(now time.Time) (w Window, ok bool) {
	if !q.Understood {
		return Window{}, false
	}
	return q.outer.window(now)
}

// Compared returns the second time range that COMPARE WITH adds. It is not ok
// where there is none.
func (q Query) Compared(now time.Time) (w Window, ok bool) {
	if w, ok = q.Window(now); !ok || q.compared == 0 {
		return Window{}, false
	}
	shift := time.Duration(q.compared) * time.Millisecond
	w.From, w.To = w.From.Add(-shift), w.To.Add(-shift)
	w.Open = !w.To.Before(now)
	return w, true
}

// span is a time range as a query words it.
type span struct {
	since, until moment
	zone         string // of WITH TIMEZONE; UTC where it is empty
	series       series
}

// compare orders spans, in no order that means anything: those of subqueries are
// met in the order of the text, which must not show.
func (s span) compare(o span) int {
	return cmp.Or(
		s.since.compare(o.since),
		s.until.compare(o.until),
		cmp.Compare(s.zone, o.zone),
		cmp.Compare(s.series.width, o.series.width),
		cmp.Compare(s.series.slide, o.series.slide),
		compareBools(s.series.stated, o.series.stated),
		compareBools(s.series.maximal, o.series.maximal),
	)
}

// within returns the span of a subquery: what it does not state is that of the
// query round it.
func (s span) within(outer span) span {
	if s.since.kind == unstated {
		s.since = outer.since
	}
	if s.until.kind == unstated {
		s.until = outer.until
	}
	if s.zone == "" {
		s.zone = outer.zone
	}
	return s
}

// stated returns the span with what holds where nothing is stated: the hour that
// ends now.
func (s span) stated() span {
	if s.since.kind == unstated {
		s.since = moment{kind: agoMoment, millis: defaultWindowMillis}
	}
	if s.until.kind == unstated {
		s.until.kind = nowMoment
	}
	return s
}

// ends resolves both ends of a stated span, before any alignment.
func (s span) ends(now time.Time) (from, to time.Time, ok bool) {
	zone := time.UTC
	if s.zone != "" {
		if zone, ok = locate(s.zone); !ok {
			return from, to, false
		}
	}
	from, fromOK := s.since.at(now, zone, true)
	to, toOK := s.until.at(now, zone, false)
	return from, to, fromOK && toOK && !to.Before(from)
}

func (s span) window(now time.Time) (w Window, ok bool) {
	from, to, ok := s.stated().ends(now)
	if !ok {
		return Window{}, false
	}
	w = Window{From: from, To: to, Open: !to.Before(now), Bucket: s.series.width}
	length := to.Sub(from)
	if s.series.maximal {
		w.Bucket = length / maxBuckets
	}
	if s.series.width > 0 && s.series.slide == 0 && length >= s.series.width {
		w.From = to.Add(-length.Truncate(s.series.width))
	}
	return w, true
}
