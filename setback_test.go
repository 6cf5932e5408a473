package state

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func contains(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }

// Somebody asks every 100 ms and never waits: each failure is told, and the
// origin is left alone for longer and longer.
func TestPollingLearnsOfFailuresAndStartsFewLoads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, broken, loads := cacheOf[string](t, Kind{}), errors.New("broken"), 0
		load := func(context.Context) (string, error) { loads++; return "", broken }
		told := 0
		for range 10 * 60 {
			p, err := c.FetchPreview(t.Context(), keyOf(t, 1), load)
			switch {
			case errors.Is(err, broken):
				told++
			case err != nil || p.Quality != Nothing || !p.Refining:
				t.Fatalf("got %+v, %v", p, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if loads != 6 || told != 594 { // at 0, 1, 3, 7, 15 and 31 s
			t.Errorf("%d loads, told %d times", loads, told)
		}
	})
}

func TestWhatEndsASetback(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*Cache[string], Key)
		ends bool
	}{
		"nothing":      {func(*Cache[string], Key) {}, false},
		"time":         {func(*Cache[string], Key) { time.Sleep(time.Second + time.Millisecond) }, true},
		"delete":       {func(c *Cache[string], key Key) { c.Delete(key) }, true},
		"clear":        {func(c *Cache[string], key Key) { c.Clear() }, true},
		"invalidation": {func(c *Cache[string], key Key) { c.tags.drop(AccountTag(1)) }, true},
		"set and its end": {func(c *Cache[string], key Key) {
			c.SetWithTerms(key, "a", Terms{FreshFor: time.Millisecond})
			time.Sleep(10 * time.Millisecond)
		}, true},
		"failure of another key": {func(c *Cache[string], key Key) { c.Delete(Key{encoded: key.encoded + "x"}) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cache, key := cacheOf[string](t, Kind{}), keyOf(t, 1)
				preview(t, cache, key, failing(errors.New("broken")))
				synctest.Wait()
				c.do(cache, key)
				_, err := cache.FetchPreview(t.Context(), key, newGate().load)
				if (err == nil) != c.ends {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

func TestSuccessEndsTheGrowthOfPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, key := cacheOf[string](t, Kind{TTL: time.Second}), keyOf(t, 1)
		for range 3 { // failures with pauses of 1, 2 and 4 s
			preview(t, c, key, failing(errors.New("broken")))
			time.Sleep(5 * time.Second)
		}
		preview(t, c, key, constant("a"))
		time.Sleep(2 * time.Second)
		preview(t, c, key, failing(errors.New("broken")))
		time.Sleep(1100 * time.Millisecond)
		wantPreview(t, preview(t, c, key, constant("b")), "", Nothing, true)
	})
}

func TestWaitAfterAFailureTellsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, broken := cacheOf[string](t, Kind{}), errors.New("broken")
		loads := 0
		p := preview(t, c, keyOf(t, 1), func(context.Context) (string, error) { loads++; return "", broken })
		<-p.Done()
		for range 3 {
			if _, err := p.Wait(t.Context()); !errors.Is(err, broken) || loads != 1 {
				t.Errorf("error %v after %d loads", err, loads)
			}
		}
	})
}

func TestLoadersOfPreviewsMayMisbehave(t *testing.T) {
	for name, c := range map[string]struct {
		load func(context.Context) (string, error)
		want error
	}{
		"panic":   {func(context.Context) (string, error) { panic("oh") }, ErrLoaderPanic},
		"Goexit":  {func(context.Context) (string, error) { runtime.Goexit(); return "", nil }, ErrLoaderExited},
		"timeout": {func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }, ErrLoadTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cache, key := cacheOf[string](t, Kind{LoadTimeout: time.Minute}), keyOf(t, 1)
				p := preview(t, cache, key, c.load)
				<-p.Done()
				if _, err := cache.FetchPreview(t.Context(), key, forbidden(t)); !errors.Is(err, c.want) {
					t.Errorf("error %v", err)
				}
				if _, err := p.Wait(t.Context()); !errors.Is(err, c.want) {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

func TestRememberedErrorIsReturnedInPlaceOfAPreview(t *testing.T) {
	c, key := cacheOf[string](t, Kind{}), keyOf(t, 1)
	fetchNow(c, key, failing(ErrPermanent))
	if p, err := c.FetchPreview(t.Context(), key, forbidden(t)); !errors.Is(err, ErrPermanent) {
		t.Errorf("got %+v, %v", p, err)
	}
	if s := c.Stats(); s.RememberedErrors != 1 || s.Hits != 0 {
		t.Errorf("%+v", s)
	}
}

func TestSetbacksAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{})
		for i := range 3 * maxSetbacks {
			preview(t, c, keyOf(t, fmt.Sprint(i)), failing(errors.New("broken")))
			synctest.Wait()
		}
		if n := len(c.flights.setbacks); n != maxSetbacks {
			t.Errorf("%d setbacks", n)
		}
	})
}
