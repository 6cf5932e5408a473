package warm

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestACrewRefusesWhatItHasNoHandsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(2)
		ended(t, c.wait) // idle from the start
		release := make(chan struct{})
		work := func(context.Context) { <-release }
		for hand := range 2 {
			if !c.start(work) {
				t.Fatalf("hand %d was refused work", hand)
			}
		}
		if c.start(work) {
			t.Error("two do three loads")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting for a busy crew: %v, want the context's error", err)
		}
		close(release)
		ended(t, c.wait)
		if !c.start(func(context.Context) {}) {
			t.Error("an idle crew refuses work")
		}
		ended(t, c.wait)
	})
}

func TestAClosedCrewCancelsAndRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(1)
		if !c.start(func(ctx context.Context) { <-ctx.Done() }) {
			t.Fatal("work was refused")
		}
		c.close()
		c.close()
		ended(t, c.wait)
		if c.start(func(context.Context) {}) {
			t.Error("a closed crew takes work")
		}
	})
}
