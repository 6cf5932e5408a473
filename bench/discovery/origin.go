package discovery

import (
	"context"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// Answer is what the origin answers: when it began to.
type Answer struct{ AsOf time.Time }

// origin stands in for NRDB: every query takes a time that follows from its text,
// from how often it has been asked and from the seed, and all are counted. It
// refuses nothing: what a cache sends beyond NRDB's limits shows in the count.
type origin struct {
	seed uint64

	mu   sync.Mutex
	sent int            // INVARIANT: guarded by mu.
	asks map[string]int // INVARIANT: guarded by mu. How often each query was sent.
}

func newOrigin(seed uint64) *origin { return &origin{seed: seed, asks: make(map[string]int)} }

const (
	metadataMedian = 250 * time.Millisecond // SHOW EVENT TYPES, keyset()
	cheapMedian    = 400 * time.Millisecond
	dearMedian     = 4 * time.Second // a sample of raw events, a day in buckets
	originSpread   = 0.6             // σ of the logarithm
	originFloor    = 200 * time.Millisecond
	originCap      = 60 * time.Second
)

// ask answers after the query's latency, or fails when ctx ends.
func (o *origin) ask(ctx context.Context, query string) (Answer, error) {
	answer := Answer{AsOf: time.Now()}
	timer := time.NewTimer(o.latency(query))
	defer timer.Stop()
	select {
	case <-timer.C:
		return answer, nil
	case <-ctx.Done():
		return Answer{}, context.Cause(ctx)
	}
}

func (o *origin) latency(query string) time.Duration {
	o.mu.Lock()
	o.sent++
	nth := o.asks[query]
	o.asks[query]++
	o.mu.Unlock()
	h := fnv.New64a()
	h.Write([]byte(query))
	random := rand.New(rand.NewPCG(o.seed^h.Sum64(), uint64(nth)))
	took := float64(medianOf(query)) * math.Exp(originSpread*random.NormFloat64())
	return min(max(time.Duration(took), originFloor), originCap)
}

func medianOf(query string) time.Duration {
	switch {
	case strings.HasPrefix(query, "SHOW"), strings.Contains(query, "keyset("):
		return metadataMedian
	case strings.HasPrefix(query, "SELECT *"), strings.Contains(query, "TIMESERIES"):
		return dearMedian
	}
	return cheapMedian
}

func (o *origin) queries() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sent
}
