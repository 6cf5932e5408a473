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

// Two goroutines that count at the same time, in one stripe, by themselves and by a Get.
func TestTwoInOneStripeLoseNoCount(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 10})
	twoCount(t, c, func() { c.stats.count(hits) })
	c.Set(1, 1)
	twoCount(t, c, func() { c.Get(1) })
}

// twoCount has two goroutines count hits that have the same stripe.
func twoCount(t *testing.T, c *Cache[int, int], countHit func()) {
	t.Helper()
	const each = 1_000_000
	before := c.Stats().Hits
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
					countHit()
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
	if got := c.Stats().Hits - before; got != 2*each {
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
