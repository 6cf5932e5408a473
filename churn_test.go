//go:build unix

package state

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/internal/redistest"
)

var churnTime = flag.Duration("churn", 2*time.Second, "how long TestChurn goes on")

const (
	churnUnverified = 2 * time.Second
	// churnStaleness is for how long a result may be served after it was invalidated
	// elsewhere: what is unverified may be, from when silence is noticed, for which
	// there is room here on a machine that is busy.
	churnStaleness = churnUnverified + 10*time.Second
)

// truth is what the origin knows: of each key, when it got each version.
type truth struct {
	mu       sync.Mutex
	versions map[int][]time.Time // INVARIANT: guarded by mu.
}

func (o *truth) change(key int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.versions[key] = append(o.versions[key], time.Now())
}

func (o *truth) version(key int) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return int64(len(o.versions[key]))
}

// wrongFor says for how long a version has not been the latest.
func (o *truth) wrongFor(key int, version int64) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if version >= int64(len(o.versions[key])) {
		return 0
	}
	return time.Since(o.versions[key][version])
}

const churnKeys, churnTags = 96, 3

func churnTag(key int) Tag { return NamedTag(1, fmt.Sprint(key%churnTags)) }

// read fetches a key's version. A load takes a while.
func (m *member) read(ctx context.Context, o *truth, key int) (Result[report], error) {
	return m.c.FetchWithTerms(ctx, keyOf(m.t, key), func(ctx context.Context) (report, Terms, error) {
		version := o.version(key)
		err := clock.Sleep(ctx, rand.N(30*time.Millisecond)) // long enough to be overtaken often
		return report{Count: version}, Terms{Tags: []Tag{churnTag(key)}}, err
	})
}

// change changes a key, or every key of a tag, and says so.
func (m *member) change(o *truth, key int, byTag bool) {
	if !byTag {
		o.change(key)
		m.c.Delete(keyOf(m.t, key))
		return
	}
	for other := key % churnTags; other < churnKeys; other += churnTags {
		o.change(other)
	}
	m.st.Invalidate(churnTag(key))
}

// Three instances, one of them behind a proxy, fetch and invalidate the same keys
// while everything that can happen to Redis does. Nobody is served what has been wrong
// for longer than it takes to find out; and when all is well again, nothing wrong is
// called Full.
func TestChurn(t *testing.T) {
	s := redistest.Start(t, redistest.Options{Persistent: true})
	proxy := redistest.NewProxy(t, s.Addr())
	short := func(c *Config) {
		c.RedisWait, c.RedisMaxUnverified = 50*time.Millisecond, churnUnverified
	}
	members := []*member{joined(t, s.URL(), short), joined(t, s.URL(), short), joined(t, "redis://"+proxy.Addr(), short)}
	o := &truth{versions: make(map[int][]time.Time)}
	ctx, cancel := context.WithTimeout(t.Context(), *churnTime)
	defer cancel()
	// In the last quarter nothing happens that has caches compare everything, so that
	// what was kept wrongly is there at the end.
	calm, end := context.WithTimeout(ctx, *churnTime*3/4)
	defer end()
	var running sync.WaitGroup
	for _, m := range members {
		for range 16 {
			running.Go(func() { m.readOn(ctx, o) })
		}
		running.Go(func() {
			for clock.Sleep(ctx, time.Duration(1+rand.IntN(12))*time.Millisecond) == nil {
				m.change(o, rand.IntN(churnKeys), calm.Err() == nil && rand.IntN(30) == 0)
			}
		})
	}
	redistest.Trouble(calm, s, proxy, "state:ledger")
	running.Wait()
	settle(t, members)
	for key := range churnKeys {
		for at, m := range members {
			redistest.Await(t, "it is fresh", func() bool {
				res, err := m.read(t.Context(), o, key)
				if want := o.version(key); err == nil && res.Quality == Full && res.Value.Count != want {
					t.Fatalf("instance %d serves version %d of %d as full, and %d is current", at, res.Value.Count, key, want)
				}
				return err == nil && res.Quality == Full
			})
		}
	}
	for at, m := range members {
		m.wantNothingLeft(at)
	}
}

// readOn reads keys until ctx ends.
func (m *member) readOn(ctx context.Context, o *truth) {
	for clock.Sleep(ctx, rand.N(time.Millisecond)) == nil { // or hits take the whole machine
		key := rand.IntN(churnKeys)
		res, err := m.read(m.t.Context(), o, key)
		if err != nil {
			m.t.Errorf("Fetch: %v", err)
			return
		}
		if wrong := o.wrongFor(key, res.Value.Count); wrong > churnStaleness {
			m.t.Errorf("version %d of %d was served %v after it had changed", res.Value.Count, key, wrong)
			return
		}
	}
}

// settle waits until everybody has heard everything.
func settle(t *testing.T, members []*member) {
	t.Helper()
	for _, m := range members {
		m.awaitLive()
	}
	for at, m := range members {
		redistest.Await(t, "everything is written", func() bool {
			s := m.st.Health().Redis.Stats
			return s.DirtyEntries+s.DirtyInFlight+s.Invalidations == 0
		})
		last := keyOf(t, "end", at)
		for _, other := range members {
			redistest.Await(t, "everybody has heard everything", func() bool {
				if other == m {
					return true
				}
				other.fetch(last, "last")
				kept := other.quality(last) == Full
				m.c.Delete(last)
				redistest.Await(t, "the end is heard", func() bool { return other.quality(last) != Full })
				return kept
			})
		}
	}
}

// wantNothingLeft fails where something is left of what is over.
func (m *member) wantNothingLeft(at int) {
	m.t.Helper()
	redistest.Await(m.t, "no fill is left", func() bool { return m.st.Health().Redis.Stats.FillsOpen == 0 })
	fs := m.c.flights
	fs.mu.Lock()
	indexed, flying := len(fs.sharing.index.keys), len(fs.current)
	fs.mu.Unlock()
	if most := 3 * (churnKeys + 10); indexed > most || flying > 0 {
		m.t.Errorf("instance %d: %d keys in the index, %d flights", at, indexed, flying)
	}
	st := m.st.Health().Redis.Stats
	c := m.c.Stats()
	m.t.Logf("instance %d: %d hits, %d stale, %d shared, %d loads, %d fenced; Redis: %d hits, %d misses, %d outdated, %d fills refused, %d gaps, %d writes",
		at, c.Hits, c.Stale, c.Shared, c.Loads, c.Fenced, st.Hits, st.Misses, st.Outdated, st.FillsRefused, st.Gaps, st.Writes)
}
