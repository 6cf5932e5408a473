package warm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func newSavings(t *testing.T, o SavingsOptions) *Savings {
	t.Helper()
	s, err := NewSavings(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNewSavingsNamesEveryFault(t *testing.T) {
	_, err := NewSavings(SavingsOptions{Items: 2_000_000, HalfLife: time.Millisecond})
	refuses(t, err, "Items is 2000000; want a number from 1 to 1000000, or 0 for 1024", "HalfLife is 1ms; want 1s to 10000h0m0s, or 0 for 6h0m0s")
}

func TestTopIsByHitsTimesLoadTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, items := newSavings(t, SavingsOptions{}), itemsOf(4)
		s.Add(items[0], 100, 10*time.Millisecond) // 1 s, often and quick
		s.Add(items[1], 2, 30*time.Second)        // 60 s, seldom and slow
		s.Add(items[2], 3, time.Second)
		s.Add(items[2], 4, time.Second) // 7 s in two reports
		for _, nothing := range []func(){
			func() { s.Add(items[3], 0, time.Second) },
			func() { s.Add(items[3], -1, time.Second) },
			func() { s.Add(items[3], 1, 0) },
			func() { s.Add(Item{}, 1, time.Second) },
		} {
			nothing()
		}
		want := []Saving{{Item: items[1], Saved: time.Minute}, {Item: items[2], Saved: 7 * time.Second}, {Item: items[0], Saved: time.Second}}
		if got := s.Top(10); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if got := s.Top(1); !slices.Equal(got, want[:1]) {
			t.Errorf("the first is %v, want %v", got, want[:1])
		}
		if s.Len() != 3 || len(s.Top(0)) != 0 || len(s.Top(-1)) != 0 {
			t.Errorf("%d items, want 3", s.Len())
		}
		time.Sleep(12 * time.Hour)
		if got := s.Top(1)[0].Saved; got != 15*time.Second {
			t.Errorf("two half-lives later a minute is %v, want 15s", got)
		}
	})
}

func TestRestoreBringsBackWhatTopGave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after := newSavings(t, SavingsOptions{Items: 2}), newSavings(t, SavingsOptions{Items: 3})
		for i, item := range itemsOf(3) {
			before.Add(item, i+1, time.Second)
		}
		top := before.Top(10)
		if want := []Saving{{Item: itemsOf(3)[2], Saved: 4 * time.Second, Excess: time.Second}, {Item: itemsOf(3)[1], Saved: 2 * time.Second}}; !slices.Equal(top, want) {
			t.Fatalf("%v, want %v", top, want)
		}
		if got := after.Restore(top); got != 0 {
			t.Errorf("%d left out", got)
		}
		if got := after.Top(10); !slices.Equal(got, top) {
			t.Errorf("restored as %v, want %v", got, top)
		}
		good := itemsOf(1)[0]
		if got := after.Restore([]Saving{
			{}, {Item: Item{Account: -1, Query: "a"}, Saved: 1}, {Item: good}, {Item: good, Saved: -1},
			{Item: good, Saved: 1, Excess: 2}, {Item: good, Saved: 1, Excess: -1}, {Item: good, Saved: 1<<63 - 1},
		}); got != 7 || !slices.Equal(after.Top(10), top) {
			t.Errorf("%d of 7 senseless savings were left out", got)
		}
	})
}

// With room for a tenth of the items, the heaviest are all there.
func TestSavingsFindTheHeaviestOfMany(t *testing.T) {
	s, random := newSavings(t, SavingsOptions{Items: 100}), rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(random, 1.3, 1, 999)
	exact := make([]int, 1000)
	for range 50_000 {
		i := zipf.Uint64()
		exact[i]++
		s.Add(Item{Account: 1, Query: fmt.Sprint(i)}, 1, time.Second)
	}
	top := s.Top(20)
	if s.Len() != 100 || len(top) != 20 {
		t.Fatalf("%d items and %d on top", s.Len(), len(top))
	}
	for i := range 10 {
		if !slices.ContainsFunc(top, func(one Saving) bool { return one.Item.Query == fmt.Sprint(i) }) {
			t.Errorf("item %d, hit %d times, is not among the 20 that save most", i, exact[i])
		}
	}
	for _, one := range top {
		var i int
		if _, err := fmt.Sscan(one.Item.Query, &i); err != nil {
			t.Fatal(err)
		}
		// Decay between the calls is below a second here.
		if saved := time.Duration(exact[i]) * time.Second; one.Saved < saved-time.Second || one.Saved-one.Excess > saved+time.Second {
			t.Errorf("item %d saved %v; the tally says %v with an excess of %v", i, saved, one.Saved, one.Excess)
		}
	}
}

func TestNanosecondsNeverOverflow(t *testing.T) {
	if got := nanoseconds(1e30); got != 1<<63-1 {
		t.Errorf("%d", got)
	}
	s := newSavings(t, SavingsOptions{Now: func() time.Time { return time.Unix(0, 0) }})
	for range 1000 {
		s.Add(itemsOf(1)[0], math.MaxInt, math.MaxInt64)
	}
	if got := s.Top(1)[0].Saved; got != 1<<63-1 {
		t.Errorf("%d, want the largest", got)
	}
}
