package state

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// What overtakes a load, and what is in the cache afterwards.
func TestOvertakenLoadAnswersItsWaitersAndIsNotKept(t *testing.T) {
	for name, c := range map[string]struct {
		overtake func(*Cache[string], Key)
		left     string
	}{
		"Delete": {func(c *Cache[string], k Key) { c.Delete(k) }, ""},
		"Clear":  {func(c *Cache[string], _ Key) { c.Clear() }, ""},
		"Set":    {func(c *Cache[string], k Key) { c.Set(k, "newer") }, "newer"},
		"Set and Delete": {func(c *Cache[string], k Key) {
			c.Set(k, "newer")
			c.Delete(k)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cache := cacheOf[string](t, Kind{})
				key, g := keyOf(t, 1), newGate()
				one, two := fetching(t.Context(), cache, key, g.load), fetching(t.Context(), cache, key, g.load)
				synctest.Wait()
				c.overtake(cache, key)
				g.open("older")
				for _, ch := range []<-chan answer[string]{one, two} {
					if got := <-ch; got.err != nil || got.Value != "older" {
						t.Errorf("a waiter got %q, %v", got.Value, got.err)
					}
				}
				if res, _ := cache.Get(key); res.Value != c.left {
					t.Errorf("the cache has %q: want %q", res.Value, c.left)
				}
				if s := cache.Stats(); s.Fenced != 1 || s.LoadErrors != 0 {
					t.Errorf("stats %+v", s)
				}
			})
		})
	}
}

func TestFetchAfterAnInvalidationDoesNotJoinTheOlderLoad(t *testing.T) {
	for name, invalidate := range map[string]func(*Cache[string], Key){
		"Delete": func(c *Cache[string], k Key) { c.Delete(k) },
		"Clear":  func(c *Cache[string], _ Key) { c.Clear() },
		"Set and Delete": func(c *Cache[string], k Key) {
			c.Set(k, "passing")
			c.Delete(k)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := cacheOf[string](t, Kind{})
				key, old, next := keyOf(t, 1), newGate(), newGate()
				before := fetching(t.Context(), c, key, old.load)
				synctest.Wait()
				invalidate(c, key)
				after := fetching(t.Context(), c, key, next.load)
				synctest.Wait()
				if next.began() != 1 {
					t.Fatal("no new load began")
				}
				// The new load lands first; the old one must not overwrite it.
				next.open("new")
				wantValue(t, <-after, "new", Origin)
				old.open("old")
				wantValue(t, <-before, "old", Origin)
				wantValue(t, fetchNow(c, key, forbidden(t)), "new", Memory)
			})
		})
	}
}

// The old load lands first: it must neither be kept nor end the new flight,
// which others may still join.
func TestOvertakenLoadThatLandsFirstSparesTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{})
		key, old, next := keyOf(t, 1), newGate(), newGate()
		before := fetching(t.Context(), c, key, old.load)
		synctest.Wait()
		c.Delete(key)
		after := fetching(t.Context(), c, key, next.load)
		synctest.Wait()
		old.open("old")
		wantValue(t, <-before, "old", Origin)
		if _, ok := c.Get(key); ok {
			t.Error("the old result was kept")
		}
		joiner := fetching(t.Context(), c, key, forbidden(t))
		synctest.Wait()
		next.open("new")
		wantValue(t, <-after, "new", Origin)
		wantValue(t, <-joiner, "new", Flight)
	})
}

func TestInvalidationFencesOnlyItsKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{})
		g := newGate()
		ch := fetching(t.Context(), c, keyOf(t, 1), g.load)
		synctest.Wait()
		c.Delete(keyOf(t, 2))
		c.Set(keyOf(t, 3), "x")
		g.open("a")
		wantValue(t, <-ch, "a", Origin)
		wantValue(t, fetchNow(c, keyOf(t, 1), forbidden(t)), "a", Memory)
	})
}

// While callers fetch, leave, write and invalidate at random, no value is
// served that was out of date when its Fetch began. The origin is a number that
// only grows, and an invalidation follows each change of it; so a Fetch must
// not return less than what had been invalidated before it began.
func TestNoFetchReturnsWhatWasInvalidatedBeforeIt(t *testing.T) {
	c := cacheOf[int64](t, Kind{})
	const keys, workers, rounds = 3, 8, 3000
	var origin, invalidated [keys]atomic.Int64
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(worker), 1))
			for range rounds {
				i := dice.IntN(keys)
				key := keyOf(t, i)
				if dice.IntN(4) == 0 {
					n := origin[i].Add(1)
					if dice.IntN(8) == 0 {
						c.Clear()
					} else {
						c.Delete(key)
					}
					raise(&invalidated[i], n)
					continue
				}
				ctx, cancel := context.WithCancel(t.Context())
				if dice.IntN(4) == 0 {
					go cancel()
				}
				floor := invalidated[i].Load()
				res, err := c.Fetch(ctx, key, func(context.Context) (int64, error) { return origin[i].Load(), nil })
				if err == nil && res.Value < floor {
					t.Errorf("key %d: got %d from %v after %d was invalidated", i, res.Value, res.Source, floor)
				}
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	wantIdle(t, c)
}

// wantIdle fails the test where a flight is left after everyone has gone.
func wantIdle[T any](t *testing.T, c *Cache[T]) {
	t.Helper()
	c.flights.mu.Lock()
	defer c.flights.mu.Unlock()
	if n := len(c.flights.current); n != 0 {
		t.Errorf("%d flights are left", n)
	}
}

func raise(n *atomic.Int64, to int64) {
	for {
		was := n.Load()
		if was >= to || n.CompareAndSwap(was, to) {
			return
		}
	}
}

// A Set that returned is what is served until the next write, whatever loads
// were under way: each key has one writer, who looks.
func TestNoLoadOverwritesANewerSet(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	var wg sync.WaitGroup
	for worker := range 4 {
		key := keyOf(t, worker)
		stop := make(chan struct{})
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if _, err := c.Fetch(t.Context(), key, constant("loaded")); err != nil {
						t.Error(err)
					}
				}
			}
		})
		wg.Go(func() {
			defer close(stop)
			for round := range 2000 {
				c.Delete(key)
				value := fmt.Sprint(round)
				c.Set(key, value)
				if res, ok := c.Get(key); !ok || res.Value != value {
					t.Errorf("after Set(%q) the cache has %q, %v", value, res.Value, ok)
				}
			}
		})
	}
	wg.Wait()
	wantIdle(t, c)
}
