package state

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/internal/limiter"
	"github.com/uds-platform/state/warm"
)

// slowLoad takes two seconds, and brings how many there have been.
type slowLoad struct {
	loads atomic.Int64
	err   error // of all but the first
}

const slowLoadTakes = 2 * time.Second

func (s *slowLoad) load(ctx context.Context) (int64, error) {
	n := s.loads.Add(1)
	if err := clock.Sleep(ctx, slowLoadTakes); err != nil {
		return 0, err
	}
	if n > 1 && s.err != nil {
		return 0, s.err
	}
	return n, nil
}

// hit fetches every so often until the time is up, and counts what was not from
// memory and full.
func hit(t *testing.T, c *Cache[int64], key Key, load func(context.Context) (int64, error), every, long time.Duration) (waits int) {
	t.Helper()
	for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(every) {
		res, err := c.Fetch(t.Context(), key, load)
		if err != nil {
			t.Fatal(err)
		}
		if res.Source != Memory || res.Quality != Full {
			waits++
		}
		synctest.Wait()
	}
	return waits
}

// A popular result never ends under those who use it, whether it would be stale
// or gone; once more a life is it loaded, and no more.
func TestPopularResultIsRefreshedAhead(t *testing.T) {
	for name, kind := range map[string]Kind{
		"before it would be gone":  {Name: "test", TTL: time.Minute},
		"before it would be stale": {Name: "test", TTL: time.Minute, StaleFor: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := cacheOf[int64](t, kind)
				key, slow := keyOf(t, 1), &slowLoad{}
				if waits := hit(t, c, key, slow.load, 50*time.Millisecond, 10*time.Minute); waits != 1 {
					t.Errorf("%d callers waited or got a stale result: want the first alone", waits)
				}
				s := c.Stats()
				if s.RefreshesAhead < 9 || s.RefreshesAhead > 14 || s.Refreshes != 0 || s.Loads != s.RefreshesAhead+1 {
					t.Errorf("in ten lives of a minute: %+v", s)
				}
			})
		})
	}
}

func TestUnpopularResultIsLeftToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[int64](t, Kind{TTL: time.Minute})
		slow := &slowLoad{}
		hit(t, c, keyOf(t, 1), slow.load, 59*time.Second, 10*time.Minute) // one hit in the last stretch of each life
		if s := c.Stats(); s.RefreshesAhead != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// What was set has no load that could be as slow again.
func TestResultThatWasSetIsNotRefreshedAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[int64](t, Kind{TTL: time.Minute})
		key, slow := keyOf(t, 1), &slowLoad{}
		c.Set(key, 7)
		hit(t, c, key, slow.load, 10*time.Millisecond, 59*time.Second)
		if s := c.Stats(); s.RefreshesAhead != 0 || s.Loads != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestNoWarmingRefreshesNothingAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Warming: Warming{Share: NoWarming}})
		c, err := NewCache[int64](st, Kind{Name: "test", TTL: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		slow := &slowLoad{}
		hit(t, c, keyOf(t, 1), slow.load, 10*time.Millisecond, 2*time.Minute)
		if s := c.Stats(); s.RefreshesAhead != 0 || s.Loads != 2 {
			t.Errorf("%+v", s)
		}
		if w := st.Health().Warming; w != (WarmingStats{}) {
			t.Errorf("%+v", w)
		}
	})
}

// A refresh ahead that fails changes nothing: the result is served to its end.
func TestFailedRefreshAheadLeavesTheResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[int64](t, Kind{TTL: time.Minute})
		key, slow := keyOf(t, 1), &slowLoad{err: errors.New("NRDB is on strike")}
		if waits := hit(t, c, key, slow.load, 50*time.Millisecond, 59*time.Second); waits != 1 {
			t.Errorf("%d callers waited", waits)
		}
		time.Sleep(slowLoadTakes) // it may have begun this late
		if s := c.Stats(); s.RefreshesAhead != 1 || s.LoadErrors != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// The refresh that comes too late for its result does nothing.
func TestRefreshAheadOfWhatIsGoneDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[int64](t, Kind{TTL: time.Minute})
		key, slow := keyOf(t, 1), &slowLoad{}
		hit(t, c, key, slow.load, time.Second, time.Second)
		e, ok := c.engine.GetQuietly(key.encoded)
		if !ok {
			t.Fatal("nothing is kept")
		}
		c.Set(key, 7)
		err := c.flights.renewAhead(t.Context(), t.Context(), key.encoded, e, withoutTerms(slow.load))
		if !errors.Is(err, warm.ErrFresh) || slow.loads.Load() != 1 {
			t.Errorf("%v, %d loads: want ErrFresh and no other load", err, slow.loads.Load())
		}
	})
}

// Close ends a refresh ahead, since nobody waits for it.
func TestCloseEndsRefreshesAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{})
		c, err := NewCache[string](st, Kind{Name: "test", TTL: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		key, g := keyOf(t, 1), newGate()
		first := fetching(t.Context(), c, key, g.load)
		time.Sleep(slowLoadTakes)
		g.open("old")
		<-first
		<-g.ctx
		for g.began() == 0 {
			time.Sleep(50 * time.Millisecond)
			wantFull(t, fetchNow(c, key, g.load), "old", Memory)
			synctest.Wait()
		}
		load := <-g.ctx
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if load.Err() == nil {
			t.Error("the refresh goes on")
		}
	})
}

// Far from its end, a hit on a result that was loaded is plain: it takes no second
// look, and so costs what one costs on a result that was set.
func TestHitFarFromTheEndIsPlain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[int64](t, Kind{TTL: time.Minute, StaleFor: time.Hour})
		key, slow := keyOf(t, 1), &slowLoad{}
		hit(t, c, key, slow.load, time.Second, time.Second)
		e, ok := c.engine.GetQuietly(key.encoded)
		if !ok {
			t.Fatal("nothing is kept")
		}
		if early := time.Duration(e.freshUntilNanos - e.plainUntilNanos); early != warm.Reach*slowLoadTakes {
			t.Errorf("the second look begins %v before the end", early)
		}
		c.clock.now()
		synctest.Wait() // the coarse clock goes
		if _, plain := c.look(key); !plain {
			t.Error("a hit takes a second look")
		}
		time.Sleep(time.Minute - warm.Reach*slowLoadTakes + time.Second)
		if _, plain := c.look(key); plain {
			t.Error("a hit near the end takes none")
		}
	})
}

// What can't be stale, and is not refreshed ahead, is the engine's affair alone.
func TestFirstSightOfWhatEndsNeedsNoClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[int64](t, Kind{TTL: time.Minute})
		key := keyOf(t, 1)
		c.Set(key, 7)
		time.Sleep(30 * time.Second)
		if _, plain := c.look(key); !plain || c.clock.running.Load() {
			t.Errorf("plain %v, the clock goes %v", plain, c.clock.running.Load())
		}
	})
}

func TestRefreshHasItsPriority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, kind := range []Kind{{Name: "behind", TTL: time.Minute, StaleFor: time.Hour}, {Name: "ahead", TTL: time.Minute}} {
			c := cacheOf[int64](t, kind)
			var refreshed warm.Priority
			load := func(ctx context.Context) (int64, error) {
				refreshed = limiter.UrgencyOf(ctx).Now()
				return 0, clock.Sleep(ctx, slowLoadTakes)
			}
			key := keyOf(t, 1)
			every := 50 * time.Millisecond
			if kind.StaleFor > 0 {
				every = time.Minute + time.Second // after its end
			}
			hit(t, c, key, load, every, 90*time.Second)
			if s := c.Stats(); refreshed != warm.Refresh || s.Refreshes+s.RefreshesAhead == 0 {
				t.Errorf("%s: the last load was %v, %+v", kind.Name, refreshed, s)
			}
		}
	})
}

// Near its end, too, a hit allocates nothing unless it is the one that refreshes.
func TestHitNearTheEndAllocatesNothing(t *testing.T) {
	c := cacheOf[int64](t, Kind{TTL: time.Hour})
	key, load := keyOf(t, 1), (&slowLoad{}).load
	e, kept := c.flights.newEntry(7, time.Now(), 10*time.Minute, c.flights.newDependence(key.encoded), Terms{})
	if !c.flights.put(key.encoded, e, kept, Terms{}) {
		t.Fatal("it is not kept")
	}
	fetch := func() {
		if res, err := c.Fetch(t.Context(), key, load); err != nil || res.Value != 7 {
			t.Fatal(res, err)
		}
	}
	fetch()                                             // wakes the clocks
	if n := testing.AllocsPerRun(100, fetch); n > 0.9 { // one in 400 refreshes
		t.Errorf("%v allocations a hit", n)
	}
	if _, plain := c.look(key); plain {
		t.Error("it is far from its end")
	}
}
