package clock

import (
	"context"
	"time"
)

// Sleep waits for a duration, or until the context ends, and returns the
// context's error in that case. A duration of zero or less only looks at the
// context.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
