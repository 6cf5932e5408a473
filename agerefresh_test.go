package state

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// ager is a cache whose results are refreshed by the age that callers see, and
// the number of its loads.
func ager(t *testing.T, k Kind) (c *Cache[int], loads *int) {
	t.Helper()
	k.Name = "aged"
	c, err := NewCache[int](open(t, Config{}), k)
	if err != nil {
		t.Fatal(err)
	}
	return c, new(int)
}

// askAged fetches and lets what that started come to its end.
func askAged(t *testing.T, c *Cache[int], loads *int) Result[int] {
	t.Helper()
	res, err := c.Fetch(t.Context(), testKey(t), func(context.Context) (int, error) {
		*loads++
		return *loads, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return res
}

func testKey(t *testing.T) Key {
	t.Helper()
	key, err := TextKey(1, "aged", "one")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// A load is spent for each AgePerRefresh of age that callers have seen, however
// popular the result is: so its age follows the root of its popularity.
func TestALoadIsSpentForSoMuchAge(t *testing.T) {
	const price = 2 * time.Hour
	for _, between := range []time.Duration{time.Second, 4 * time.Second, 16 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			c, loads := ager(t, Kind{TTL: time.Minute, StaleFor: 24 * time.Hour, AgePerRefresh: price})
			askAged(t, c, loads)
			hits, seen := 5_000, time.Duration(0)
			for range hits {
				time.Sleep(between)
				if age := time.Since(askAged(t, c, loads).AsOf); age > leastAgeRefreshed {
					seen += age
				}
			}
			if spent := float64(*loads) * float64(price); math.Abs(spent/float64(seen)-1) > 0.2 {
				t.Errorf("every %v: %d loads for %v of age: want one for each %v", between, *loads, seen, price)
			}
			period := time.Duration(hits) * between / time.Duration(*loads)
			want := time.Duration(math.Sqrt(2 * float64(price) * float64(between)))
			if ratio := float64(period) / float64(want); ratio < 0.8 || ratio > 1.2 {
				t.Errorf("every %v: a load every %v: want %v", between, period, want)
			}
		})
	}
}

// Two who ask once in a while don't refresh what is stale: it ends, and is loaded
// by who asks after that.
func TestASeldomResultIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, loads := ager(t, Kind{TTL: time.Minute, StaleFor: 29 * time.Minute, AgePerRefresh: 10 * time.Hour})
		askAged(t, c, loads)
		for range 2 {
			time.Sleep(10 * time.Minute)
			if res := askAged(t, c, loads); res.Quality != Stale || *loads != 1 {
				t.Errorf("%+v after %d loads", res, *loads)
			}
		}
		time.Sleep(10*time.Minute + time.Second)
		if res := askAged(t, c, loads); res.Quality != Full || *loads != 2 {
			t.Errorf("%+v after %d loads: want another", res, *loads)
		}
	})
}

// Young results are looked at twice where the clock stands.
func TestAYoungResultIsNotRefreshedForItsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, loads := ager(t, Kind{TTL: time.Minute, AgePerRefresh: time.Second})
		const rounds, pause = 20, coarseSteps*coarseStep + 100*time.Millisecond
		for range rounds {
			c.Clear()
			askAged(t, c, loads)
			for age := pause; age < leastAgeRefreshed; age += pause {
				time.Sleep(pause)
				askAged(t, c, loads)
			}
		}
		if *loads != rounds {
			t.Errorf("%d loads: want %d", *loads, rounds)
		}
		time.Sleep(2 * pause)
		for range 1000 {
			askAged(t, c, loads)
		}
		if *loads != rounds+1 {
			t.Errorf("%d loads: want one more of what is old enough", *loads)
		}
	})
}

// Newer data is a better reason than age.
func TestWhatIsOutdatedIsRefreshedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Querier: &origin{}})
		wantRun(t, st, lastHour, 1, Full)
		time.Sleep(time.Second)
		st.ObserveData(1, "Log")
		wantRun(t, st, lastHour, 1, Stale)
		wantRun(t, st, lastHour, 2, Full)
	})
}

func TestAgesDoNotOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, loads := ager(t, Kind{TTL: 100 * 365 * 24 * time.Hour, AgePerRefresh: math.MaxInt64})
		askAged(t, c, loads)
		time.Sleep(50 * 365 * 24 * time.Hour)
		e, ok := c.engine.GetQuietly(testKey(t).encoded)
		if !ok {
			t.Fatal("it is gone")
		}
		for range 1000 {
			before := e.ageSeenNanos.Load()
			askAged(t, c, loads)
			if after := e.ageSeenNanos.Load(); after < before {
				t.Fatalf("%d after %d", after, before)
			}
		}
	})
}

func TestAgePerRefreshIsChecked(t *testing.T) {
	st := open(t, Config{})
	for _, bad := range []time.Duration{-1, time.Millisecond} {
		if _, err := NewCache[int](st, Kind{Name: "bad", AgePerRefresh: bad}); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}
