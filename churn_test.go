//go:build unix

package state

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
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
	churnStaleness       = churnUnverified + 10*time.Second
	churnKeys, churnTags = 96, 3
	// Between two looks they churn for a beat. A look is put off where not everybody has
	// heard everything within lookLimit, since there is trouble.
	churnBeat = 100 * time.Millisecond
	lookLimit = 150 * time.Millisecond
)

// truth is what the origin knows: of each key, when it got each version.
type truth struct {
	mu       sync.Mutex
	versions [churnKeys][]time.Time // INVARIANT: guarded by mu, as is loading.
	loading  map[int]int            // by key, the loads under way
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

// load takes a while, in which its answer may become wrong.
func (o *truth) load(ctx context.Context, key int) (int64, error) {
	version := o.version(key)
	o.count(key, 1)
	defer o.count(key, -1)
	return version, clock.Sleep(ctx, rand.N(30*time.Millisecond))
}

func (o *truth) count(key, by int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.loading[key] += by; o.loading[key] == 0 {
		delete(o.loading, key)
	}
}

// victim is a key that somebody is loading, where there is one.
func (o *truth) victim() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	for key := range o.loading {
		return key
	}
	return rand.IntN(churnKeys)
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

func churnTag(key int) Tag { return NamedTag(1, fmt.Sprint(key%churnTags)) }

// churn is three instances, one of them behind a proxy, that fetch and change the same
// keys. Whoever does something holds turn for reading.
type churn struct {
	t        *testing.T
	origin   truth
	members  []*member
	sessions *sessionChurn
	turn     sync.RWMutex

	reads, keys, tags, looks, putOff atomic.Int64
	compared                         int
	longest, longestFull             atomic.Int64 // that something wrong was served, in ns
	stale                            chan string  // what was found, as far as there is room
	troubles                         map[string]int
}

// churned churns for a time, until something stale is found.
func churned(t *testing.T, fenced bool) *churn {
	t.Helper()
	s := redistest.Start(t, redistest.Options{Persistent: true})
	proxy := redistest.NewProxy(t, s.Addr())
	c := &churn{
		t: t, origin: truth{loading: make(map[int]int)}, sessions: newSessionChurn(), stale: make(chan string, 16),
	}
	for _, url := range []string{s.URL(), s.URL(), "redis://" + proxy.Addr()} {
		m := joined(t, url, func(c *Config) {
			c.RedisWait, c.RedisMaxUnverified = 50*time.Millisecond, churnUnverified
		})
		var err error // nobody is to wait for long for another's lease
		m.c, err = NewCache[report](m.st, Kind{Name: "churn", TTL: time.Hour, StaleFor: time.Hour, LoadTimeout: 4 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		m.c.flights.mu.Lock()
		m.c.flights.sharing.fenceRemoved = !fenced
		m.c.flights.mu.Unlock()
		c.members = append(c.members, m)
	}
	awaitShared(t, c.members[0].st, c.members[1].st, c.members[2].st)
	c.run(s, proxy)
	return c
}

func (c *churn) run(s *redistest.Server, proxy *redistest.Proxy) {
	ctx, cancel := context.WithTimeout(c.t.Context(), *churnTime)
	defer cancel()
	// In the last quarter nothing happens that has caches compare everything, so that
	// what was kept wrongly is there at the end.
	calm, end := context.WithTimeout(ctx, *churnTime*3/4)
	defer end()
	var running sync.WaitGroup
	for at, m := range c.members {
		for range 16 {
			running.Go(func() {
				for clock.Sleep(ctx, rand.N(time.Millisecond)) == nil { // or hits take the whole machine
					c.inTurn(func() { c.read(m) })
				}
			})
		}
		running.Go(func() {
			for clock.Sleep(ctx, time.Duration(1+rand.IntN(12))*time.Millisecond) == nil {
				c.inTurn(func() { c.change(m, calm.Err() == nil && rand.IntN(30) == 0) })
			}
		})
		running.Go(func() {
			for clock.Sleep(ctx, time.Duration(1+rand.IntN(10))*time.Millisecond) == nil {
				c.sessions.change(c.t, at, m.st)
			}
		})
	}
	running.Go(func() {
		for clock.Sleep(ctx, churnBeat) == nil {
			c.look(lookLimit)
			if len(c.stale) > 0 {
				cancel()
			}
		}
	})
	c.troubles = redistest.Trouble(calm, s, proxy, "state:ledger")
	running.Wait()
	redistest.Await(c.t, "everybody has heard everything", func() bool { return c.look(5 * time.Second) })
}

func (c *churn) inTurn(f func()) {
	c.turn.RLock()
	defer c.turn.RUnlock()
	f()
}

// fetch fetches a key's version.
func (c *churn) fetch(m *member, key int) (Result[report], error) {
	return m.c.FetchWithTerms(c.t.Context(), keyOf(c.t, key), func(ctx context.Context) (report, Terms, error) {
		version, err := c.origin.load(ctx, key)
		return report{Count: version}, Terms{Tags: []Tag{churnTag(key)}}, err
	})
}

func (c *churn) read(m *member) {
	key := rand.IntN(churnKeys)
	res, err := c.fetch(m, key)
	if err != nil {
		c.t.Errorf("Fetch: %v", err)
		return
	}
	c.reads.Add(1)
	wrong := c.origin.wrongFor(key, res.Value.Count)
	atLeast(&c.longest, int64(wrong))
	if res.Quality == Full {
		atLeast(&c.longestFull, int64(wrong))
	}
	if wrong > churnStaleness {
		c.found("version %d of %d was served %v after it had changed", res.Value.Count, key, wrong)
	}
}

func atLeast(most *atomic.Int64, to int64) {
	for before := most.Load(); to > before && !most.CompareAndSwap(before, to); {
		before = most.Load()
	}
}

// change changes a key that somebody is loading, or every key of a tag, and says so.
func (c *churn) change(m *member, byTag bool) {
	key := c.origin.victim()
	if !byTag {
		c.keys.Add(1)
		c.origin.change(key)
		m.c.Delete(keyOf(c.t, key))
		return
	}
	c.tags.Add(1)
	for other := key % churnTags; other < churnKeys; other += churnTags {
		c.origin.change(other)
	}
	m.st.Invalidate(churnTag(key))
}

func (c *churn) found(format string, args ...any) {
	select {
	case c.stale <- fmt.Sprintf(format, args...):
	default:
	}
}

// look has everybody stop, and hear everything, and compares what each calls Full with
// what is true, and what is in Redis. A result that was kept after it was known to be
// wrong would be there for an hour. It is false where there is trouble.
func (c *churn) look(limit time.Duration) bool {
	c.turn.Lock()
	defer c.turn.Unlock()
	deadline := time.Now().Add(limit)
	if !c.heardAll(deadline) || !c.overtake(deadline) {
		c.putOff.Add(1)
		return false
	}
	c.looks.Add(1)
	for at, m := range c.members {
		for key := range churnKeys {
			if res, ok := m.c.Get(keyOf(c.t, key)); ok && res.Quality == Full {
				c.compare(fmt.Sprint("instance ", at), key, res.Value.Count)
			}
			if version, ok := m.readRedis(keyOf(c.t, key)); ok {
				c.compare(fmt.Sprintf("Redis, as instance %d reads it,", at), key, version)
			}
		}
	}
	return true
}

// overtake has each instance load some keys, another change them meanwhile, and the loads
// end when everybody has heard of that. Nobody loads them again before they are compared:
// a result that is kept although it was overtaken would be there. It is false where there
// is trouble.
func (c *churn) overtake(deadline time.Time) bool {
	var all sync.WaitGroup
	release := make(chan struct{})
	for at, m := range c.members {
		other := c.members[(at+1)%len(c.members)]
		for n := range 5 {
			key := (rand.IntN(churnKeys/15)*5+n)*len(c.members) + at // each is another
			c.origin.change(key)
			m.c.Delete(keyOf(c.t, key))
			loading, fetched := make(chan struct{}), make(chan struct{})
			all.Go(func() {
				defer close(fetched)
				_, _ = m.c.FetchWithTerms(c.t.Context(), keyOf(c.t, key), func(context.Context) (report, Terms, error) {
					version := c.origin.version(key)
					close(loading)
					<-release
					return report{Count: version}, Terms{Tags: []Tag{churnTag(key)}}, nil
				})
			})
			select {
			case <-loading:
				c.keys.Add(1)
				c.origin.change(key)
				other.c.Delete(keyOf(c.t, key))
			case <-fetched: // in trouble it may be in Redis still
			}
		}
	}
	heard := c.heardAll(deadline)
	close(release)
	all.Wait()
	return heard && awaitUntil(deadline, func() bool { return c.everybody((*member).settled) })
}

func (c *churn) compare(who string, key int, version int64) {
	c.compared++
	if current := c.origin.version(key); version != current {
		c.found("%s has version %d of %d, and %d is current", who, version, key, current)
	}
}

// readRedis reads what Redis has, and keeps nothing.
func (m *member) readRedis(key Key) (version int64, ok bool) {
	fs := m.c.flights
	fill := fs.sharing.tier.BeginFill(fs.sharing.name(key.encoded))
	defer fill.End()
	f, found, err := fs.sharing.tier.Get(m.t.Context(), fill)
	if err != nil || !found {
		return 0, false
	}
	out, ok := fs.unpack(&f, demands{least: stale})
	return out.value.Count, ok
}

func (m *member) settled() bool {
	s := m.st.Health().Redis.Stats
	return m.st.shared.tier.Live() && s.DirtyEntries+s.DirtyInFlight+s.Invalidations == 0
}

// heardAll says whether everybody has heard, by a deadline, a key and a tag that each
// of the others invalidates now: what was invalidated before was heard before.
func (c *churn) heardAll(deadline time.Time) bool {
	type mark struct {
		from, to *member
		keys     []Key
	}
	var marks []mark
	for _, m := range c.members {
		if !m.st.shared.tier.Live() {
			return false
		}
	}
	for from, m := range c.members {
		for to, other := range c.members {
			if from != to {
				marks = append(marks, mark{m, other, []Key{keyOf(c.t, "mark", from, to, "key"), keyOf(c.t, "mark", from, to, "tag")}})
			}
		}
	}
	tagOf := func(m mark) Tag { return NamedTag(1, m.keys[1].String()) }
	kept := func(m mark) bool {
		for _, key := range m.keys {
			if m.to.quality(key) != Full {
				m.to.fetch(key, "mark", tagOf(m)) // again where it was overtaken
				return false
			}
		}
		return true
	}
	heard := func(m mark) bool { return m.to.quality(m.keys[0]) != Full && m.to.quality(m.keys[1]) != Full }
	for _, m := range marks {
		if !awaitUntil(deadline, func() bool { return kept(m) }) {
			return false
		}
	}
	if !awaitUntil(deadline, func() bool { return c.everybody((*member).settled) }) {
		return false
	}
	for _, m := range marks {
		m.from.c.Delete(m.keys[0])
		m.from.st.Invalidate(tagOf(m))
	}
	for _, m := range marks {
		if !awaitUntil(deadline, func() bool { return heard(m) }) {
			return false
		}
	}
	return awaitUntil(deadline, func() bool { return c.everybody((*member).settled) })
}

func (c *churn) everybody(holds func(*member) bool) bool {
	for _, m := range c.members {
		if !holds(m) {
			return false
		}
	}
	return true
}

// awaitUntil polls until a deadline.
func awaitUntil(deadline time.Time, holds func() bool) bool {
	for !holds() {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return true
}

// Three instances, one of them behind a proxy, fetch and invalidate the same keys and
// change the same sessions while everything that can happen to Redis does. Nobody is
// served what has been wrong for longer than it takes to find out; whenever all is well,
// nothing wrong is called Full; and no change of a session is lost.
func TestChurn(t *testing.T) {
	c := churned(t, true)
	c.report()
	for len(c.stale) > 0 {
		t.Error(<-c.stale)
	}
	if c.compared == 0 { // which trouble may leave to the last look
		t.Errorf("%d looks compared nothing", c.looks.Load())
	}
	for key := range churnKeys {
		for at, m := range c.members {
			redistest.Await(t, "it is fresh", func() bool {
				res, err := c.fetch(m, key)
				if want := c.origin.version(key); err == nil && res.Quality == Full && res.Value.Count != want {
					t.Fatalf("instance %d serves version %d of %d as full, and %d is current", at, res.Value.Count, key, want)
				}
				return err == nil && res.Quality == Full
			})
		}
	}
	c.sessions.wantNothingLost(t, c.members)
	for at, m := range c.members {
		m.wantNothingLeft(at)
	}
}

// The same without the fence finds results that were kept although they were wrong: the
// test above can fail.
func TestChurnWithoutTheFenceShowsStaleResults(t *testing.T) {
	c := churned(t, false)
	c.report()
	if len(c.stale) == 0 {
		t.Error("nothing stale was found, and nothing kept it out")
	}
}

// report logs what was done.
func (c *churn) report() {
	c.t.Logf("%d reads, %d invalidations by key and %d by tag; %d results compared in %d looks, and %d looks put off; "+
		"what was wrong was served for %v at most, as full for %v", c.reads.Load(), c.keys.Load(), c.tags.Load(), c.compared,
		c.looks.Load(), c.putOff.Load(), time.Duration(c.longest.Load()), time.Duration(c.longestFull.Load()))
	c.t.Logf("troubles: %v", c.troubles)
	for at, m := range c.members {
		st, n := m.st.Health().Redis.Stats, m.c.Stats()
		c.t.Logf("instance %d: %d hits, %d stale, %d shared, %d loads, %d fenced; Redis: %d hits, %d misses, %d outdated, %d fills refused, %d gaps, %d writes, %d refused",
			at, n.Hits, n.Stale, n.Shared, n.Loads, n.Fenced, st.Hits, st.Misses, st.Outdated, st.FillsRefused, st.Gaps, st.Writes, st.WritesRefused)
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
	if most := 3 * (churnKeys + 12); indexed > most || flying > 0 {
		m.t.Errorf("instance %d: %d keys in the index, %d flights", at, indexed, flying)
	}
}
