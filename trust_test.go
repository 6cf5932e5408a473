package state

import (
	"testing"
	"time"

	"github.com/uds-platform/state/internal/clock"
)

// Half of the time for which what is unverified is served, nothing is done about it; and
// never once the gap is over, or the entry was looked at before it.
func TestAnUnverifiedResultRestsForHalfOfItsTime(t *testing.T) {
	const most, gap = 30 * time.Second, int64(time.Hour)
	tags := newTagTable()
	trust := newTrust(tags, most)
	rests := func(epoch uint64, at int64) bool { return trust.rests(epoch, at) }
	if rests(tags.epoch.Load(), gap) {
		t.Error("it rests where there is no gap")
	}
	trust.lose(gap)
	epoch := tags.epoch.Load()
	for at, want := range map[int64]bool{
		gap - 1: false, gap: true, gap + int64(most/2) - 1: true, gap + int64(most/2): false, clock.Never: false,
	} {
		if rests(epoch, at) != want {
			t.Errorf("%v after the gap began it rests: %v", time.Duration(at-gap), !want)
		}
	}
	if rests(epoch-1, gap) {
		t.Error("it rests by a look at it before the gap")
	}
	trust.restore(gap + 1)
	if rests(tags.epoch.Load(), gap+1) {
		t.Error("it rests when the gap is over")
	}
	trust.lose(gap + 2)
	if rests(epoch, gap+3) {
		t.Error("it rests by a look at it in an earlier gap")
	}
	never := newTrust(tags, 0)
	never.lose(gap)
	if never.rests(tags.epoch.Load(), gap) {
		t.Error("it rests where nothing unverified is served")
	}
}

// The client may find again and again that Redis is away: what was loaded meanwhile is
// no worse for it, and what was kept before is unverified since the first time.
func TestAGapWithinAGapIsNone(t *testing.T) {
	tags := newTagTable()
	trust := newTrust(tags, time.Minute)
	trust.lose(1)
	before, during := tags.epoch.Load()-1, tags.epoch.Load()
	for at := range int64(2 * maxEras) {
		trust.lose(2 + at)
	}
	if _, lost := trust.lostAt(during); lost {
		t.Error("what was loaded in the gap is unverified before its end")
	}
	if at, lost := trust.lostAt(before); !lost || at != 1 || !trust.sinceGap(at) {
		t.Errorf("what was kept before is unverified since %v (%v), want 1", at, lost)
	}
	trust.restore(100)
	if at, lost := trust.lostAt(during); !lost || at != 100 || trust.sinceGap(at) {
		t.Errorf("what was loaded in the gap is unverified since %v (%v), want 100", at, lost)
	}
	after := tags.epoch.Load()
	trust.lose(200)
	if at, lost := trust.lostAt(after); !lost || at != 200 {
		t.Errorf("what was loaded after it is unverified since %v (%v), want 200", at, lost)
	}
}

// What can't be understood may be about anything, also in a gap.
func TestADoubtIsAnEraAndNoGap(t *testing.T) {
	tags := newTagTable()
	trust := newTrust(tags, time.Minute)
	kept := tags.epoch.Load()
	trust.doubt(1)
	if at, lost := trust.lostAt(kept); !lost || trust.sinceGap(at) || trust.rests(tags.epoch.Load(), 1) {
		t.Errorf("unverified: %v, since %v", lost, at)
	}
	trust.lose(2)
	during := tags.epoch.Load()
	trust.doubt(3)
	if at, lost := trust.lostAt(during); !lost || at != 3 {
		t.Errorf("what was loaded in the gap, before the doubt, is unverified since %v (%v), want 3", at, lost)
	}
	if !trust.rests(tags.epoch.Load(), 4) {
		t.Error("the gap is over")
	}
}
