package ttl_test

import (
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/uds-platform/state/ttl"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const tick = time.Millisecond

func started(due func(now int64)) *ttl.Manager {
	m := new(ttl.Manager)
	m.Start(tick, due)
	return m
}

func TestManagerSleepsUntilTheEarliestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := started(func(int64) {})
		defer m.Close()
		for _, ahead := range []time.Duration{time.Hour, time.Second, time.Minute} {
			m.Watch(m.Exact() + int64(ahead))
		}
		time.Sleep(time.Second - tick)
		synctest.Wait()
		if m.Wakeups() != 0 || m.Now() != 0 {
			t.Fatalf("%d wake-ups before anything was due; coarse clock at %d", m.Wakeups(), m.Now())
		}
		time.Sleep(2 * tick)
		synctest.Wait()
		if m.Wakeups() != 1 || m.Now() < int64(time.Second) {
			t.Fatalf("%d wake-ups at the first deadline; coarse clock at %d", m.Wakeups(), m.Now())
		}
	})
}

func TestManagerIsLateByLessThanATick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, ahead := range []time.Duration{1, time.Microsecond, tick - 1, tick, tick + 1, time.Second + 1} {
			m := started(func(int64) {})
			deadline := m.Exact() + int64(ahead)
			m.Watch(deadline)
			time.Sleep(ahead + tick)
			synctest.Wait()
			if m.Now() < deadline {
				t.Errorf("a tick after a deadline %v ahead, the coarse clock is at %d, before %d", ahead, m.Now(), deadline)
			}
			m.Close()
		}
	})
}

func TestManagerWakesOnceForOneTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := started(func(int64) {})
		defer m.Close()
		base := int64(time.Second)
		for i := range int64(1000) {
			m.Watch(base + i*int64(tick)/1000 + 1)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := m.Wakeups(); got != 1 {
			t.Fatalf("%d wake-ups for deadlines within one tick, want 1", got)
		}
	})
}

func TestIdleManagerIsNeverWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := started(func(int64) { t.Error("woken with nothing to do") })
		defer m.Close()
		m.Watch(math.MaxInt64)
		time.Sleep(1000 * time.Hour)
		synctest.Wait()
		if m.Wakeups() != 0 {
			t.Fatalf("%d wake-ups", m.Wakeups())
		}
	})
}

func TestWakeNeedsNoDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := started(func(int64) {})
		defer m.Close()
		m.Watch(m.Exact() + int64(time.Hour))
		m.Wake()
		synctest.Wait()
		if m.Wakeups() != 1 {
			t.Fatalf("%d wake-ups after Wake, want 1", m.Wakeups())
		}
	})
}

func TestClosedManagerStaysAsleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := started(func(int64) { t.Error("woken after Close") })
		m.Watch(m.Exact() + int64(time.Second))
		m.Close()
		m.Close()
		m.Watch(m.Exact() + int64(time.Millisecond))
		time.Sleep(time.Hour)
		synctest.Wait()
		if m.Exact() < int64(time.Hour) {
			t.Fatal("the exact clock stopped with Close")
		}
	})
}

// Deadlines that are watched from inside due, as a wheel's next one is, must not
// be lost however they interleave with those of callers.
func TestManagerLosesNoDeadline(t *testing.T) {
	var m *ttl.Manager
	var last atomic.Int64
	reached := make(chan struct{})
	m = started(func(now int64) {
		if now < last.Load() {
			m.Watch(now + int64(time.Duration(rand.IntN(300))*time.Microsecond))
			return
		}
		select {
		case reached <- struct{}{}:
		default:
		}
	})
	defer m.Close()
	for range 30 {
		last.Store(m.Exact() + int64(3*time.Millisecond))
		var callers sync.WaitGroup
		for range 4 {
			callers.Go(func() {
				for range 50 {
					m.Watch(m.Exact() + int64(rand.IntN(3_000_000)))
				}
			})
		}
		callers.Wait()
		m.Watch(last.Load())
		select {
		case <-reached:
		case <-time.After(time.Minute):
			t.Fatal("the last deadline was never reached: a wake-up was lost")
		}
	}
}
