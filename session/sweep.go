package session

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/internal/merge"
)

const (
	// gapJitter spreads the sweeps of all instances after a common gap.
	gapJitter = 200 * time.Millisecond
	// deafPause is how long after a sweep the next comes where nothing is heard; each
	// further one after twice as long.
	deafPause = 400 * time.Millisecond
)

// listen hears of changes, for as long as the store is open.
func (y *synchroniser) listen(ctx context.Context) {
	var failed failures
	for ctx.Err() == nil {
		err := y.replica.Listen(ctx, func(e merge.Event) {
			failed.note(nil)
			y.reachable.Store(true)
			y.deaf.Store(false)
			y.hear(e)
		})
		if ctx.Err() != nil {
			return
		}
		failed.note(errors.Join(err, errEnded))
		y.reachable.Store(false) // until something works again
		if !y.deaf.Swap(true) {
			signal(y.sweep)
		}
		if failed.inARow.Load() == 1 { // once an outage
			y.store.options.Logger.Warn("session: not hearing of changes elsewhere", "error", err)
		}
		if clock.Sleep(ctx, failed.pause()) != nil {
			return
		}
	}
}

var errEnded = errors.New("session: the replica stopped listening")

func (y *synchroniser) hear(e merge.Event) {
	switch e.Kind {
	case merge.Changed:
		y.heed(Handle(e.Notice.ID), e.Notice.Mark, e.Notice.Origin)
	case merge.Gap:
		signal(y.back)
		signal(y.sweep)
	}
}

// heed compares a session's mark at the replica with what is known here.
func (y *synchroniser) heed(handle Handle, mark merge.Mark, origin string) {
	if origin == y.origin || !handle.wellFormed() {
		return
	}
	if l, ok := y.links.GetQuietly(string(handle)); !ok || l.mark != mark {
		y.mark(handle)
	}
}

// sweepAgain compares everything, from time to time and soon after a gap. Where that
// failed it is done again soon: nobody else might notice what is missing. And where
// nothing is heard, which may begin to work again later than exchanges do, a sweep every
// now and then stands in for that; so nobody waits for a subscription to agree.
func (y *synchroniser) sweepAgain(ctx context.Context) {
	var failed failures
	deafFor := 0
	for {
		wait := failed.pause()
		switch {
		case wait > 0:
		case y.deaf.Load():
			wait = jitter(min(deafPause<<min(deafFor, 10), y.store.options.SweepInterval))
			deafFor++
		default:
			wait = jitter(y.store.options.SweepInterval)
			deafFor = 0
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-y.sweep:
			timer.Stop()
			if clock.Sleep(ctx, time.Duration(rand.Float64()*float64(gapJitter))) != nil {
				return
			}
		}
		err := y.sweepOnce(ctx)
		failed.note(err)
		if err != nil && ctx.Err() == nil && failed.inARow.Load() == 1 { // once an outage
			y.store.options.Logger.Warn("session: could not compare with the replica", "error", err)
		}
	}
}

// sweepOnce has an exchange made wherever the replica and this process differ. A
// session that is here and not there will be sent whole.
func (y *synchroniser) sweepOnce(ctx context.Context) error {
	y.sweeps.Add(1)
	missing := make(map[string]struct{}, y.store.live.Len())
	for handle := range y.store.live.Keys() {
		missing[handle] = struct{}{}
	}
	err := y.replica.Each(ctx, func(id string, mark merge.Mark) bool {
		delete(missing, id)
		y.heed(Handle(id), mark, "")
		return ctx.Err() == nil
	})
	if err != nil {
		y.reachable.Store(false)
		return err
	}
	y.reachable.Store(true)
	for handle := range missing {
		y.mark(Handle(handle)) // the exchange will find that it is lost
	}
	return ctx.Err()
}
