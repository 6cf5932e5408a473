//go:build unix

package redis

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/bench/report"
	"github.com/uds-platform/state/bench/stat"
	"github.com/uds-platform/state/internal/redistest"
)

const (
	instances = 3
	// loadTime is what NRDB takes for the query that all want.
	loadTime = 200 * time.Millisecond
)

// stampedes are of callers on three instances who all want the same result, which none
// of them has: how many loads they cost, and how much longer than one load anybody
// waits.
func stampedes(ctx context.Context, s *stage, p Plan) (report.Table, error) {
	t := report.Table{Name: "redis-stampedes", Columns: []string{
		"case", "instances", "callers", "stampedes", "loads_median", "loads_most", "wait_p50_ms", "wait_worst_ms", "load_ms",
	}}
	server := redistest.Start(s, redistest.Options{})
	var herd []instance
	for range instances {
		herd = append(herd, s.open(ctx, server))
	}
	for _, c := range []struct {
		name  string
		begin func()
	}{
		{"Redis live", func() {}},
		{"Redis stopped, just now", server.Stop},
		{"Redis stopped, and known to be", func() {
			for _, i := range herd {
				i.awaitStore(s, state.StoreMemory)
			}
		}},
		{"Redis down", func() { server.Continue(); server.Shutdown() }},
	} {
		c.begin()
		var loads, waits []float64
		times := p.Stampedes
		if c.name == "Redis stopped, just now" {
			times = 1 // they would know by the second
		}
		for n := range times {
			l, w, err := stampede(ctx, herd, s.keyOf(c.name, n), p.Callers)
			if err != nil {
				return report.Table{}, err
			}
			loads, waits = append(loads, l), append(waits, w...)
		}
		t.Add(c.name, instances, instances*p.Callers, times, stat.Quantile(loads, 0.5), stat.Quantile(loads, 1),
			report.Fixed(stat.Quantile(waits, 0.5), 1), report.Fixed(stat.Quantile(waits, 1), 1), loadTime.Milliseconds())
	}
	return t, nil
}

// stampede returns how many loads it cost, and how many milliseconds each caller
// waited.
func stampede(ctx context.Context, herd []instance, key state.Key, callers int) (loads float64, waits []float64, err error) {
	var loaded atomic.Int64
	var mu sync.Mutex
	var all sync.WaitGroup
	start := make(chan struct{})
	for _, i := range herd {
		for range callers {
			all.Go(func() {
				<-start
				began := time.Now()
				_, failed := i.cache.Fetch(ctx, key, func(context.Context) (answer, error) {
					loaded.Add(1)
					time.Sleep(loadTime)
					return answerOf("x"), nil
				})
				mu.Lock()
				defer mu.Unlock()
				err = errors.Join(err, failed)
				waits = append(waits, nanoseconds(began, 1)/1e6)
			})
		}
	}
	close(start)
	all.Wait()
	return float64(loaded.Load()), waits, err
}
