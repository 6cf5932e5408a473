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
		if s.since.slides() && f.FreshFor > step {
			f = Freshness{Class: Sliding, FreshFor: step}
		}
		return q.capped(f, p)
	}
	f := Freshness{Class: Sliding, FreshFor: step}
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
	return step
}

// slot returns what of a span belongs in a key: the ends that move with the
// calendar, and whether an end that does not move with the clock is yet to come.
// The answers about what moves with the clock are refreshed in their place.
func (s span) slot(now time.Time, q *Query) (from, to int64, open bool) {
	s = s.stated()
	start, end, ok := s.ends(now)
	if !q.Understood || !ok {
		return 0, 0, false
	}
	if s.since.moves() {
		from = start.UnixMilli()
	}
	if s.until.moves() {
		to = end.UnixMilli()
	}
	return from, to, end.After(now) && !s.until.slides() && !q.schema()
}

// moves reports whether a moment moves with the calendar.
func (m moment) moves() bool { return !m.fixed() && !m.slides() }

// fixed reports whether a moment is the same at any time.
func (m moment) fixed() bool { return m.kind == instant || m.kind == wallMoment }

// appendInner adds what belongs in a key of a subquery.
func appendInner(inner string, from, to int64, open bool) string {
	b := append([]byte(inner), strconv.FormatInt(from, 10)...)
	b = append(b, '-')
	b = strconv.AppendInt(b, to, 10)
	if open {
		b = append(b, '+')
	}
	return string(append(b, ';'))
}
