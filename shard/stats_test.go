package shard

import (
	"runtime"
	"sync"
	"testing"
)

// Every read and every write is counted, whoever owns a stripe: goroutines come and go, so
// that blocks of stack are used again, more of them than there are stripes, and at
// different depths.
func TestNoCountIsLost(t *testing.T) {
	const waves, goroutines, each = 6, 3 * stripeCount, 500
	c := newChecked(t, Options[int, int]{MaximumSize: 10})
	c.Set(0, 0)
	before := c.Stats()
	for range waves {
		var wave sync.WaitGroup
		for depth := range goroutines {
			wave.Go(func() {
				deeply(depth%8, func() {
					for range each {
						c.Get(0)
						c.Get(1)
						c.Set(0, 1)
					}
				})
			})
		}
		wave.Wait()
		runtime.GC() // and stacks shrink
	}
	const want = waves * goroutines * each
	if got := c.Stats().Minus(before); got.Hits != want || got.Misses != want || got.Updates != want || got.Inserts != 0 {
		t.Errorf("counted were %+v; want %d hits, misses and updates", got, want)
	}
}

// Two goroutines that count at the same time, in one stripe.
func TestTwoInOneStripeLoseNoCount(t *testing.T) {
	const each = 1_000_000
	c := newChecked(t, Options[int, int]{MaximumSize: 10})
	type counter struct {
		stripe *stripe
		count  chan bool
	}
	counters := make(chan counter)
	var all sync.WaitGroup
	first := map[*stripe]counter{}
	for {
		all.Go(func() {
			mine, _ := c.stats.mine()
			me := counter{mine, make(chan bool)}
			counters <- me
			for count := <-me.count; count; count = false {
				for range each {
					c.stats.count(hits)
				}
			}
		})
		one := <-counters
		if other, ok := first[one.stripe]; ok {
			one.count <- true
			other.count <- true
			delete(first, one.stripe)
			break
		}
		first[one.stripe] = one
	}
	for _, idle := range first {
		idle.count <- false
	}
	all.Wait()
	if got := c.Stats().Hits; got != 2*each {
		t.Errorf("%d hits, want %d", got, 2*each)
	}
}

// deeply calls f so many KiB further down the stack.
func deeply(kibibytes int, f func()) (used byte) {
	if kibibytes == 0 {
		f()
		return 0
	}
	var room [1024]byte
	room[kibibytes] = deeply(kibibytes-1, f)
	return room[kibibytes/2]
}

// Who comes to a stripe that another owns counts beside it, and leaves it to the owner.
func TestWhoIsNotTheOwnerCountsBesideIt(t *testing.T) {
	const another = 1 // a block of stack that nobody has
	c := newChecked(t, Options[int, int]{MaximumSize: 10})
	c.Set(1, 1)
	before := c.Stats()
	for i := range c.stats.stripes {
		c.stats.stripes[i].owner.Store(another)
	}
	own := countedByOwners(c)
	c.Get(1)
	c.Get(2)
	c.Set(1, 2)
	c.Set(2, 2)
	if got := c.Stats().Minus(before); got.Hits != 1 || got.Misses != 1 || got.Updates != 1 || got.Inserts != 1 {
		t.Errorf("counted were %+v; want one each", got)
	}
	if got := countedByOwners(c); got != own {
		t.Errorf("%d were counted as the owner, who counted nothing", got-own)
	}
	for i := range c.stats.stripes {
		if c.stats.stripes[i].owner.Load() != another {
			t.Errorf("stripe %d has another owner", i)
		}
	}
}

func countedByOwners(c *Cache[int, int]) (sum uint64) {
	for i := range c.stats.stripes {
		for what := range c.stats.stripes[i].own {
			sum += c.stats.stripes[i].own[what].Load()
		}
	}
	return sum
}

// One goroutine alone needs no locked instruction: it owns its stripe from the second time on.
func TestWhoComesFirstOwnsItsStripe(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 10})
	for range 10 {
		c.Get(1)
	}
	var own, shared uint64
	for i := range c.stats.stripes {
		own += c.stats.stripes[i].own[misses].Load()
		shared += c.stats.stripes[i].shared[misses].Load()
	}
	if own != 9 || shared != 1 {
		t.Errorf("%d counted as the owner and %d as another, want 9 and 1", own, shared)
	}
}
