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
	// Step is how often the query's Slot changes by itself, 0 for never or only
	// with the calendar. What the slot one step ago holds is a little old, and
	// a good preview: Slot(now.Add(-Step), policy).
	Step time.Duration
}

// HoldFor is how long an answer is worth keeping.
func (f Freshness) HoldFor() time.Duration { return f.FreshFor + f.StaleFor }

// Slot is what of a query belongs in the key of its answer, besides the account.
// It is comparable: equal slots may share an answer.
//
// An end of the window is in it where the text does not fix it for good: at the
// instant to which it is aligned where it moves with the clock, and as it is
// where it moves with the calendar. So SINCE 1 hour ago has a new slot every
// minute, and YESTERDAY every midnight.
type Slot struct {
	// Text is the canonical form.
	Text string
	// From and To are Unix milliseconds, 0 where the text says it all.
	From, To int64
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
		if f.Step == 0 || inner.Step > 0 && inner.Step < f.Step {
			f.Step = inner.Step
		}
	}
	f.StaleFor = f.FreshFor * time.Duration(max(policy.StaleFactor, 0))
	if f.Class == Schema {
		f.StaleFor = max(policy.SchemaStaleFor, 0)
	}
	return f
}

// Slot returns what of the query belongs in the key of the answer that is
// fetched, or looked up, now.
func (q Query) Slot(now time.Time, policy Policy) Slot {
	policy = policy.filled()
	slot := Slot{Text: q.Canonical}
	slot.From, slot.To = q.outer.slot(now, &q, &policy)
	for _, s := range q.inner {
		from, to := s.within(q.outer).slot(now, &q, &policy)
		slot.Inner = appendInner(slot.Inner, from, to)
	}
	return slot
}
