package state

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

var (
	// ErrLoadTimeout is matched by the error of a load that took longer than
	// its LoadTimeout.
	ErrLoadTimeout = errors.New("load timed out")
	// ErrLoaderPanic is matched by the error of a load that panicked. The error
	// holds the panic's value, and matches it where it is an error itself.
	ErrLoaderPanic = errors.New("loader panicked")
	// ErrLoaderExited is matched by the error of a load that ended its
	// goroutine with runtime.Goexit.
	ErrLoaderExited = errors.New("loader ended its goroutine")
)

// outcome is what a load came to.
type outcome[T any] struct {
	value T
	terms Terms
	err   error
	// started is when the load that made the value began; zero where it is not known.
	started time.Time
	// fromRedis says that another instance has loaded the value, and span for how
	// long it holds.
	fromRedis bool
	span      lifespan
}

// runGuarded runs load and sends exactly one outcome, whatever load does to its
// goroutine: singleflight crashes the process on a panic behind a channel, and
// after runtime.Goexit never answers. done must have room for the outcome, so
// that a load that nobody waits for any more can end.
func runGuarded[T any](
	ctx context.Context, log *slog.Logger, load func(context.Context) outcome[T], done chan<- outcome[T],
) {
	out := outcome[T]{err: ErrLoaderExited} // stands only where load does not return
	defer func() {
		if value := recover(); value != nil {
			log.ErrorContext(ctx, "loader panicked", slog.String("stack", string(debug.Stack())))
			out.err = panicError(value)
		}
		done <- out
	}()
	out = load(ctx)
}

func panicError(value any) error {
	if err, ok := value.(error); ok {
		return fmt.Errorf("%w: %w", ErrLoaderPanic, err)
	}
	return fmt.Errorf("%w: %v", ErrLoaderPanic, value)
}
