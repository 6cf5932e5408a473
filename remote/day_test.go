//go:build unix

package remote

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/redistest"
)

var dayLength = flag.Duration("day", 20*time.Minute, "how much of a day's work TestADayLeavesNothingBehind does")

// What two instances do in a minute. NRDB allows 3,000 queries a minute to an account, and
// no deployment comes near.
const (
	dayLoads   = 200 // of keys of which every other is new
	dayStrikes = 20  // invalidations by key
	dayTags    = 2   // by a tag that was never there before
	dayJobs    = 20
	// What happens to Redis.
	dayKill    = 10 // a connection is lost, in minutes
	dayStall   = 15 // it does not answer
	dayFull    = 45 // there is no room
	dayRestart = 60
	dayFlush   = 360
)

// nobody is a listener that holds nothing.
type nobody struct{}

func (nobody) InvalidateKey(string)    {}
func (nobody) InvalidateTags([]string) {}
func (nobody) Gap()                    {}
func (nobody) Verified()               {}

// day is two instances at work.
type day struct {
	t     *testing.T
	s     *redistest.Server
	tiers []*Tier
}

// holdings are what a tier has that could pile up.
type holdings struct {
	connections, goroutines int
	heapBytes               uint64
}

// minute is a minute's work, done as fast as it can be.
func (d *day) minute(n int) {
	var all sync.WaitGroup
	for at, tier := range d.tiers {
		all.Go(func() {
			for i := range dayLoads / len(d.tiers) {
				key := fmt.Sprint("k", n*dayLoads+i&^1)
				d.load(tier, key, fmt.Sprint("tag", i%10))
				if i%(dayLoads/dayStrikes) == 0 {
					tier.Invalidate([]string{key}, nil)
				}
			}
			for i := range dayTags {
				tier.Invalidate(nil, []string{fmt.Sprint("once ", n, at, i)})
			}
			for i := range dayJobs {
				_ = tier.Deliver(fmt.Sprint("job ", n, i), func(ctx context.Context, c *Conn) error {
					return c.Publish(ctx, "topic", "payload")
				})
			}
		})
	}
	all.Wait()
}

// load is a miss: Redis is asked, and what the origin says is written.
func (d *day) load(tier *Tier, key, tag string) {
	fill := tier.BeginFill(key)
	defer fill.End()
	ctx, cancel := context.WithTimeout(d.t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, found, _ := tier.Get(ctx, fill); found {
		return
	}
	if release, acquired, err := tier.Lease(ctx, key, time.Second); err == nil && acquired {
		defer release()
	}
	f := frameOf("a value", tag)
	f.SoftDeadline, f.HardDeadline = f.WrittenAt.Add(time.Second), f.WrittenAt.Add(2*time.Second) // a day is short
	if _, err := tier.Put(fill, f); err != nil {
		d.t.Errorf("Put: %v", err)
	}
}

// trouble is what happens to Redis in a minute.
func (d *day) trouble(n int) {
	if n%dayKill == dayKill-1 {
		_, _ = d.s.Do("CLIENT", "KILL", "TYPE", "pubsub")
		_, _ = d.s.Do("CLIENT", "KILL", "TYPE", "normal")
	}
	if n%dayStall == dayStall-1 {
		d.s.Stop()
		for _, tier := range d.tiers {
			d.load(tier, fmt.Sprint("stalled ", n), "tag")
		}
		d.s.Continue()
	}
	if n%dayRestart == dayRestart-1 {
		d.s.Restart()
	}
	if n%dayFlush == dayFlush-1 {
		_, _ = d.s.Do("FLUSHALL")
	}
	if n%dayFull == 1 {
		_, _ = d.s.Do("CONFIG", "SET", "maxmemory", "1")
	}
}

// holdings waits until nothing is under way, and sees what is left. That nothing waits,
// and one server is heard, has to be so each time. Echoes of what was written in a gap
// never come, until the next gap: a batch or two of them.
func (d *day) holdings() (h holdings) {
	d.t.Helper()
	for _, tier := range d.tiers {
		var left string
		d.await(func() bool {
			s := tier.Health().Stats
			left = fmt.Sprintf("live %t, %d fills, %d values, %d invalidations, %d jobs, %d batches of echoes, %d requests, %d servers", tier.Live(),
				s.FillsOpen, s.DirtyEntries+s.DirtyInFlight, s.Invalidations, s.Jobs, tier.echoes.len()/(2*batchEntries), len(tier.inFlight), tier.trackers.count())
			return left == "live true, 0 fills, 0 values, 0 invalidations, 0 jobs, 0 batches of echoes, 0 requests, 1 servers"
		}, &left)
	}
	list, _ := d.s.MustDo("CLIENT", "LIST").(string)
	h.connections = strings.Count(list, "\n")
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h.goroutines, h.heapBytes = runtime.NumGoroutine(), m.HeapAlloc
	return h
}

func (d *day) await(holds func() bool, left *string) {
	d.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("something is left: %s", *left)
		}
	}
}

// A day's work, in as little time as it takes, leaves nothing behind: what the tier holds
// after the last tenth is what it held after the first.
func TestADayLeavesNothingBehind(t *testing.T) {
	d := &day{t: t, s: redistest.Start(t, redistest.Options{})}
	for range 2 {
		tier, err := Open(Options{URL: URL(d.s.URL()), KeyPrefix: "t:", MaxRetries: -1}, nobody{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := tier.Close(); err != nil && !errors.Is(err, ErrAway) {
				t.Error(err)
			}
		})
		d.tiers = append(d.tiers, tier)
		redistest.Await(t, "it is live", tier.Live)
	}
	minutes := max(int(dayLength.Minutes()), 10)
	var seen []holdings
	for n := range minutes {
		d.trouble(n)
		for _, tier := range d.tiers {
			redistest.Await(t, "it is live", tier.Live)
		}
		d.minute(n)
		_, _ = d.s.Do("CONFIG", "SET", "maxmemory", "0")
		if (n+1)*10/minutes > n*10/minutes {
			seen = append(seen, d.holdings())
		}
	}
	first, last := seen[0], seen[len(seen)-1]
	for at, tier := range d.tiers {
		s := tier.Health().Stats
		t.Logf("instance %d: %d hits, %d misses, %d writes, %d refused, %d dropped, %d gaps, epoch %d", at,
			s.Hits, s.Misses, s.Writes, s.WritesRefused, s.WritesDropped, s.Gaps, tier.ledger.Load().epoch.Load())
	}
	t.Logf("%d minutes: after each tenth %+v", minutes, seen)
	if last.connections > first.connections+2 {
		t.Errorf("%d connections, then %d", first.connections, last.connections)
	}
	if last.goroutines > first.goroutines+10 { // the client has some that end later
		t.Errorf("%d goroutines, then %d", first.goroutines, last.goroutines)
	}
	if last.heapBytes > first.heapBytes+first.heapBytes/10+1<<20 {
		t.Errorf("a heap of %d bytes, then of %d", first.heapBytes, last.heapBytes)
	}
}
