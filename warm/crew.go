package warm

import (
	"context"
	"sync"
)

// crew runs loads in the background, so many at a time and not one more: what
// comes while all are busy is refused, not queued, because a load that starts
// late warms nothing.
//
// There is a goroutine for each load under way and none otherwise, so that
// nothing leaks where Close is forgotten.
//
// Rejected: standing workers behind a channel (they idle for ever, and the
// channel is a queue).
type crew struct {
	limit  int // INVARIANT: positive, never changed.
	ctx    context.Context
	cancel context.CancelFunc

	mu   sync.Mutex
	busy int           // INVARIANT: guarded by mu; 0 to limit.
	idle chan struct{} // INVARIANT: guarded by mu; closed exactly while busy is 0.
}

func newCrew(limit int) *crew {
	c := &crew{limit: limit, idle: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	close(c.idle)
	return c
}

// start runs work on a goroutine of its own, unless all are busy or the crew has
// been closed.
func (c *crew) start(work func(ctx context.Context)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy == c.limit || c.closed() {
		return false
	}
	if c.busy == 0 {
		c.idle = make(chan struct{})
	}
	c.busy++
	go func() {
		defer c.finish()
		work(c.ctx)
	}()
	return true
}

func (c *crew) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy--
	if c.busy == 0 {
		close(c.idle)
	}
}

// close cancels what is under way and refuses the rest. It waits for nothing.
func (c *crew) close() {
	c.mu.Lock()
	defer c.mu.Unlock() // so that nothing starts once close has returned
	c.cancel()
}

func (c *crew) closed() bool { return c.ctx.Err() != nil }

// wait returns when nothing is under way, or with ctx's error.
func (c *crew) wait(ctx context.Context) error {
	c.mu.Lock()
	idle := c.idle
	c.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
