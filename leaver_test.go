package state

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Who leaves while it waits for the minute holds a slot by then, here the only
// one, and gives it back.
func TestLimiterLeaverGivesItsSlotBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(1, 1)
		first, err := l.acquire(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		first()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.acquire(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("error %v: want the context's", err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		next, err := l.acquire(ctx, 1)
		if err != nil {
			t.Fatalf("the slot is still taken an hour later: %v", err)
		}
		next()
	})
}
