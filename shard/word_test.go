package shard

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"
	"unsafe"
)

// firstMark and lastMark are numbers that no open cell may have as a value, on a machine
// of 64 bits.
var firstMark, lastMark = numberOfMark(0), numberOfMark(marks - 1)

func numberOfMark(number uint64) int { return int(numberMarks | number) }

// wide: a machine word has eight bytes here.
const wide = unsafe.Sizeof(uintptr(0)) == wordBytes

func TestOnlyWordsChangeInPlace(t *testing.T) {
	type named time.Duration
	expect := func(name string, got, want wordShape) {
		if !wide {
			want = noWord
		}
		if got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	expect("int", shapeOfWord[int](), numberWord)
	expect("uint64", shapeOfWord[uint64](), numberWord)
	expect("float64", shapeOfWord[float64](), numberWord)
	expect("a named number", shapeOfWord[named](), numberWord)
	expect("a pointer", shapeOfWord[*string](), addressWord)
	for name, got := range map[string]wordShape{
		"int32":                 shapeOfWord[int32](),
		"bool":                  shapeOfWord[bool](),
		"nothing":               shapeOfWord[struct{}](),
		"string":                shapeOfWord[string](),
		"any":                   shapeOfWord[any](),
		"a struct of a pointer": shapeOfWord[struct{ p *int }](),
		"a map":                 shapeOfWord[map[int]int](),
		"a slice":               shapeOfWord[[]byte](),
	} {
		expect(name, got, noWord)
	}
	costed := Options[int, int]{MaximumCost: 1, Cost: func(int, int) int64 { return 1 }}
	expect("an int with a cost", costed.shape(), noWord)
}

func TestAMarkIsKnownByItsNumber(t *testing.T) {
	if !wide {
		return
	}
	for _, number := range []uint32{0, 1, marks - 1} {
		if word := mark[int](numberWord, number); true {
			if got, ok := numberWord.markOf(unsafe.Pointer(&word)); !ok || got != number {
				t.Errorf("number %d: %d, %v", number, got, ok)
			}
		}
		if word := mark[*int](addressWord, number); true {
			if got, ok := addressWord.markOf(unsafe.Pointer(&word)); !ok || got != number {
				t.Errorf("address %d: %d, %v", number, got, ok)
			}
		}
	}
	for _, value := range []int{0, 1, -1, math.MaxInt, math.MinInt, firstMark - 1, lastMark + 1} {
		if isMark(numberWord, value) {
			t.Errorf("%d is taken for a mark", value)
		}
	}
	for _, value := range []*int{nil, new(int)} {
		if isMark(addressWord, value) {
			t.Errorf("%p is taken for a mark", value)
		}
	}
}

// Every number can be a value, however it gets there and whatever was there before.
func TestANumberThatLooksLikeAMarkIsAValue(t *testing.T) {
	values := []int{1, firstMark, 2, lastMark, firstMark + 1, firstMark + 2, 3}
	writes := map[string]func(c *Cache[int, int], value int){
		"Set": func(c *Cache[int, int], value int) { c.Set(1, value) },
		"Compute": func(c *Cache[int, int], value int) {
			c.Compute(1, func(int, bool) (int, Op) { return value, Write })
		},
		"SetIfAbsent": func(c *Cache[int, int], value int) { c.Delete(1); c.SetIfAbsent(1, value) },
		"SetWithTTL":  func(c *Cache[int, int], value int) { c.SetWithTTL(1, value, time.Hour) },
		"SetTTL":      func(c *Cache[int, int], value int) { c.Set(1, value); c.SetTTL(1, time.Hour) },
		"growth": func(c *Cache[int, int], value int) {
			c.Set(1, value)
			s := &c.segments[0]
			s.grow(s.table.Load())
			s.keepMoving()
		},
	}
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			var left []int
			c := newChecked(t, Options[int, int]{Unbounded: true, Segments: 1, OnRemoval: func(_, value int, _ Cause) { left = append(left, value) }})
			for i, value := range values {
				write(c, value)
				if got := mustGet(t, c, 1); got != value {
					t.Fatalf("Get = %d, want %d", got, value)
				}
				if got, ok := c.GetQuietly(1); !ok || got != value {
					t.Fatalf("GetQuietly = %d, %v, want %d", got, ok, value)
				}
				for _, got := range c.All() {
					if got != value {
						t.Fatalf("All visits %d, want %d", got, value)
					}
				}
				if i > 0 && left[len(left)-1] != values[i-1] {
					t.Fatalf("%d left last, want %d", left[len(left)-1], values[i-1])
				}
			}
			if old, ok := c.Delete(1); !ok || old != values[len(values)-1] {
				t.Errorf("Delete = %d, %v", old, ok)
			}
		})
	}
}

// So can every value whose first word looks like a mark.
func TestAValueThatBeginsLikeAMarkIsAValue(t *testing.T) {
	type long struct{ first, second uint64 }
	c := newChecked(t, Options[int, long]{MaximumSize: 10})
	for i := range uint64(3) {
		value := long{numberMarks + i, i}
		c.Set(1, value)
		if got, ok := c.Get(1); !ok || got != value {
			t.Errorf("Get = %v, %v, want %v", got, ok, value)
		}
	}
	none := newChecked(t, Options[int, struct{}]{MaximumSize: 10}) // where the deadline comes first
	none.SetWithTTL(1, struct{}{}, time.Hour)
	if _, ok := none.Get(1); !ok {
		t.Error("an entry whose value is nothing has vanished")
	}
}

// A writer who has found an open cell, and comes to write only when it has ended, writes
// nothing.
func TestWhoComesLateToAnOpenCellChangesNothing(t *testing.T) {
	for name, end := range map[string]func(c *Cache[int, int]){
		"deleted":  func(c *Cache[int, int]) { c.Delete(1) },
		"removed":  func(c *Cache[int, int]) { c.Compute(1, func(int, bool) (int, Op) { return 0, Remove }) },
		"cleared":  func(c *Cache[int, int]) { c.Clear() },
		"hardened": func(c *Cache[int, int]) { c.SetTTL(1, time.Hour) },
		"replaced": func(c *Cache[int, int]) { c.SetWithTTL(1, 2, time.Hour) },
		"evicted":  func(c *Cache[int, int]) { c.evictDirectly(&c.segments[0], nil); c.evictDirectly(&c.segments[0], nil) },
		"moved":    func(c *Cache[int, int]) { s := &c.segments[0]; s.grow(s.table.Load()); s.keepMoving() },
	} {
		t.Run(name, func(t *testing.T) {
			c := newChecked(t, Options[int, int]{Unbounded: true, Segments: 1})
			c.Set(1, 1)
			s := &c.segments[0]
			n, open := s.find(uint32(c.hasher.sum(1)), 1)
			if !wide {
				return
			}
			if !c.isOpen(open) {
				t.Fatal("the cell is not open: this test proves nothing")
			}
			end(c)
			before, there := c.GetQuietly(1)
			if open.swapWord(c.shape, 1, 9) || s.overwrite(n, open, 9) {
				t.Error("the value was written")
			}
			if value, ok := c.GetQuietly(1); value != before || ok != there {
				t.Errorf("the entry was %d, %v and is %d, %v", before, there, value, ok)
			}
		})
	}
}

// A Compute whose value must be given a deadline takes exactly the value that it was shown.
func TestComputeIsCalledAgainForWhatHasChanged(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		for name, tc := range map[string]struct {
			meanwhile func(c *Cache[int, int])
			want      int
		}{
			"another value":  {func(c *Cache[int, int]) { c.SetWithTTL(1, 7, Forever) }, 8},
			"a later value":  {func(c *Cache[int, int]) { c.SetWithTTL(1, 7, time.Minute) }, 8},
			"it has expired": {func(c *Cache[int, int]) { c.SetTTL(1, time.Second); time.Sleep(2 * time.Second) }, 1},
			"it is gone":     {func(c *Cache[int, int]) { c.Delete(1) }, 1},
			"it has moved":   {func(c *Cache[int, int]) { s := &c.segments[0]; s.grow(s.table.Load()); s.keepMoving() }, 6},
			"nothing":        {func(c *Cache[int, int]) {}, 6},
			"it is about to be": {func(c *Cache[int, int]) {
				s := &c.segments[0]
				s.harden(s.table.Load().head(uint32(c.hasher.sum(1))).Load())
			}, 6},
		} {
			// What has expired stays for a minute, and is absent.
			c := newChecked(t, Options[int, int]{Unbounded: true, Segments: 1, DefaultTTL: time.Hour, Tick: time.Minute, ExactExpiry: true})
			c.SetWithTTL(1, 5, Forever)
			calls := 0
			c.Compute(1, func(old int, _ bool) (int, Op) {
				if calls++; calls == 1 {
					tc.meanwhile(c)
				}
				return old + 1, Write
			})
			if got := mustGet(t, c, 1); got != tc.want {
				t.Errorf("%s: %d, want %d", name, got, tc.want)
			}
			if ttl, ok := c.TTL(1); !ok || ttl != time.Hour {
				t.Errorf("%s: it lives for %v, %v; want the default", name, ttl, ok)
			}
		}
	})
}

// An entry whose value changes in place can get a deadline, lose it, and get one again.
func TestWhatChangesInPlaceCanExpire(t *testing.T) {
	limits := map[string]func(c *Cache[int, int]){
		"SetWithTTL": func(c *Cache[int, int]) { c.SetWithTTL(1, 2, time.Minute) },
		"SetTTL":     func(c *Cache[int, int]) { c.SetTTL(1, time.Minute) },
	}
	for name, limit := range limits {
		for _, prolonged := range []bool{false, true} {
			inBubble(t, func(t *testing.T) {
				c := newChecked(t, Options[int, int]{MaximumSize: 10})
				c.Set(1, 1)
				c.Set(1, 2)
				limit(c)
				if prolonged {
					c.SetTTL(1, Forever)
					c.Set(1, 2)
					limit(c)
				}
				time.Sleep(time.Minute - time.Second)
				if got := mustGet(t, c, 1); got != 2 {
					t.Errorf("%s: %d a second before the deadline, want 2", name, got)
				}
				time.Sleep(2 * time.Second)
				if got, ok := c.Get(1); ok {
					t.Errorf("%s: %d a second after the deadline", name, got)
				}
			})
		}
	}
}

// There are as many marks as there are. One hardening more than that is not waited for.
func TestAnEntryThatTooManyHardenIsForgotten(t *testing.T) {
	var causes []Cause
	c := newChecked(t, Options[int, int]{Unbounded: true, Segments: 1, OnRemoval: func(_, _ int, cause Cause) { causes = append(causes, cause) }})
	if !wide {
		return
	}
	c.Set(1, 1)
	s := &c.segments[0]
	n, open := s.find(uint32(c.hasher.sum(1)), 1)
	for number := range uint32(marks - 1) {
		h := &hardening[int]{next: n.cell.Load(), open: open, number: number + 1}
		h.deadlineNanos = changing
		n.cell.Store(&h.cell) // and here it is descheduled
	}
	if got := mustGet(t, c, 1); got != 1 {
		t.Fatalf("Get = %d: what is about to harden is not there yet", got)
	}
	if c.SetTTL(1, time.Hour) {
		t.Error("SetTTL has found a mark that there is not")
	}
	if _, ok := c.Get(1); ok || len(causes) != 1 || causes[0] != CauseEvicted {
		t.Errorf("the entry is there: %v; it left as %v", ok, causes)
	}
}

// The latest deadline that a TTL can lead to is none, and not what says that a cell is open.
func TestNoDeadlineLooksLikeAnOpenCell(t *testing.T) {
	inBubble(t, func(t *testing.T) { // where time stands still
		c := newChecked(t, Options[int, int]{MaximumSize: 10})
		now := time.Duration(c.manager.Exact())
		for ttl, want := range map[time.Duration]int64{
			openEnded - now:     never,
			openEnded - 1 - now: openEnded - 1,
			openEnded + 1 - now: never,
		} {
			if got := c.deadline(ttl); got != want {
				t.Errorf("a TTL of %d leads to a deadline of %d, want %d", ttl, got, want)
			}
		}
	})
}

// pointed is a value that tells whether it is whole.
type pointed struct{ key, twice int }

// Pointers change in place too, and the collector knows: whatever moves from one entry to
// another while it is at work, and is nowhere else, is kept.
func TestPointersThatChangeInPlaceAreKept(t *testing.T) {
	const goroutines, each, swaps = 2, 20_000, 300_000
	c := newChecked(t, Options[int, *pointed]{MaximumSize: goroutines * each})
	for key := range goroutines * each {
		c.Set(key, &pointed{key, 2 * key})
	}
	litter := make([]*pointed, goroutines)
	var movers, collector sync.WaitGroup
	done := make(chan struct{})
	collector.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				runtime.GC()
			}
		}
	})
	for mover := range goroutines {
		movers.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(mover), 3))
			for range swaps {
				a, b := mover*each+rng.IntN(each), mover*each+rng.IntN(each)
				first, _ := c.Get(a)
				second, _ := c.Get(b)
				c.Set(a, second)
				c.Set(b, first)
				litter[mover] = &pointed{-1, -1} // to be what a value is overwritten with
			}
		})
	}
	movers.Wait()
	close(done)
	collector.Wait()
	seen := make(map[int]bool)
	for _, value := range c.All() {
		if value.twice != 2*value.key || seen[value.key] {
			t.Fatalf("%+v is there, seen before: %v", *value, seen[value.key])
		}
		seen[value.key] = true
	}
	if len(seen) != goroutines*each {
		t.Errorf("%d values are left of %d", len(seen), goroutines*each)
	}
}

// A pointer or number is replaced without an allocation; the other shapes of value are not changed in place.
func TestUpdatesInPlaceAllocateNothing(t *testing.T) {
	if !wide {
		return
	}
	numbers := newChecked(t, Options[int, float64]{MaximumSize: 10})
	pointers := newChecked(t, Options[int, *pointed]{MaximumSize: 10})
	texts := newChecked(t, Options[int, string]{MaximumSize: 10})
	value := new(pointed)
	numbers.Set(1, 1)
	pointers.Set(1, value)
	texts.Set(1, "")
	for name, op := range map[string]struct {
		want float64
		run  func()
	}{
		"number":             {0, func() { numbers.Set(1, 2) }},
		"number by Compute":  {0, func() { numbers.Compute(1, func(old float64, _ bool) (float64, Op) { return old + 1, Write }) }},
		"pointer":            {0, func() { pointers.Set(1, value) }},
		"pointer by Compute": {0, func() { pointers.Compute(1, func(*pointed, bool) (*pointed, Op) { return value, Write }) }},
		"number deleted":     {1, func() { numbers.Delete(1); numbers.Set(1, 2) }}, // for the insert
		"text":               {1, func() { texts.Set(1, "text") }},
	} {
		if got := testing.AllocsPerRun(1000, op.run); got != op.want {
			t.Errorf("%s: %v allocations, want %v", name, got, op.want)
		}
	}
}
