//go:build unix

package state

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/internal/redistest"
)

// awaitAway waits until the instance knows that Redis is away, and its caches do too,
// which are told a moment later.
func (m *member) awaitAway() {
	m.t.Helper()
	redistest.Await(m.t, "Redis is away", func() bool {
		h := m.st.Health()
		return h.Store == StoreMemory && h.Status == StatusDegraded && len(h.Reasons) == 1 && m.inGap()
	})
}

func (m *member) inGap() bool {
	trust := m.st.shared.trust
	trust.tags.mu.Lock()
	defer trust.tags.mu.Unlock()
	return trust.gap.Load() != heardNanos
}

func (m *member) quality(key Key) Quality {
	res, ok := m.c.Get(key)
	if !ok {
		return Nothing
	}
	return res.Quality
}

// Redis may come after the State, go, and come back.
func TestRedisComesGoesAndComesBack(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	s.Shutdown()
	a := join(t, s.URL())
	if h := a.st.Health(); h.Status != StatusDegraded || h.Store != StoreMemory || h.Redis.Status != "connecting" {
		t.Errorf("health %+v", h)
	}
	key := keyOf(t, 1)
	if res := a.fetch(key, "one"); res.Source != Origin {
		t.Errorf("from %v", res.Source)
	}
	if res := a.fetch(key, "two"); res.Source != Memory || res.Quality != Full || res.Value.Name != "one" {
		t.Errorf("%v, %v from %v: without Redis, memory is there", res.Value.Name, res.Quality, res.Source)
	}
	s.Restart()
	a.awaitLive()
	if h := a.st.Health(); h.Status != StatusLive || len(h.Reasons) != 0 {
		t.Errorf("health %+v", h)
	}
	shared := keyOf(t, 2)
	a.fetch(shared, "shared")
	a.awaitWritten()
	b := joined(t, s.URL())
	if res := b.fetch(shared, "other"); res.Source != Shared {
		t.Errorf("from %v, want it shared", res.Source)
	}
	s.Shutdown()
	a.awaitAway()
	if res := a.fetch(keyOf(t, 3), "three"); res.Source != Origin || res.Quality != Full {
		t.Errorf("%v from %v", res.Quality, res.Source)
	}
	s.Restart()
	a.awaitLive()
}

// What is kept while Redis is away is Stale; when it is back, it is compared with what
// is there, and nothing that has not changed is loaded.
func TestAfterAGapResultsAreComparedWithRedis(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	proxy := redistest.NewProxy(t, s.Addr())
	a, b := joined(t, s.URL()), joined(t, "redis://"+proxy.Addr())
	same, changed := keyOf(t, "same"), keyOf(t, "changed")
	for _, key := range []Key{same, changed} {
		a.fetch(key, "old")
		a.awaitWritten()
		redistest.Await(t, "the other has it", func() bool { return b.fetch(key, "b").Source == Memory })
	}
	if b.loads.Load() != 0 {
		t.Fatal("it was loaded twice")
	}
	proxy.Set(redistest.Refuse)
	b.awaitAway()
	for _, key := range []Key{same, changed} {
		if q := b.quality(key); q != Stale {
			t.Errorf("%v while Redis is away, want stale", q)
		}
		if res := b.fetch(key, "b"); res.Quality != Stale || res.Value.Name != "old" {
			t.Errorf("%v %v", res.Quality, res.Value.Name)
		}
	}
	a.c.Delete(changed)
	a.fetch(changed, "new")
	a.awaitWritten()
	proxy.Set(redistest.Pass)
	b.awaitLive()
	redistest.Await(t, "what has not changed is fresh again", func() bool {
		res := b.fetch(same, "b")
		return res.Quality == Full && res.Value.Name == "old"
	})
	redistest.Await(t, "what has changed is the new one", func() bool {
		res := b.fetch(changed, "b")
		if res.Quality == Full && res.Value.Name != "new" {
			t.Fatalf("%q is served as full", res.Value.Name)
		}
		return res.Quality == Full
	})
	if n := b.loads.Load(); n != 0 {
		t.Errorf("%d loads, want none: Redis has both", n)
	}
}

// What is loaded while Redis is away is good for a while, and compared when it is back.
func TestWhatIsLoadedInAGapIsNotTrustedAfterIt(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	proxy := redistest.NewProxy(t, s.Addr())
	a, b := joined(t, s.URL()), joined(t, "redis://"+proxy.Addr())
	proxy.Set(redistest.Refuse)
	b.awaitAway()
	key, tag := keyOf(t, 1), NamedTag(1, "n")
	if res := b.fetch(key, "old", tag); res.Quality != Full || res.Source != Origin {
		t.Errorf("%v from %v", res.Quality, res.Source)
	}
	if res := b.fetch(key, "b", tag); res.Quality != Full || res.Source != Memory {
		t.Errorf("then %v from %v", res.Quality, res.Source)
	}
	a.st.Invalidate(tag)
	a.fetch(key, "new", tag)
	a.awaitWritten()
	proxy.Set(redistest.Pass)
	b.awaitLive()
	redistest.Await(t, "the new one is served", func() bool {
		res := b.fetch(key, "new", tag)
		if res.Quality == Full && res.Value.Name == "old" {
			t.Fatal("what was invalidated elsewhere meanwhile is served as full")
		}
		return res.Value.Name == "new" && res.Quality == Full
	})
}

// Nothing is served for longer than configured that nobody could verify.
func TestUnverifiedResultsEnd(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := joined(t, s.URL(), func(c *Config) { c.RedisMaxUnverified = 100 * time.Millisecond })
	before, during := keyOf(t, 1), keyOf(t, 2)
	a.fetch(before, "old")
	s.Shutdown()
	redistest.Await(t, "what was there ends", func() bool { return a.quality(before) == Nothing })
	a.fetch(during, "old")
	redistest.Await(t, "what is loaded becomes stale and ends", func() bool { return a.quality(during) == Nothing })
	never := joined(t, restarted(s).URL(), func(c *Config) { c.RedisMaxUnverified = Never })
	never.fetch(before, "old")
	if q := never.quality(before); q != Full {
		t.Fatalf("it is %v", q)
	}
	s.Shutdown()
	never.awaitAway()
	if q := never.quality(before); q != Nothing {
		t.Errorf("it is %v, where nothing unverified is to be served", q)
	}
	never.fetch(during, "x")
	if q := never.quality(during); q != Nothing {
		t.Errorf("what is loaded meanwhile is %v", q)
	}
}

func restarted(s *redistest.Server) *redistest.Server {
	s.Restart()
	return s
}

// A short gap has nothing loaded again: what is unverified is served, and nobody asks
// the origin for half of the time that it may be.
func TestAShortGapCostsNoLoads(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := joined(t, s.URL())
	key := keyOf(t, 1)
	a.fetch(key, "old")
	a.awaitWritten()
	s.Shutdown()
	a.awaitAway()
	for range 100 {
		if res := a.fetch(key, "new"); res.Quality != Stale || res.Value.Name != "old" {
			t.Fatalf("%v %v", res.Quality, res.Value.Name)
		}
	}
	if n := a.c.Stats(); n.Refreshes != 0 || a.loads.Load() != 1 {
		t.Errorf("%d refreshes, %d loads", n.Refreshes, a.loads.Load())
	}
	// A refresh might only not have begun yet, so whoever decides is asked too.
	if e, _ := a.c.engine.GetQuietly(key.encoded); a.c.wanted(key, e, stale) != noRenewal {
		t.Error("a hit wants a refresh")
	}
}

// A hit on what is unverified is as cheap as any other, and is judged like any other.
func TestAHitOnWhatIsUnverifiedIsServedAtFirstSight(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := joined(t, s.URL())
	load := func(context.Context) (report, error) { a.loads.Add(1); return reportOf("new"), nil }
	kept, deleted, ended := keyOf(t, "kept"), keyOf(t, "deleted"), keyOf(t, "ended")
	tag := NamedTag(1, "n")
	for _, key := range []Key{kept, deleted} {
		a.fetch(key, "old")
	}
	a.fetch(ended, "old", tag)
	s.Shutdown()
	a.awaitAway()
	loads := a.loads.Load()
	hit := func(key Key) Result[report] {
		res, err := a.c.Fetch(t.Context(), key, load)
		if err != nil {
			t.Error(err)
		}
		return res
	}
	hits := 0
	unverified := func(key Key) {
		t.Helper()
		hits++
		if res := hit(key); res.Quality != Stale || res.Value.Name != "old" || res.Source != Memory {
			t.Errorf("%v %v from %v, want what is kept, stale", res.Quality, res.Value.Name, res.Source)
		}
	}
	redistest.Await(t, "the clock goes", func() bool { return a.st.clock.now() > 0 && a.st.clock.reading.Load() != clock.Never })
	before := a.c.Stats().Stale
	for range 3 {
		for _, key := range []Key{kept, deleted, ended} {
			unverified(key)
		}
	}
	e, _ := a.c.engine.GetQuietly(kept.encoded)
	if e.seen.Load() != ^a.st.tags.epoch.Load() {
		t.Error("each hit on what is unverified takes the second look again")
	}
	if n := a.c.Stats().Stale - before; n != uint64(hits) {
		t.Errorf("%d stale hits are counted, of %d", n, hits)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = a.c.Fetch(t.Context(), kept, load) }); n != 0 {
		t.Errorf("a hit allocates %v times", n)
	}
	a.c.Delete(deleted)
	a.st.Invalidate(tag)
	for _, key := range []Key{deleted, ended} {
		if res := hit(key); res.Value.Name != "new" || res.Quality != Full {
			t.Errorf("%v %v is served after it was invalidated here", res.Quality, res.Value.Name)
		}
	}
	unverified(kept)
	if n := a.loads.Load() - loads; n != 2 {
		t.Errorf("%d loads, want those of the two that were invalidated", n)
	}
	s.Restart()
	a.awaitLive()
	redistest.Await(t, "it is compared", func() bool { return hit(kept).Quality == Full })
}

// What was not compared between two gaps is unverified since the first.
func TestWhatIsUnverifiedSinceAnEarlierGapHasLessTime(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	s.Shutdown() // so that the gaps are this test's
	a := join(t, s.URL(), func(c *Config) { c.RedisMaxUnverified = 10 * time.Minute })
	key, trust := keyOf(t, 1), a.c.flights.trust
	a.fetch(key, "old")
	now := a.st.clock.exact.Now()
	trust.lose(now - int64(8*time.Minute))
	trust.restore(now - int64(7*time.Minute))
	trust.lose(now)
	e, _ := a.c.engine.GetQuietly(key.encoded)
	if res := a.fetch(key, "new"); res.Quality != Stale || res.Value.Name != "old" {
		t.Errorf("%v %v, want what is kept, stale", res.Quality, res.Value.Name)
	}
	if e.seen.Load() == ^a.st.tags.epoch.Load() {
		t.Error("it rests for as long as what is unverified since the second")
	}
	a.awaitFetch(key, "new")
}

// When Redis has been away for half of MaxUnverified, results are loaded again behind
// hits, before they end.
func TestInALongGapResultsAreLoadedAgain(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := joined(t, s.URL(), func(c *Config) { c.RedisMaxUnverified = time.Second })
	key := keyOf(t, 1)
	a.fetch(key, "old")
	s.Shutdown()
	a.awaitAway()
	gap := a.c.flights.trust.gap.Load()
	redistest.Await(t, "it is loaded again", func() bool {
		res, err := a.c.Fetch(t.Context(), key, func(context.Context) (report, error) { return reportOf("new"), nil })
		if err != nil {
			t.Error(err)
		}
		if res.Value.Name == "new" && a.st.clock.exact.Now()-gap < int64(time.Second/2) {
			t.Fatal("it was loaded too soon")
		}
		return res.Value.Name == "new" && res.Quality == Full
	})
}

// While Redis does not answer, hits have nothing to do with it, and a miss waits no
// longer than it may: the breaker opens.
func TestAHitNeverAsksRedis(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	// Redis may fall silent while an instance looks whether it wrote the result itself. Who
	// has no patience takes it for another's then, and drops it; so who hits has some.
	hits := joined(t, s.URL(), func(c *Config) { c.RedisWait = 10 * time.Second })
	misses := joined(t, s.URL(), func(c *Config) { c.RedisWait = 5 * time.Millisecond })
	key := keyOf(t, 0)
	redistest.Await(t, "it is kept", func() bool { hits.fetch(key, "old"); return hits.quality(key) == Full })
	hits.awaitWritten()
	s.Stop()
	defer s.Continue()
	before := hits.st.Health().Redis.Stats
	for range 1000 {
		if res := hits.fetch(key, "new"); res.Value.Name != "old" {
			t.Fatal("a hit was not answered from memory")
		}
	}
	after := hits.st.Health().Redis.Stats
	if after.Unanswered != before.Unanswered || after.Hits != before.Hits || after.Misses != before.Misses {
		t.Errorf("hits have asked Redis: %+v, then %+v", before, after)
	}
	gaps := misses.st.Health().Redis.Stats.Gaps
	for i := range 20 {
		if res := misses.fetch(keyOf(t, i+1), "miss"); res.Source != Origin {
			t.Errorf("from %v", res.Source)
		}
	}
	if h := misses.st.Health().Redis; h.Breaker != "open" && h.Stats.Gaps == gaps {
		t.Errorf("misses go on asking: %+v", h)
	}
}

// A caller whose context ends leaves, whatever Redis does.
func TestACallerLeavesWhileRedisIsSilent(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := joined(t, s.URL(), func(c *Config) { c.RedisWait = 10 * time.Second })
	s.Stop()
	defer s.Continue()
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := a.c.Fetch(ctx, keyOf(t, 1), func(context.Context) (report, error) { return report{}, nil })
		left <- err
	}()
	redistest.Await(t, "it waits", func() bool { return a.c.flights.waiting() == 1 })
	cancel()
	select {
	case err := <-left:
		if err == nil {
			t.Error("no error for who left")
		}
	case <-time.After(5 * time.Second): // half of what Redis is given
		t.Fatal("it waits for Redis")
	}
}

// Redis refuses to track in some places; results are then trusted for a short time.
func TestWithoutTrackingResultsAreTrustedForAShortTime(t *testing.T) {
	s := redistest.Start(t, redistest.Options{NoTracking: true})
	a := joined(t, s.URL(), func(c *Config) { c.RedisMaxUnverified = 200 * time.Millisecond })
	key := keyOf(t, 1)
	a.fetch(key, "old")
	if h := a.st.Health(); h.Status != StatusDegraded || len(h.Reasons) != 1 {
		t.Errorf("health %+v", h)
	}
	redistest.Await(t, "it ends", func() bool { return a.quality(key) == Nothing })
}

// Whom everybody leaves while Redis is asked does not ask the origin.
func TestAFlightThatIsLeftWhileRedisIsAskedLoadsNothing(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	m := joined(t, s.URL(), func(c *Config) { c.RedisWait = 10 * time.Second })
	s.Stop()
	defer s.Continue()
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := m.c.Fetch(ctx, keyOf(t, 1), func(context.Context) (report, error) {
			t.Error("the origin is asked, for nobody")
			return report{}, nil
		})
		left <- err
	}()
	redistest.Await(t, "Redis is asked", func() bool { return m.st.Health().Redis.Stats.FillsOpen > 0 })
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	redistest.Await(t, "the flight is over", func() bool { return m.st.Health().Redis.Stats.FillsOpen == 0 })
}
