package state

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/uds-platform/state/nrql"
)

// hourFrom is a window of an hour, so many hours after some beginning.
func hourFrom(hours int) nrql.Window {
	from := time.Date(2000, 1, 1, hours, 0, 0, 0, time.UTC)
	return nrql.Window{From: from, To: from.Add(time.Hour)}
}

func preview(t *testing.T, c *Cache[string], key Key, load func(context.Context) (string, error)) Preview[string] {
	t.Helper()
	p, err := c.FetchPreview(t.Context(), key, load)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// store stores a preview that must be kept.
func store(t *testing.T, c *Cache[string], key Key, value string, terms PreviewTerms) {
	t.Helper()
	if kept, err := c.StorePreview(key, value, terms); !kept || err != nil {
		t.Errorf("%q was not kept: %v", value, err)
	}
}

func wantPreview(t *testing.T, p Preview[string], value string, q Quality, refining bool) {
	t.Helper()
	if p.Value != value || p.Quality != q || p.Refining != refining {
		t.Errorf("got %q, %v, refining %v: want %q, %v, %v", p.Value, p.Quality, p.Refining, value, q, refining)
	}
}

func isDone(p *Preview[string]) bool {
	select {
	case <-p.Done():
		return true
	default:
		return false
	}
}

func waiting(ctx context.Context, p *Preview[string]) <-chan answer[string] {
	ch := make(chan answer[string], 1)
	go func() { ch <- answerOf(p.Wait(ctx)) }()
	return ch
}

func TestPreviewOfAFreshResultIsFull(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	c.Set(keyOf(t, 1), "a")
	p := preview(t, c, keyOf(t, 1), forbidden(t))
	wantPreview(t, p, "a", Full, false)
	if p.SampleRate != 1 || p.AsOf.IsZero() || !isDone(&p) {
		t.Errorf("%+v", p)
	}
	wantFull(t, answerOf(p.Wait(t.Context())), "a", Memory)
}

func TestPreviewOfNothingWaitsForNothingAndLoadsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, g := cacheOf[string](t, Kind{}), newGate()
		key := keyOf(t, 1)
		first := preview(t, c, key, g.load)
		wantPreview(t, first, "", Nothing, true)
		synctest.Wait()
		goroutines := runtime.NumGoroutine()
		for range 1000 {
			wantPreview(t, preview(t, c, key, g.load), "", Nothing, true)
		}
		synctest.Wait()
		if n := runtime.NumGoroutine(); n > goroutines {
			t.Errorf("1000 previews began %d goroutines", n-goroutines)
		}
		fetched, waited := fetching(t.Context(), c, key, g.load), waiting(t.Context(), &first)
		synctest.Wait()
		if g.began() != 1 || isDone(&first) {
			t.Errorf("%d loads began, done %v", g.began(), isDone(&first))
		}
		g.open("a")
		synctest.Wait()
		if !isDone(&first) {
			t.Error("it landed, and nobody was told")
		}
		wantFull(t, <-fetched, "a", Flight)
		wantFull(t, <-waited, "a", Flight)
		wantFull(t, answerOf(first.Wait(t.Context())), "a", Memory)
		wantPreview(t, preview(t, c, key, g.load), "a", Full, false)
		wantIdle(t, c)
		if s := c.Stats(); s.Refinements != 1 || s.Loads != 1 || s.Collapsed != 2 || s.Hits != 2 {
			t.Errorf("%+v", s)
		}
	})
}

func TestPreviewJoinsTheLoadUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, g := cacheOf[string](t, Kind{}), newGate()
		key := keyOf(t, 1)
		ctx, leave := context.WithCancel(t.Context())
		fetched := fetching(ctx, c, key, g.load)
		synctest.Wait()
		p := preview(t, c, key, g.load)
		wantPreview(t, p, "", Nothing, true)
		leave() // the load goes on for the preview
		if got := <-fetched; !errors.Is(got.err, context.Canceled) {
			t.Errorf("error %v", got.err)
		}
		synctest.Wait()
		g.open("a")
		<-p.Done()
		wantFull(t, answerOf(p.Wait(t.Context())), "a", Memory)
		if s := c.Stats(); s.Refinements != 0 || s.Loads != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestPreviewOfAStaleResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, key := staleCache(t, open(t, Config{}))
		store(t, c, key, "sampled", PreviewTerms{SampleRate: 0.5})
		g := newGate()
		p := preview(t, c, key, g.load)
		wantPreview(t, p, "old", Stale, true)
		waited := waiting(t.Context(), &p)
		synctest.Wait()
		g.open("new")
		wantFull(t, <-waited, "new", Flight)
		synctest.Wait()
		wantPreview(t, preview(t, c, key, g.load), "new", Full, false)
		if s := c.Stats(); s.Stale != 1 || s.Previews != 0 || s.Hits != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// Wait is for the full result: a stale one is no answer, even in trouble.
func TestWaitTakesNothingLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, key := staleCache(t, open(t, Config{}))
		fails := failing(ErrTemporary)
		p := preview(t, c, key, fails)
		waited := waiting(t.Context(), &p)
		if got := <-waited; !errors.Is(got.err, ErrTemporary) {
			t.Errorf("got %+v", got)
		}
		wantPreview(t, preview(t, c, key, forbidden(t)), "old", Stale, false) // resting
		time.Sleep(2 * time.Second)
		wantPreview(t, preview(t, c, key, fails), "old", Stale, true)
		synctest.Wait()
	})
}

// A refresh that failed a moment ago is not tried again for a preview.
func TestPreviewLetsAFailedRefreshRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, key := staleCache(t, open(t, Config{}))
		wantStale(t, fetchNow(c, key, failing(ErrTemporary)), "old")
		synctest.Wait()
		wantPreview(t, preview(t, c, key, forbidden(t)), "old", Stale, false)
		time.Sleep(1100 * time.Millisecond)
		p := preview(t, c, key, constant("new"))
		wantPreview(t, p, "old", Stale, true)
		wantFull(t, answerOf(p.Wait(t.Context())), "new", Flight)
	})
}

func TestStoredPreviewIsServedAsWhatItIs(t *testing.T) {
	for name, c := range map[string]struct {
		terms PreviewTerms
		want  Quality
		rate  float64
	}{
		"sampled": {PreviewTerms{SampleRate: 0.1}, Sampled, 0.1},
		"narrow":  {PreviewTerms{Window: hourFrom(1)}, Narrow, 1},
		"both":    {PreviewTerms{SampleRate: 0.1, Window: hourFrom(1)}, Sampled, 0.1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cache := cacheOf[string](t, Kind{TTL: time.Minute, StaleFor: time.Minute})
				key, g, now := keyOf(t, 1), newGate(), time.Now()
				store(t, cache, key, "part", c.terms)
				p := preview(t, cache, key, g.load)
				wantPreview(t, p, "part", c.want, true)
				if p.SampleRate != c.rate || p.Window != c.terms.Window || !p.AsOf.Equal(now) || p.Source != Memory {
					t.Errorf("%+v", p)
				}
				time.Sleep(2*time.Minute - time.Second) // load timeout included
				wantPreview(t, preview(t, cache, key, g.load), "part", c.want, true)
				time.Sleep(2 * time.Second)
				if p, _ := cache.FetchPreview(t.Context(), key, g.load); p.Quality != Nothing {
					t.Errorf("%v after its time", p.Quality)
				}
				if s := cache.Stats(); s.Previews != 2 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// Promise 2: nothing that leads to results leads to a preview.
func TestPreviewIsNeverAResult(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	key := keyOf(t, 1)
	store(t, c, key, "part", PreviewTerms{SampleRate: 0.5})
	if res, ok := c.Get(key); ok || c.Len() != 0 {
		t.Errorf("Get returns %+v", res)
	}
	wantFull(t, fetchNow(c, key, constant("all")), "all", Origin)
	store(t, c, key, "part", PreviewTerms{SampleRate: 0.5})
	wantFull(t, fetchNow(c, key, forbidden(t)), "all", Memory)
	wantPreview(t, preview(t, c, key, forbidden(t)), "all", Full, false)
}

func TestFailedLoadIsNotAnsweredByAPreview(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	key := keyOf(t, 1)
	store(t, c, key, "part", PreviewTerms{SampleRate: 0.5})
	if got := fetchNow(c, key, failing(ErrTemporary)); !errors.Is(got.err, ErrTemporary) {
		t.Errorf("got %+v", got)
	}
	p := preview(t, c, key, failing(ErrTemporary))
	if res, err := p.Wait(t.Context()); !errors.Is(err, ErrTemporary) {
		t.Errorf("got %+v, %v", res, err)
	}
}

// The best preview stays, whatever comes in whatever order.
func TestLesserPreviewNeverTakesABetterOnesPlace(t *testing.T) {
	st := open(t, Config{})
	c, err := NewCache[string](st, Kind{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		key, err := NewKey(Scope{Account: 1}, "test", round)
		if err != nil {
			r.Fatal(err)
		}
		best, bestRank, bestWidth := "", 0.0, time.Duration(-1)
		for i := range rapid.IntRange(1, 12).Draw(r, "previews") {
			terms := PreviewTerms{SampleRate: rapid.SampledFrom([]float64{0, 0.01, 0.5, 1}).Draw(r, "rate")}
			width := time.Duration(rapid.IntRange(0, 3).Draw(r, "hours")) * time.Hour
			full := width == 0
			if !full {
				terms.Window = nrql.Window{From: time.Unix(0, 0), To: time.Unix(0, 0).Add(width)}
			} else {
				width = math.MaxInt64
			}
			rank := terms.SampleRate // of samples
			if rank == 0 || rank == 1 {
				rank = 2 // narrow
			}
			value := fmt.Sprint("preview ", i)
			kept, err := c.StorePreview(key, value, terms)
			if rank == 2 && full {
				if !errors.Is(err, ErrBadPreview) {
					r.Fatalf("%+v is no preview: error %v", terms, err)
				}
				continue
			}
			better := rank > bestRank || rank == bestRank && width >= bestWidth
			if kept != better || err != nil {
				r.Fatalf("kept %v, %v: want %v", kept, err, better)
			}
			if better {
				best, bestRank, bestWidth = value, rank, width
			}
		}
		if p, ok := c.flights.previews.find(key.encoded); p.Value != best || ok != (best != "") {
			r.Fatalf("%q is served: want %q", p.Value, best)
		}
	})
}

func TestWhatEndsAPreview(t *testing.T) {
	tags := []Tag{EventTypeTag(1, "Log"), EventTypeTag(1, "Span"), AccountTag(1), AccountTag(2), KindTag("test")}
	for name, c := range map[string]struct {
		do   func(t *testing.T, st *State, c *Cache[string], key Key)
		ends bool
	}{
		"delete": {func(t *testing.T, st *State, c *Cache[string], key Key) {
			if !c.Delete(key) {
				t.Error("Delete says that there was nothing")
			}
		}, true},
		"clear":       {func(t *testing.T, st *State, c *Cache[string], key Key) { c.Clear() }, true},
		"account":     {func(t *testing.T, st *State, c *Cache[string], key Key) { st.Invalidate(AccountTag(1)) }, true},
		"kind":        {func(t *testing.T, st *State, c *Cache[string], key Key) { st.Invalidate(KindTag("test")) }, true},
		"event type":  {func(t *testing.T, st *State, c *Cache[string], key Key) { st.Invalidate(EventTypeTag(1, "Log")) }, true},
		"another one": {func(t *testing.T, st *State, c *Cache[string], key Key) { st.Invalidate(EventTypeTag(1, "Span")) }, false},
		"denied":      {func(t *testing.T, st *State, c *Cache[string], key Key) { fetchNow(c, key, failing(ErrDenied)) }, true},
		"permanent": {func(t *testing.T, st *State, c *Cache[string], key Key) {
			fetchNow(c, key, failing(ErrPermanent))
			time.Sleep(31 * time.Second)
		}, true},
		"temporary":   {func(t *testing.T, st *State, c *Cache[string], key Key) { fetchNow(c, key, failing(ErrTemporary)) }, false},
		"another key": {func(t *testing.T, st *State, c *Cache[string], key Key) { c.Delete(keyOf(t, 2)) }, false},
		"newer data":  {func(t *testing.T, st *State, c *Cache[string], key Key) { st.ObserveData(1, "Log") }, false},
		"close":       {func(t *testing.T, st *State, c *Cache[string], key Key) { st.Close() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := open(t, Config{})
				slotsApart(t, st, tags...)
				cache, err := NewCache[string](st, Kind{Name: "test"})
				if err != nil {
					t.Fatal(err)
				}
				key := keyOf(t, 1)
				store(t, cache, key, "part", PreviewTerms{SampleRate: 0.5, Tags: tags[:1]})
				c.do(t, st, cache, key)
				p, err := cache.FetchPreview(t.Context(), key, newGate().load)
				if err != nil || (p.Quality == Nothing) != c.ends {
					t.Errorf("got %v, %v", p.Quality, err)
				}
			})
		})
	}
}

func TestInvalidatedPreviewMakesRoomForALesserOne(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	key := keyOf(t, 1)
	store(t, c, key, "good", PreviewTerms{SampleRate: 0.9})
	c.tags.drop(AccountTag(1))
	store(t, c, key, "less", PreviewTerms{SampleRate: 0.1})
	if p, _ := c.flights.previews.find(key.encoded); p.Value != "less" {
		t.Errorf("%q is served", p.Value)
	}
}

func TestInvalidatedPreviewIsFreed(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	store(t, c, keyOf(t, 1), "part", PreviewTerms{SampleRate: 0.9})
	c.tags.drop(AccountTag(1))
	c.flights.previews.find(keyOf(t, 1).encoded)
	if n := c.flights.previews.engine.Load().Len(); n != 0 {
		t.Errorf("%d previews are kept", n)
	}
}

// Whoever asks after an invalidation must not get what is being loaded from
// before it, by no way.
func TestPreviewsAfterAnInvalidationDoNotShareTheLoadBefore(t *testing.T) {
	for name, invalidate := range map[string]func(*Cache[string], Key){
		"delete": func(c *Cache[string], key Key) { c.Delete(key) },
		"clear":  func(c *Cache[string], key Key) { c.Clear() },
		"tag":    func(c *Cache[string], key Key) { c.tags.drop(AccountTag(1)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, old, next := cacheOf[string](t, Kind{}), newGate(), newGate()
				key := keyOf(t, 1)
				before := preview(t, c, key, old.load)
				waitedBefore := waiting(t.Context(), &before)
				synctest.Wait()
				invalidate(c, key)
				after := preview(t, c, key, next.load)
				wantPreview(t, after, "", Nothing, true)
				waitedAfter := waiting(t.Context(), &after)
				synctest.Wait()
				old.open("old")
				wantValue(t, <-waitedBefore, "old", Flight)
				synctest.Wait()
				if !isDone(&before) || isDone(&after) {
					t.Errorf("before done %v, after done %v", isDone(&before), isDone(&after))
				}
				late := waiting(t.Context(), &before) // a call that begins after the invalidation
				synctest.Wait()
				next.open("new")
				wantFull(t, <-waitedAfter, "new", Flight)
				wantFull(t, <-late, "new", Flight)
				wantPreview(t, preview(t, c, key, forbidden(t)), "new", Full, false)
				if n := c.flights.refinements.n.Load(); n != 0 || len(c.flights.unmanned) != 0 {
					t.Errorf("%d refinements are left", n)
				}
			})
		})
	}
}

func TestWaitFollowsItsOwnContextAndLeavesTheLoadAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, g := cacheOf[string](t, Kind{}), newGate()
		key := keyOf(t, 1)
		p := preview(t, c, key, g.load)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		synctest.Wait()
		g.open("a")
		<-p.Done()
		wantPreview(t, preview(t, c, key, forbidden(t)), "a", Full, false)
	})
}

func TestPreviewForACallerWhoHasGoneStartsNothing(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	key := keyOf(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if p, err := c.FetchPreview(ctx, key, forbidden(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v", p, err)
	}
	store(t, c, key, "part", PreviewTerms{SampleRate: 0.5})
	p, err := c.FetchPreview(ctx, key, forbidden(t))
	if err != nil {
		t.Fatal(err)
	}
	wantPreview(t, p, "part", Sampled, false)
	if !isDone(&p) {
		t.Error("it says that something is under way")
	}
}

func TestPreviewsBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{})
		c, err := NewCache[string](st, Kind{Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		other, err := NewCache[string](st, Kind{Name: "other"})
		if err != nil {
			t.Fatal(err)
		}
		g := newGate()
		for i := range maxRefinements {
			cache := c
			if i%2 == 1 {
				cache = other
			}
			if p, err := cache.FetchPreview(t.Context(), keyOf(t, i), g.load); err != nil || !p.Refining {
				t.Fatalf("preview %d: %+v, %v", i, p, err)
			}
			<-g.ctx
		}
		p := preview(t, c, keyOf(t, "more"), constant("a"))
		wantPreview(t, p, "", Nothing, false)
		if !isDone(&p) {
			t.Error("it says that something is under way")
		}
		wantFull(t, answerOf(p.Wait(t.Context())), "a", Origin) // who waits is not bounded
		g.open("x")
		synctest.Wait()
		wantPreview(t, preview(t, c, keyOf(t, "another"), constant("a")), "", Nothing, true)
		synctest.Wait()
	})
}

func TestCloseEndsRefinementsThatNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{})
		c, err := NewCache[string](st, Kind{Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		lonely, awaited := newGate(), newGate()
		alone := preview(t, c, keyOf(t, 1), lonely.load)
		p := preview(t, c, keyOf(t, 2), awaited.load)
		waited := waiting(t.Context(), &p)
		synctest.Wait()
		st.Close()
		st.Close()
		synctest.Wait()
		if cause := context.Cause(<-lonely.ctx); !errors.Is(cause, errAbandoned) || !isDone(&alone) {
			t.Errorf("its context ended with %v, done %v", cause, isDone(&alone))
		}
		awaited.open("a")
		wantFull(t, <-waited, "a", Flight)
		again := waiting(t.Context(), &alone)
		lonely.open("b")
		wantFull(t, <-again, "b", Origin)
		synctest.Wait()
		if n := st.refining.n.Load(); n != 0 {
			t.Errorf("%d refinements are left", n)
		}
		wantIdle(t, c)
	})
}

func TestClosedStatePreviewsNothing(t *testing.T) {
	st := open(t, Config{})
	c, err := NewCache[string](st, Kind{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	empty, err := NewCache[string](st, Kind{Name: "none-yet"})
	if err != nil {
		t.Fatal(err)
	}
	key := keyOf(t, 1)
	store(t, c, key, "part", PreviewTerms{SampleRate: 0.5})
	st.Close()
	for _, c := range []*Cache[string]{c, empty} {
		if kept, err := c.StorePreview(key, "part", PreviewTerms{SampleRate: 0.5}); kept || err != nil {
			t.Errorf("kept %v, %v", kept, err)
		}
	}
	p := preview(t, c, key, constant("a"))
	wantPreview(t, p, "", Nothing, false)
	wantFull(t, answerOf(p.Wait(t.Context())), "a", Origin)
}

func TestBadPreviews(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	for want, terms := range map[string]PreviewTerms{
		"neither SampleRate nor Window": {},
		"SampleRate is 1.5":             {SampleRate: 1.5},
		"SampleRate is -0.1":            {SampleRate: -0.1},
		"SampleRate is NaN":             {SampleRate: math.NaN(), Window: hourFrom(1)},
		"SampleRate is +Inf":            {SampleRate: math.Inf(1)},
		"KeepFor is -1s":                {SampleRate: 0.5, KeepFor: -time.Second},
		"before it begins":              {Window: nrql.Window{From: time.Unix(2, 0), To: time.Unix(1, 0)}},
	} {
		if kept, err := c.StorePreview(keyOf(t, 1), "x", terms); kept || !errors.Is(err, ErrBadPreview) || !contains(err, want) {
			t.Errorf("kept %v, %v: want %q", kept, err, want)
		}
	}
	if _, err := c.StorePreview(Key{}, "x", PreviewTerms{SampleRate: 0.5}); !errors.Is(err, ErrBadKey) {
		t.Errorf("error %v", err)
	}
	if _, err := c.FetchPreview(t.Context(), Key{}, forbidden(t)); !errors.Is(err, ErrBadKey) {
		t.Errorf("error %v", err)
	}
	var zero Preview[string]
	if _, err := zero.Wait(t.Context()); !errors.Is(err, ErrBadKey) || !isDone(&zero) {
		t.Errorf("error %v", err)
	}
}

func TestRoomForPreviewsIsBounded(t *testing.T) {
	c := cacheOf[string](t, Kind{MaximumSize: 400})
	for i := range 1000 {
		store(t, c, keyOf(t, i), "part", PreviewTerms{SampleRate: 0.5})
	}
	if n := c.flights.previews.engine.Load().Len(); n > 100 {
		t.Errorf("%d previews are kept", n)
	}
	bytes := cacheOf[string](t, Kind{MaximumBytes: 4 << 20})
	for i := range 1000 {
		if _, err := bytes.StorePreview(keyOf(t, i), string(make([]byte, 10_000)), PreviewTerms{SampleRate: 0.5}); err != nil {
			t.Fatal(err)
		}
	}
	if cost := bytes.flights.previews.engine.Load().Cost(); cost > 1<<20+1<<16 || cost < 1<<19 {
		t.Errorf("%d bytes of previews are kept", cost)
	}
	if c.Stats().Entries != 0 || bytes.Stats().Bytes != 0 {
		t.Error("previews take the room of results")
	}
}

func TestFullPreviewAllocatesNothing(t *testing.T) {
	c, ctx := cacheOf[string](t, Kind{}), t.Context()
	key, load := keyOf(t, 1), constant("a")
	c.Set(key, "a")
	if n := testing.AllocsPerRun(1000, func() { c.FetchPreview(ctx, key, load) }); n > 0.1 {
		t.Errorf("%v allocations", n)
	}
}

// Everything at once. Each load reads how often the key was invalidated before it
// began; no answer may be older than what its caller knew.
func TestPreviewsAmongInvalidations(t *testing.T) {
	st := open(t, Config{})
	c, err := NewCache[int64](st, Kind{Name: "test", TTL: time.Millisecond, StaleFor: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	var (
		wg   sync.WaitGroup
		done atomic.Int64
		key  = keyOf(t, 1)
		load = func(context.Context) (int64, error) { return done.Load(), nil }
	)
	for range 2 {
		wg.Go(func() {
			for range 2000 {
				known := done.Load()
				p, err := c.FetchPreview(t.Context(), key, load)
				if err != nil || p.Quality != Nothing && p.Value < known {
					t.Errorf("%v of %d, %v: %d was known", p.Quality, p.Value, err, known)
				}
				known = done.Load()
				if res, err := p.Wait(t.Context()); p.Quality != Full && (err != nil || res.Value < known) {
					t.Errorf("waited for %d, %v: %d was known", res.Value, err, known)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range int64(500) {
			if i%2 == 0 {
				c.Delete(key)
			} else {
				st.Invalidate(AccountTag(1))
			}
			done.Add(1)
			c.StorePreview(key, done.Load(), PreviewTerms{SampleRate: 0.5})
		}
	})
	wg.Wait()
	if n := st.refining.n.Load(); n > 1 {
		t.Errorf("%d refinements are left", n)
	}
}
