package main

import (
	"math"
	"slices"
	"time"
)

// percentile is the nearest-rank percentile of latencies, which it sorts: the
// smallest one that at least the share p of them does not exceed. It is always
// one that was measured, and 0 without any.
func percentile(latencies []time.Duration, p float64) time.Duration {
	if len(latencies) == 0 {
		return 0
	}
	slices.Sort(latencies)
	rank := int(math.Ceil(p * float64(len(latencies))))
	return latencies[min(max(rank, 1), len(latencies))-1]
}
