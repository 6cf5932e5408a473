package session

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// After a failure the replica is left alone for a while, and after each further one
// for twice as long. The longest pause is short, since everybody is to agree two
// seconds after the replica is back; what protects it from a crowd is that there
// are few exchangers.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = 500 * time.Millisecond
)

// failures says how long to leave the replica alone.
type failures struct{ inARow atomic.Int32 }

// wait waits for the pause's end, or for news that the replica is back, after which it
// is as if nothing had failed. It reports whether ctx has not ended.
func (f *failures) wait(ctx context.Context, back <-chan struct{}) bool {
	pause := f.pause()
	if pause == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-back:
		f.note(nil)
	}
	return true
}

func (f *failures) note(err error) {
	if err == nil {
		f.inARow.Store(0)
	} else {
		f.inARow.Add(1)
	}
}

// pause is zero unless the latest has failed.
func (f *failures) pause() time.Duration {
	n := f.inARow.Load()
	if n == 0 {
		return 0
	}
	return jitter(min(firstPause<<min(n-1, 10), longestPause))
}

// jitter returns something within a fifth of d.
func jitter(d time.Duration) time.Duration {
	return d + time.Duration((rand.Float64()*2-1)*float64(d)/5)
}
