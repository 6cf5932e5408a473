//go:build unix

package remote_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/redistest"
	"github.com/uds-platform/state/remote"
)

// cache is the least that can stand in front of a tier.
type cache struct {
	mu     sync.Mutex
	values map[string]string
}

func (c *cache) InvalidateKey(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.values, key)
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.values)
}

func (c *cache) InvalidateTags([]string) { c.clear() } // it does not know who has which
func (c *cache) Gap()                    { c.clear() }
func (c *cache) Verified()               {}

func (c *cache) keep(fill *remote.Fill, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if fill.Valid() {
		c.values[fill.Key()] = value
	}
}

// textType stands for what codec.Fingerprint says of a type.
const textType = 1

// fetch is what a caller who misses does.
func fetch(ctx context.Context, t *remote.Tier, c *cache, key string, load func() string) string {
	fill := t.BeginFill(key)
	defer fill.End()
	var value string
	if f, found, err := t.Get(ctx, fill); err == nil && found && f.Unpack(&value, textType) == nil {
		c.keep(fill, value)
		return value
	}
	now := time.Now()
	value = load()
	c.keep(fill, value)
	f := remote.Frame{
		WrittenAt: now, SoftDeadline: now.Add(time.Hour), HardDeadline: now.Add(2 * time.Hour),
		Tags: []remote.FrameTag{{Name: "account/1"}},
	}
	if f.Pack(value, textType) == nil {
		_, _ = t.Put(fill, &f)
	}
	return value
}

// Two instances share what one of them has loaded.
func TestTheExample(t *testing.T) {
	server := redistest.Start(t, redistest.Options{})
	var tiers [2]*remote.Tier
	var caches [2]*cache
	for i := range tiers {
		caches[i] = &cache{values: make(map[string]string)}
		tier, err := remote.Open(remote.Options{URL: remote.URL(server.URL()), Wait: time.Second}, caches[i])
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tier.Close() }()
		tiers[i] = tier
		redistest.Await(t, "it is live", tier.Live)
	}
	load := func() string { return "loaded" }
	if got := fetch(t.Context(), tiers[0], caches[0], "k", load); got != "loaded" {
		t.Fatal(got)
	}
	redistest.Await(t, "it is written", func() bool { return tiers[0].Health().Stats.Writes == 1 })
	never := func() string { return "loaded again" }
	if got := fetch(t.Context(), tiers[1], caches[1], "k", never); got != "loaded" {
		t.Errorf("the other instance has %q, want what the first has loaded", got)
	}
}

func ExampleOpen() {
	tier, err := remote.Open(remote.Options{URL: "redis://127.0.0.1:1"}, &cache{values: make(map[string]string)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = tier.Close() }()
	fill := tier.BeginFill("k")
	defer fill.End()
	_, found, err := tier.Get(context.Background(), fill) // at once, since nothing is there
	fmt.Println(found, err, tier.Health().Status)
	// Output: false remote: Redis is away connecting
}

func ExampleOpen_faults() {
	_, err := remote.Open(remote.Options{URL: "redis://localhost", InFlight: 5000}, &cache{})
	fmt.Println(err)
	// Output: remote: bad options: InFlight 5000: want 1 to 511
}
