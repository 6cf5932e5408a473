package warm

import "time"

// gate turns prediction off where it does not pay, and on again where it may.
//
// It listens to three scores, each over about the last 2 × trial outcomes:
//
//   - guesses: how many of the guesses were the session's next call. Known at
//     once, and for every guess, whether anything was loaded for it or not.
//   - calls: how many of the calls had been guessed. A predictor that foresees
//     next to nothing is not worth its trouble, even where the few guesses that
//     it dares are right.
//   - loads: how many of the prefetched results were used. This is what prefetching
//     costs; but it is known late, and only while it is on.
//
// Off by guesses or calls, it goes on guessing without loading anything, and is on
// again as soon as both are a quarter above their floors. Off by loads, it cannot
// know more without loading: after probeAfter it tries again with a fresh score,
// and after every trial that fails it waits twice as long, up to maxBackoff times
// probeAfter.
//
// It is not safe for concurrent use.
type gate struct {
	floor      float64 // of guesses and of loads
	callsFloor float64
	trial      int
	probeAfter time.Duration

	guesses, calls, loads score

	off      bool
	probeAt  time.Time // no load before it, while off by loads
	failures int       // trials by loads in a row that failed
}

const (
	// hysteresis keeps a score that hovers at a floor from turning prediction on
	// and off all the time.
	hysteresis = 1.25
	maxBackoff = 16
)

// score is the share of the outcomes of late that were right.
type score struct {
	right, all float64 // decayed
	seen       int     // not decayed
}

func (s *score) add(right bool, window float64) {
	keep := 1 - 1/window
	s.right, s.all = s.right*keep, s.all*keep+1
	if right {
		s.right++
	}
	s.seen++
}

// below says that there have been enough outcomes, and fewer were right.
func (s *score) below(floor float64, enough int) bool {
	return s.seen >= enough && s.right < floor*s.all
}

// above says that there have been enough outcomes, and as many were right.
func (s *score) above(floor float64, enough int) bool {
	return s.seen >= enough && s.right >= floor*s.all
}

func (g *gate) window() float64      { return float64(2 * g.trial) }
func (g *gate) guessed(right bool)   { g.guesses.add(right, g.window()) }
func (g *gate) called(foreseen bool) { g.calls.add(foreseen, g.window()) }
func (g *gate) loaded(used bool)     { g.loads.add(used, g.window()) }

// judge turns prediction off or on, and says whether it turned it off just now.
func (g *gate) judge(now time.Time) (turnedOff bool) {
	if g.off {
		g.reconsider(now)
		return false
	}
	wasteful := g.loads.below(g.floor, g.trial)
	blind := g.guesses.below(g.floor, g.trial) || g.calls.below(g.callsFloor, 2*g.trial)
	switch {
	case wasteful:
		g.probeAt = now.Add(g.probeAfter * time.Duration(min(1<<min(g.failures, 30), maxBackoff)))
		g.failures++
	case g.loads.above(g.floor, g.trial):
		g.failures = 0
	}
	g.off = wasteful || blind
	return g.off
}

func (g *gate) reconsider(now time.Time) {
	if now.Before(g.probeAt) {
		return
	}
	if g.guesses.above(min(g.floor*hysteresis, 1), g.trial) && g.calls.above(min(g.callsFloor*hysteresis, 1), 2*g.trial) {
		g.off = false
		g.loads = score{}
	}
}
