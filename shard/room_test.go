package shard

import (
	"math"
	"testing"
)

// However large a cache may become, room is made for a bounded number of entries
// at first, in segments of any number.
func TestRoomIsMadeForABoundedNumberOfEntries(t *testing.T) {
	for _, o := range []Options[int, int]{
		{MaximumSize: math.MaxInt},
		{MaximumSize: 2 * maxInitialEntries},
		{Unbounded: true, InitialSize: math.MaxInt},
	} {
		for _, segments := range []int{1, 1 << 8, maxSegments} {
			if got, most := o.buckets(segments)*segments, 2*maxInitialEntries; got > most {
				t.Errorf("%d buckets at first for %+v in %d segments, want at most %d", got, o, segments, most)
			}
		}
	}
}

// Small caches have short chains; of large ones memory is asked first.
func TestSmallCachesHaveTwiceTheBuckets(t *testing.T) {
	for entries, want := range map[int]int{roomyEntries: 4 * roomyEntries, 2 * roomyEntries: 4 * roomyEntries} {
		o := Options[int, int]{MaximumSize: entries}
		if got := o.buckets(1); got != want {
			t.Errorf("%d buckets for %d entries, want %d", got, entries, want)
		}
	}
}
