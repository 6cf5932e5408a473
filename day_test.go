//go:build unix

package state

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/redistest"
	"github.com/uds-platform/state/session"
)

var dayLength = flag.Duration("day", 10*time.Minute, "how much of a day's work TestADayLeavesNothingBehind does")

// What an instance does in a minute, hits apart, which leave no trail.
const (
	dayFetches  = 100 // that are no hits for the most part
	dayDeletes  = 10
	dayTags     = 2 // invalidations by a tag that was never there before
	dayChanges  = 50
	daySessions = 10
	dayResults  = 500 // that are kept
	// What happens to Redis.
	dayKill    = 10 // a connection is lost, in minutes
	dayRestart = 60
	dayFlush   = 360
)

// day is two instances at work.
type day struct {
	t        *testing.T
	s        *redistest.Server
	members  []*member
	sessions []session.Handle
}

func (d *day) minute(n int) {
	var all sync.WaitGroup
	for at, m := range d.members {
		all.Go(func() {
			for i := range dayFetches {
				// Old keys are asked for again, most often the latest.
				key := keyOf(d.t, max(0, n*dayFetches+i-int(rand.ExpFloat64()*dayResults/2)))
				m.fetch(key, "a report", NamedTag(1, fmt.Sprint(i%10)))
				if i%(dayFetches/dayDeletes) == 0 {
					m.c.Delete(key)
				}
			}
			for i := range dayTags {
				m.st.Invalidate(NamedTag(1, fmt.Sprint("once ", n, at, i)))
			}
			d.schema(m, n)
			for i := range dayChanges {
				d.change(m, d.sessions[i%len(d.sessions)], n)
			}
		})
	}
	all.Wait()
}

// schema observes a schema, which changes every hour.
func (d *day) schema(m *member, n int) {
	m.st.ObserveSchema(1, fmt.Sprint("Event", n%50), fmt.Sprint("as of hour ", n/60))
}

func (d *day) change(m *member, handle session.Handle, n int) {
	_, err := m.st.Sessions().Update(d.t.Context(), alice, handle, func(draft *session.Draft) error {
		if err := draft.Set("step", int64(n)); err != nil {
			return err
		}
		return draft.Record(session.Call{Tool: "query", EventType: fmt.Sprint("Event", n%50), Source: session.Hit})
	})
	if err != nil {
		d.t.Errorf("Update: %v", err)
	}
}

func (d *day) trouble(n int) {
	if n%dayKill == dayKill-1 {
		_, _ = d.s.Do("CLIENT", "KILL", "TYPE", "pubsub")
		_, _ = d.s.Do("CLIENT", "KILL", "TYPE", "normal")
	}
	if n%dayRestart == dayRestart-1 {
		d.s.Restart()
	}
	if n%dayFlush == dayFlush-1 {
		_, _ = d.s.Do("FLUSHALL")
	}
}

// heldThings are what could pile up.
type heldThings struct {
	indexed, results, goroutines int
	heapBytes                    uint64
}

// held waits until nothing is under way, and sees what is left.
func (d *day) held() (h heldThings) {
	d.t.Helper()
	for _, m := range d.members {
		redistest.Await(d.t, "nothing is under way", func() bool {
			s := m.st.Health().Redis.Stats
			m.c.flights.mu.Lock()
			flying := len(m.c.flights.current)
			h.indexed = max(h.indexed, len(m.c.flights.sharing.index.keys))
			m.c.flights.mu.Unlock()
			h.results = max(h.results, m.c.Len())
			return m.st.shared.tier.Live() &&
				flying+s.FillsOpen+s.DirtyEntries+s.DirtyInFlight+s.Invalidations+s.Jobs == 0
		})
	}
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	h.goroutines, h.heapBytes = runtime.NumGoroutine(), stats.HeapAlloc
	return h
}

// A day's work of two instances, in as little time as it takes, leaves nothing behind:
// what there is after the last tenth is what there was after the first.
func TestADayLeavesNothingBehind(t *testing.T) {
	d := &day{t: t, s: redistest.Start(t, redistest.Options{})}
	for range 2 {
		m := joined(t, d.s.URL(), func(c *Config) { c.RedisWait = 50 * time.Millisecond })
		var err error
		if m.c, err = NewCache[report](m.st, Kind{
			Name: "day", TTL: 2 * time.Second, StaleFor: 2 * time.Second, MaximumSize: dayResults, // a day is short
		}); err != nil {
			t.Fatal(err)
		}
		d.members = append(d.members, m)
	}
	awaitShared(t, d.members[0].st, d.members[1].st)
	for range daySessions {
		s := makeSession(t, d.members[0].st)
		d.sessions = append(d.sessions, s.Handle())
		awaitValue(t, d.members[1].st, s.Handle(), "", nil)
		for range 300 { // until its timeline is full
			d.change(d.members[0], s.Handle(), 0)
		}
	}
	minutes := max(int(dayLength.Minutes()), 10)
	var seen []heldThings
	for n := range minutes {
		d.trouble(n)
		for _, m := range d.members {
			m.awaitLive()
		}
		d.minute(n)
		if (n+1)*10/minutes > n*10/minutes {
			seen = append(seen, d.held())
		}
	}
	t.Logf("%d minutes: after each tenth %+v", minutes, seen)
	first, last := seen[len(seen)/2], seen[len(seen)-1] // all kinds of keys are there by then
	if minutes >= 100 {
		first = seen[0]
	}
	if most := 2*dayResults + 100; last.indexed > most {
		t.Errorf("%d keys in the index for %d results", last.indexed, last.results)
	}
	// Leases are given back some time after, and the client has goroutines that end later.
	redistest.Await(t, fmt.Sprintf("of %d goroutines there are no more than %d", last.goroutines, first.goroutines+10), func() bool {
		return runtime.NumGoroutine() <= first.goroutines+10
	})
	heapBytes := last.heapBytes // the least of three, since a lost connection's buffers go later
	for _, h := range seen[len(seen)-3:] {
		heapBytes = min(heapBytes, h.heapBytes)
	}
	if heapBytes > first.heapBytes+first.heapBytes/10+1<<20 {
		t.Errorf("a heap of %d bytes, then of %d", first.heapBytes, heapBytes)
	}
}
