package fuzz

import (
	"math"
	"testing"
	"time"
	"unsafe"

	"github.com/uds-platform/state/ttl"
)

// FuzzWheel schedules, moves and cancels timers, and holds the wheel against a
// list of when each has to come up at the latest.
func FuzzWheel(f *testing.F) {
	for _, seed := range []string{
		"",
		"\x00\x00\x00\x00\x01\x05\x40\x04\x08\x02\x06",
		"\x01\x05\x20\x00\x00\x02\x00\x01\x01\x05\x3e\x02\x02\x05\x0a\x04\x05\x3f\x00",
		"\x03\x07\x00\x00\x00\x01\x05\x07\x00\x02\x05\x07\x00\x03\x05\x07\x04\x05\x07\x01\x03\x02\x04\x05\x09\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := newWaiting(t, &script{rest: data})
		for range maxOperations {
			if !h.more() {
				break
			}
			h.step()
			h.checkNext()
		}
		h.advance(h.nowNanos, math.MaxInt)
		h.checkFired()
	})
}

// waitingRecords is how many records a script has: few, so that most of what it
// does meets a record that waits already.
const waitingRecords = 24

// waiting is the records that wait in a wheel, and what the wheel owes them.
type waiting struct {
	*script
	t         *testing.T
	wheel     *ttl.Wheel
	tickNanos int64

	// nowNanos is the latest time that the wheel has been told of.
	nowNanos int64
	records  [waitingRecords]record

	// left is how many visits the present Advance may still make.
	left int
}

// record waits for its deadline, as a cache's node does.
type record struct {
	timer         ttl.Timer // first, so that a timer's address is its record's
	deadlineNanos int64

	// Each is a number of ticks: the latest at which the timer's slot comes up,
	// and the latest at which the record is dealt with, which may be later where
	// the deadline has moved without telling the wheel.
	slotTick, dueTick int64

	// waits: scheduled, and neither canceled nor dealt with.
	waits bool

	// moves counts the visits since the deadline was last set.
	moves int
}

func newWaiting(t *testing.T, s *script) *waiting {
	h := &waiting{script: s, t: t}
	h.tickNanos = choose(s, 1, 7, 1000, int64(time.Millisecond), int64(time.Minute))
	h.nowNanos = min(max(s.integer(), 0), h.lastNanos())
	h.wheel = ttl.NewWheel(time.Duration(h.tickNanos), h.nowNanos, h.visit)
	return h
}

// lastNanos keeps the time so far from its end that no tick is beyond it.
// Deadlines may be.
func (h *waiting) lastNanos() int64 { return math.MaxInt64 - 2*h.tickNanos }

func (h *waiting) step() {
	switch h.below(8) {
	case 0, 1:
		h.schedule(h.draw())
	case 2:
		h.prolong(h.draw())
	case 3:
		h.cancel(h.draw())
	case 4:
		h.advance(h.nowNanos-max(h.integer()>>1, 0), math.MaxInt)
	case 5:
		h.advanceToNext()
	default:
		limit := math.MaxInt
		if h.bool() {
			limit = h.below(4)
		}
		h.advance(min(h.nowNanos+max(h.integer()>>1, 0), h.lastNanos()), limit)
	}
}

func (h *waiting) draw() *record { return &h.records[h.below(waitingRecords)] }

// drawDeadline is most often ahead, and sometimes past or never.
func (h *waiting) drawDeadline() int64 {
	n := h.integer()
	if n > math.MaxInt64-h.nowNanos {
		return n
	}
	return h.nowNanos + n
}

// ceilTick is the first whole tick at or after a time.
func (h *waiting) ceilTick(nanos int64) int64 {
	if nanos <= 0 {
		return 0
	}
	return (nanos-1)/h.tickNanos + 1
}

func (h *waiting) nextTick() int64 { return h.nowNanos/h.tickNanos + 1 }

func (h *waiting) schedule(r *record) {
	r.deadlineNanos = h.drawDeadline()
	h.wheel.Schedule(&r.timer, r.deadlineNanos)
	h.expect(r)
}

// expect books what the wheel owes a record that it has just taken.
func (h *waiting) expect(r *record) {
	r.slotTick = max(h.ceilTick(r.deadlineNanos), h.nextTick())
	r.dueTick = r.slotTick
	r.waits, r.moves = true, 0
}

// prolong moves a deadline and doesn't tell the wheel.
func (h *waiting) prolong(r *record) {
	if deadline := h.drawDeadline(); r.waits && deadline > r.deadlineNanos {
		r.deadlineNanos, r.moves = deadline, 0
		r.dueTick = max(r.slotTick, h.ceilTick(deadline))
	}
}

func (h *waiting) cancel(r *record) {
	if canceled := h.wheel.Cancel(&r.timer); canceled != r.waits || r.timer.Scheduled() {
		h.t.Fatalf("Cancel is %v; waited before: %v, scheduled after: %v", canceled, r.waits, r.timer.Scheduled())
	}
	r.waits = false
}

// advance goes on until nothing more is due, a limited number of visits at a
// time.
func (h *waiting) advance(nanos int64, limit int) {
	h.nowNanos = max(h.nowNanos, nanos)
	h.left = limit
	if h.wheel.Advance(nanos, limit) {
		if limit > 0 && h.left > 0 {
			h.t.Fatalf("Advance stopped %d visits before its limit", h.left)
		}
		if h.bool() {
			return
		}
		h.left = math.MaxInt
		if h.wheel.Advance(nanos, h.left) {
			h.t.Fatal("Advance without a limit has more to do")
		}
	}
	if nanos == h.nowNanos {
		h.checkFired()
	}
}

// advanceToNext goes to just before the time that Next says: nothing comes up.
func (h *waiting) advanceToNext() {
	next, ok := h.wheel.Next()
	if !ok || next <= h.nowNanos || next > h.lastNanos() {
		return
	}
	h.nowNanos = next - 1
	h.left = 0
	if h.wheel.Advance(h.nowNanos, 0) {
		h.t.Fatalf("a timer came up before %d, when the next was to", next)
	}
}

// visit is the wheel asking for a deadline. It uses the wheel, as a visitor may.
func (h *waiting) visit(t *ttl.Timer, now int64) int64 {
	r := (*record)(unsafe.Pointer(t))
	if t.Scheduled() {
		h.t.Fatal("a timer is scheduled while it is visited")
	}
	if h.left--; h.left < 0 {
		h.t.Fatal("Advance went past its limit")
	}
	const levels = 11
	if r.moves++; r.moves > levels+1 {
		h.t.Fatalf("a timer was moved %d times", r.moves)
	}
	r.waits = false
	h.meddle(r)
	if r.deadlineNanos > now {
		moves := r.moves
		h.expect(r)
		r.moves = moves
	}
	return r.deadlineNanos
}

// meddle schedules or cancels another record during a visit, now and then.
func (h *waiting) meddle(visited *record) {
	switch h.below(16) {
	case 1:
		if r := h.draw(); r != visited {
			h.schedule(r)
		}
	case 2:
		if r := h.draw(); r != visited {
			h.cancel(r)
		}
	}
}

// checkFired holds the records against the time when nothing more is due.
func (h *waiting) checkFired() {
	now := h.nowNanos / h.tickNanos
	for i := range h.records {
		r := &h.records[i]
		if r.timer.Scheduled() != r.waits {
			h.t.Fatalf("a timer waits: %v; is scheduled: %v", r.waits, r.timer.Scheduled())
		}
		if r.waits && r.dueTick <= now {
			h.t.Fatalf("a timer due at tick %d still waits at tick %d", r.dueTick, now)
		}
	}
}

// checkNext: no timer may come up before the time that the wheel says.
func (h *waiting) checkNext() {
	next, ok := h.wheel.Next()
	waits := false
	for i := range h.records {
		r := &h.records[i]
		if !r.waits {
			continue
		}
		waits = true
		if r.slotTick <= math.MaxInt64/h.tickNanos && next > r.slotTick*h.tickNanos {
			h.t.Fatalf("Next is %d, and a timer comes up at tick %d of %d", next, r.slotTick, h.tickNanos)
		}
	}
	if ok != waits {
		h.t.Fatalf("Next says that something waits: %v; something does: %v", ok, waits)
	}
}
