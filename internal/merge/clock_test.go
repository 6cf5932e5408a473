package merge

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestStampsAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newStamp(rapid.Uint64().Draw(t, "ticks"), rapid.Uint32().Draw(t, "node"))
		b := newStamp(rapid.Uint64().Draw(t, "ticks"), rapid.Uint32().Draw(t, "node"))
		got, err := ParseStamp(a.String())
		if err != nil || got != a || len(a.String()) != StampLength {
			t.Fatalf("%v was read as %v, %v", a, got, err)
		}
		if a.After(b) != (a.String() > b.String()) {
			t.Fatalf("%v and %v compare otherwise when written", a, b)
		}
	})
}

func TestAStampIsLaterThanAllThatWasSeen(t *testing.T) {
	c := NewClock()
	now := time.UnixMilli(1_000)
	first := c.Next(now)
	if !first.Time().Equal(now) || first.node != c.Node() {
		t.Fatalf("the first stamp is %v of node %x", first, c.Node())
	}
	second := c.Next(now.Add(-time.Hour)) // the wall clock was set back
	if !second.After(first) {
		t.Fatalf("%v is not after %v", second, first)
	}
	seen := StampAt(now.Add(time.Second), 0xffffffff)
	c.Observe(seen)
	c.Observe(first)
	if third := c.Next(now); !third.After(seen) {
		t.Fatalf("%v is not after %v, which was seen", third, seen)
	}
}

func TestNoTwoStampsAreEqual(t *testing.T) {
	c := NewClock()
	const workers, each = 8, 1000
	stamps := make([][]Stamp, workers)
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() {
			for range each {
				stamps[i] = append(stamps[i], c.Next(time.UnixMilli(5)))
			}
		})
	}
	group.Wait()
	seen := map[Stamp]bool{}
	for _, list := range stamps {
		for _, s := range list {
			seen[s] = true
		}
	}
	if len(seen) != workers*each {
		t.Fatalf("%d stamps, want %d", len(seen), workers*each)
	}
}

func TestTimesBeyondAStampAreClamped(t *testing.T) {
	if got := StampAt(time.UnixMilli(-5), 0); !got.IsZero() {
		t.Errorf("before 1970: %v", got)
	}
	if got := StampAt(time.UnixMilli(1<<60), 0).String(); got[:12] != "ffffffffffff" {
		t.Errorf("far ahead: %v", got)
	}
}

func TestEachClockHasANodeOfItsOwn(t *testing.T) {
	if a, b := NewClock(), NewClock(); a.Node() == b.Node() && NewClock().Node() == a.Node() {
		t.Fatalf("three clocks have the node %x", a.Node())
	}
}

// A stamp is written as fmt would write it.
func TestAStampIsWrittenInHexadecimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Stamp{rapid.Uint32().Draw(t, "high"), rapid.Uint32().Draw(t, "low"), rapid.Uint32().Draw(t, "node")}
		if want := fmt.Sprintf("%08x%08x%08x", s.high, s.low, s.node); s.String() != want {
			t.Errorf("%s, want %s", s, want)
		}
	})
}
