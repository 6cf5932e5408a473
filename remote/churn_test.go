//go:build unix

package remote

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/redistest"
)

var churnTime = flag.Duration("churn", 2*time.Second, "how long TestChurn goes on")

// allowedStaleness is for how long after an invalidation an instance may serve what it
// had, where its connection is silently dead: until it finds out. What that takes is
// in the client's times, see address.go; here is room for a machine that is busy.
const allowedStaleness = 10 * time.Second

// origin is what is true: of each key, when it got each version.
type origin struct {
	mu       sync.Mutex
	versions map[string][]time.Time // INVARIANT: guarded by mu.
}

func (o *origin) change(key string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.versions[key] = append(o.versions[key], time.Now())
}

func (o *origin) load(key string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strconv.Itoa(len(o.versions[key]))
}

// wrongFor says for how long the value has been wrong.
func (o *origin) wrongFor(key, value string) time.Duration {
	version, err := strconv.Atoi(value)
	if err != nil {
		return time.Hour
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if version >= len(o.versions[key]) {
		return 0
	}
	return time.Since(o.versions[key][version])
}

// serve answers as an embedder would: from memory, from Redis, or from the origin.
func (i *instance) serve(ctx context.Context, o *origin, key, tag string) string {
	if value, ok := i.has(key); ok {
		return value
	}
	fill := i.BeginFill(key)
	defer fill.End()
	if f, found, err := i.Get(ctx, fill); err == nil && found {
		sleep(ctx, rand.N(5*time.Millisecond)) // it is decoded, on a busy machine
		i.keep(fill, string(f.Payload))
		return string(f.Payload)
	}
	value := o.load(key)
	sleep(ctx, rand.N(5*time.Millisecond))
	i.keep(fill, value)
	i.put(fill, value, tag)
	return value
}

// Three instances, one of them behind a proxy, read and change the same keys while
// everything that can happen to Redis does. Nobody serves what is wrong for longer
// than it takes to find out, and when all is well again, nobody serves anything
// wrong at all.
func TestChurn(t *testing.T) {
	const keys, tags = 24, 3
	s := redistest.Start(t, redistest.Options{Persistent: true})
	proxy := redistest.NewProxy(t, s.Addr())
	wait := func(o *Options) { o.Wait = 50 * time.Millisecond }
	instances := []*instance{live(t, s.URL(), wait), live(t, s.URL(), wait), live(t, "redis://"+proxy.Addr(), wait)}
	o := &origin{versions: make(map[string][]time.Time)}
	key := func(n int) (string, string) { return fmt.Sprint("k", n), fmt.Sprint("tag", n%tags) }
	ctx, cancel := context.WithTimeout(t.Context(), *churnTime)
	defer cancel()
	// In the last quarter nothing happens that has a cache forget everything, so that
	// what was kept wrongly is there at the end.
	calm, end := context.WithTimeout(ctx, *churnTime*3/4)
	defer end()
	var running sync.WaitGroup
	for _, i := range instances {
		for range 2 {
			running.Go(func() {
				for ctx.Err() == nil {
					k, tag := key(rand.IntN(keys))
					if wrong := o.wrongFor(k, i.serve(t.Context(), o, k, tag)); wrong > allowedStaleness {
						t.Errorf("%s was served %v after it had changed", k, wrong)
						return
					}
				}
			})
		}
		running.Go(func() {
			for sleep(ctx, time.Duration(1+rand.IntN(5))*time.Millisecond) {
				n := rand.IntN(keys)
				k, tag := key(n)
				if rand.IntN(10) > 0 || calm.Err() != nil {
					o.change(k)
					i.InvalidateKey(k)
					i.Invalidate([]string{k}, nil)
					continue
				}
				for other := n % tags; other < keys; other += tags {
					k, _ := key(other)
					o.change(k)
				}
				i.InvalidateTags(nil)
				i.Invalidate(nil, []string{tag})
			}
		})
	}
	redistest.Trouble(calm, s, proxy, "t:ledger")
	running.Wait()
	for _, i := range instances {
		i.awaitLive()
	}
	for _, i := range instances {
		i.awaitFlushed()
		end := fmt.Sprint("end of ", i.origin)
		for _, other := range instances {
			redistest.Await(t, "everybody has heard everything", func() bool {
				i.Invalidate([]string{end}, nil)
				return other == i || other.endedKey(end)
			})
		}
	}
	for n := range keys {
		k, tag := key(n)
		for at, i := range instances {
			if got, want := i.serve(t.Context(), o, k, tag), o.load(k); got != want {
				t.Errorf("instance %d serves version %s of %s, and %s is current", at, got, k, want)
			}
		}
	}
	for at, i := range instances {
		st := i.Health().Stats
		t.Logf("instance %d: %d hits, %d misses, %d outdated, %d fills refused, %d gaps, %d writes, %d refused", at,
			st.Hits, st.Misses, st.Outdated, st.FillsRefused, st.Gaps, st.Writes, st.WritesRefused)
	}
}
