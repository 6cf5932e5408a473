package latency

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestBucketsFollowEachOtherWithoutGapOrOverlap(t *testing.T) {
	for b := range buckets - 1 {
		top := topOf(b)
		if bucketOf(top) != b || bucketOf(top+1) != b+1 {
			t.Fatalf("bucket %d ends at %d, which is in %d; the next begins in %d", b, top, bucketOf(top), bucketOf(top+1))
		}
	}
	if bucketOf(math.MaxUint64) != buckets-1 || bucketOf(0) != 0 {
		t.Error("the ends are elsewhere")
	}
}

func TestQuantilesAreThoseOfTheSortedSampleToThreePercent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sample := rapid.SliceOfN(rapid.Uint64Range(0, 1<<40), 1, 200).Draw(t, "sample")
		q := rapid.Float64Range(0.001, 1).Draw(t, "q")
		var whole, first, rest histogram
		for i, x := range sample {
			whole.add(x)
			if i%2 == 0 {
				first.add(x)
			} else {
				rest.add(x)
			}
		}
		sorted := slices.Sorted(slices.Values(sample))
		want := float64(sorted[int(math.Ceil(q*float64(len(sorted))))-1])
		if got := whole.quantile(q); got < want || got > want*33/32+1 {
			t.Fatalf("quantile %v is %v, want %v", q, got, want)
		}
		if whole.quantile(1) != float64(sorted[len(sorted)-1]) {
			t.Fatal("the worst isn't exact")
		}
		first.merge(&rest)
		if first != whole {
			t.Fatal("two halves merged are not the whole")
		}
	})
	if !math.IsNaN(new(histogram).quantile(0.5)) {
		t.Error("nothing has a median")
	}
}

func TestCountingAllocatesNothing(t *testing.T) {
	var h histogram
	if n := testing.AllocsPerRun(100, func() { h.add(12345); h.quantile(0.99) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
