package clock_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/clock"
)

func TestNowCountsFromOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Start()
		if got := c.Now(); got != 1 {
			t.Fatalf("a new clock reads %d, want 1", got)
		}
		time.Sleep(time.Hour)
		if got := c.Now(); got != int64(time.Hour)+1 {
			t.Fatalf("after an hour the clock reads %d, want %d", got, int64(time.Hour)+1)
		}
	})
}

func TestAfterNeverOverflows(t *testing.T) {
	for _, tc := range []struct {
		now  int64
		ttl  time.Duration
		want int64
	}{
		{1, time.Second, 1 + int64(time.Second)},
		{1, math.MaxInt64, clock.Never},
		{1, math.MaxInt64 - 1, clock.Never},
		{1, math.MaxInt64 - 2, math.MaxInt64 - 1},
		{math.MaxInt64 - 1, 2, clock.Never},
	} {
		if got := clock.After(tc.now, tc.ttl); got != tc.want {
			t.Errorf("After(%d, %d) = %d, want %d", tc.now, tc.ttl, got, tc.want)
		}
	}
}
