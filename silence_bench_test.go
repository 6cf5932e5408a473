//go:build unix

package state

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/redistest"
)

// silences are the ways in which Redis may not answer, and what ends them.
func silences(s *redistest.Server, proxy *redistest.Proxy) map[string]func() {
	return map[string]func(){
		"stopped":               s.Stop,
		"black hole":            func() { proxy.Set(redistest.Blackhole) },
		"black hole, replies":   func() { proxy.Set(redistest.BlackholeReplies) },
		"black hole, requests":  func() { proxy.Set(redistest.BlackholeRequests) },
		"connections refused":   func() { proxy.Set(redistest.Refuse) },
		"answers as it used to": func() {},
	}
}

// overshoot has callers fetch what nobody has, with contexts of 1 to 150 ms, and loads
// that take longer; it returns by how much each outstayed its context.
func overshoot(b *testing.B, m *member, callers int) (late []time.Duration) {
	var mu sync.Mutex
	var next atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			var own []time.Duration
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					break
				}
				ctx, cancel := context.WithTimeout(b.Context(), time.Millisecond+rand.N(150*time.Millisecond))
				deadline, _ := ctx.Deadline()
				_, err := m.c.Fetch(ctx, keyOf(b, b.Name(), b.N, n), func(ctx context.Context) (report, error) {
					<-ctx.Done() // as a query that takes a minute
					return report{}, ctx.Err()
				})
				own = append(own, time.Since(deadline))
				cancel()
				if !errors.Is(err, context.DeadlineExceeded) {
					b.Errorf("error %v, want that of the caller's context", err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			late = append(late, own...)
		})
	}
	all.Wait()
	return late
}

// BenchmarkCallersLeaveInTime is by how much callers outstay their contexts while Redis
// does not answer.
func BenchmarkCallersLeaveInTime(b *testing.B) {
	s := redistest.Start(b, redistest.Options{})
	proxy := redistest.NewProxy(b, s.Addr())
	m := joined(b, "redis://"+proxy.Addr(), func(c *Config) { c.RedisWait = 50 * time.Millisecond })
	for name, begin := range silences(s, proxy) {
		b.Run(name, func(b *testing.B) {
			m.t = b
			m.awaitLive()
			begin()
			defer s.Continue()
			defer proxy.Set(redistest.Pass)
			late := overshoot(b, m, 64)
			slices.Sort(late)
			for name, share := range map[string]float64{"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "worst": 1} {
				b.ReportMetric(float64(late[int(share*float64(len(late)-1))].Microseconds()), name+"-late-us")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// Every caller leaves with their own context's error, however Redis is silent, and
// although they would wait for it for long: it is silent still when all have left.
func TestCallersLeaveWithTheirContexts(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	proxy := redistest.NewProxy(t, s.Addr())
	for name, begin := range silences(s, proxy) {
		m := joined(t, "redis://"+proxy.Addr(), func(c *Config) { c.RedisWait = 10 * time.Second })
		begin()
		release := make(chan struct{})
		var all sync.WaitGroup
		for n := range 200 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+n%100)*time.Millisecond)
				defer cancel()
				_, err := m.c.Fetch(ctx, keyOf(t, name, n%50), func(context.Context) (report, error) {
					<-release // it ignores its context
					return report{}, nil
				})
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: error %v, want that of the caller's context", name, err)
				}
			})
		}
		all.Wait()
		redistest.Await(t, "nobody waits", func() bool { return m.c.flights.waiting() == 0 })
		close(release)
		s.Continue()
		proxy.Set(redistest.Pass)
	}
}
