package state

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/singleflight"
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
	// AsOf is when the load that produced the value started, or when Set was
	// called: the value knows of everything that had happened by then, and
	// perhaps of more.
	AsOf time.Time
}

// Fetch returns key's result from memory, or else loads it with load and keeps
// it for the kind's TTL.
//
// A hit takes no lock, does not look at ctx, and allocates nothing. (A function
// literal that captures variables is allocated by the caller, before Fetch
// begins; where that matters, call Get first.)
//
// On a miss, callers of the same key share one load:
//   - Each waits no longer than its own ctx, and then gets ctx's error.
//   - The load has the values of the ctx that started it, but not its
//     cancellation. Its own context ends when the last caller has left, or
//     after the kind's LoadTimeout; who fetches the key after that starts a new
//     load.
//   - A load that ignores its context is abandoned: its callers are answered in
//     time, and its goroutine ends when it returns.
//   - After a Set, Delete or Clear during the load, those who wait still get
//     its result, but it is not kept, and later callers do not join.
//   - What the load returns, all get. A panic becomes an error that matches
//     ErrLoaderPanic, runtime.Goexit one that matches ErrLoaderExited, and
//     running out of time one that matches ErrLoadTimeout and
//     context.DeadlineExceeded. Errors are not kept.
//
// Since callers share a load, a result that depends on who asks must have the
// principal in its key.
//
// Once the State is closed nothing is kept, and Fetch answers from load alone.
// The error matches ErrBadKey for the zero Key.
func (c *Cache[T]) Fetch(
	ctx context.Context, key Key, load func(context.Context) (T, error),
) (res Result[T], err error) {
	if e, ok := c.engine.Get(key.encoded); ok {
		// Not e.result(Memory): that builds the result aside and copies it,
		// which takes a third as long as the lookup.
		res.Value, res.Source, res.AsOf = e.value, Memory, time.Unix(0, e.asOfNanoseconds)
		return res, nil
	}
	return c.fetchMissing(ctx, key, load)
}

func (c *Cache[T]) fetchMissing(
	ctx context.Context, key Key, load func(context.Context) (T, error),
) (Result[T], error) {
	if key.encoded == "" {
		return Result[T]{}, fmt.Errorf("%w: the zero Key", ErrBadKey)
	}
	if ctx.Err() != nil {
		return Result[T]{}, departure(ctx, key)
	}
	seat, e, ok := c.flights.join(ctx, key.encoded, load)
	if ok {
		return e.result(Memory), nil
	}
	select {
	case answer := <-seat.answer:
		return c.arrival(key, seat, answer)
	case <-ctx.Done():
		c.flights.leave(key.encoded, seat.flight)
		return Result[T]{}, departure(ctx, key)
	}
}

// arrival turns what the flight brought into the caller's result.
func (c *Cache[T]) arrival(key Key, s seat, answer singleflight.Result) (Result[T], error) {
	if answer.Err != nil {
		return Result[T]{}, fmt.Errorf("state: load of %v: %w", key, answer.Err)
	}
	return answer.Val.(entry[T]).result(s.source), nil
}

// departure is the error of a caller whose own context ended.
func departure(ctx context.Context, key Key) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != err {
		return fmt.Errorf("state: waiting for the load of %v: %w: %w", key, err, cause)
	}
	return fmt.Errorf("state: waiting for the load of %v: %w", key, err)
}
