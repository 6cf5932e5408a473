package discovery

import (
	"context"
	"sync/atomic"
)

// waitersPerCall is how many calls may wait for one that is being answered.
const waitersPerCall = 4

// gate lets so many calls through at a time, has a bounded number wait for their
// turn, and turns the rest away at once: a client that is told to come back is
// better off than one whose call takes all of its time to fail.
//
// Rejected: a limit for each client. A client makes as many discoveries as it
// likes, and NRDB's limits, which the State keeps, are the account's.
type gate struct {
	places  chan struct{}
	waiting atomic.Int64
}

func newGate(calls int) *gate { return &gate{places: make(chan struct{}, calls)} }

// enter waits for a place, for as long as ctx. Who gets nil must call leave.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > int64(waitersPerCall*cap(g.places)) {
		return failf(Busy, "the server is answering as many calls as it may; try again in a moment")
	}
	select {
	case g.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *gate) leave() { <-g.places }
