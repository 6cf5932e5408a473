// Package workload makes what the caches are asked for: keys, draws of them, and
// sequences of accesses. Everything follows from a seed, so that a run can be
// repeated.
package workload

import (
	"math/rand/v2"
	"strconv"

	"github.com/uds-platform/state/bench/contest"
)

// eventTypes are names of different lengths, as an account has them.
var eventTypes = []string{
	"Log", "Span", "Metric", "PageView", "Transaction", "SystemSample", "ProcessSample", "NetworkSample",
	"TransactionError", "BrowserInteraction", "JavaScriptError", "SyntheticCheck", "K8sContainerSample",
	"InfrastructureEvent", "DistributedTraceSummary", "AwsLambdaInvocation",
}

// Strings returns n different keys of 28 to 55 bytes, 40 on average. They lie in
// one allocation, so that collections don't take longer the more there are.
func Strings(n int) []string {
	text := make([]byte, 0, 44*n)
	ends := make([]int, n)
	for i := range n {
		text = append(text, "account:"...)
		text = strconv.AppendInt(text, int64(1_000_000+i%997), 10)
		text = append(text, ":schema:"...)
		text = append(text, eventTypes[i%len(eventTypes)]...)
		text = append(text, ':')
		text = strconv.AppendInt(text, int64(i), 10)
		ends[i] = len(text)
	}
	all, keys, start := string(text), make([]string, n), 0
	for i, end := range ends {
		keys[i], start = all[start:end], end
	}
	return keys
}

// Integers returns n different keys, spread over all 64 bits.
func Integers(n int) []uint64 {
	keys := make([]uint64, n)
	for i := range keys {
		keys[i] = scatter(uint64(i))
	}
	return keys
}

// scatter is the finaliser of splitmix64, a bijection.
func scatter(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// MeanBytes is the average length of the keys; 8 for integers.
func MeanBytes[K contest.Key](keys []K) int {
	total := 0
	for _, key := range keys {
		switch k := any(key).(type) {
		case string:
			total += len(k)
		case uint64:
			total += 8
		}
	}
	return (total + len(keys)/2) / max(len(keys), 1)
}

// Source returns the random numbers of a seed.
func Source(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, 0x5851f42d4c957f2d))
}
