package ttl

import (
	"math"
	"math/bits"
	"time"
)

const (
	// slotBits makes 64 slots a level, so that a level's occupancy fits one
	// word and the next occupied slot is one instruction away.
	slotBits  = 6
	slotCount = 1 << slotBits
	slotMask  = slotCount - 1

	// levelCount covers every non-negative int64 tick: 11 levels of 6 bits.
	levelCount = 11
)

// Timer is one waiting record's place in a [Wheel]. Embed it in the record;
// the zero Timer is not scheduled. A timer must not be copied while scheduled,
// and belongs to whoever owns the wheel.
type Timer struct {
	next *Timer

	// INVARIANT: nil, or the address of the one pointer in the wheel that
	// points to this timer (a slot, or the previous timer's next). It makes
	// unlinking O(1) without saying which slot the timer is in.
	link **Timer
}

// Scheduled reports whether the timer waits in a wheel.
func (t *Timer) Scheduled() bool { return t.link != nil }

// Visit is told that a timer's slot has come up, and returns the record's
// deadline in nanoseconds. Where the deadline is later than now, the wheel
// takes the timer back; otherwise the visitor has dealt with it. The timer is
// not scheduled during the call. A visitor may schedule and cancel other timers.
type Visit func(t *Timer, now int64) (deadline int64)

// Wheel orders timers by deadline. Schedule, Cancel and moving a timer are
// O(1) at any number of timers; a timer that waits is moved at most once a
// level, so at most eleven times in 292 years.
//
// A timer comes up between its deadline and the first whole tick after it: never
// early, and less than one tick late.
//
// A Wheel is not safe for concurrent use.
//
// Rejected: a heap (O(log n), and cold memory at a million timers); a single
// level with a round counter (every timer is visited every round); one wheel
// slot a second, as other caches have it (everything is up to a second late).
type Wheel struct {
	visit     Visit
	tickNanos int64

	// now is the tick up to which every slot has come up.
	//
	// INVARIANT: a timer in level L agrees with now in every 6-bit digit above
	// L, and its digit L is greater. So the lowest level that holds a timer
	// holds the earliest one.
	now int64

	// emptying is the slot that has come up, taken out of its level before the
	// first of its timers is visited. When Advance stops at its limit the rest
	// waits here, ahead of everything else: in its level it would seem to be
	// later than what has just moved down from it.
	emptying *Timer

	// levels are made when the first timer needs them.
	levels [levelCount]*level
}

type level struct {
	// INVARIANT: a slot with a timer has its bit set. The bit of an empty slot
	// may linger after a Cancel; it is cleared when the slot is looked at.
	occupied uint64
	slots    [slotCount]*Timer
}

// NewWheel returns an empty wheel that stands at now nanoseconds and rounds
// deadlines up to whole ticks. It panics where tick is not positive or visit
// is nil.
func NewWheel(tick time.Duration, now int64, visit Visit) *Wheel {
	if tick <= 0 || visit == nil {
		panic("ttl: NewWheel needs a positive tick and a visitor")
	}
	return &Wheel{visit: visit, tickNanos: int64(tick), now: now / int64(tick)}
}

// Schedule makes the timer's slot come up at deadline, in nanoseconds. A timer
// that is scheduled already is moved; a deadline in the past comes up with the
// next tick.
func (w *Wheel) Schedule(t *Timer, deadline int64) {
	w.Cancel(t)
	tick := max(w.ceilTick(deadline), w.now+1)

	// The highest digit in which tick and now differ decides the level.
	index := (bits.Len64(uint64(tick^w.now)) - 1) / slotBits
	slot := tick >> (index * slotBits) & slotMask

	l := w.levels[index]
	if l == nil {
		l = new(level)
		w.levels[index] = l
	}
	l.occupied |= 1 << slot
	t.insertAt(&l.slots[slot])
}

// Cancel takes the timer out of the wheel and reports whether it was in.
func (w *Wheel) Cancel(t *Timer) bool {
	if !t.Scheduled() {
		return false
	}
	t.remove()
	return true
}

// Next returns a time, in nanoseconds, before which no timer comes up, and
// false where nothing waits. It is the deadline's tick for timers within 64
// ticks, and the time to look closer for later ones.
func (w *Wheel) Next() (nanos int64, ok bool) {
	tick := w.now
	if w.emptying == nil {
		next, l, _ := w.nextSlot()
		if l == nil {
			return 0, false
		}
		tick = next
	}
	if tick > math.MaxInt64/w.tickNanos {
		return math.MaxInt64, true
	}
	return tick * w.tickNanos, true
}

// Advance moves the wheel to now, in nanoseconds, and visits every timer whose
// slot comes up, in order of slots. It stops after limit visits and reports
// whether there is more to do; calling it again goes on from there. Time that
// runs backwards is ignored.
func (w *Wheel) Advance(now int64, limit int) (more bool) {
	target := now / w.tickNanos
	for {
		for t := w.emptying; t != nil; t = w.emptying {
			if limit == 0 {
				return true
			}
			limit--
			t.remove()
			if deadline := w.visit(t, now); deadline > now {
				w.Schedule(t, deadline)
			}
		}
		tick, l, slot := w.nextSlot()
		if l == nil || tick > target {
			w.now = max(w.now, target)
			return false
		}
		w.now = max(w.now, tick)
		w.emptying, l.slots[slot] = l.slots[slot], nil
		w.emptying.link = &w.emptying
	}
}

// nextSlot finds the earliest slot that holds a timer, and the tick at which
// it comes up. The level is nil where no timer waits.
func (w *Wheel) nextSlot() (tick int64, l *level, slot int) {
	for index, l := range w.levels {
		if l == nil {
			continue
		}
		for l.occupied != 0 {
			slot := bits.TrailingZeros64(l.occupied)
			if l.slots[slot] == nil {
				l.occupied &^= 1 << slot
				continue
			}
			shift := index * slotBits
			above := w.now >> shift &^ slotMask
			return (above | int64(slot)) << shift, l, slot
		}
	}
	return 0, nil, 0
}

func (w *Wheel) ceilTick(deadline int64) int64 {
	tick := deadline / w.tickNanos
	if deadline%w.tickNanos > 0 {
		tick++
	}
	return tick
}

func (t *Timer) insertAt(link **Timer) {
	t.next, t.link = *link, link
	if t.next != nil {
		t.next.link = &t.next
	}
	*link = t
}

func (t *Timer) remove() {
	*t.link = t.next
	if t.next != nil {
		t.next.link = t.link
	}
	t.next, t.link = nil, nil
}
