//go:build unix

package remote

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/uds-platform/state/internal/redistest"
)

// stall is a long time: whoever waits for a stopped server would still be
// waiting.
const stall = 20 * time.Second

func TestAReaderWaitsNoLongerThanItMay(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL(), func(o *Options) { o.Wait = 50 * time.Millisecond })
	a.load("k", "1")
	a.awaitFlushed()
	s.Stop()
	defer s.Continue()
	begun := time.Now()
	_, found, err := a.Get(t.Context(), a.BeginFill("k"))
	if found || !errors.Is(err, ErrAway) {
		t.Fatalf("a stopped server answers: %v, %v", found, err)
	}
	if n := a.Health().Stats.Slow; n == 0 {
		t.Error("nobody has counted the read that gave up")
	}
	if waited := time.Since(begun); waited > stall {
		t.Errorf("it took %v", waited)
	}
}

func TestAReaderLeavesWithItsContext(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL(), func(o *Options) { o.Wait = 10 * time.Second })
	s.Stop()
	defer s.Continue()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for len(a.inFlight) == 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, _, err := a.Get(ctx, a.BeginFill("k")); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want that of the context", err)
	}
	if n := a.Health().Stats.Slow; n != 0 {
		t.Error("the reader has waited for Redis rather than for its context")
	}
}

func TestTooManyReadersAreRefused(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL(), func(o *Options) { o.Wait, o.InFlight = 10*time.Second, 2 })
	s.Stop()
	defer s.Continue()
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() { _, _, _ = a.Get(ctx, a.BeginFill("k")) })
	}
	redistest.Await(t, "two are under way", func() bool { return len(a.inFlight) == 2 })
	_, _, err := a.Get(t.Context(), a.BeginFill("k"))
	wantError(t, err, ErrBusy)
	cancel()
	readers.Wait()
}

func TestTheBreakerOpensAndCloses(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL(), func(o *Options) { o.Wait = time.Millisecond })
	a.load("k", "1")
	a.awaitFlushed()
	redistest.Await(t, "the breaker is open", func() bool { // other answers may come in between
		_, _ = ask(t.Context(), a.Tier, func(ctx context.Context, _ rueidis.Client) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}, nil)
		return a.Health().Breaker == "open"
	})
	_, err := ask(t.Context(), a.Tier, func(context.Context, rueidis.Client) (int, error) {
		t.Error("somebody is let through an open breaker")
		return 0, nil
	}, nil)
	wantError(t, err, ErrAway)
	redistest.Await(t, "the breaker is closed again", func() bool {
		_, _ = a.read("k")
		return a.Health().Breaker == "closed"
	})
	if n := a.Health().Stats.BreakerChanges; n < 3 {
		t.Errorf("%d changes of the breaker, want 3 at least", n)
	}
}

func TestASilentServerIsNoticed(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL())
	gaps := a.gapCount()
	s.Stop()
	redistest.Await(t, "the silence is noticed", func() bool { return a.gapCount() > gaps && !a.Live() })
	_, _, err := a.Get(t.Context(), a.BeginFill("k"))
	wantError(t, err, ErrAway)
	s.Continue()
	a.awaitLive()
	a.load("k", "1")
	a.awaitValue("k", "1")
}

func TestWhatNobodyWaitsForDoesNotWait(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL())
	s.Stop()
	defer s.Continue()
	for range 100 {
		a.load("k", "1")
		a.Invalidate([]string{"other"}, []string{"tag"})
		if err := a.Replace("more", frameOf("1")); err != nil {
			t.Error(err)
		}
	}
	if s := a.Health().Stats; s.DirtyEntries > 1 || s.Invalidations > 3 {
		t.Errorf("%d values and %d invalidations wait, want one for each name", s.DirtyEntries, s.Invalidations)
	}
}
