//go:build unix

package remote

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/redistest"
)

var churnTime = flag.Duration("churn", 2*time.Second, "how long TestChurn goes on")

const (
	// allowedStaleness is for how long after an invalidation an instance may serve what it
	// had, where its connection is silently dead: until it finds out. What that takes is
	// in the client's times, see address.go; here is room for a machine that is busy.
	allowedStaleness = 10 * time.Second
	churnKeys        = 48
	churnTags        = 3
	// Between two looks they churn for a beat. A look is put off where not everybody has
	// heard everything within lookLimit, since there is trouble.
	churnBeat = 30 * time.Millisecond
	lookLimit = 100 * time.Millisecond
)

// origin is what is true: of each key, when it got each version.
type origin struct {
	mu       sync.Mutex
	versions [churnKeys][]time.Time // INVARIANT: guarded by mu, as is loading.
	loading  map[int]int            // by key, the loads under way
}

func (o *origin) change(key int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.versions[key] = append(o.versions[key], time.Now())
}

// load takes a while, in which its answer may become wrong.
func (o *origin) load(ctx context.Context, key int) string {
	value := o.current(key)
	o.count(key, 1)
	defer o.count(key, -1)
	sleep(ctx, rand.N(5*time.Millisecond))
	return value
}

func (o *origin) count(key, by int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.loading[key] += by; o.loading[key] == 0 {
		delete(o.loading, key)
	}
}

// victim is a key that somebody is loading, where there is one.
func (o *origin) victim() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	for key := range o.loading {
		return key
	}
	return rand.IntN(churnKeys)
}

func (o *origin) current(key int) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strconv.Itoa(len(o.versions[key]))
}

// wrongFor says for how long the value has been wrong.
func (o *origin) wrongFor(key int, value string) time.Duration {
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

func churnKey(key int) string { return fmt.Sprint("k", key) }
func churnTag(key int) string { return fmt.Sprint("tag", key%churnTags) }

// front is a cache in front of a tier, that knows its values' tags.
type front struct {
	*Tier
	mu       sync.Mutex
	kept     map[string]string // INVARIANT: guarded by mu, as is what follows.
	turns    map[string]uint64 // by tag, the turn of its last invalidation
	turn     uint64            // counts invalidations by tag
	marks    map[string]bool   // keys and tags that were heard for the sake of a look
	verified bool
}

const mark = "mark "

func (f *front) InvalidateKey(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.kept, key)
	if strings.HasPrefix(key, mark) {
		f.marks[key] = true
	}
}

func (f *front) InvalidateTags(tags []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn++
	for _, tag := range tags {
		if strings.HasPrefix(tag, mark) {
			f.marks[tag] = true
			continue
		}
		f.turns[tag] = f.turn
		for key := range churnKeys {
			if churnTag(key) == tag {
				delete(f.kept, churnKey(key))
			}
		}
	}
}

func (f *front) Gap() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.verified = false
	clear(f.kept)
}

func (f *front) Verified() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.verified = true
}

// serve answers as an embedder would: from memory, from Redis, or from the origin.
func (f *front) serve(ctx context.Context, t testing.TB, o *origin, key int) string {
	name, tag := churnKey(key), churnTag(key)
	f.mu.Lock()
	value, ok := f.kept[name]
	turn := f.turn
	f.mu.Unlock()
	if ok {
		return value
	}
	fill := f.BeginFill(name)
	defer fill.End()
	if found, ok, err := f.Get(ctx, fill); err == nil && ok {
		sleep(ctx, rand.N(5*time.Millisecond)) // it is decoded, on a busy machine
		value = string(found.Payload)
		f.keep(fill, turn, value, tag)
		return value
	}
	value = o.load(ctx, key)
	f.keep(fill, turn, value, tag)
	if _, err := f.Put(fill, frameOf(value, tag)); err != nil {
		t.Errorf("Put: %v", err)
	}
	return value
}

// keep stores what a fill brought, unless it was overtaken: by its key, which the fill
// knows, or by its tag.
func (f *front) keep(fill *Fill, turn uint64, value, tag string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.turns[tag] <= turn && fill.Valid() {
		f.kept[fill.Key()] = value
	}
}

// settled says whether all is heard and nothing waits.
func (f *front) settled() bool {
	f.mu.Lock()
	verified := f.verified
	f.mu.Unlock()
	s := f.Health().Stats
	return verified && f.Live() && s.DirtyEntries+s.DirtyInFlight+s.Invalidations == 0
}

func (f *front) marked(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.marks[name]
}

// churn is three instances, one of them behind a proxy, that read and change the same
// keys. Whoever does something holds turn for reading.
type churn struct {
	t      *testing.T
	origin origin
	fronts []*front
	turn   sync.RWMutex

	reads, keys, tags, looks, putOff atomic.Int64
	compared, rounds                 int          // INVARIANT: guarded by turn.
	longest                          atomic.Int64 // that something wrong was served, in ns
	stale                            chan string  // what was found, as far as there is room
	troubles                         map[string]int
}

// churned churns for a time, until something stale is found.
func churned(t *testing.T, fenced bool) *churn {
	t.Helper()
	s := redistest.Start(t, redistest.Options{Persistent: true})
	proxy := redistest.NewProxy(t, s.Addr())
	c := &churn{t: t, origin: origin{loading: make(map[int]int)}, stale: make(chan string, 16)}
	for _, url := range []string{s.URL(), s.URL(), "redis://" + proxy.Addr()} {
		f := &front{kept: make(map[string]string), turns: make(map[string]uint64), marks: make(map[string]bool)}
		var err error
		if f.Tier, err = Open(Options{URL: URL(url), KeyPrefix: "t:", Wait: 50 * time.Millisecond}, f); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		f.fence.removed = !fenced
		c.fronts = append(c.fronts, f)
		redistest.Await(t, "it is live", f.settled)
	}
	c.run(s, proxy)
	return c
}

func (c *churn) run(s *redistest.Server, proxy *redistest.Proxy) {
	ctx, cancel := context.WithTimeout(c.t.Context(), *churnTime)
	defer cancel()
	// In the last quarter nothing happens that has a cache forget everything, so that
	// what was kept wrongly is there at the end.
	calm, end := context.WithTimeout(ctx, *churnTime*3/4)
	defer end()
	var running sync.WaitGroup
	for _, f := range c.fronts {
		for range 4 {
			running.Go(func() { c.repeat(ctx, func() { c.read(f) }) })
		}
		running.Go(func() {
			for sleep(ctx, time.Duration(1+rand.IntN(5))*time.Millisecond) {
				c.inTurn(func() { c.write(f, calm.Err() == nil && rand.IntN(20) == 0) })
			}
		})
	}
	running.Go(func() {
		for sleep(ctx, churnBeat) {
			c.look(lookLimit)
			if len(c.stale) > 0 {
				cancel()
			}
		}
	})
	c.troubles = redistest.Trouble(calm, s, proxy, "t:ledger")
	running.Wait()
	redistest.Await(c.t, "everybody has heard everything", func() bool { return c.look(5 * time.Second) })
}

func (c *churn) repeat(ctx context.Context, f func()) {
	for ctx.Err() == nil {
		c.inTurn(f)
	}
}

func (c *churn) inTurn(f func()) {
	c.turn.RLock()
	defer c.turn.RUnlock()
	f()
}

func (c *churn) read(f *front) {
	key := rand.IntN(churnKeys)
	wrong := c.origin.wrongFor(key, f.serve(c.t.Context(), c.t, &c.origin, key))
	c.reads.Add(1)
	for before := c.longest.Load(); int64(wrong) > before && !c.longest.CompareAndSwap(before, int64(wrong)); {
		before = c.longest.Load()
	}
	if wrong > allowedStaleness {
		c.found("%s was served %v after it had changed", churnKey(key), wrong)
	}
}

// write changes a key that somebody is loading, or everything that has a tag. The tier
// is told first: whoever begins to load after the memory was cleared finds nothing old
// in Redis either.
func (c *churn) write(f *front, byTag bool) {
	key := c.origin.victim()
	if !byTag {
		c.keys.Add(1)
		c.origin.change(key)
		f.Invalidate([]string{churnKey(key)}, nil)
		f.InvalidateKey(churnKey(key))
		return
	}
	c.tags.Add(1)
	for other := key % churnTags; other < churnKeys; other += churnTags {
		c.origin.change(other)
	}
	f.Invalidate(nil, []string{churnTag(key)})
	f.InvalidateTags([]string{churnTag(key)})
}

func (c *churn) found(format string, args ...any) {
	select {
	case c.stale <- fmt.Sprintf(format, args...):
	default:
	}
}

// look has everybody stop, and hear everything, and compares what each has with what is
// true. A value that was kept after it was known to be wrong would be there until its
// deadline. It is false where there is trouble.
func (c *churn) look(limit time.Duration) bool {
	c.turn.Lock()
	defer c.turn.Unlock()
	deadline := time.Now().Add(limit)
	if !await(deadline, func() bool { return c.everybody((*front).settled) }) || !c.heardAll(deadline) {
		c.putOff.Add(1)
		return false
	}
	if !c.overtake(deadline) {
		c.putOff.Add(1)
		return false
	}
	c.looks.Add(1)
	for at, f := range c.fronts {
		f.mu.Lock()
		for key := range churnKeys {
			if value, ok := f.kept[churnKey(key)]; ok {
				c.compare(fmt.Sprint("instance ", at), key, value)
			}
		}
		f.mu.Unlock()
		for key := range churnKeys {
			fill := f.BeginFill(churnKey(key))
			if found, ok, err := f.Get(c.t.Context(), fill); err == nil && ok {
				c.compare(fmt.Sprintf("Redis, as instance %d reads it,", at), key, string(found.Payload))
			}
			fill.End()
		}
	}
	return true
}

// overtake has each instance load a key that another changes meanwhile, and store what
// it loaded when it has heard of that: without the fence it keeps it. Nobody else does
// anything at the time. It is false where there is trouble.
func (c *churn) overtake(deadline time.Time) bool {
	for at, f := range c.fronts {
		other, key := c.fronts[(at+1)%len(c.fronts)], rand.IntN(churnKeys)
		name, tag := churnKey(key), churnTag(key)
		fill := f.BeginFill(name)
		f.mu.Lock()
		turn := f.turn
		f.mu.Unlock()
		value := c.origin.current(key)
		c.keys.Add(1)
		c.origin.change(key)
		other.Invalidate([]string{name}, nil)
		other.InvalidateKey(name)
		heard := c.heardAll(deadline)
		if heard {
			f.keep(fill, turn, value, tag)
		}
		fill.End()
		if !heard {
			return false
		}
	}
	return true
}

func (c *churn) compare(who string, key int, value string) {
	c.compared++
	if current := c.origin.current(key); value != current {
		c.found("%s has version %s of %s, and %s is current", who, value, churnKey(key), current)
	}
}

func (c *churn) everybody(holds func(*front) bool) bool {
	for _, f := range c.fronts {
		if !holds(f) {
			return false
		}
	}
	return true
}

// heardAll says whether everybody has heard, by a deadline, a key and a tag that each
// has invalidated now: what was invalidated before was heard before.
func (c *churn) heardAll(deadline time.Time) bool {
	c.rounds++
	n := c.rounds
	for at, f := range c.fronts {
		key, tag := fmt.Sprint(mark, n, " key ", at), fmt.Sprint(mark, n, " tag ", at)
		f.Invalidate([]string{key}, []string{tag})
		if !await(deadline, func() bool {
			return c.everybody(func(other *front) bool { return other == f || other.marked(key) && other.marked(tag) })
		}) {
			return false
		}
	}
	for _, f := range c.fronts {
		f.mu.Lock()
		clear(f.marks)
		f.mu.Unlock()
	}
	return true
}

// await polls until a deadline.
func await(deadline time.Time, holds func() bool) bool {
	for !holds() {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return true
}

// report logs what was done.
func (c *churn) report() {
	c.t.Logf("%d reads, %d invalidations by key and %d by tag; %d values compared in %d looks, and %d looks put off; "+
		"what was wrong was served for %v at most", c.reads.Load(), c.keys.Load(), c.tags.Load(), c.compared,
		c.looks.Load(), c.putOff.Load(), time.Duration(c.longest.Load()))
	c.t.Logf("troubles: %v", c.troubles)
	for at, f := range c.fronts {
		st := f.Health().Stats
		c.t.Logf("instance %d: %d hits, %d misses, %d outdated, %d unanswered, %d fills refused, %d gaps, %d writes, %d refused, %d dropped",
			at, st.Hits, st.Misses, st.Outdated, st.Unanswered, st.FillsRefused, st.Gaps, st.Writes, st.WritesRefused, st.WritesDropped)
	}
}

// Three instances, one of them behind a proxy, read and change the same keys while
// everything that can happen to Redis does. Nobody serves what is wrong for longer
// than it takes to find out; and whenever all is well, nobody has anything wrong at all,
// and nothing wrong can be read in Redis.
func TestChurn(t *testing.T) {
	c := churned(t, true)
	c.report()
	for len(c.stale) > 0 {
		t.Error(<-c.stale)
	}
	if c.compared == 0 { // which trouble may leave to the last look
		t.Errorf("%d looks compared nothing", c.looks.Load())
	}
}

// The same without the fence finds values that were kept although they were wrong: the
// test above can fail.
func TestChurnWithoutTheFenceShowsStaleValues(t *testing.T) {
	c := churned(t, false)
	c.report()
	if len(c.stale) == 0 {
		t.Error("nothing stale was found, and nothing kept it out")
	}
}
