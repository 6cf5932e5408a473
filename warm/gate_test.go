package warm

import (
	"testing"
	"time"
)

var epoch = time.Unix(1_800_000_000, 0)

func newGate() *gate {
	return &gate{floor: 0.4, callsFloor: 0.1, trial: 10, probeAfter: time.Minute}
}

// feed hands a score n outcomes, of which one in every is right; 0 is none.
func feed(add func(bool), n, every int) {
	for i := range n {
		add(every > 0 && i%every == 0)
	}
}

func TestTheGateStaysOpenWhilePredictionPays(t *testing.T) {
	g := newGate()
	for range 20 {
		feed(g.guessed, 10, 2)
		feed(g.called, 10, 5)
		feed(g.loaded, 10, 2)
		if g.judge(epoch) || g.off {
			t.Fatal("turned off with half of the guesses and loads right")
		}
	}
}

func TestTheGateClosesOnEachScoreAlone(t *testing.T) {
	for _, tc := range []struct {
		name   string
		spoil  func(g *gate, n int)
		enough int
	}{
		{"guesses", func(g *gate, n int) { feed(g.guessed, n, 5) }, 10},
		{"calls", func(g *gate, n int) { feed(g.called, n, 0) }, 20},
		{"loads", func(g *gate, n int) { feed(g.loaded, n, 5) }, 10},
	} {
		g := newGate()
		tc.spoil(g, tc.enough-1)
		if g.judge(epoch) {
			t.Errorf("%s: turned off after %d outcomes, which are too few to judge", tc.name, tc.enough-1)
		}
		tc.spoil(g, 1)
		if !g.judge(epoch) || !g.off {
			t.Errorf("%s: not turned off after %d", tc.name, tc.enough)
		}
		if g.judge(epoch) {
			t.Errorf("%s: turned off twice", tc.name)
		}
	}
}

func TestTheGateOpensAgainWhenGuessesAreRight(t *testing.T) {
	g := newGate()
	feed(g.guessed, 20, 0)
	g.judge(epoch)
	feed(g.guessed, 200, 1)
	if g.judge(epoch); !g.off {
		t.Fatal("open again though no call was foreseen")
	}
	feed(g.called, 200, 2)
	if g.judge(epoch); g.off {
		t.Fatal("still off though guesses and calls are well above their floors")
	}
}

// A score that hovers at the floor does not open the gate.
func TestTheGateWantsMoreToOpenThanToStayOpen(t *testing.T) {
	g := newGate()
	feed(g.guessed, 20, 0)
	g.judge(epoch)
	feed(g.called, 200, 1)
	for i := range 500 {
		g.guessed(i%9%2 == 1) // 4 of 9
		if g.judge(epoch); !g.off {
			t.Fatal("open at 1.1 times the floor, want 1.25")
		}
	}
}

func TestTheGateProbesLaterAndLaterWhileLoadsAreWasted(t *testing.T) {
	g, now := newGate(), epoch
	feed(g.guessed, 100, 1)
	feed(g.called, 100, 1)
	for _, wait := range []time.Duration{1, 2, 4, 8, 16, 16} {
		feed(g.loaded, 9, 0)
		if g.judge(now) {
			t.Fatal("a probe is judged by what was before it")
		}
		feed(g.loaded, 1, 0)
		if !g.judge(now) {
			t.Fatal("not turned off by waste")
		}
		if g.judge(now.Add(wait*time.Minute - 1)); !g.off {
			t.Fatalf("open before %d min are over", wait)
		}
		now = now.Add(wait * time.Minute)
		if g.judge(now); g.off {
			t.Fatalf("off after %d min", wait)
		}
	}
	feed(g.loaded, 10, 1) // a trial that goes well
	g.judge(now)
	feed(g.loaded, 30, 0)
	if !g.judge(now) {
		t.Fatal("not turned off by waste")
	}
	if g.judge(now.Add(time.Minute)); g.off {
		t.Error("what went well did not reset the wait")
	}
}
