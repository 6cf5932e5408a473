package shard

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// ledger follows values from the write to the removal. A value is its own
// number, so that it can be told apart from every other.
type ledger struct {
	entered []atomic.Int32 // how often a value got in: 0 or 1
	left    []atomic.Int32 // how often it was reported
	next    atomic.Int64
}

func newLedger(values int) *ledger {
	return &ledger{entered: make([]atomic.Int32, values), left: make([]atomic.Int32, values)}
}

func (l *ledger) draw() int { return int(l.next.Add(1) - 1) }

func (l *ledger) removed(_ int, value int, _ Cause) { l.left[value].Add(1) }

// settle closes the cache and checks that every value that got in has left
// exactly once. The manager may still be about to report what had expired.
func (l *ledger) settle(t *testing.T, c *Cache[int, int]) {
	t.Helper()
	c.Close()
	fault := ""
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if fault = l.fault(); fault == "" {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal(fault)
}

func (l *ledger) fault() string {
	for value := range l.entered[:l.next.Load()] {
		if entered, left := l.entered[value].Load(), l.left[value].Load(); left != entered {
			return fmt.Sprintf("value %d got in %d times, and was reported %d times", value, entered, left)
		}
	}
	return ""
}

// Everybody does everything at once; afterwards every account must add up.
func TestChurn(t *testing.T) {
	cost := func(key, _ int) int64 { return int64(key % 7) }
	for name, o := range map[string]Options[int, int]{
		"bounded":         {MaximumSize: 500},
		"one entry":       {MaximumSize: 1},
		"a few segments":  {MaximumSize: 64, Segments: 8},
		"costed":          {MaximumCost: 900, Cost: cost},
		"costed unevenly": {MaximumCost: 1600, Segments: 16, Cost: func(key, _ int) int64 { return int64(key % 100) }},
		"both":            {MaximumSize: 300, MaximumCost: 900, Cost: cost},
		"expiring":        {MaximumSize: 500, DefaultTTL: 300 * time.Microsecond, Tick: 50 * time.Microsecond},
		"expiring exact":  {MaximumSize: 500, DefaultTTL: 300 * time.Microsecond, ExactExpiry: true},
		"unbounded":       {Unbounded: true, Segments: 1},
		"unbounded, TTLs": {Unbounded: true, DefaultTTL: time.Millisecond},
	} {
		for hash, custom := range map[string]func(int) uint64{
			"xxhash": nil,
			"hostile": func(key int) uint64 {
				return uint64(key) & 3 << 62 // four chains in all
			},
		} {
			if o.Cost != nil {
				t.Run(name+", "+hash, func(t *testing.T) { churn(t, o, custom, noWord) })
				continue
			}
			eachShape(t, name+", "+hash, func(t *testing.T, shape wordShape) { churn(t, o, custom, shape) })
		}
	}
}

const (
	churners      = 8
	churnsEach    = 3000
	churnKeys     = 1000
	churnClearOne = 2000 // one in so many operations is a Clear
)

func churn(t *testing.T, o Options[int, int], custom func(int) uint64, shape wordShape) {
	l := newLedger(churners * churnsEach * 2)
	o.OnRemoval = l.removed
	c := newChecked(t, o)
	c.shape = shape
	if custom != nil {
		c.hasher = hasher[int]{shape: shapeCustom, custom: custom}
	}
	var goroutines sync.WaitGroup
	for seed := range uint64(churners) {
		goroutines.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 7))
			for range churnsEach {
				churnOnce(c, l, rng)
			}
		})
	}
	goroutines.Wait()
	l.settle(t, c)
}

// churnOnce does one random thing, and books the values that got in. A value is
// booked before it is written, since it may leave before the write returns.
func churnOnce(c *Cache[int, int], l *ledger, rng *rand.Rand) {
	key, value := rng.IntN(churnKeys), l.draw()
	write := func(accepted func() bool) {
		l.entered[value].Add(1)
		if !accepted() {
			l.entered[value].Add(-1)
		}
	}
	switch rng.IntN(12) {
	case 0, 1, 2:
		write(func() bool { return c.Set(key, value) })
	case 3:
		write(func() bool { return c.SetWithTTL(key, value, time.Duration(rng.IntN(2_000_000))) })
	case 4:
		write(func() bool { _, set := c.SetIfAbsent(key, value); return set })
	case 5:
		write(func() bool {
			wrote := false
			_, ok := c.Compute(key, func(old int, found bool) (int, Op) {
				wrote = !found || old&1 == 0
				if wrote {
					return value, Write
				}
				return 0, Remove
			})
			return wrote && ok
		})
	case 6:
		c.Delete(key)
	case 7:
		c.SetTTL(key, time.Duration(rng.IntN(2_000_000)))
	case 8:
		if rng.IntN(churnClearOne/12) == 0 {
			c.Clear()
		}
	case 9:
		for range c.All() {
			if rng.IntN(10) == 0 {
				break
			}
		}
	default:
		c.Get(key)
	}
}

// Close, while everybody writes: nothing stays, and nothing is lost track of.
func TestCloseDuringWrites(t *testing.T) {
	for round := range 20 {
		l := newLedger(1 << 20)
		c := newChecked(t, Options[int, int]{MaximumSize: 1000, DefaultTTL: time.Hour, OnRemoval: l.removed})
		var writers sync.WaitGroup
		var refused [4]int
		for seed := range refused {
			writers.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(seed), uint64(round)))
				for {
					value := l.draw()
					l.entered[value].Add(1)
					if !c.Set(rng.IntN(2000), value) {
						refused[seed] = value
						return
					}
				}
			})
		}
		for c.Len() < 500 {
			time.Sleep(time.Microsecond)
		}
		c.Close()
		writers.Wait()
		for _, value := range refused {
			// It got in and was taken out, by its writer or by Close, or was refused;
			// which of the two, the report tells.
			l.entered[value].Store(l.left[value].Load())
		}
		if c.Len() != 0 {
			t.Fatalf("%d entries after Close and the last write", c.Len())
		}
		l.settle(t, c)
	}
}

// No reader sees a value older than one that it has seen, whatever is replaced,
// evicted and moved under it.
func TestReadsNeverGoBack(t *testing.T) {
	for name, o := range map[string]Options[int, int]{
		"bounded":   {MaximumSize: 64},
		"unbounded": {Unbounded: true, Segments: 1},
	} {
		eachShape(t, name, func(t *testing.T, shape wordShape) {
			c := newChecked(t, o)
			c.shape = shape
			const keys, writes = 16, 4000
			var goroutines sync.WaitGroup
			for key := range keys {
				goroutines.Go(func() {
					for version := range writes {
						c.Set(key, version)
						if version%5 == 0 {
							c.Delete(key)
						}
						c.Set(keys+key*writes+version, 0) // make tables grow and evict
					}
				})
			}
			for range 2 {
				goroutines.Go(func() {
					var seen [keys]int
					for range 4 * writes {
						for key := range keys {
							version, ok := c.Get(key)
							if ok && version < seen[key] {
								t.Errorf("key %d went back from version %d to %d", key, seen[key], version)
								return
							}
							seen[key] = max(seen[key], version)
						}
					}
				})
			}
			goroutines.Wait()
		})
	}
}

// Increments through Compute are never lost, in particular not to a table that
// grows meanwhile: each key counts to exactly as many as were made.
func TestNoUpdateIsLostInGrowth(t *testing.T) {
	eachShape(t, "counters", countWhileGrowing)
}

func countWhileGrowing(t *testing.T, shape wordShape) {
	c := newChecked(t, Options[int, int]{Unbounded: true, Segments: 1})
	c.shape = shape
	const counters, goroutines, each = 32, 6, 4000
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for i := range each {
				c.Compute(i%counters, func(old int, _ bool) (int, Op) { return old + 1, Write })
				c.Set(counters+g*each+i, i)
			}
		})
	}
	all.Wait()
	for key := range counters {
		if got, want := mustGet(t, c, key), goroutines*each/counters; got != want {
			t.Errorf("counter %d is at %d, want %d", key, got, want)
		}
	}
	if want := counters + goroutines*each; c.Len() != want {
		t.Errorf("%d entries, want %d", c.Len(), want)
	}
}

func mustGet(t *testing.T, c *Cache[int, int], key int) int {
	t.Helper()
	value, ok := c.Get(key)
	if !ok {
		t.Fatalf("key %d is gone", key)
	}
	return value
}

// The bounds hold at every moment, under any load.
func TestBoundsHoldAtEveryMoment(t *testing.T) {
	const writers = 16
	for _, maximum := range []int{1, 10, 1000, 20_000} {
		t.Run(fmt.Sprint(maximum), func(t *testing.T) {
			c := newChecked(t, Options[int, int]{MaximumSize: maximum})
			limit := maximum + int(slackEntries(int64(maximum))) + writers
			var goroutines sync.WaitGroup
			for seed := range uint64(writers) {
				goroutines.Go(func() {
					rng := rand.New(rand.NewPCG(seed, 1))
					for range 5000 {
						c.Set(rng.Int(), 0)
						if got := c.Len(); got > limit {
							t.Errorf("%d entries at once, want at most %d", got, limit)
							return
						}
					}
				})
			}
			goroutines.Wait()
		})
	}
}
