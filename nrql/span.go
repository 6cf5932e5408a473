package nrql

import (
	"strconv"
	"time"
)

// freshness judges one span by the table that Policy's fields describe. StaleFor
// is left to the caller.
func (s span) freshness(now time.Time, q *Query, p *Policy) Freshness {
	if !q.Understood {
		return Freshness{Class: Unknown, FreshFor: clamp(p.UnreadFor, 0, mostHold)}
	}
	s = s.stated()
	from, to, ok := s.ends(now)
	if !ok {
		return Freshness{Class: Unknown, FreshFor: clamp(p.UnreadFor, 0, mostHold)}
	}
	ended := !s.until.slides() && !to.After(now)
	if q.schema() && !(ended && now.Sub(to) > p.SettledAfter) {
		return Freshness{Class: Schema, FreshFor: clamp(p.SchemaFor, 0, mostHold)}
	}
	step := s.step(from, to, p)
	if ended {
		f := closed(now.Sub(to), p)
		if s.since.slides() && !q.schema() {
			f.Step = step
		}
		return q.capped(f, p)
	}
	f := Freshness{Class: Sliding, FreshFor: step, Step: step}
	switch {
	case s.series.stated:
		f.Class = Series
	case to.Before(now):
		f.Class = Lagging
	}
	return q.capped(f, p)
}

// closed judges a window that ended so long ago and does not move.
func closed(age time.Duration, p *Policy) Freshness {
	if age > p.SettledAfter {
		return Freshness{Class: Immutable, FreshFor: clamp(p.ImmutableFor, 0, mostHold)}
	}
	return Freshness{Class: Settling, FreshFor: clamp(share(age, p.SettlingDivisor), p.SettlingLeast, p.SettlingMost)}
}

// schema reports whether the query lists event types or attributes.
func (q *Query) schema() bool { return q.Kind == EventTypeList || q.Kind == Keyset }

// capped bounds what depends on more than events: lookup tables can be uploaded
// anew at any time.
func (q *Query) capped(f Freshness, p *Policy) Freshness {
	if (q.volatile || len(q.Lookups) > 0) && f.FreshFor > p.OpenMost {
		f.Class, f.FreshFor = Sliding, clamp(p.OpenMost, 0, mostHold)
	}
	return f
}

// step is how far a window has to move before its answer is worth asking for
// again.
//
// INVARIANT: it depends on the length of the window and, where that grows, by
// powers of two only: a step that changed with every nanosecond would change the
// slot as often.
func (s span) step(from, to time.Time, p *Policy) time.Duration {
	length := to.Sub(from)
	bucket := s.series.width
	if s.series.maximal {
		bucket = length / maxBuckets
	}
	if s.series.slide > 0 {
		bucket = min(bucket, s.series.slide)
	}
	step := clamp(share(length, p.OpenDivisor), p.OpenLeast, p.OpenMost)
	if bucket > 0 {
		step = clamp(bucket, p.OpenLeast, p.BucketMost)
	}
	if s.since.slides() && s.until.slides() {
		return step
	}
	quantum := max(p.OpenLeast, leastHold)
	for quantum <= step/2 {
		quantum *= 2
	}
	return min(quantum, step)
}

// slot returns the ends that belong in a key. Both ends that move with the clock
// are taken at the same, aligned time, so that they move together. The answers
// of schema queries are refreshed in their place instead.
func (s span) slot(now time.Time, q *Query, p *Policy) (from, to int64) {
	s = s.stated()
	start, end, ok := s.ends(now)
	if !q.Understood || !ok {
		return 0, 0
	}
	aligned := floor(now, s.step(start, end, p))
	switch {
	case s.since.slides():
		from = s.since.aligned(aligned, q)
	case !s.since.fixed():
		from = start.UnixMilli()
	}
	switch {
	case s.until.slides():
		to = s.until.aligned(aligned, q)
	case end.After(now) && !q.schema():
		to = aligned.UnixMilli()
	case !s.until.fixed():
		to = end.UnixMilli()
	}
	return from, to
}

// aligned returns a moment that slides, as it was at an aligned time.
func (m moment) aligned(at time.Time, q *Query) int64 {
	if q.schema() {
		return 0
	}
	t, _ := m.at(at, time.UTC, false) // which no zone bears on
	return t.UnixMilli()
}

// fixed reports whether a moment is the same at any time.
func (m moment) fixed() bool { return m.kind == instant || m.kind == wallMoment }

// floor returns the last multiple of step since the epoch.
func floor(t time.Time, step time.Duration) time.Time {
	millis, by := t.UnixMilli(), step.Milliseconds()
	over := millis % by
	if over < 0 {
		over += by
	}
	return time.UnixMilli(millis - over)
}

// appendInner adds a pair of ends.
func appendInner(inner string, from, to int64) string {
	b := append([]byte(inner), strconv.FormatInt(from, 10)...)
	b = append(b, '-')
	b = strconv.AppendInt(b, to, 10)
	return string(append(b, ';'))
}
