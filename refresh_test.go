package state

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// staleCache has a value "old" for key that is stale, and holds for another
// hour.
func staleCache(t *testing.T, st *State) (*Cache[string], Key) {
	t.Helper()
	c, err := NewCache[string](st, Kind{Name: "test", TTL: time.Minute, StaleFor: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	key := keyOf(t, 1)
	c.Set(key, "old")
	time.Sleep(time.Minute + time.Second)
	return c, key
}

func wantStale(t *testing.T, got answer[string], value string) {
	t.Helper()
	wantValue(t, got, value, Memory)
	if got.Quality != Stale {
		t.Errorf("%q is %v: want stale", value, got.Quality)
	}
}

func wantFull(t *testing.T, got answer[string], value string, from Source) {
	t.Helper()
	wantValue(t, got, value, from)
	if got.Quality != Full {
		t.Errorf("%q is %v: want full", value, got.Quality)
	}
}

func TestStaleHitIsServedAtOnceAndRefreshedBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{TTL: time.Minute, StaleFor: time.Hour})
		key, g := keyOf(t, 1), newGate()
		wantFull(t, fetchNow(c, key, constant("old")), "old", Origin)
		asOf := time.Now()
		wantFull(t, fetchNow(c, key, forbidden(t)), "old", Memory)
		time.Sleep(time.Minute)
		wantFull(t, fetchNow(c, key, forbidden(t)), "old", Memory)
		time.Sleep(time.Second)
		for range 3 {
			got := fetchNow(c, key, g.load)
			wantStale(t, got, "old")
			if !got.AsOf.Equal(asOf) {
				t.Errorf("as of %v: want %v", got.AsOf, asOf)
			}
		}
		synctest.Wait()
		if g.began() != 1 {
			t.Fatalf("%d refreshes began", g.began())
		}
		wantStale(t, fetchNow(c, key, forbidden(t)), "old")
		g.open("new")
		synctest.Wait()
		wantFull(t, fetchNow(c, key, forbidden(t)), "new", Memory)
		if s := c.Stats(); s.Stale != 4 || s.Refreshes != 1 || s.Loads != 2 || s.LoadErrors != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestGetServesStaleAndLoadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, key := staleCache(t, open(t, Config{}))
		res, ok := c.Get(key)
		if !ok {
			t.Fatal("nothing there")
		}
		wantStale(t, answer[string]{Result: res}, "old")
		if s := c.Stats(); s.Loads != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestNothingIsServedPastTheHardDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, key := staleCache(t, open(t, Config{}))
		time.Sleep(time.Hour - 2*time.Second)
		if _, ok := c.Get(key); !ok {
			t.Error("it ended before its hard deadline")
		}
		time.Sleep(time.Second + 2*time.Millisecond)
		if _, ok := c.Get(key); ok {
			t.Error("it outlived its hard deadline")
		}
		wantFull(t, fetchNow(c, key, constant("new")), "new", Origin)
	})
}

// However many hits there are on a stale key, one goroutine works for them.
func TestStaleHitsShareOneRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, key := staleCache(t, open(t, Config{}))
		g := newGate()
		for range 1000 {
			wantStale(t, answerOf(c.Fetch(t.Context(), key, g.load)), "old")
		}
		answers := make([]<-chan answer[string], 100)
		for i := range answers {
			answers[i] = fetching(t.Context(), c, key, g.load)
		}
		for _, ch := range answers {
			wantStale(t, <-ch, "old")
		}
		synctest.Wait()
		c.refresher.mu.Lock()
		running, waiting := c.refresher.running, len(c.refresher.queue)
		c.refresher.mu.Unlock()
		if g.began() != 1 || running != 1 || waiting != 0 {
			t.Errorf("%d refreshes, %d workers, %d waiting", g.began(), running, waiting)
		}
		g.open("new")
		synctest.Wait()
	})
}

func answerOf[T any](res Result[T], err error) answer[T] { return answer[T]{res, err} }

// A stale hit that misses its chance to have a refresh started does not wait
// for another.
func TestStaleHitTakesNoLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, key := staleCache(t, open(t, Config{}))
		c.flights.mu.Lock()
		c.refresher.mu.Lock()
		wantStale(t, fetchNow(c, key, forbidden(t)), "old")
		c.refresher.mu.Unlock()
		c.flights.mu.Unlock()
		wantStale(t, fetchNow(c, key, constant("new")), "old")
		synctest.Wait()
		wantFull(t, fetchNow(c, key, forbidden(t)), "new", Memory)
	})
}

func TestFreshHitAllocatesNothingWhereItMayGoStale(t *testing.T) {
	c := cacheOf[string](t, Kind{TTL: time.Hour, StaleFor: time.Hour})
	key, load, ctx := keyOf(t, 1), constant("a"), t.Context()
	c.Set(key, "a")
	if n := testing.AllocsPerRun(1000, func() {
		c.clock.now()
		if c.clock.reading.Load() > c.clock.exact.Now() {
			return // the clock stands; the first hit pays for setting it going
		}
		if res, err := c.Fetch(ctx, key, load); err != nil || res.Quality != Full {
			t.Error(res, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a hit", n)
	}
}

// Workers and queue are bounded; what finds no room is not started, and the
// next hit asks again.
func TestRefreshesAreBounded(t *testing.T) {
	const workers = 3
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{RefreshConcurrency: workers})
		c, err := NewCache[string](st, Kind{Name: "test", TTL: time.Minute, StaleFor: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		const keys = workers + refreshBacklog + 5
		for i := range keys {
			c.Set(keyOf(t, i), "old")
		}
		time.Sleep(2 * time.Minute)
		g := newGate()
		g.ctx = make(chan context.Context, 2*keys)
		for range 2 {
			for i := range keys {
				wantStale(t, fetchNow(c, keyOf(t, i), g.load), "old")
			}
			synctest.Wait()
			if g.began() != workers {
				t.Fatalf("%d refreshes under way: want %d", g.began(), workers)
			}
		}
		for range workers + refreshBacklog {
			g.open("new")
		}
		synctest.Wait()
		if g.began() != workers+refreshBacklog {
			t.Errorf("%d refreshes were run: want %d", g.began(), workers+refreshBacklog)
		}
		last := keyOf(t, keys-1)
		wantStale(t, fetchNow(c, last, constant("new")), "old")
		synctest.Wait()
		wantFull(t, fetchNow(c, last, forbidden(t)), "new", Memory)
		c.refresher.mu.Lock()
		defer c.refresher.mu.Unlock()
		if c.refresher.running != 0 {
			t.Errorf("%d workers stay with nothing to do", c.refresher.running)
		}
	})
}

// The bound holds also for those who looked while there was room.
func TestQueueOfRefreshesIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRefresher(1)
		defer r.close()
		release := make(chan struct{})
		ran, taken := 0, 0
		for range 2 * refreshBacklog {
			if r.offer(func() { <-release; ran++ }) {
				taken++
			}
		}
		if taken != 1+refreshBacklog || !r.full() {
			t.Errorf("%d jobs were taken: want %d", taken, 1+refreshBacklog)
		}
		close(release)
		synctest.Wait()
		if ran != taken || r.full() {
			t.Errorf("%d of %d jobs were run", ran, taken)
		}
	})
}

// What is written or invalidated during a refresh wins.
func TestOvertakenRefreshIsNotKept(t *testing.T) {
	for name, c := range map[string]struct {
		overtake func(*Cache[string], Key)
		left     string
	}{
		"Delete": {func(c *Cache[string], k Key) { c.Delete(k) }, ""},
		"Clear":  {func(c *Cache[string], _ Key) { c.Clear() }, ""},
		"Set":    {func(c *Cache[string], k Key) { c.Set(k, "newer") }, "newer"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cache, key := staleCache(t, open(t, Config{}))
				g := newGate()
				wantStale(t, fetchNow(cache, key, g.load), "old")
				synctest.Wait()
				c.overtake(cache, key)
				g.open("refreshed")
				synctest.Wait()
				if res, _ := cache.Get(key); res.Value != c.left {
					t.Errorf("the cache has %q: want %q", res.Value, c.left)
				}
				if s := cache.Stats(); s.Fenced != 1 {
					t.Errorf("stats %+v", s)
				}
			})
		})
	}
}

// A refresh that has to wait for a worker is not run for a result that is gone
// by then.
func TestQueuedRefreshOfWhatIsGoneIsNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{RefreshConcurrency: 1})
		c, key := staleCache(t, st)
		other, g := keyOf(t, "other"), newGate()
		c.SetWithTerms(other, "old", Terms{FreshFor: time.Second})
		time.Sleep(2 * time.Second)
		wantStale(t, fetchNow(c, other, g.load), "old")
		wantStale(t, fetchNow(c, key, forbidden(t)), "old")
		c.Set(key, "newer")
		g.open("new")
		synctest.Wait()
		wantFull(t, fetchNow(c, key, forbidden(t)), "newer", Memory)
		if s := c.Stats(); s.Refreshes != 1 {
			t.Errorf("stats %+v", s)
		}
	})
}

// Who misses while a refresh is under way joins it.
func TestMissJoinsARefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{LoadTimeout: 3 * time.Hour})
		c, key := staleCache(t, st)
		g := newGate()
		wantStale(t, fetchNow(c, key, g.load), "old")
		time.Sleep(2 * time.Hour)
		miss := fetching(t.Context(), c, key, forbidden(t))
		synctest.Wait()
		g.open("new")
		wantFull(t, <-miss, "new", Flight)
	})
}

func TestFailedRefreshKeepsTheStaleResultAndPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, key := staleCache(t, open(t, Config{}))
		loads := 0
		failing := func(context.Context) (string, error) {
			loads++
			return "", errors.New("broken")
		}
		began := time.Now()
		for time.Since(began) < 10*time.Minute {
			wantStale(t, fetchNow(c, key, failing), "old")
			time.Sleep(100 * time.Millisecond)
		}
		// At 0, 1, 3, 7, 15, 31 and 63 s, and then every minute.
		if want := 7 + 8; loads != want {
			t.Errorf("%d refreshes in ten minutes: want %d", loads, want)
		}
		time.Sleep(time.Minute)
		wantStale(t, fetchNow(c, key, constant("new")), "old")
		synctest.Wait()
		wantFull(t, fetchNow(c, key, forbidden(t)), "new", Memory)
	})
}

// A refresh has the values of the hit that wanted it, and not its cancellation.
func TestRefreshOutlivesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type tag struct{}
		c, key := staleCache(t, open(t, Config{}))
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), tag{}, "mine"))
		release := make(chan struct{})
		_, err := c.Fetch(ctx, key, func(ctx context.Context) (string, error) {
			<-release
			if err := ctx.Err(); err != nil {
				return "", err
			}
			return ctx.Value(tag{}).(string), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		close(release)
		synctest.Wait()
		wantFull(t, fetchNow(c, key, forbidden(t)), "mine", Memory)
	})
}

func TestCloseEndsRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{RefreshConcurrency: 1})
		c, key := staleCache(t, st)
		waiting, g := keyOf(t, "waiting"), newGate()
		c.SetWithTerms(waiting, "old", Terms{FreshFor: time.Second})
		time.Sleep(2 * time.Second)
		wantStale(t, fetchNow(c, key, g.load), "old")
		wantStale(t, fetchNow(c, waiting, forbidden(t)), "old")
		synctest.Wait()
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if cause := context.Cause(<-g.ctx); !errors.Is(cause, errAbandoned) {
			t.Errorf("the refresh's context ended with %v: want errAbandoned", cause)
		}
		if c.refresher.offer(func() {}) {
			t.Error("a closed State takes refreshes")
		}
		wantIdle(t, c)
	})
}

func TestQueryIsRefreshedBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := 0
		st := open(t, Config{Querier: querierFunc(func(context.Context, int, string) (Rows, error) {
			ran++
			return Rows{{"run": ran}}, nil
		})})
		for _, want := range []struct {
			run     int
			quality Quality
		}{{1, Full}, {1, Full}, {1, Stale}, {2, Full}} {
			if want.quality == Stale {
				time.Sleep(16 * time.Second) // nobody understands it
			}
			res, err := st.Query(t.Context(), 1, "x")
			if err != nil || res.Value[0]["run"] != want.run || res.Quality != want.quality {
				t.Errorf("got %v, %v, %v: want %+v", res.Value, res.Quality, err, want)
			}
			synctest.Wait()
		}
	})
}

func TestQualityText(t *testing.T) {
	for quality, want := range map[Quality]string{Stale: "stale", Full: "full", Nothing: "nothing", Sampled: "sampled", Narrow: "narrow", 9: "quality 9"} {
		if text, err := quality.MarshalText(); err != nil || string(text) != want {
			t.Errorf("got %q, %v: want %q", text, err, want)
		}
	}
}
