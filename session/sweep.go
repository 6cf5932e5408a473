package session

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/internal/merge"
)

// gapJitter spreads the sweeps of all instances after a common gap.
const gapJitter = 200 * time.Millisecond

// listen hears of changes, for as long as the store is open.
func (y *synchroniser) listen(ctx context.Context) {
	var failed failures
	for ctx.Err() == nil {
		err := y.replica.Listen(ctx, func(e merge.Event) {
			failed.note(nil)
			y.reachable.Store(true)
			y.hear(e)
		})
		if ctx.Err() != nil {
			return
		}
		failed.note(errors.Join(err, errEnded))
		y.reachable.Store(false)       // until something works again
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
// failed it is done again soon: nobody else might notice what is missing.
func (y *synchroniser) sweepAgain(ctx context.Context) {
	var failed failures
	for {
		wait := failed.pause()
		if wait == 0 {
			wait = jitter(y.store.options.SweepInterval)
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
