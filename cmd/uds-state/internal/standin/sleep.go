package standin

import (
	"context"
	"time"
)

// Sleep waits for a duration, or until the context ends, and returns the
// context's error in that case. Tests replace it to hold requests in flight or
// to let them pass without waiting.
type Sleep func(ctx context.Context, d time.Duration) error
