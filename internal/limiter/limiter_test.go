package limiter

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/warm"
)

// Under random load, no minute has more starts than allowed, and no moment more
// queries.
func TestLimiterKeepsBothLimits(t *testing.T) {
	const concurrency, perMinute, queries = 5, 40, 600
	synctest.Test(t, func(t *testing.T) {
		l := New(concurrency, perMinute)
		dice := rand.New(rand.NewPCG(1, 2))
		var (
			mu     sync.Mutex
			starts []time.Time

			urgencies []*Urgency
			running   int
			wg        sync.WaitGroup
		)
		for range queries {
			time.Sleep(time.Duration(dice.Int64N(int64(2 * time.Second))))
			takes := time.Duration(dice.Int64N(int64(10 * time.Second)))
			patience := time.Duration(dice.Int64N(int64(30 * time.Minute)))
			u := NewUrgency(warm.Priority(1 + dice.IntN(3)))
			urgencies = append(urgencies, u)
			urgencies[dice.IntN(len(urgencies))].Raise(warm.Priority(1 + dice.IntN(3)))
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(WithUrgency(t.Context(), u), patience)
				defer cancel()
				release, err := l.Acquire(ctx, 1)
				if err != nil {
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Error(err)
					}
					return
				}
				defer release()
				mu.Lock()
				starts = append(starts, time.Now())
				running++
				if running > concurrency {
					t.Errorf("%d queries run at once", running)
				}
				mu.Unlock()
				time.Sleep(takes)
				mu.Lock()
				running--
				mu.Unlock()
			})
		}
		wg.Wait()
		if len(starts) < queries/2 {
			t.Errorf("only %d queries started", len(starts))
		}
		wantNoCrowdedMinute(t, starts, perMinute)
	})
}

func wantNoCrowdedMinute(t *testing.T, starts []time.Time, perMinute int) {
	t.Helper()
	for i := perMinute; i < len(starts); i++ {
		if gap := starts[i].Sub(starts[i-perMinute]); gap <= time.Minute {
			t.Errorf("starts %d to %d lie within %v", i-perMinute, i, gap)
		}
	}
}

// Nobody waits longer than the limits demand: the first of a burst start at
// once, the next as soon as the minute is over.
func TestLimiterUsesTheWholeMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(100, 3)
		began := time.Now()
		var waits []time.Duration
		for range 7 {
			release, err := l.Acquire(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			waits = append(waits, time.Since(began))
			release()
		}
		minute := time.Minute + 1
		if want := []time.Duration{0, 0, 0, minute, minute, minute, 2 * minute}; !slices.Equal(waits, want) {
			t.Errorf("waits %v: want %v", waits, want)
		}
	})
}

// A window includes both its ends: a start a minute ago to the nanosecond still
// counts.
func TestLimiterCountsBothEndsOfTheMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(1, 1)
		for _, wait := range []time.Duration{0, 1} {
			began := time.Now()
			release, err := l.Acquire(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			release()
			if took := time.Since(began); took != wait {
				t.Errorf("waited %v: want %v", took, wait)
			}
			time.Sleep(time.Minute)
		}
	})
}

// Both cases start one query at a time, so that the order is seen as it was.
func TestLimiterServesInOrder(t *testing.T) {
	for name, limits := range map[string][2]int{"by slots": {1, 100}, "by the minute": {100, 1}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := New(limits[0], limits[1])
				var (
					mu    sync.Mutex
					order []int
					wg    sync.WaitGroup
				)
				for i := range 30 {
					wg.Go(func() {
						release, err := l.Acquire(t.Context(), 1)
						if err != nil {
							t.Error(err)
							return
						}
						defer release()
						mu.Lock()
						order = append(order, i)
						mu.Unlock()
						time.Sleep(time.Second)
					})
					synctest.Wait() // so that they queue in this order
				}
				wg.Wait()
				if !slices.IsSorted(order) || len(order) != 30 {
					t.Errorf("served in the order %v", order)
				}
			})
		})
	}
}

func TestLimiterWaiterLeavesWithItsContext(t *testing.T) {
	for name, l := range map[string]*Limiter{
		"waiting for a slot":     New(1, 100),
		"waiting for the minute": New(100, 1),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first, err := l.Acquire(t.Context(), 1)
				if err != nil {
					t.Fatal(err)
				}
				// The head of the queue and the one behind it.
				var wg sync.WaitGroup
				for range 2 {
					wg.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), time.Second)
						defer cancel()
						began := time.Now()
						if _, err := l.Acquire(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
							t.Errorf("error %v: want the context's", err)
						}
						if took := time.Since(began); took != time.Second {
							t.Errorf("left after %v", took)
						}
					})
				}
				wg.Wait()
				// Who left used up neither a slot nor a start.
				first()
				time.Sleep(time.Minute)
				began := time.Now()
				for range 2 {
					release, err := l.Acquire(t.Context(), 1)
					if err != nil {
						t.Fatal(err)
					}
					release()
				}
				if took := time.Since(began); took > time.Minute+2 {
					t.Errorf("two more took %v", took)
				}
				if l.idle.Len() != 1 {
					t.Error("the account is still taken to be in use")
				}
			})
		})
	}
}

func TestLimiterKeepsAccountsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(1, 1)
		began := time.Now()
		for account := 1; account <= 5; account++ {
			release, err := l.Acquire(t.Context(), account)
			if err != nil {
				t.Fatal(err)
			}
			defer release()
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("accounts waited %v for each other", took)
		}
	})
}

func TestLimiterForgetsIdleAccountsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(10, 1)
		l.maxAccounts = 3
		once := func(account int) error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			release, err := l.Acquire(ctx, account)
			if err == nil {
				release()
			}
			return err
		}
		busy, err := l.Acquire(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		for account := 2; account <= 3; account++ {
			if err := once(account); err != nil {
				t.Fatal(err)
			}
		}
		// Within the minute every account counts: a fourth is refused, and
		// those that are known are not.
		if err := once(4); !errors.Is(err, ErrTooManyAccounts) {
			t.Errorf("error %v: want ErrTooManyAccounts", err)
		}
		time.Sleep(time.Minute)
		if err := once(4); !errors.Is(err, ErrTooManyAccounts) {
			t.Errorf("error %v: want ErrTooManyAccounts, since a start a minute ago still counts", err)
		}
		time.Sleep(time.Nanosecond)
		if err := once(4); err != nil {
			t.Errorf("idle accounts are not forgotten: %v", err)
		}
		if len(l.accounts) != 2 || l.accounts[1] == nil || l.accounts[4] == nil || l.idle.Len() != 1 {
			t.Errorf("left are %d accounts, %d of them idle: want 1, in use, and 4", len(l.accounts), l.idle.Len())
		}
		busy()
		if l.idle.Len() != 2 {
			t.Errorf("%d accounts are idle: want 2", l.idle.Len())
		}
		// An account in use again is not idle, however long ago it was.
		time.Sleep(time.Hour)
		again, err := l.Acquire(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		defer again()
		if err := once(1); !errors.Is(err, context.DeadlineExceeded) || l.idle.Len() != 1 {
			t.Errorf("%v, and %d accounts are idle: want 4, and not 1, which one of two has left", err, l.idle.Len())
		}
		if err := once(5); err != nil {
			t.Fatal(err)
		}
		if l.accounts[1] == nil || l.accounts[4] != nil {
			t.Error("an account in use was forgotten, or an idle one was not")
		}
	})
}

// What a minute of starts takes is given back.
func TestLimiterForgetsStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(1, 1000)
		for range 5000 {
			release, err := l.Acquire(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			release()
			time.Sleep(time.Second)
		}
		if a := l.accounts[1]; len(a.queue.starts) > 61 || cap(a.queue.starts) > 1000 {
			t.Errorf("%d starts are kept, in room for %d", len(a.queue.starts), cap(a.queue.starts))
		}
	})
}
