//go:build unix

package remote

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/uds-platform/state/internal/redistest"
)

// What the client starts to look at a cluster again sleeps for up to a second after
// the client is closed, and then ends.
const clientsNap = "github.com/redis/rueidis.(*call).DelayDo.func1"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(clientsNap)) }

// instance is a tier with a cache in front of it, as an embedder would have it.
type instance struct {
	*Tier
	t testing.TB

	mu       sync.Mutex
	kept     map[string]string // INVARIANT: guarded by mu, as is what follows.
	verified bool
	ended    []string // keys that InvalidateKey was called with
	tags     []string
	gaps     int
}

func (i *instance) InvalidateKey(key string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.kept, key)
	i.ended = append(i.ended, key)
}

func (i *instance) InvalidateTags(tags []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tags = append(i.tags, tags...)
	clear(i.kept)
}

func (i *instance) Gap() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.verified = false
	i.gaps++
	clear(i.kept)
}

func (i *instance) Verified() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.verified = true
}

func (i *instance) has(key string) (string, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	value, ok := i.kept[key]
	return value, ok
}

func (i *instance) gapCount() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.gaps
}

func (i *instance) endedKey(key string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Contains(i.ended, key)
}

func (i *instance) endedTag(tag string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Contains(i.tags, tag)
}

// keep stores what a fill brought, as Fill says.
func (i *instance) keep(fill *Fill, value string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !fill.Valid() {
		return false
	}
	i.kept[fill.Key()] = value
	return true
}

// load puts a value that the origin has given.
func (i *instance) load(key, value string, tags ...string) {
	i.t.Helper()
	fill := i.BeginFill(key)
	defer fill.End()
	i.keep(fill, value)
	i.put(fill, value, tags...)
}

func (i *instance) put(fill *Fill, value string, tags ...string) bool {
	i.t.Helper()
	ok, err := i.Put(fill, frameOf(value, tags...))
	if err != nil {
		i.t.Errorf("Put: %v", err)
	}
	return ok
}

// read gets a value from Redis.
func (i *instance) read(key string) (string, bool) {
	fill := i.BeginFill(key)
	defer fill.End()
	f, found, err := i.Get(context.Background(), fill)
	if err != nil || !found {
		return "", false
	}
	value := string(f.Payload)
	i.keep(fill, value)
	return value, true
}

func frameOf(value string, tags ...string) *Frame {
	now := time.Now()
	f := &Frame{
		Codec: 1, WrittenAt: now, SoftDeadline: now.Add(time.Hour), HardDeadline: now.Add(2 * time.Hour),
		Payload: []byte(value),
	}
	for _, tag := range tags {
		f.Tags = append(f.Tags, FrameTag{Name: tag})
	}
	return f
}

// open makes an instance that is closed when the test ends.
func open(t testing.TB, url string, change ...func(*Options)) *instance {
	t.Helper()
	i := &instance{t: t, kept: make(map[string]string)}
	o := Options{URL: URL(url), KeyPrefix: "t:", Wait: time.Second}
	for _, c := range change {
		c(&o)
	}
	var err error
	if i.Tier, err = Open(o, i); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() })
	return i
}

// live makes an instance and waits until all is heard.
func live(t testing.TB, url string, change ...func(*Options)) *instance {
	t.Helper()
	i := open(t, url, change...)
	i.awaitLive()
	return i
}

func (i *instance) awaitLive() {
	i.t.Helper()
	redistest.Await(i.t, "the tier is live", func() bool {
		i.mu.Lock()
		defer i.mu.Unlock()
		return i.verified && i.Live()
	})
}

func (i *instance) awaitFlushed() {
	i.t.Helper()
	redistest.Await(i.t, "everything is written", func() bool {
		s := i.Health().Stats
		return s.DirtyEntries == 0 && s.Invalidations == 0 && s.DirtyInFlight == 0
	})
}

func (i *instance) awaitValue(key, want string) {
	i.t.Helper()
	redistest.Await(i.t, key+" is read as "+want, func() bool {
		got, ok := i.read(key)
		return ok && got == want
	})
}

func (i *instance) wantNone(key string) {
	i.t.Helper()
	if got, ok := i.read(key); ok {
		i.t.Fatalf("%s is read as %q, want nothing", key, got)
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want one that matches %v", err, want)
	}
}

func (e *echoes) len() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.expected)
}
