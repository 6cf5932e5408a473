//go:build unix

package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/redistest"
	"github.com/uds-platform/state/remote"
)

// report is a result as an embedder has it.
type report struct {
	Name  string
	Count int64
	When  time.Time
	More  map[string]any
}

func reportOf(name string) report {
	return report{Name: name, Count: 1 << 60, When: time.Unix(7, 9).UTC(), More: map[string]any{"a": int64(1), "b": 0.5}}
}

// member is one instance, with a cache.
type member struct {
	t  testing.TB
	st *State
	c  *Cache[report]
	// loads are how often the origin was asked.
	loads atomic.Int64
	hold  chan struct{} // where it is set, loads wait for it
}

func join(t testing.TB, url string, change ...func(*Config)) *member {
	t.Helper()
	cfg := Config{Store: StoreRedis, RedisURL: RedisURL(url), RedisWait: 2 * time.Second}
	for _, c := range change {
		c(&cfg)
	}
	m := &member{t: t, st: open(t, cfg)}
	var err error
	if m.c, err = NewCache[report](m.st, Kind{Name: "report", TTL: time.Hour, StaleFor: time.Hour}); err != nil {
		t.Fatal(err)
	}
	return m
}

// joined is join, once all is heard.
func joined(t testing.TB, url string, change ...func(*Config)) *member {
	t.Helper()
	m := join(t, url, change...)
	m.awaitLive()
	return m
}

func (m *member) awaitLive() {
	m.t.Helper()
	redistest.Await(m.t, "Redis is live", func() bool { return m.st.Health().Store == StoreRedis && m.st.shared.tier.Live() })
}

func (m *member) awaitWritten() {
	m.t.Helper()
	redistest.Await(m.t, "everything is written", func() bool {
		s := m.st.Health().Redis.Stats
		return s.DirtyEntries+s.DirtyInFlight+s.Invalidations+s.Jobs == 0 && s.Writes+s.WritesRefused > 0
	})
}

// awaitHeard waits until everything is written, and another has heard of it. Before
// that, what the other finds in Redis may be ended there by the news of its own writing.
func (m *member) awaitHeard(other *member) {
	m.t.Helper()
	m.awaitWritten()
	before := other.st.tags.epoch.Load()
	m.st.Invalidate(NamedTag(1, "which nothing has")) // is heard in the order of writing
	redistest.Await(m.t, "the other has heard it", func() bool { return other.st.tags.epoch.Load() != before })
}

// fetch fetches a report of a name.
func (m *member) fetch(key Key, name string, tags ...Tag) Result[report] {
	m.t.Helper()
	res, err := m.c.FetchWithTerms(m.t.Context(), key, func(ctx context.Context) (report, Terms, error) {
		m.loads.Add(1)
		if m.hold != nil {
			select {
			case <-m.hold:
			case <-ctx.Done():
				return report{}, Terms{}, ctx.Err()
			}
		}
		return reportOf(name), Terms{Tags: tags}, nil
	})
	if err != nil {
		m.t.Errorf("Fetch: %v", err)
	}
	return res
}

// awaitFetch fetches until the report has a name.
func (m *member) awaitFetch(key Key, name string, tags ...Tag) {
	m.t.Helper()
	redistest.Await(m.t, "the report is "+name, func() bool { return m.fetch(key, name, tags...).Value.Name == name })
}

// wait waits until a load of the key has begun.
func (m *member) awaitLoads(n int64) {
	m.t.Helper()
	redistest.Await(m.t, "it is being loaded", func() bool { return m.loads.Load() >= n })
}

func TestAnotherInstanceFindsTheResultInRedis(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := joined(t, s.URL()), joined(t, s.URL())
	key := keyOf(t, "secret part", 1)
	first := a.fetch(key, "one")
	if first.Source != Origin || first.Quality != Full {
		t.Errorf("the first is %v and %v", first.Source, first.Quality)
	}
	a.awaitHeard(b)
	second := b.fetch(key, "two")
	if second.Source != Shared || second.Quality != Full || !second.AsOf.Equal(first.AsOf) {
		t.Errorf("the second is %v, %v, as of %v; want what is as of %v", second.Source, second.Quality, second.AsOf, first.AsOf)
	}
	if got, want := fmt.Sprint(second.Value), fmt.Sprint(reportOf("one")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if third := b.fetch(key, "three"); third.Source != Memory || third.Value.Name != "one" {
		t.Errorf("then %v %v", third.Source, third.Value.Name)
	}
	if n := b.loads.Load(); n != 0 {
		t.Errorf("%d loads, want none", n)
	}
	if s := b.c.Stats(); s.Shared != 1 || s.Loads != 0 {
		t.Errorf("stats %+v", s)
	}
	for _, name := range keysIn(t, s) {
		if len(name) > 128 || strings.Contains(name, "secret") {
			t.Errorf("Redis has the key %q", name)
		}
	}
}

func keysIn(t testing.TB, s *redistest.Server) (names []string) {
	t.Helper()
	for _, k := range s.MustDo("KEYS", "*").([]any) {
		names = append(names, fmt.Sprint(k))
	}
	return names
}

// Whatever one instance invalidates, none serves any more.
func TestInvalidationsReachOtherInstances(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := joined(t, s.URL()), joined(t, s.URL())
	tag := NamedTag(1, "dashboard")
	a.st.ObserveSchema(1, "Span", "v1")
	for i, end := range []struct {
		name string
		do   func(key Key)
	}{
		{"Delete", func(key Key) { a.c.Delete(key) }},
		{"a tag", func(Key) { a.st.Invalidate(tag) }},
		{"an account", func(Key) { a.st.Invalidate(AccountTag(1)) }},
		{"a kind", func(Key) { a.st.Invalidate(KindTag("report")) }},
		{"Clear", func(Key) { a.c.Clear() }},
		{"a schema", func(Key) {
			if !a.st.ObserveSchema(1, "Span", "v2") {
				t.Error("the schema has not changed")
			}
		}},
	} {
		t.Run(end.name, func(t *testing.T) {
			key := keyOf(t, i)
			tags := []Tag{tag, EventTypeTag(1, "Span")}
			a.fetch(key, "old", tags...)
			a.awaitWritten()
			b.fetch(key, "old", tags...)
			end.do(key)
			if got := a.fetch(key, "new", tags...).Value.Name; got != "new" {
				t.Errorf("the one who invalidated it serves %q", got)
			}
			b.awaitFetch(key, "new", tags...)
		})
	}
}

// A value that is set takes the place of what others have.
func TestSetReachesOtherInstances(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := joined(t, s.URL()), joined(t, s.URL())
	key := keyOf(t, 1)
	a.fetch(key, "old")
	a.awaitWritten()
	b.fetch(key, "old")
	if !a.c.Set(key, reportOf("set")) {
		t.Fatal("it is not kept")
	}
	redistest.Await(t, "the other serves it", func() bool {
		return b.fetch(key, "loaded").Value.Name == "set"
	})
	if n := b.loads.Load(); n != 0 {
		t.Errorf("%d loads, want none", n)
	}
	if got := a.fetch(key, "loaded"); got.Value.Name != "set" || got.Source != Memory {
		t.Errorf("the one who set it has %v from %v", got.Value.Name, got.Source)
	}
	a.c.SetWithTerms(key, reportOf("unkept"), Terms{FreshFor: Never})
	b.awaitFetch(key, "loaded")
}

// Newer data makes results stale everywhere; they are loaded again behind.
func TestNewDataReachesOtherInstances(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := joined(t, s.URL()), joined(t, s.URL())
	key, tag := keyOf(t, 1), EventTypeTag(1, "Span")
	a.fetch(key, "old", tag)
	a.awaitHeard(b)
	b.fetch(key, "old", tag)
	a.st.ObserveData(1, "Span")
	redistest.Await(t, "it is stale", func() bool {
		res, ok := b.c.Get(key)
		return ok && res.Quality == Stale
	})
	b.awaitFetch(key, "new", tag)
}

// A load that began before another instance's invalidation is not kept, nor joined.
func TestALoadIsOvertakenFromElsewhere(t *testing.T) {
	for _, how := range []string{"key", "tag"} {
		t.Run(how, func(t *testing.T) {
			s := redistest.Start(t, redistest.Options{})
			a, b := joined(t, s.URL()), joined(t, s.URL())
			key, tag := keyOf(t, 1), NamedTag(1, "n")
			b.hold = make(chan struct{})
			var done sync.WaitGroup
			done.Go(func() {
				if got := b.fetch(key, "old", tag).Value.Name; got != "old" {
					t.Errorf("who waited gets %q", got)
				}
			})
			b.awaitLoads(1)
			heard := b.st.tags.epoch.Load()
			if how == "tag" {
				a.st.Invalidate(tag)
				redistest.Await(t, "it is heard", func() bool { return b.st.tags.epoch.Load() != heard })
			} else {
				a.c.Delete(key)
				redistest.Await(t, "it is heard", func() bool { return b.c.flights.underWay() == 0 })
			}
			close(b.hold)
			done.Wait()
			b.hold = nil
			if got := b.fetch(key, "new", tag); got.Value.Name != "new" || got.Source != Origin {
				t.Errorf("then %v from %v", got.Value.Name, got.Source)
			}
		})
	}
}

func (fs *flights[T]) underWay() int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return len(fs.current)
}

// The first sight of a schema is a change where another instance has seen another.
func TestSchemasAreComparedAcrossInstances(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := joined(t, s.URL()), joined(t, s.URL())
	key, tag := keyOf(t, 1), EventTypeTag(1, "Span")
	a.st.ObserveSchema(1, "Span", "v1")
	a.fetch(key, "old", tag)
	a.awaitWritten()
	redistest.Await(t, "the other knows it", func() bool { return knows(b.st, tag) })
	if b.st.ObserveSchema(1, "Span", "v1") {
		t.Error("what another instance has observed is a change")
	}
	c := joined(t, s.URL())
	if c.st.ObserveSchema(1, "Span", "v2") {
		t.Error("the first sight is a change at once")
	}
	a.awaitFetch(key, "new", tag)
}

func knows(st *State, tag Tag) bool {
	st.schemas.mu.Lock()
	defer st.schemas.mu.Unlock()
	_, known := st.schemas.known[tag]
	return known
}

// Three hundred callers of three instances run one load.
func TestAStampedeRunsOneLoad(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	stampede(t, s, func(*redistest.Server) {}, 1)
}

// Without Redis they run one an instance.
func TestAStampedeWithoutRedisRunsOneLoadAnInstance(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	stampede(t, s, func(s *redistest.Server) { s.Shutdown() }, 3)
}

func stampede(t *testing.T, s *redistest.Server, trouble func(*redistest.Server), most int64) {
	var members []*member
	for range 3 {
		members = append(members, joined(t, s.URL()))
	}
	trouble(s)
	key, start := keyOf(t, 1), make(chan struct{})
	var done sync.WaitGroup
	for _, m := range members {
		m.hold = make(chan struct{})
		for range 100 {
			done.Go(func() {
				<-start
				if got := m.fetch(key, "one").Value.Name; got != "one" {
					t.Errorf("got %q", got)
				}
			})
		}
	}
	close(start)
	redistest.Await(t, "everybody waits", func() bool {
		waiting := 0
		for _, m := range members {
			waiting += m.c.flights.waiting()
		}
		return waiting == 300
	})
	redistest.Await(t, "each instance loads, or waits for another that does", func() bool {
		for _, m := range members {
			// Refused once is not waiting: it may be about to load all the same.
			if m.loads.Load() == 0 && m.st.shared.tier.Health().Stats.LeasesRefused < 2 {
				return false
			}
		}
		return true
	})
	for _, m := range members {
		close(m.hold)
	}
	done.Wait()
	var loads int64
	for _, m := range members {
		loads += m.loads.Load()
	}
	if loads < 1 || loads > most {
		t.Errorf("%d loads, want %d at most", loads, most)
	}
}

func (fs *flights[T]) waiting() (waiting int) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, f := range fs.current {
		waiting += f.waiters
	}
	return waiting
}

// Where the instance that loads fails, another takes its turn before the time is up.
func TestAFailedLoadGivesTheLeaseBack(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := joined(t, s.URL()), joined(t, s.URL())
	key, begun, fail := keyOf(t, 1), make(chan struct{}), make(chan struct{})
	broken := errors.New("broken")
	var done sync.WaitGroup
	done.Go(func() {
		_, err := a.c.Fetch(t.Context(), key, func(context.Context) (report, error) {
			close(begun)
			<-fail
			return report{}, broken
		})
		if !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	})
	<-begun
	done.Go(func() {
		if got := b.fetch(key, "other"); got.Value.Name != "other" || got.Source != Origin {
			t.Errorf("got %q from %v", got.Value.Name, got.Source)
		}
	})
	redistest.Await(t, "the other waits", func() bool { return b.st.Health().Redis.Stats.LeasesRefused > 0 })
	if b.loads.Load() != 0 {
		t.Error("the other loads as well")
	}
	close(fail)
	done.Wait()
}

// What can't come back as it was is refused where it would have to leave.
func TestATypeThatCantBeSharedIsRefused(t *testing.T) {
	type hidden struct{ inside int }
	_ = hidden{inside: 1}
	st := open(t, Config{Store: StoreRedis, RedisURL: "redis://127.0.0.1:1"})
	if _, err := NewCache[hidden](st, Kind{Name: "hidden"}); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "inside") {
		t.Errorf("error %v: want ErrConfig that names the field", err)
	}
	if _, err := NewCache[hidden](st, Kind{Name: "hidden", LocalOnly: true}); err != nil {
		t.Error(err)
	}
	if _, err := NewUntyped(st, Kind{Name: "untyped"}, Scope{Account: 1}); err != nil {
		t.Error(err)
	}
	if _, err := NewCache[hidden](open(t, Config{}), Kind{Name: "hidden"}); err != nil {
		t.Errorf("in memory: %v", err)
	}
}

// What stays in the process does.
func TestLocalResultsStay(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	m := joined(t, s.URL())
	c, err := NewCache[report](m.st, Kind{Name: "local", LocalOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	c.Set(keyOf(t, 1), reportOf("x"))
	if _, err := c.Fetch(t.Context(), keyOf(t, 2), func(context.Context) (report, error) { return reportOf("y"), nil }); err != nil {
		t.Fatal(err)
	}
	m.fetch(keyOf(t, 3), "shared")
	m.awaitWritten()
	for _, name := range keysIn(t, s) {
		if strings.Contains(name, "local") {
			t.Errorf("Redis has %q", name)
		}
	}
	s.Shutdown()
	redistest.Await(t, "it is away", func() bool { return !m.st.shared.tier.Live() })
	if res, ok := c.Get(keyOf(t, 1)); !ok || res.Quality != Full {
		t.Errorf("it is %v (%v) without Redis", res.Quality, ok)
	}
}

// What can't be read is a miss that is counted.
func TestUnreadableResultsAreMisses(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	m := joined(t, s.URL())
	other := open(t, Config{Store: StoreRedis, RedisURL: RedisURL(s.URL())})
	type reportOfAnotherVersion struct{ Name string } // could be decoded all the same
	c, err := NewCache[reportOfAnotherVersion](other, Kind{Name: "report", TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	redistest.Await(t, "it is live", func() bool { return other.shared.tier.Live() })
	key := keyOf(t, 1)
	if _, err := c.Fetch(t.Context(), key, func(context.Context) (reportOfAnotherVersion, error) {
		return reportOfAnotherVersion{Name: "other"}, nil
	}); err != nil {
		t.Fatal(err)
	}
	redistest.Await(t, "it is written", func() bool { return other.Health().Redis.Stats.Writes == 1 })
	if got := m.fetch(key, "own"); got.Value.Name != "own" || got.Source != Origin {
		t.Errorf("got %v from %v", got.Value, got.Source)
	}
	if m.c.Stats().Unusable == 0 { // two where it was looked for again when the other's lease ended
		t.Error("it is not counted")
	}
	damaged := keyOf(t, 2)
	s.MustDo("SET", "state:v:"+m.c.flights.sharing.name(damaged.encoded), "junk")
	if got := m.fetch(damaged, "own"); got.Value.Name != "own" || m.st.Health().Redis.Stats.Corrupt == 0 {
		t.Errorf("got %v, stats %+v", got.Value, m.st.Health().Redis.Stats)
	}
}

// A stale result in Redis is served as one, and refreshed behind.
func TestAStaleResultInRedis(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := joined(t, s.URL()), joined(t, s.URL())
	key := keyOf(t, 1)
	terms := Terms{FreshFor: time.Millisecond, StaleFor: time.Hour}
	fetch := func(m *member, name string) Result[report] {
		res, err := m.c.FetchWithTerms(t.Context(), key, func(context.Context) (report, Terms, error) {
			m.loads.Add(1)
			return reportOf(name), terms, nil
		})
		if err != nil {
			t.Error(err)
		}
		return res
	}
	fetch(a, "old")
	a.awaitWritten()
	redistest.Await(t, "it is stale", func() bool { res, ok := a.c.Get(key); return ok && res.Quality == Stale })
	terms.FreshFor = time.Hour
	if res := fetch(b, "new"); res.Quality != Stale || res.Source != Shared || res.Value.Name != "old" {
		t.Errorf("got %v, %v from %v", res.Value.Name, res.Quality, res.Source)
	}
	redistest.Await(t, "it is refreshed", func() bool { res := fetch(b, "new"); return res.Value.Name == "new" && res.Quality == Full })
	p, err := a.c.FetchPreview(t.Context(), key, func(context.Context) (report, error) { return reportOf("full"), nil })
	if err != nil {
		t.Fatal(err)
	}
	if res, err := p.Wait(t.Context()); err != nil || res.Quality != Full {
		t.Errorf("got %v, %v: want a full result", res.Quality, err)
	}
}

// An error that says that what is kept is wrong says so of what others keep, too.
func TestADenialReachesOtherInstances(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := joined(t, s.URL()), joined(t, s.URL())
	key := keyOf(t, 1)
	a.fetch(key, "old")
	a.awaitWritten()
	b.fetch(key, "old")
	redistest.Await(t, "it is denied", func() bool {
		seat := a.c.flights.lone(t.Context(), key, func(context.Context) (report, Terms, error) { return report{}, Terms{}, ErrDenied })
		answer := <-seat.answer
		return errors.Is(answer.Err, ErrDenied)
	})
	b.awaitFetch(key, "new")
}

// lone starts a load that takes nothing that Redis has.
func (fs *flights[T]) lone(ctx context.Context, key Key, load loader[T]) seat {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.board(ctx, key.encoded, load, demands{least: fresh, newer: time.Now().Add(time.Hour)})
}

var _ remote.Listener = (*shared)(nil)
