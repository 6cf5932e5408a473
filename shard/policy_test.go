package shard

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSketchEstimates(t *testing.T) {
	var k sketch
	k.init(1000)
	for hash := range uint32(500) {
		k.add(hash, hash%10)
	}
	wrong := 0
	for hash := range uint32(500) {
		got := k.estimate(hash)
		if got < hash%10 {
			t.Fatalf("hash %d was seen %d times and is estimated at %d: too low", hash, hash%10, got)
		}
		if got != hash%10 {
			wrong++
		}
	}
	if wrong > 25 {
		t.Errorf("%d of 500 estimates are too high", wrong)
	}
	k.add(7, 100)
	if got := k.estimate(7); got != maxCount+1 {
		t.Errorf("an estimate past the end of its counter is %d, want %d", got, maxCount+1)
	}
}

func TestSketchForgets(t *testing.T) {
	var k sketch
	k.init(64)
	k.add(1, 9)
	before := k.estimate(1)
	for hash := uint32(1000); k.estimate(1) == before && hash < 100_000; hash++ {
		k.add(hash, 1)
	}
	if got := k.estimate(1); got > before/2+1 {
		t.Errorf("after a sample the estimate went from %d to %d, want half", before, got)
	}
}

func TestSketchGrowsWithoutForgetting(t *testing.T) {
	var k sketch
	k.init(64)
	for hash := range uint32(50) {
		k.add(hash, 5)
	}
	k.ensure(1000)
	if k.capacity() < 1000 {
		t.Fatalf("capacity %d, want at least 1000", k.capacity())
	}
	for hash := range uint32(50) {
		if got := k.estimate(hash); got < 5 {
			t.Fatalf("hash %d is estimated at %d after growth, want 5 or more", hash, got)
		}
	}
}

// Every number that balance may be given leaves it within its bounds.
func TestBalanceStaysInBounds(t *testing.T) {
	var b balance
	b.init()
	for range 1000 {
		b.move(1, 100)
	}
	if got := b.share(); got != maxShare {
		t.Errorf("pushed up for long the share is %v, want %v", got, maxShare)
	}
	b.move(-1, 100)
	if got := b.share(); math.Abs(got-(maxShare-0.01)) > 1e-9 {
		t.Errorf("one entry of a hundred less makes the share %v, want %v", got, maxShare-0.01)
	}
	for range 1000 {
		b.move(-1, 0)
	}
	if got := b.share(); got != minShare {
		t.Errorf("pushed down for long the share is %v, want %v", got, minShare)
	}
}

func TestGhostsOfTheWindowAskForALargerOne(t *testing.T) {
	var g ghosts
	if g.ask(7) != 0 {
		t.Fatal("ghosts that have seen nothing answer")
	}
	g.ensure(16 * ghostShare)
	g.leave(7)
	if got := g.ask(7); got != 1 {
		t.Errorf("a hash that has just left the window asks for %+d, want +1", got)
	}
	for other := range uint32(len(g.losers)) {
		g.leave(1000 + other*uint32(len(g.gone))) // all in one place, not that of 7
	}
	if got := g.ask(7); got != 0 {
		t.Errorf("a hash that left the window long ago asks for %+d, want 0", got)
	}
}

func TestGhostsOfTheMainSpaceAreTheMostFrequentLosers(t *testing.T) {
	var k sketch
	k.init(minSketch)
	var g ghosts
	g.ensure(16 * ghostShare)
	rival := 7 + uint32(len(g.losers))
	k.add(7, 3)
	k.add(rival, 2)
	g.lose(7, &k)
	g.lose(rival, &k)
	if g.ask(7) != -1 || g.ask(rival) != 0 {
		t.Errorf("of two losers in one place the less frequent stays")
	}
	k.add(rival, 5)
	g.lose(rival, &k)
	if g.ask(7) != 0 || g.ask(rival) != -1 {
		t.Errorf("a loser that has become more frequent does not take the place")
	}
	g.leave(rival)
	if got := g.ask(rival); got != 0 {
		t.Errorf("a hash that either part would have held asks for %+d, want 0", got)
	}
}

// A window whose share is rounded differently before and after an eviction must
// still have what it pushes out contest its place.
func TestEveryEntryIsContested(t *testing.T) {
	for maximum := 100; maximum < 140; maximum++ {
		c := newChecked(t, Options[int, int]{MaximumSize: maximum, Segments: 1})
		for range 4 { // known, and hit
			for key := range maximum {
				if _, ok := c.Get(key); !ok {
					c.Set(key, key)
				}
			}
		}
		for key := range 3 * maximum { // seen once each
			c.Set(maximum+key, key)
		}
		kept := 0
		for key := range maximum {
			if _, ok := c.GetQuietly(key); ok {
				kept++
			}
		}
		if kept < maximum*88/100 {
			t.Errorf("of %d entries with hits %d are left after a scan", maximum, kept)
		}
	}
}

// The window grows for work that comes back to what is new, and shrinks for work
// that comes back to what is frequent, by what the ghosts say alone: without statistics
// there is no comparison with LRU, which would have it grow at once.
func TestTheWindowFollowsTheWork(t *testing.T) {
	const maximum = 1000
	for name, tc := range map[string]struct {
		key  func(i int, rng *rand.Rand) int
		fits func(share float64) bool
	}{
		"recency": { // every key is asked for once more, up to 400 keys later
			key: func(i int, rng *rand.Rand) int {
				if i%2 == 0 {
					return i / 2
				}
				return max(i/2-rng.IntN(400), 0)
			},
			fits: func(share float64) bool { return share >= 0.15 },
		},
		"frequency": {
			key:  func(_ int, rng *rand.Rand) int { return int(math.Pow(20_000, rng.Float64())) },
			fits: func(share float64) bool { return share <= 0.10 },
		},
	} {
		c := newChecked(t, Options[int, int]{MaximumSize: maximum, DisableStats: true})
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range 200 * maximum {
			key := tc.key(i, rng)
			if _, ok := c.Get(key); !ok {
				c.Set(key, i)
			}
		}
		if share := c.balance.share(); !tc.fits(share) {
			t.Errorf("%s: the window's share is %.3f", name, share)
		}
	}
}

// In a large window a hit says more than the frequency of who is in the main space,
// and in a small one it does not.
func TestAHitInALargeWindowPassesTheContest(t *testing.T) {
	const maximum, scan = 100, 60 // more keys than the window holds
	for _, tc := range []struct {
		share      float64
		hit, stays bool
	}{
		{share: recencyShare - 0.05, hit: true, stays: false},
		{share: recencyShare + 0.05, hit: false, stays: false},
		{share: recencyShare + 0.05, hit: true, stays: true},
	} {
		c := newChecked(t, Options[int, int]{MaximumSize: maximum, Segments: 1})
		key := 0
		set := func(keys int) {
			for range keys {
				c.Set(key, key)
				key++
			}
		}
		set(maximum)
		for range 4 {
			for famous := range maximum {
				c.Get(famous)
			}
		}
		c.balance.bits.Store(math.Float64bits(tc.share))
		set(scan)
		newcomer := key
		set(1)
		if tc.hit {
			c.Get(newcomer)
		}
		set(scan)
		if _, stays := c.GetQuietly(newcomer); stays != tc.stays {
			t.Errorf("with a window of %.2f, an entry that was hit there (%v) is cached after it: %v, want %v",
				tc.share, tc.hit, stays, tc.stays)
		}
	}
}

func TestQueue(t *testing.T) {
	var q queue[int, int]
	nodes := make([]*node[int, int], 5)
	for i := range nodes {
		nodes[i] = &node[int, int]{key: i}
		q.push(nodes[i])
	}
	q.swept = nodes[1]
	q.remove(nodes[1], nodes[2])
	q.remove(nodes[0], nodes[1])
	if q.swept != nodes[0] || q.unswept() != nodes[3] {
		t.Error("the sweep lost its place when what it had passed was removed")
	}
	q.remove(nodes[3], nodes[4])
	q.replace(nodes[0], nodes[3], nodes[1])
	q.pushFront(nodes[4])
	var keys []int
	for n := q.pop(); n != nil; n = q.pop() {
		keys = append(keys, n.key)
	}
	if len(keys) != 3 || keys[0] != 4 || keys[1] != 0 || keys[2] != 1 {
		t.Errorf("popped %v, want [4 0 1]", keys)
	}
	if q.length != 0 || q.tail != nil || q.swept != nil {
		t.Errorf("an empty queue has length %d, tail %v, swept %v", q.length, q.tail, q.swept)
	}
	q.pushFront(nodes[0])
	if q.tail != nodes[0] {
		t.Error("the first node is not the last too")
	}
}
