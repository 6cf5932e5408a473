package state

import (
	"context"
	"fmt"
	"time"
)

// Source says where a result came from.
type Source uint8

const (
	// Memory means that the result was there.
	Memory Source = iota + 1
	// Flight means that the caller joined a load that another had started.
	Flight
	// Origin means that the caller started the load.
	Origin
	// Shared means that another instance had loaded the result, and this caller
	// found it in Redis.
	Shared
)

// String gives the source's name in lower case.
func (s Source) String() string {
	switch s {
	case Memory:
		return "memory"
	case Flight:
		return "flight"
	case Origin:
		return "origin"
	case Shared:
		return "shared"
	default:
		return fmt.Sprintf("source %d", uint8(s))
	}
}

// MarshalText gives what String gives.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Result is one answer.
type Result[T any] struct {
	// Value is shared with everyone who fetches the same key: treat what it
	// refers to as read-only.
	Value T
	// Source says how this caller came by the value.
	Source Source
	// Quality says how good the value is.
	Quality Quality
	// AsOf is when the load that produced the value started, or when Set was
	// called: the value knows of everything that had happened by then, and
	// perhaps of more.
	AsOf time.Time
}

// loader is a load that may say how long its result holds.
type loader[T any] func(context.Context) (T, Terms, error)

// Fetch returns key's result from memory, or else loads it with load and keeps
// it for as long as the kind says.
//
// A fresh hit takes no lock, does not look at ctx, and allocates nothing; and so does
// one on a result that is Stale because Redis is away. (A
// function literal that captures variables is allocated by the caller, before
// Fetch begins; where that matters, call Get first.)
//
// A hit past Kind.TTL is served at once as well, with Quality Stale, until
// Kind.StaleFor has passed too. Behind it, load is run for a newer result, with
// the values of ctx: one refresh a key, no more at a time in the whole State than
// Config.RefreshConcurrency, and where too many are waiting for that already, it
// is left to the next hit. A refresh that fails leaves the stale result where it
// is, and is tried again after a pause of 1 s at first and a minute at most;
// unless it fails with ErrDenied or ErrPermanent, which see.
//
// On a miss, callers of the same key share one load:
//   - Each waits no longer than its own ctx, and then gets ctx's error.
//   - The load has the values of the ctx that started it, but not its
//     cancellation. Its own context ends when the last caller has left, or
//     after the kind's LoadTimeout; who fetches the key after that starts a new
//     load.
//   - A load that ignores its context is abandoned: its callers are answered in
//     time, and its goroutine ends when it returns.
//   - After a Set, Delete, Clear or Invalidate during the load, those who wait
//     still get its result, but it is not kept, and later callers do not get it.
//   - What the load returns, all get. A panic becomes an error that matches
//     ErrLoaderPanic, runtime.Goexit one that matches ErrLoaderExited, and
//     running out of time one that matches ErrLoadTimeout and
//     context.DeadlineExceeded. Errors are not kept, except that one which
//     matches ErrPermanent is remembered for Kind.ErrorTTL, and returned without
//     a load meanwhile. A Set, Delete, Clear or Invalidate ends that.
//   - Where the load fails with a temporary error (see ErrTemporary) and a result
//     has been stored meanwhile, they get that.
//
// Since callers share a load, a result that depends on who asks must have the
// principal in its key.
//
// Once the State is closed nothing is kept, and Fetch answers from load alone.
// The error matches ErrBadKey for the zero Key.
func (c *Cache[T]) Fetch(
	ctx context.Context, key Key, load func(context.Context) (T, error),
) (res Result[T], err error) {
	e, ok := c.engine.Get(key.encoded)
	if ok && e.plainUntilNanos >= c.clock.reading.Load() {
		if seen, epoch := e.seen.Load(), c.tags.epoch.Load(); seen == epoch {
			res.Quality = Full
		} else if seen == ^epoch && c.flights.trust.rests(epoch, c.clock.reading.Load()) {
			c.counts.stale.add()
			res.Quality = Stale
		}
		if res.Quality != Nothing {
			// Not look, and not e.result(Memory, Full): that builds the result aside and copies
			// it, which takes a third as long as the lookup.
			res.Value, res.Source = e.value, Memory
			res.AsOf = time.Unix(e.asOfSeconds, int64(e.asOfNanos))
			return res, nil
		}
	}
	return c.fetchCloser(ctx, key, e, load)
}

// fetchCloser takes a second look at an entry before a closure is allocated for
// it: where the clock stood, or the end is near, it is fresh most often.
func (c *Cache[T]) fetchCloser(
	ctx context.Context, key Key, e *entry[T], load func(context.Context) (T, error),
) (Result[T], error) {
	if e != nil {
		if worth := c.flights.judge(e); worth >= stale {
			if r := c.wanted(key, e, worth); r != noRenewal {
				c.have(r, ctx, key, e, withoutTerms(load))
			}
			return c.serve(e, worth), nil
		}
	}
	return c.fetchElse(ctx, key, e, withoutTerms(load))
}

// FetchWithTerms is Fetch for a load that says itself how long its result
// holds.
func (c *Cache[T]) FetchWithTerms(
	ctx context.Context, key Key, load func(context.Context) (T, Terms, error),
) (Result[T], error) {
	e, fresh := c.look(key)
	if fresh {
		return e.result(Memory, Full), nil
	}
	return c.fetchElse(ctx, key, e, load)
}

// look finds key's entry, nil where there is none, and says whether it is fresh
// at first sight: where the clock stands, something was invalidated, or the end is
// near, a closer look is needed.
func (c *Cache[T]) look(key Key) (e *entry[T], fresh bool) {
	e, ok := c.engine.Get(key.encoded)
	return e, ok && e.plainUntilNanos >= c.clock.reading.Load() && e.seen.Load() == c.tags.epoch.Load()
}

// withoutTerms is a load that leaves its terms to the kind.
func withoutTerms[T any](load func(context.Context) (T, error)) loader[T] {
	return func(ctx context.Context) (value T, t Terms, err error) {
		value, err = load(ctx)
		return value, t, err
	}
}

// fetchElse is a Fetch that found no entry, or one that is not fresh at first
// sight.
func (c *Cache[T]) fetchElse(ctx context.Context, key Key, e *entry[T], load loader[T]) (Result[T], error) {
	if e == nil {
		return c.fetchMissing(ctx, key, load)
	}
	worth := c.flights.judge(e)
	if worth == dead {
		c.bury(key, e)
		return c.fetchMissing(ctx, key, load)
	}
	return c.answer(ctx, key, e, worth, load)
}

// answer is the answer that an entry gives.
func (c *Cache[T]) answer(
	ctx context.Context, key Key, e *entry[T], worth standing, load loader[T],
) (Result[T], error) {
	if worth == failed {
		c.counts.remembered.Add(1)
		return Result[T]{}, refused(c.flights.tracer, ctx, c.kind.Name, loadError(key, e.err))
	}
	c.have(c.wanted(key, e, worth), ctx, key, e, load)
	return c.serve(e, worth), nil
}

func loadError(key Key, err error) error { return fmt.Errorf("state: load of %v: %w", key, err) }

func (c *Cache[T]) fetchMissing(ctx context.Context, key Key, load loader[T]) (Result[T], error) {
	return c.fetchAtLeast(ctx, key, load, stale)
}

// fetchAtLeast loads a result, unless there is one by then that is worth enough.
func (c *Cache[T]) fetchAtLeast(
	ctx context.Context, key Key, load loader[T], least standing,
) (Result[T], error) {
	if key.encoded == "" {
		return Result[T]{}, fmt.Errorf("%w: the zero Key", ErrBadKey)
	}
	for {
		if ctx.Err() != nil {
			return Result[T]{}, departure(ctx, key)
		}
		seat, e, worth := c.flights.join(ctx, key.encoded, load, least)
		if e != nil {
			return c.answer(ctx, key, e, worth, load)
		}
		span := c.flights.awaits(ctx, seat)
		select {
		case answer := <-seat.answer:
			seat.getOff()
			e = answer.Val.(*entry[T])
			if c.flights.overtook(seat, e) || least == fresh && c.flights.cameStale(e) {
				endSpan(span, nil)
				continue
			}
			if c.flights.cameStale(e) {
				c.have(c.wanted(key, e, stale), ctx, key, e, load)
			}
			res, err := c.arrival(key, seat, e, answer.Err, least)
			endSpan(span, err)
			return res, err
		case <-ctx.Done():
			seat.getOff()
			c.flights.leave(key.encoded, seat.flight)
			err := departure(ctx, key)
			endSpan(span, err)
			return Result[T]{}, err
		}
	}
}

// arrival turns what the flight brought into the caller's result. Where it
// brought no more than bad luck, and somebody has stored a result meanwhile that
// is worth enough, that is better than the error.
func (c *Cache[T]) arrival(key Key, s seat, e *entry[T], err error, least standing) (Result[T], error) {
	if err == nil {
		if e.fromRedis && s.source == Origin {
			s.source = Shared
		}
		return e.result(s.source, c.flights.arrivedAs(s, e)), nil
	}
	if failureOf(err) == temporaryFailure {
		if stored, ok := c.engine.GetQuietly(key.encoded); ok {
			if worth := c.flights.judge(stored); worth >= least {
				return c.serve(stored, worth), nil
			}
		}
	}
	return Result[T]{}, loadError(key, err)
}

// departure is the error of a caller whose own context ended.
func departure(ctx context.Context, key Key) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != err {
		return fmt.Errorf("state: waiting for the load of %v: %w: %w", key, err, cause)
	}
	return fmt.Errorf("state: waiting for the load of %v: %w", key, err)
}
