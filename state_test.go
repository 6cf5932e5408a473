package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestOpenWithAnEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v: want the context's", err)
	}
}

func TestNewCacheRefusals(t *testing.T) {
	st := open(t, Config{})
	for name, c := range map[string]struct {
		kind Kind
		is   error
		want []string
	}{
		"no name":   {Kind{}, ErrConfig, []string{`Kind.Name=""`}},
		"bad name":  {Kind{Name: "a b"}, ErrConfig, []string{`Kind.Name="a b": want 1 to 64`}},
		"long name": {Kind{Name: strings.Repeat("x", 65)}, ErrConfig, []string{"Kind.Name="}},
		"the rest":  {Kind{Name: "a", TTL: -1, ErrorTTL: -2, StaleFor: -1, MaximumSize: -1, MaximumBytes: 1<<20 - 1, LoadTimeout: -1}, ErrConfig, []string{"Kind.MaximumBytes=1048575 is out of range", "Kind.ErrorTTL=-2ns is too short", "Kind.StaleFor=-1ns is negative", "Kind.TTL=-1ns is too short", "Kind.MaximumSize=-1 is out of range", "Kind.LoadTimeout=-1ns is too short"}},
		"its own":   {Kind{Name: queryKind}, ErrDuplicateKind, []string{"query"}},
		"too large": {Kind{Name: "a", MaximumSize: 1<<30 + 1}, ErrConfig, []string{"Kind.MaximumSize="}},
	} {
		_, err := NewCache[string](st, c.kind)
		if !errors.Is(err, c.is) {
			t.Errorf("%s: error %v: want %v", name, err, c.is)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v: want %q in it", name, err, want)
			}
		}
	}
	if _, err := NewCache[string](st, Kind{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	if _, err := NewCache[int](st, Kind{Name: "a"}); !errors.Is(err, ErrDuplicateKind) {
		t.Errorf("error %v: want ErrDuplicateKind", err)
	}
}

func TestKindTakesItsDefaultsFromTheConfig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{CacheTTL: 10 * time.Second, MaximumSize: 3, LoadTimeout: time.Second})
		plain, err := NewCache[string](st, Kind{Name: "plain"})
		if err != nil {
			t.Fatal(err)
		}
		own, err := NewCache[string](st, Kind{Name: "own", TTL: time.Hour, MaximumSize: 500, LoadTimeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			plain.Set(keyOf(t, i), "x")
			own.Set(keyOf(t, i), "x")
		}
		if plain.Len() > 3 || own.Len() != 100 {
			t.Errorf("%d and %d entries", plain.Len(), own.Len())
		}
		last := keyOf(t, 99)
		plain.Set(last, "y")
		time.Sleep(11 * time.Second)
		if _, ok := plain.Get(last); ok {
			t.Error("an entry outlived Config.CacheTTL")
		}
		if _, ok := own.Get(last); !ok {
			t.Error("an entry did not live for Kind.TTL")
		}
		for c, want := range map[*Cache[string]]time.Duration{plain: time.Second, own: time.Minute} {
			began := time.Now()
			if _, err := c.Fetch(t.Context(), keyOf(t, "slow"), newGate().load); !errors.Is(err, ErrLoadTimeout) {
				t.Errorf("error %v: want ErrLoadTimeout", err)
			}
			if took := time.Since(began); took != want {
				t.Errorf("a load took %v: want %v", took, want)
			}
		}
	})
}

func TestSetDeleteClearLen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{})
		a, b := keyOf(t, "a"), keyOf(t, "b")
		if !c.Set(a, "1") || !c.Set(b, "2") || c.Len() != 2 {
			t.Error("two values were not kept")
		}
		if res, ok := c.Get(a); !ok || res.Value != "1" || res.Source != Memory || !res.AsOf.Equal(time.Now()) {
			t.Errorf("got %+v, %v", res, ok)
		}
		if !c.Delete(a) || c.Delete(a) || c.Delete(Key{}) {
			t.Error("Delete does not report what was there")
		}
		if _, ok := c.Get(a); ok {
			t.Error("a deleted value is there")
		}
		c.Clear()
		if _, ok := c.Get(b); ok || c.Len() != 0 {
			t.Error("a cleared value is there")
		}
	})
}

func TestCloseIsIdempotentAndConcurrent(t *testing.T) {
	st := open(t, Config{})
	c, err := NewCache[string](st, Kind{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 20 {
		key := keyOf(t, i%3)
		wg.Go(func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
			if c.Set(key, "x") {
				t.Error("a value was kept after Close")
			}
		})
		wg.Go(func() {
			if got := fetchNow(c, key, constant("a")); got.err != nil || got.Value != "a" {
				t.Error(got)
			}
			st.Health()
			c.Delete(key)
			c.Clear()
		})
	}
	wg.Wait()
	if c.Len() != 0 {
		t.Errorf("%d values are left", c.Len())
	}
	if _, err := NewCache[string](st, Kind{Name: "late"}); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v: want ErrClosed", err)
	}
}

// A closed State answers from its loads alone: it keeps nothing, and still
// collapses.
func TestClosedStateStillAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Querier: querierFunc(echo)})
		c, err := NewCache[string](st, Kind{Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		kept, key, g := keyOf(t, "kept"), keyOf(t, 1), newGate()
		c.Set(kept, "x")
		under := fetching(t.Context(), c, key, g.load)
		synctest.Wait()
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		if _, ok := c.Get(kept); ok {
			t.Error("a value outlived Close")
		}
		joined := fetching(t.Context(), c, key, g.load)
		synctest.Wait()
		g.open("a")
		wantValue(t, <-under, "a", Origin)
		wantValue(t, <-joined, "a", Flight)
		wantValue(t, fetchNow(c, key, constant("b")), "b", Origin)
		wantValue(t, fetchNow(c, key, constant("c")), "c", Origin)
		for range 2 {
			if res, err := st.Query(t.Context(), 1, "x"); err != nil || res.Source != Origin {
				t.Errorf("a query was answered from %v, %v", res.Source, err)
			}
		}
		if s := c.Stats(); s.Fenced != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestHealth(t *testing.T) {
	st := open(t, Config{})
	c, err := NewCache[string](st, Kind{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		fetchNow(c, keyOf(t, 1), constant("x"))
	}
	h := st.Health()
	want := []KindStats{{Name: "a", Entries: 1, Hits: 2, Loads: 1}, {Name: queryKind}}
	if h.Status != StatusLive || len(h.Reasons) != 0 || h.Store != StoreMemory || !slices.Equal(h.Kinds, want) {
		t.Errorf("got %+v", h)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if h := st.Health(); h.Status != StatusClosed || len(h.Reasons) != 1 || h.Kinds[0].Entries != 0 {
		t.Errorf("after Close: %+v", h)
	}
}

func TestHealthListsKindsByName(t *testing.T) {
	st := open(t, Config{})
	want := []string{queryKind}
	for _, name := range []string{"t", "s", "r", "p", "o", "n", "m"} {
		if _, err := NewCache[int](st, Kind{Name: name}); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	slices.Sort(want)
	var got []string
	for _, k := range st.Health().Kinds {
		got = append(got, k.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q: want %q", got, want)
	}
}

func TestHealthAsJSON(t *testing.T) {
	text, err := json.Marshal(open(t, Config{}).Health())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"status":"live","reasons":[],"store":"memory","sessions":{"sessions":0,"volatile":true,"stats":{"refused":0,"rejected":0,"conflicts":0,"exchanges":0,"failures":0,"sweeps":0,"syncLagCount":0,"syncLagSumNanos":0,"syncLagLastNanos":0,"syncLagMaxNanos":0,"syncLagRanges":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"endedDeleted":0,"endedExpired":0,"endedDurationNanos":0}},"kinds":[{"name":"query","entries":0,"bytes":0,"hits":0,"rememberedErrors":0,"stale":0,"invalidated":0,"collapsed":0,` +
		`"loads":0,"shared":0,"unusable":0,"unshared":0,"refreshes":0,"refreshesAhead":0,"previews":0,"refinements":0,"prefetches":0,"loadErrors":0,"abandoned":0,"fenced":0,"refused":0,"evictions":0,"expirations":0}],` +
		`"unreadQueries":0,` +
		`"origin":{"sent":0,"failed":0,"timeNanos":0,"saved":0},"loads":[{"name":"query","ended":0,"timeNanos":0}],` +
		`"warming":{"budget":{"demand":0,"granted":0,"refused":0,"refunded":0},"refreshes":{"started":0,"failed":0,"used":0},` +
		`"prediction":{"active":true,"calls":0,"issued":0,"used":0,"late":0,"wasted":0,"failed":0,"unneeded":0,"misses":0,"turnedOff":0,"accuracy":0,"coverage":0,"timeliness":0,"waste":0},` +
		`"preload":{"total":0,"done":0,"failed":0,"skipped":0,"cancelled":0}}}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestRedisIsReportedMissing(t *testing.T) {
	var log strings.Builder
	st := open(t, Config{
		Store: StoreRedis, RedisURL: "redis://user:hunter2@127.0.0.1:1", Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Querier: querierFunc(echo),
	})
	if _, err := st.Query(t.Context(), 1, "x"); err != nil {
		t.Error(err)
	}
	h := st.Health()
	if h.Status != StatusDegraded || h.Store != StoreMemory || len(h.Reasons) != 1 || !strings.Contains(h.Reasons[0], "redis is connecting since") {
		t.Errorf("got %+v", h)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if text := log.String() + fmt.Sprint(h); strings.Contains(text, "hunter2") {
		t.Errorf("the password is told in %q", text)
	}
	if h := st.Health(); h.Status != StatusClosed || len(h.Reasons) != 2 {
		t.Errorf("after Close: %+v", h)
	}
}
