package nrql

import "time"

// Class says why an answer holds as long as it does.
type Class uint8

const (
	// Unknown: the query was not understood, or its window is not known.
	Unknown Class = iota
	// Immutable: the window ended so long ago that all its events are there.
	Immutable
	// Settling: the window has ended, and late events may still arrive.
	Settling
	// Sliding: the window ends now and moves with the clock.
	Sliding
	// Lagging: the window ended some time ago and moves with the clock.
	Lagging
	// Series: a TIMESERIES that moves with the clock, by buckets.
	Series
	// Schema: a list of event types or attributes, which seldom changes.
	Schema
)

var classNames = [...]string{"unknown", "immutable", "settling", "sliding", "lagging", "series", "schema"}

func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "invalid"
}

// Freshness says how long an answer that is fetched now holds.
type Freshness struct {
	Class Class
	// FreshFor is how long it may be served without a second thought.
	FreshFor time.Duration
	// StaleFor is how much longer it may be served while it is refreshed.
	StaleFor time.Duration
}

// HoldFor is how long an answer is worth keeping.
func (f Freshness) HoldFor() time.Duration { return f.FreshFor + f.StaleFor }

// Slot is what of a query belongs in the key of its answer, besides the account.
// It is comparable: equal slots may share an answer.
//
// An end of the window is in it where it moves with the calendar, so YESTERDAY has
// a new slot every midnight. One that moves with the clock is not: the answer to
// SINCE 1 hour ago has one place, in which it ages and is refreshed. A slot for
// each step of such a window was tried, and given up: with each step its answer
// was lost to those who could have done with the old one while a new one is
// fetched, which is most of them; see the project's decisions.
type Slot struct {
	// Text is the canonical form.
	Text string
	// From and To are Unix milliseconds, 0 for an end that does not move with the
	// calendar.
	From, To int64
	// Open is true where the window ends at a certain instant that is yet to come:
	// its answer is not the one that it will have then.
	Open bool
	// Inner has the same of subqueries with a time range of their own; it is
	// empty for most.
	Inner string
}

// Freshness says how long the answer holds that is fetched now. Where subqueries
// have a time range of their own, the part that holds shortest decides.
func (q Query) Freshness(now time.Time, policy Policy) Freshness {
	policy = policy.filled()
	f := q.outer.freshness(now, &q, &policy)
	for _, s := range q.inner {
		inner := s.within(q.outer).freshness(now, &q, &policy)
		if inner.FreshFor < f.FreshFor {
			f.Class, f.FreshFor = inner.Class, inner.FreshFor
		}
	}
	switch f.Class {
	case Unknown: // nothing speaks for an answer that nothing is known of
	case Schema:
		f.StaleFor = max(policy.SchemaStaleFor, 0)
	default:
		f.StaleFor = policy.staleFor(f.FreshFor)
	}
	return f
}

// Slot returns what of the query belongs in the key of the answer that is
// fetched, or looked up, now.
func (q Query) Slot(now time.Time) Slot {
	slot := Slot{Text: q.Canonical}
	slot.From, slot.To, slot.Open = q.outer.slot(now, &q)
	for _, s := range q.inner {
		from, to, open := s.within(q.outer).slot(now, &q)
		slot.Inner = appendInner(slot.Inner, from, to, open)
	}
	return slot
}
