package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/rueidis"
	"github.com/sony/gobreaker/v2"
)

const (
	// The breaker opens after so many failures in a row, and lets one or two requests
	// a breakerPause through then, to see. That is short, since instances are to agree
	// two seconds after Redis is back, and 8 requests a second are no load.
	breakerFailures = 5
	breakerPause    = 250 * time.Millisecond
	breakerProbes   = 2
)

// newBreaker is the breaker in front of everything that a caller waits for.
// What counts as a failure is that no answer came in time: an answer that is an
// error is an answer.
func (t *Tier) newBreaker() *gobreaker.CircuitBreaker[struct{}] {
	return gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        "redis",
		MaxRequests: breakerProbes,
		Timeout:     breakerPause,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakerFailures },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			t.counts.breaker.Add(1)
			t.log.Info("the breaker in front of Redis has changed", "from", from.String(), "to", to.String())
		},
	})
}

// ask has do run by a goroutine of its own and waits for it no longer than ctx
// and Options.Wait allow.
//
// No caller is ever inside the client: it may hold up whoever it likes, for a
// connection that somebody else is making, or a ring that is full, whatever the
// context says. How many are in there is bounded, at less than half of the
// client's ring of 1,024, so that it never fills; one more is refused at once, as
// is everyone while the breaker is open.
//
// What arrives when the caller has left is given to late, if there is one.
func ask[A any](
	ctx context.Context, t *Tier, do func(context.Context, rueidis.Client) (A, error), late func(A),
) (answer A, err error) {
	return askWithin(ctx, t, t.options.Wait, do, late)
}

// askWithin is ask with another wait.
func askWithin[A any](
	ctx context.Context, t *Tier, wait time.Duration, do func(context.Context, rueidis.Client) (A, error), late func(A),
) (answer A, err error) {
	client := t.client()
	if client == nil || !t.fence.live.Load() {
		return answer, ErrAway
	}
	if t.breaker.State() == gobreaker.StateOpen {
		return answer, fmt.Errorf("%w: the breaker is open", ErrAway)
	}
	select {
	case t.inFlight <- struct{}{}:
	default:
		t.counts.busy.Add(1)
		return answer, ErrBusy
	}
	type result struct {
		answer A
		err    error
	}
	done := make(chan result)
	gone := make(chan struct{})
	defer close(gone)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	started := t.spawn(func() {
		defer func() { <-t.inFlight }()
		var r result
		r.answer, r.err = guarded(t, client, wait, do)
		select {
		case done <- r:
		case <-gone:
			if late != nil && r.err == nil {
				late(r.answer)
			}
		}
	})
	if !started {
		<-t.inFlight
		return answer, ErrClosed
	}
	select {
	case r := <-done:
		if errors.Is(r.err, context.DeadlineExceeded) {
			t.counts.slow.Add(1)
		}
		return r.answer, r.err
	case <-ctx.Done():
		return answer, ctx.Err()
	case <-timer.C:
		t.counts.slow.Add(1)
		return answer, fmt.Errorf("%w: no answer within %v", ErrAway, wait)
	}
}

// guarded runs do within the breaker and the time that an answer may take.
func guarded[A any](
	t *Tier, client rueidis.Client, wait time.Duration, do func(context.Context, rueidis.Client) (A, error),
) (answer A, err error) {
	_, refused := t.breaker.Execute(func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(t.stop, wait)
		defer cancel()
		answer, err = do(ctx, client)
		if err == nil || isAnswer(err) {
			return struct{}{}, nil
		}
		return struct{}{}, err
	})
	if refused != nil && err == nil {
		err = refused
	}
	if err != nil && !rueidis.IsRedisNil(err) {
		err = fmt.Errorf("%w: %w", ErrAway, err)
	}
	return answer, err
}

// isAnswer says whether Redis answered, and it is not that it can't serve now.
func isAnswer(err error) bool {
	redis, ok := rueidis.IsRedisErr(err)
	return ok && !isOutOfOrder(redis)
}

// isOutOfOrder says whether an error means that Redis can't do this now, rather
// than that it won't do it ever.
func isOutOfOrder(err *rueidis.RedisError) bool {
	switch firstWord(err.Error()) {
	case "OOM", "READONLY", "NOREPLICAS", "MASTERDOWN", "LOADING", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "MISCONF", "MOVED", "ASK":
		return true
	}
	return false
}

// temporary says whether it may be worth while to try again.
func temporary(err error) bool {
	redis, ok := rueidis.IsRedisErr(err)
	return !ok || isOutOfOrder(redis)
}
