package inspect

import (
	"context"
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/uds-platform/state"
)

// History remembers what was counted over the last while, in a ring of samples.
//
// The State counts and does not remember; over time, effectiveness is the
// difference of two readings. A sample is taken when somebody looks, at most every
// SampleInterval: a process that nobody watches pays nothing and needs no
// goroutine, and since counters only grow, nothing between two samples is lost but
// when it happened. Whoever wants to know afterwards when, runs Run, which takes
// one every interval; that costs some microseconds every 5 s.
//
// The ring holds an hour at that rate. What is older belongs into a time series
// database: see package telemetry.
//
// All methods are safe for concurrent use.
type History struct {
	source Source
	meter  *Meter
	now    func() time.Time

	mu sync.Mutex
	// INVARIANT: guarded by mu, as is what follows. Oldest first; at most
	// mostSamples.
	samples []sample
	// last is what the meter said at the last sample.
	last *measured
}

const (
	// SampleInterval is the least time between two samples.
	SampleInterval = 5 * time.Second
	mostSamples    = 720
	// mostSampledKinds bounds what a sample holds.
	mostSampledKinds = 64
)

// sample is what was known at one time. Counters are since the start.
type sample struct {
	at        time.Time
	kinds     []state.KindStats // by name
	shares    map[string]float64
	loaded    uint64        // queries that NRDB was sent
	loadTime  time.Duration // and how long they took together
	p50, p99  time.Duration // of those since the sample before; 0 for none
	heapBytes uint64
	routines  int
}

// NewHistory makes an empty History of a source, and of what a Meter has measured,
// which may be nil. The error matches ErrOptions.
func NewHistory(source Source, meter *Meter) (*History, error) {
	if source == nil {
		return nil, fmt.Errorf("%w: the source is nil; want a *state.State or the like", ErrOptions)
	}
	return newHistory(source, meter, time.Now), nil
}

func newHistory(source Source, meter *Meter, now func() time.Time) *History {
	return &History{source: source, meter: meter, now: now}
}

// Run takes a sample every SampleInterval until ctx ends, whether somebody looks or
// not, and returns.
func (h *History) Run(ctx context.Context) {
	ticker := time.NewTicker(SampleInterval)
	defer ticker.Stop()
	for {
		h.observe()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// observe takes a sample where the last one is old enough. A ticker may come a
// little early.
func (h *History) observe() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	if n := len(h.samples); n > 0 && now.Sub(h.samples[n-1].at) < SampleInterval*9/10 {
		return
	}
	if len(h.samples) == mostSamples {
		copy(h.samples, h.samples[1:])
		h.samples = h.samples[:mostSamples-1]
	}
	h.samples = append(h.samples, h.take(now))
}

// take reads everything. h.mu must be held.
func (h *History) take(now time.Time) sample {
	s := sample{at: now, kinds: h.source.Health().Kinds, shares: h.source.WindowShares(), routines: runtime.NumGoroutine(), heapBytes: heapBytes()}
	s.kinds = s.kinds[:min(len(s.kinds), mostSampledKinds)]
	if measured := h.meter.read(); measured != nil {
		s.loaded, s.loadTime = measured.queries(), measured.took
		since := measured.minus(h.last)
		s.p50, s.p99 = since.quantile(0.5), since.quantile(0.99)
		h.last = measured
	}
	return s
}

// read returns the samples, oldest first. They are shared and never change.
func (h *History) read() []sample {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]sample(nil), h.samples...)
}

// heapBytes is what the process's heap holds, garbage included.
func heapBytes() uint64 {
	read := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(read)
	return read[0].Value.Uint64()
}
