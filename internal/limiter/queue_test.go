package limiter

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/warm"
)

// queueUp has queries of one account wait in l, one after the other, and returns
// the order in which they start, each a second long.
func queueUp(t *testing.T, l *Limiter, priorities []warm.Priority, meanwhile func([]*Urgency)) (order []int) {
	t.Helper()
	first, err := l.Acquire(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var (
		mu        sync.Mutex
		wg        sync.WaitGroup
		urgencies []*Urgency
	)
	for i, p := range priorities {
		u := NewUrgency(p)
		urgencies = append(urgencies, u)
		wg.Go(func() {
			release, err := l.Acquire(WithUrgency(t.Context(), u), 1)
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
	if meanwhile != nil {
		meanwhile(urgencies)
	}
	first()
	wg.Wait()
	return order
}

func TestLimiterServesByPriority(t *testing.T) {
	for name, limits := range map[string][2]int{"by slots": {1, 100}, "by the minute": {100, 1}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := New(limits[0], limits[1])
				p := []warm.Priority{warm.Prefetch, warm.Refresh, warm.Demand, warm.Prefetch, warm.Refresh, warm.Demand}
				if got, want := queueUp(t, l, p, nil), []int{2, 5, 1, 4, 0, 3}; !slices.Equal(got, want) {
					t.Errorf("served in the order %v: want %v", got, want)
				}
			})
		})
	}
}

// What becomes more urgent comes after those that were so before it.
func TestLimiterServesARaisedQueryByItsNewPriority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := []warm.Priority{warm.Prefetch, warm.Prefetch, warm.Refresh, warm.Demand}
		got := queueUp(t, New(1, 100), p, func(u []*Urgency) {
			u[1].Raise(warm.Demand)
			u[3].Raise(warm.Prefetch) // which is no rise
		})
		if want := []int{3, 1, 2, 0}; !slices.Equal(got, want) {
			t.Errorf("served in the order %v: want %v", got, want)
		}
	})
}

// A load without a priority of its own is demand.
func TestLimiterTakesAnybodyForDemand(t *testing.T) {
	if p := UrgencyOf(t.Context()).Now(); p != warm.Demand {
		t.Errorf("a caller from outside is %v", p)
	}
}

// A place that is granted at the moment at which its context ends is given back,
// and no start is used up.
func TestLimiterTakesBackWhatALeaverWasGranted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(1, 1)
		a, err := l.enter(1)
		if err != nil {
			t.Fatal(err)
		}
		defer l.exit(a)
		q := &a.queue
		leaver := q.enqueue(warm.Demand)
		if !leaver.granted {
			t.Fatal("there was room")
		}
		next := q.enqueue(warm.Demand)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := q.settle(ended, leaver); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v: want the context's", err)
		}
		if !next.granted || q.taken != 1 || q.granted != 1 || len(q.starts) != 0 {
			t.Errorf("taken %d, granted %d, %d starts: want the place passed on", q.taken, q.granted, len(q.starts))
		}
	})
}

// A start counts from when it happens, not from when it was allowed: between the
// two the minute has no room for another.
func TestLimiterCountsAStartFromWhenItHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(10, 1)
		a, err := l.enter(1)
		if err != nil {
			t.Fatal(err)
		}
		defer l.exit(a)
		slow := a.queue.enqueue(warm.Demand)
		time.Sleep(30 * time.Second) // the scheduler's pleasure
		next := a.queue.enqueue(warm.Demand)
		if next.granted {
			t.Fatal("two are granted where one may start in a minute")
		}
		if err := a.queue.settle(t.Context(), slow); err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		<-next.ready
		if waited := time.Since(started); waited != time.Minute+1 {
			t.Errorf("the next may start %v later", waited)
		}
	})
}

// Demand does not wait behind what waits for the minute to pass.
func TestLimiterLetsDemandOvertakeWhatWaitsForTheMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := queueUp(t, New(100, 1), []warm.Priority{warm.Prefetch, warm.Demand}, nil)
		if want := []int{1, 0}; !slices.Equal(got, want) {
			t.Errorf("served in the order %v: want %v", got, want)
		}
	})
}

// Who leaves while it waits for the minute holds a slot by then, here the only
// one, and gives it back.
func TestLimiterLeaverGivesItsSlotBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(1, 1)
		first, err := l.Acquire(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		first()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.Acquire(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("error %v: want the context's", err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		next, err := l.Acquire(ctx, 1)
		if err != nil {
			t.Fatalf("the slot is still taken an hour later: %v", err)
		}
		next()
	})
}
