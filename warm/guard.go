package warm

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

var (
	// ErrPanic is matched by the error of a call that panicked. The error holds
	// the panic's value, and matches it where it is an error itself.
	ErrPanic = errors.New("warm: call panicked")
	// ErrExited is matched by the error of a call that ended its goroutine with
	// runtime.Goexit.
	ErrExited = errors.New("warm: call ended its goroutine")
)

// guarded calls foreign code and hands its error to done, exactly once, whatever
// the code does to its goroutine: warming is a favour, and a favour must not end
// the process. done must not panic.
func guarded(log *slog.Logger, call func() error, done func(error)) {
	err := ErrExited // stands only where call does not return
	defer func() {
		if value := recover(); value != nil {
			log.Error("warming panicked", slog.Any("panic", value), slog.String("stack", string(debug.Stack())))
			err = panicError(value)
		}
		done(err)
	}()
	err = call()
}

func panicError(value any) error {
	if err, ok := value.(error); ok {
		return fmt.Errorf("%w: %w", ErrPanic, err)
	}
	return fmt.Errorf("%w: %v", ErrPanic, value)
}

// logger is where nothing else was asked for.
func logger(given *slog.Logger) *slog.Logger {
	if given == nil {
		return slog.Default()
	}
	return given
}
