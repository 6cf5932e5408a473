package peers

import (
	"strconv"
	"testing"
	"time"

	"github.com/uds-platform/state/bench/contest"
)

// Every adapter passes the same tests, as far as its features go. What a cache
// puts off is waited for by polling, since not each offers to wait.

const patience = 15 * time.Second

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Errorf("%s: not after %v", what, patience)
}

func TestEveryPeerDoesWhatTheContestAsks(t *testing.T) {
	t.Run("strings", func(t *testing.T) {
		for _, p := range Strings() {
			conform(t, p, func(i int) string { return "account:1234567:schema:event-type-" + strconv.Itoa(1_000_000+i) })
		}
	})
	t.Run("integers", func(t *testing.T) {
		for _, p := range Integers() {
			if !p.Features.IntegerKeys {
				t.Errorf("%s is among the integers and says that it takes none", p.Name)
			}
			conform(t, p, func(i int) uint64 { return uint64(i) * 0x9e3779b97f4a7c15 })
		}
	})
}

func conform[K contest.Key](t *testing.T, p contest.Peer[K], key func(int) K) {
	if p.Name == contest.Empty {
		return
	}
	t.Run(p.Name, func(t *testing.T) {
		t.Run("holds what was set", func(t *testing.T) { holds(t, p, key) })
		t.Run("stays within its capacity", func(t *testing.T) { staysBounded(t, p, key) })
	})
}

// opened returns a cache for the task, or nil where the peer lacks something.
func opened[K contest.Key](t *testing.T, p contest.Peer[K], task contest.Task) contest.Cache[K] {
	t.Helper()
	if p.Features.Lacks(task) != "" {
		return nil
	}
	c, err := p.New(task.Options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func holds[K contest.Key](t *testing.T, p contest.Peer[K], key func(int) K) {
	for _, statistics := range []bool{false, true} {
		c := opened(t, p, contest.Task{Options: contest.Options{Capacity: 1000, EntryBytes: 50, Statistics: statistics}})
		if _, ok := c.Get(key(1)); ok {
			t.Fatal("an empty cache has a value")
		}
		c.Set(key(1), 11)
		c.Settle()
		eventually(t, "a Set is seen", func() bool { v, ok := c.Get(key(1)); return ok && v == 11 })
		c.Set(key(1), 12)
		c.Settle()
		eventually(t, "an update is seen", func() bool { v, ok := c.Get(key(1)); return ok && v == 12 })
		eventually(t, "there is one entry", func() bool { return c.Len() == 1 })
		c.Delete(key(1))
		c.Settle()
		eventually(t, "a Delete is seen", func() bool { _, ok := c.Get(key(1)); return !ok })
		eventually(t, "there is none left", func() bool { return c.Len() == 0 })
	}
}

// expiring is an entry that has been set and should go.
type expiring struct {
	name string
	gone func() bool
}

func TestEveryPeerWithATTLExpiresEntriesAndNotAtOnce(t *testing.T) {
	waiting := append(expiringIn(t, Strings(), "a key"), expiringIn(t, Integers(), uint64(42))...)
	if len(waiting) < 12 {
		t.Fatalf("only %d peers expire", len(waiting))
	}
	for _, e := range waiting {
		eventually(t, e.name+" expires", e.gone)
	}
}

func expiringIn[K contest.Key](t *testing.T, all []contest.Peer[K], key K) (waiting []expiring) {
	for _, p := range all {
		if p.Name == contest.Empty {
			continue
		}
		c := opened(t, p, contest.Task{Options: contest.Options{Capacity: 1000, EntryBytes: 50, TTL: 2 * time.Second}})
		if c == nil {
			continue
		}
		start := time.Now()
		c.Set(key, 11)
		c.Settle()
		if _, ok := c.Get(key); !ok && time.Since(start) < time.Second {
			t.Errorf("%s: expired before a second of its two had passed", p.Name)
		}
		waiting = append(waiting, expiring{p.Name, func() bool { _, ok := c.Get(key); return !ok }})
	}
	return waiting
}

func staysBounded[K contest.Key](t *testing.T, p contest.Peer[K], key func(int) K) {
	const entryBytes = 50
	capacity := max(2000, p.Features.LeastBytes/entryBytes)
	c := opened(t, p, contest.Task{Options: contest.Options{Capacity: capacity, EntryBytes: entryBytes}, Evicts: true})
	if c == nil {
		return
	}
	for i := range 3 * capacity {
		c.Set(key(i), uint64(i))
		if i%64 == 0 {
			c.Settle()
		}
	}
	c.Settle()
	most := capacity
	if p.Features.Bound == contest.Bytes {
		// It rounds its size up.
		most = capacity * 3 / 2
	}
	eventually(t, "the cache is within its capacity", func() bool { return c.Len() <= most })
	if got := c.Len(); got < capacity/2 {
		t.Errorf("%d entries after %d different Sets with room for %d", got, 3*capacity, capacity)
	}
}

func TestPeersHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Strings() {
		if seen[p.Name] {
			t.Errorf("two peers are called %s", p.Name)
		}
		seen[p.Name] = true
		if found, err := Find(Strings(), p.Name); err != nil || found.Name != p.Name {
			t.Errorf("Find %s: %v, %v", p.Name, found.Name, err)
		}
	}
	if _, err := Find(Strings(), "no such cache"); err == nil {
		t.Error("Find found what isn't there")
	}
}
