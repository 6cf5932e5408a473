package state

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/shard"
)

func TestLifetimes(t *testing.T) {
	k := Kind{TTL: time.Minute, StaleFor: time.Hour}
	for name, c := range map[string]struct {
		terms       Terms
		fresh, kept time.Duration
	}{
		"the kind's":        {Terms{}, time.Minute, time.Hour + time.Minute},
		"own freshness":     {Terms{FreshFor: time.Second}, time.Second, time.Hour + time.Second},
		"own staleness":     {Terms{StaleFor: time.Second}, time.Minute, time.Minute + time.Second},
		"never stale":       {Terms{StaleFor: Never}, time.Minute, time.Minute},
		"not kept":          {Terms{FreshFor: Never, StaleFor: time.Hour}, Never, Never},
		"fresh for ever":    {Terms{FreshFor: shard.Forever}, shard.Forever, shard.Forever},
		"stale for ever":    {Terms{StaleFor: shard.Forever}, time.Minute, shard.Forever},
		"just not too long": {Terms{FreshFor: 1, StaleFor: shard.Forever - 1}, 1, shard.Forever},
	} {
		if fresh, kept := c.terms.lifetime(&k); fresh != c.fresh || kept != c.kept {
			t.Errorf("%s: fresh for %v, kept for %v: want %v and %v", name, fresh, kept, c.fresh, c.kept)
		}
	}
}

func termed(value string, terms Terms) func(context.Context) (string, Terms, error) {
	return func(context.Context) (string, Terms, error) { return value, terms, nil }
}

// Two results of one kind have terms of their own, from a load or from a Set.
func TestResultsHaveTermsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{TTL: time.Hour})
		short, long := Terms{FreshFor: time.Second, StaleFor: time.Minute}, Terms{FreshFor: 24 * time.Hour}
		for i, terms := range []Terms{short, long} {
			if _, err := c.FetchWithTerms(t.Context(), keyOf(t, "load", i), termed("a", terms)); err != nil {
				t.Fatal(err)
			}
			if !c.SetWithTerms(keyOf(t, "set", i), "a", terms) {
				t.Fatal("not kept")
			}
		}
		want := func(i int, quality Quality, found bool) {
			t.Helper()
			for _, origin := range []string{"load", "set"} {
				if res, ok := c.Get(keyOf(t, origin, i)); ok != found || res.Quality != quality {
					t.Errorf("%s %d: %v, %v: want %v, %v", origin, i, res.Quality, ok, quality, found)
				}
			}
		}
		want(0, Full, true)
		time.Sleep(2 * time.Second)
		want(0, Stale, true)
		time.Sleep(time.Minute)
		want(0, 0, false)
		want(1, Full, true)
		time.Sleep(23 * time.Hour)
		want(1, Full, true)
		time.Sleep(time.Hour)
		want(1, 0, false)
	})
}

func TestResultThatIsNotToBeKeptEndsTheOneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{TTL: time.Second, StaleFor: time.Hour})
		key := keyOf(t, 1)
		c.Set(key, "old")
		if c.SetWithTerms(key, "new", Terms{FreshFor: Never}) {
			t.Error("it was kept")
		}
		if res, ok := c.Get(key); ok {
			t.Errorf("%q is there", res.Value)
		}
		c.Set(key, "old")
		time.Sleep(2 * time.Second)
		load := termed("new", Terms{FreshFor: Never})
		for _, want := range []string{"old", "new", "new"} {
			res, err := c.FetchWithTerms(t.Context(), key, load)
			if err != nil || res.Value != want {
				t.Errorf("got %q, %v: want %q", res.Value, err, want)
			}
			synctest.Wait()
		}
	})
}
