package shard

import (
	"math"
	"testing"
)

// rivalOf returns a rival of a small cache, which looks at every hash, in its second round, with a
// hit to each insert in the first.
func rivalOf(entries int) *rival {
	r := &rival{}
	r.ensure(entries)
	r.judge(Stats{Hits: 100, Inserts: 100}, entries)
	return r
}

// A return counts where the key was evicted, has not lapsed meanwhile, and comes within as many
// accesses as there are entries: with a hit to each insert, within half as many inserts.
func TestRivalCountsWhatLRUWouldHaveHit(t *testing.T) {
	const entries, hash = 100, 7
	for name, test := range map[string]struct {
		between int // other inserts
		evicted bool
		until   int64
		want    uint32
	}{
		"in time":                 {between: entries/2 - 1, evicted: true, until: never, want: 1},
		"too late":                {between: entries / 2, evicted: true, until: never},
		"not evicted":             {between: 10},
		"with time left":          {between: 10, evicted: true, until: 1001, want: 1},
		"its deadline has passed": {between: 10, evicted: true, until: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			r := rivalOf(entries)
			r.inserted(hash, 1000)
			if test.evicted {
				r.evicted(hash, test.until)
			}
			for i := range test.between {
				r.inserted(uint32(1000+i)<<8, 1000) // other places
			}
			r.inserted(hash, 1000)
			if r.returns != test.want {
				t.Errorf("%d returns were counted, want %d", r.returns, test.want)
			}
		})
	}
}

func TestRivalForgetsAnEvictionOnceItsKeyIsBack(t *testing.T) {
	r := rivalOf(100)
	r.inserted(7, 0)
	r.evicted(7, never)
	r.inserted(7, 0)
	r.inserted(7, 0) // was removed, and not evicted, in between
	if r.returns != 1 {
		t.Errorf("%d returns were counted, want 1", r.returns)
	}
}

func TestRivalKnowsKeysByTheirHash(t *testing.T) {
	r := rivalOf(100)
	same := 7 + uint32(len(r.seen)) // in the same place
	r.inserted(7, 0)
	r.evicted(same, never)
	r.inserted(7, 0)
	r.evicted(7, never)
	r.inserted(same, 0)
	if r.returns != 0 {
		t.Errorf("%d returns were counted of keys that never came back", r.returns)
	}
}

func TestRivalIsJudged(t *testing.T) {
	const inserts = 1000
	for name, test := range map[string]struct {
		returns, windowHits uint32
		hits                uint64
		want                bool
	}{
		"more returns than hits":                 {returns: 200, hits: 199, want: true},
		"as many":                                {returns: 200, hits: 200},
		"hits in the window are LRU's too":       {returns: 150, windowHits: 60, hits: 200, want: true},
		"too few returns to say anything":        {returns: leastReturns - 1, hits: 0},
		"hits in the window without any returns": {windowHits: 300, hits: 200},
	} {
		t.Run(name, func(t *testing.T) {
			r := rivalOf(100)
			r.inserts += inserts
			r.returns, r.windowHits = test.returns, test.windowHits
			// The cache has ten times as many as the segment.
			now := Stats{Hits: r.before.Hits + 10*test.hits, Inserts: r.before.Inserts + 10*inserts}
			if got := r.judge(now, 100); got != test.want {
				t.Errorf("LRU is better: %v, want %v", got, test.want)
			}
			if r.returns != 0 || r.windowHits != 0 || r.began != r.inserts {
				t.Errorf("the next round begins with %d returns and %d hits at insert %d of %d", r.returns, r.windowHits, r.began, r.inserts)
			}
		})
	}
}

// Of a large segment a part of the hashes is looked at, and stands for all.
func TestRivalSamples(t *testing.T) {
	const entries, inserts = 1 << 16, 1 << 18
	r := rivalOf(entries)
	sampled := 0
	for i := range inserts {
		if hash := uint32(i) * 2654435769; r.samples(hash) {
			sampled++
		}
	}
	if want := inserts / travellerShare; sampled < want*9/10 || sampled > want*11/10 {
		t.Errorf("%d of %d hashes are sampled, want about %d", sampled, inserts, want)
	}
	r.inserts += inserts
	r.returns = uint32(sampled / 2) // as if each other insert were a return
	now := Stats{Hits: r.before.Hits + inserts*45/100, Inserts: r.before.Inserts + inserts}
	if !r.judge(now, entries) {
		t.Error("half of what was inserted were returns, 45 hits came to 100 inserts, and LRU is not better")
	}
	r.inserts += inserts
	r.returns = uint32(sampled / 2)
	before := now
	now = Stats{Hits: before.Hits + inserts*55/100, Inserts: before.Inserts + inserts}
	if r.judge(now, entries) {
		t.Error("half of what was inserted were returns, 55 hits came to 100 inserts, and LRU is better")
	}
}

func TestRivalLooksAtAllOfASmallCache(t *testing.T) {
	r := rivalOf(10)
	for _, hash := range []uint32{0, 1, math.MaxUint32} {
		if !r.samples(hash) {
			t.Errorf("hash %#x is not looked at", hash)
		}
	}
}

// After work that made other keys famous comes work in which each key is asked for twice, the
// second time when more than half of the cache has been asked for something else. What is
// famous is never asked for again, and LRU hits each second time.
func TestWindowTakesOverWhereLRUIsBetter(t *testing.T) {
	const entries, distance, accesses = 2000, 1200, 200_000
	c := newChecked(t, Options[int, int]{MaximumSize: entries, Segments: 1})
	ask := func(key int) {
		if _, ok := c.Get(key); !ok {
			c.Set(key, key)
		}
	}
	for range 16 {
		for key := range entries {
			ask(-1 - key)
		}
	}
	for i := range accesses / 2 {
		ask(i)
		if i >= distance/2 {
			ask(i - distance/2)
		}
	}
	before := c.Stats()
	for i := range accesses / 2 {
		ask(accesses + i)
		ask(accesses + i - distance/2)
	}
	if ratio := c.Stats().Minus(before).HitRatio(); ratio < 0.45 {
		t.Errorf("of work in which LRU would hit a half, %.0f %% are hits, want 45 or more", 100*ratio)
	}
	if share := c.balance.share(); share < 0.6 {
		t.Errorf("the window may hold %.0f %%, want 60 or more", 100*share)
	}
}

// In a loop that does not fit LRU hits nothing, so the window stays as small as it was.
func TestLoopIsNoWorkForLRU(t *testing.T) {
	const entries, keys = 2000, 2400
	c := newChecked(t, Options[int, int]{MaximumSize: entries, Segments: 1})
	for i := range 40 * keys {
		if _, ok := c.Get(i % keys); !ok {
			c.Set(i%keys, i)
		}
		if share := c.balance.share(); share > 0.2 {
			t.Fatalf("the window may hold %.0f %% after %d accesses, want as little as at first", 100*share, i)
		}
	}
}

// A hit in the window counts for both, when its entry leaves the window.
func TestRivalIsToldOfHitsInTheWindow(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 10, Segments: 1}) // of which the window has one or two
	for key := range 20 {
		c.Set(key, key)
	}
	c.Get(19)
	c.Get(19)
	for key := range 3 {
		c.Set(20+key, key)
	}
	if got := c.segments[0].policy.rival.windowHits; got != 2 {
		t.Errorf("%d hits in the window were noted, want 2", got)
	}
}

// Without statistics nobody knows how many hits there are.
func TestNobodyIsComparedWithoutStatistics(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 100, Segments: 1, DisableStats: true})
	for i := range 100_000 {
		c.Set(i%150, i)
	}
	if r := &c.segments[0].policy.rival; r.inserts != 0 || r.seen != nil {
		t.Errorf("%d inserts were noted in %d places", r.inserts, len(r.seen))
	}
}
