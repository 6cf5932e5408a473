package state

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

func TestFailuresAreToldApart(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		err  error
		want failure
	}{
		{broken, unknownFailure},
		{context.Canceled, unknownFailure},
		{ErrLoaderPanic, unknownFailure},
		{&net.DNSError{IsNotFound: true}, unknownFailure},
		{fmt.Errorf("%w: %w", ErrDenied, broken), deniedFailure},
		{fmt.Errorf("%w: %w", ErrPermanent, broken), permanentFailure},
		{fmt.Errorf("%w: %w", ErrTemporary, broken), temporaryFailure},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), temporaryFailure},
		{fmt.Errorf("x: %w", ErrLoadTimeout), temporaryFailure},
		{fmt.Errorf("x: %w", ErrTooManyAccounts), temporaryFailure},
		{&net.DNSError{IsTimeout: true}, temporaryFailure},
		{errors.Join(ErrTemporary, ErrPermanent, ErrDenied), deniedFailure},
		{errors.Join(ErrTemporary, ErrPermanent), permanentFailure},
	} {
		if got := failureOf(c.err); got != c.want {
			t.Errorf("%v: failure %d: want %d", c.err, got, c.want)
		}
	}
}

func failing(err error) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return "", err }
}

func TestStaleResultOutlivesATemporaryError(t *testing.T) {
	for name, err := range map[string]error{
		"temporary": fmt.Errorf("%w: 503", ErrTemporary), "timeout": context.DeadlineExceeded, "unknown": errors.New("broken"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, key := staleCache(t, open(t, Config{}))
				for range 5 {
					wantStale(t, fetchNow(c, key, failing(err)), "old")
					time.Sleep(10 * time.Minute)
				}
				time.Sleep(10 * time.Minute)
				if got := fetchNow(c, key, failing(err)); !errors.Is(got.err, err) {
					t.Errorf("past its hard deadline: %v, %v", got.Value, got.err)
				}
			})
		})
	}
}

func TestDeniedRefreshEndsTheStaleResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, key := staleCache(t, open(t, Config{}))
		wantStale(t, fetchNow(c, key, failing(ErrDenied)), "old")
		synctest.Wait()
		if res, ok := c.Get(key); ok {
			t.Errorf("%q is still served", res.Value)
		}
		for range 2 { // and is not remembered
			if got := fetchNow(c, key, failing(ErrDenied)); !errors.Is(got.err, ErrDenied) {
				t.Errorf("error %v: want ErrDenied", got.err)
			}
		}
		if s := c.Stats(); s.LoadErrors != 3 {
			t.Errorf("stats %+v", s)
		}
	})
}

// An error says nothing of what was stored after its load began.
func TestOvertakenErrorSparesTheNewerResult(t *testing.T) {
	for _, err := range []error{ErrDenied, ErrPermanent} {
		synctest.Test(t, func(t *testing.T) {
			c := cacheOf[string](t, Kind{})
			key, g := keyOf(t, 1), newGate()
			ch := fetching(t.Context(), c, key, g.load)
			synctest.Wait()
			c.Set(key, "newer")
			g.outcome <- outcome[string]{err: err}
			if got := <-ch; !errors.Is(got.err, err) {
				t.Errorf("error %v: want %v", got.err, err)
			}
			wantFull(t, fetchNow(c, key, forbidden(t)), "newer", Memory)
		})
	}
}

// Who waits for a load that fails by bad luck gets what has been stored
// meanwhile, fresh or stale.
func TestTemporaryErrorGivesWayToAResult(t *testing.T) {
	for name, c := range map[string]struct {
		err     error
		wait    time.Duration
		quality Quality
	}{
		"fresh":       {ErrTemporary, 0, Full},
		"stale":       {ErrTemporary, time.Minute, Stale},
		"gone":        {ErrTemporary, 3 * time.Hour, 0},
		"other error": {errors.New("broken"), 0, 0},
		"denied":      {ErrDenied, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cache := cacheOf[string](t, Kind{StaleFor: time.Hour, LoadTimeout: 4 * time.Hour})
				key, g := keyOf(t, 1), newGate()
				ch := fetching(t.Context(), cache, key, g.load)
				synctest.Wait()
				cache.SetWithTerms(key, "stored", Terms{FreshFor: time.Second})
				time.Sleep(c.wait)
				g.outcome <- outcome[string]{err: c.err}
				got := <-ch
				if c.quality == 0 {
					if !errors.Is(got.err, c.err) {
						t.Errorf("got %+v: want the error", got)
					}
					return
				}
				if got.err != nil || got.Value != "stored" || got.Quality != c.quality || got.Source != Memory {
					t.Errorf("got %+v: want a %v result", got, c.quality)
				}
			})
		})
	}
}

func TestPermanentErrorIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		syntax := errors.New("NRQL syntax error")
		c := cacheOf[string](t, Kind{ErrorTTL: 20 * time.Second})
		key, loads := keyOf(t, 1), 0
		load := func(context.Context) (string, error) {
			loads++
			return "half", fmt.Errorf("%w: %w", ErrPermanent, syntax)
		}
		first := fetchNow(c, key, load)
		for range 10 {
			got := fetchNow(c, key, load)
			if !errors.Is(got.err, syntax) || got.err.Error() != first.err.Error() || got.Result != (Result[string]{}) {
				t.Errorf("got %+v: want %v", got, first.err)
			}
			if res, ok := c.Get(key); ok {
				t.Errorf("Get returns %+v", res)
			}
		}
		if s := c.Stats(); loads != 1 || s.RememberedErrors != 10 || s.LoadErrors != 1 || s.Hits != 0 || s.Stale != 0 || s.Entries != 1 {
			t.Errorf("%d loads, stats %+v", loads, s)
		}
		time.Sleep(20*time.Second + 2*time.Millisecond)
		wantFull(t, fetchNow(c, key, constant("mended")), "mended", Origin)
	})
}

// Whoever missed just before the error was remembered gets it too.
func TestRememberedErrorIsFoundAtTheSecondLook(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	key := keyOf(t, 1)
	fetchNow(c, key, failing(ErrPermanent))
	_, err := c.fetchMissing(t.Context(), key, withoutTerms(forbidden(t)))
	if !errors.Is(err, ErrPermanent) {
		t.Errorf("error %v: want ErrPermanent", err)
	}
}

func TestOtherErrorsAreNotRemembered(t *testing.T) {
	for _, err := range []error{errors.New("broken"), ErrTemporary, ErrDenied, context.DeadlineExceeded} {
		c := cacheOf[string](t, Kind{})
		key := keyOf(t, 1)
		fetchNow(c, key, failing(err))
		wantFull(t, fetchNow(c, key, constant("a")), "a", Origin)
	}
	c := cacheOf[string](t, Kind{ErrorTTL: Never})
	key := keyOf(t, 1)
	fetchNow(c, key, failing(ErrPermanent))
	wantFull(t, fetchNow(c, key, constant("a")), "a", Origin)
}

func TestWhatEndsARememberedError(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*Cache[string], Key)
		want string
		from Source
	}{
		"Set":    {func(c *Cache[string], k Key) { c.Set(k, "set") }, "set", Memory},
		"Delete": {func(c *Cache[string], k Key) { c.Delete(k) }, "loaded", Origin},
		"Clear":  {func(c *Cache[string], _ Key) { c.Clear() }, "loaded", Origin},
	} {
		t.Run(name, func(t *testing.T) {
			cache := cacheOf[string](t, Kind{})
			key := keyOf(t, 1)
			fetchNow(cache, key, failing(ErrPermanent))
			c.end(cache, key)
			wantFull(t, fetchNow(cache, key, constant("loaded")), c.want, c.from)
		})
	}
}

func TestRememberedErrorsAreBounded(t *testing.T) {
	c := cacheOf[string](t, Kind{MaximumSize: 100})
	for i := range 1000 {
		fetchNow(c, keyOf(t, i), failing(ErrPermanent))
	}
	if n := c.Len(); n > 100 {
		t.Errorf("%d errors are remembered", n)
	}
}

// A permanent error is the newer truth, except about what can't change.
func TestPermanentErrorOfARefresh(t *testing.T) {
	for name, c := range map[string]struct {
		settled  bool
		errorTTL time.Duration
		stays    bool
	}{
		"open":                     {false, time.Minute, false},
		"open, errors not kept":    {false, Never, false},
		"settled":                  {true, time.Minute, true},
		"settled, errors not kept": {true, Never, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cache := cacheOf[string](t, Kind{StaleFor: time.Hour, ErrorTTL: c.errorTTL})
				key := keyOf(t, 1)
				cache.SetWithTerms(key, "good", Terms{FreshFor: time.Second, Settled: c.settled})
				time.Sleep(2 * time.Second)
				wantStale(t, fetchNow(cache, key, failing(ErrPermanent)), "good")
				synctest.Wait()
				if c.stays {
					wantStale(t, fetchNow(cache, key, forbidden(t)), "good")
					return
				}
				load := constant("loaded")
				if c.errorTTL == Never {
					wantFull(t, fetchNow(cache, key, load), "loaded", Origin)
				} else if got := fetchNow(cache, key, load); !errors.Is(got.err, ErrPermanent) {
					t.Errorf("got %+v: want the remembered error", got)
				}
			})
		})
	}
}

// A remembered error does not shield itself by its terms.
func TestPermanentErrorTakesTheErrorsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{})
		key := keyOf(t, 1)
		load := func(context.Context) (string, Terms, error) { return "", Terms{Settled: true}, ErrPermanent }
		if _, err := c.FetchWithTerms(t.Context(), key, load); !errors.Is(err, ErrPermanent) {
			t.Error(err)
		}
		e, ok := c.engine.Get(key.encoded)
		if !ok || c.flights.judge(e) != failed {
			t.Error("the error is not remembered")
		}
	})
}

func TestClosedCacheRemembersNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{})
		c, err := NewCache[string](st, Kind{Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		key := keyOf(t, 1)
		c.flights.mu.Lock()
		c.flights.closed = true
		c.flights.mu.Unlock()
		fetchNow(c, key, failing(ErrPermanent))
		if c.Len() != 0 {
			t.Error("an error was remembered")
		}
	})
}
