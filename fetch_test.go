package state

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// answer is what a Fetch returned.
type answer[T any] struct {
	Result[T]
	err error
}

// fetching starts a Fetch and returns where its answer will be.
func fetching[T any](
	ctx context.Context, c *Cache[T], key Key, load func(context.Context) (T, error),
) <-chan answer[T] {
	ch := make(chan answer[T], 1)
	go func() {
		res, err := c.Fetch(ctx, key, load)
		ch <- answer[T]{res, err}
	}()
	return ch
}

// gate is a load that waits to be told its outcome, and ends early with its
// context.
type gate struct {
	ctx     chan context.Context // has the context of each load that began
	outcome chan outcome[string]
}

func newGate() *gate {
	return &gate{ctx: make(chan context.Context, 100), outcome: make(chan outcome[string])}
}

func (g *gate) load(ctx context.Context) (string, error) {
	g.ctx <- ctx
	select {
	case out := <-g.outcome:
		return out.value, out.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (g *gate) open(value string) { g.outcome <- outcome[string]{value: value} }

// began returns how many loads have begun and not been taken note of.
func (g *gate) began() int { return len(g.ctx) }

func constant(value string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return value, nil }
}

func forbidden(t *testing.T) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		t.Error("a load began that should not have")
		return "", nil
	}
}

func wantValue(t *testing.T, got answer[string], value string, from Source) {
	t.Helper()
	if got.err != nil || got.Value != value || got.Source != from {
		t.Errorf("got %q from %v, %v: want %q from %v", got.Value, got.Source, got.err, value, from)
	}
}

func fetchNow(c *Cache[string], key Key, load func(context.Context) (string, error)) answer[string] {
	res, err := c.Fetch(context.Background(), key, load)
	return answer[string]{res, err}
}

func TestFetchLoadsThenRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{TTL: time.Minute})
		key := keyOf(t, 1)
		asOf := time.Now()
		got := fetchNow(c, key, func(context.Context) (string, error) {
			time.Sleep(3 * time.Second)
			return "a", nil
		})
		wantValue(t, got, "a", Origin)
		if !got.AsOf.Equal(asOf) {
			t.Errorf("as of %v: want the load's start, %v", got.AsOf, asOf)
		}
		time.Sleep(time.Minute - time.Millisecond)
		got = fetchNow(c, key, forbidden(t))
		wantValue(t, got, "a", Memory)
		if !got.AsOf.Equal(asOf) {
			t.Errorf("a hit is as of %v: want %v", got.AsOf, asOf)
		}
		time.Sleep(time.Second)
		wantValue(t, fetchNow(c, key, constant("b")), "b", Origin)
		wantValue(t, fetchNow(c, keyOf(t, 2), constant("c")), "c", Origin)
	})
}

func TestFetchHitIgnoresItsContext(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	key := keyOf(t, 1)
	c.Set(key, "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	res, err := c.Fetch(ctx, key, forbidden(t))
	wantValue(t, answer[string]{res, err}, "a", Memory)
}

func TestFetchMissWithAnEndedContextLoadsNothing(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := c.Fetch(ctx, keyOf(t, 1), forbidden(t))
	if !errors.Is(err, context.Canceled) || !errors.Is(err, why) {
		t.Errorf("error %v: want the context's, and its cause", err)
	}
	if s := c.Stats(); s.Loads != 0 {
		t.Errorf("%d loads", s.Loads)
	}
}

func TestFetchRefusesTheZeroKey(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	if c.Set(Key{}, "a") {
		t.Error("Set kept a value for the zero Key")
	}
	if _, err := c.Fetch(t.Context(), Key{}, forbidden(t)); !errors.Is(err, ErrBadKey) {
		t.Errorf("error %v: want ErrBadKey", err)
	}
}

func TestFetchHitAllocatesNothing(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	key, load, ctx := keyOf(t, 1), constant("a"), t.Context()
	c.Set(key, "a")
	if n := testing.AllocsPerRun(1000, func() {
		if res, err := c.Fetch(ctx, key, load); err != nil || res.Value != "a" {
			t.Error(res, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a hit", n)
	}
}

// A hit is answered while somebody else holds every lock there is.
func TestFetchHitTakesNoLock(t *testing.T) {
	st := open(t, Config{})
	c, err := NewCache[string](st, Kind{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	key := keyOf(t, 1)
	c.Set(key, "a")
	st.mu.Lock()
	defer st.mu.Unlock()
	c.flights.mu.Lock()
	defer c.flights.mu.Unlock()
	wantValue(t, fetchNow(c, key, forbidden(t)), "a", Memory)
}

func TestTenThousandFetchesOfAColdKeyRunOneLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{})
		key, g := keyOf(t, 1), newGate()
		const callers = 10_000
		var answers []<-chan answer[string]
		for range callers {
			answers = append(answers, fetching(t.Context(), c, key, g.load))
		}
		synctest.Wait()
		g.open("a")
		from := map[Source]int{}
		for _, ch := range answers {
			got := <-ch
			if got.err != nil || got.Value != "a" {
				t.Fatal(got)
			}
			from[got.Source]++
		}
		if g.began() != 1 || from[Origin] != 1 || from[Flight] != callers-1 {
			t.Errorf("%d loads, sources %v", g.began(), from)
		}
		if s := c.Stats(); s.Loads != 1 || s.Collapsed != callers-1 {
			t.Errorf("stats %+v", s)
		}
	})
}

// The same without a bubble, so that callers meet a landing flight in every
// way.
func TestConcurrentFetchesOfAColdKeyRunOneLoad(t *testing.T) {
	c := cacheOf[int](t, Kind{})
	for round := range 50 {
		key := keyOf(t, round)
		var loads atomic.Int64
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				res, err := c.Fetch(t.Context(), key, func(context.Context) (int, error) {
					loads.Add(1)
					return round, nil
				})
				if err != nil || res.Value != round {
					t.Error(res, err)
				}
			})
		}
		wg.Wait()
		if n := loads.Load(); n != 1 {
			t.Fatalf("%d loads", n)
		}
	}
}

// A caller that missed just before a flight landed finds its result rather than
// loading again.
func TestFetchLooksAgainBeforeItLoads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{})
		key, g := keyOf(t, 1), newGate()
		first := fetching(t.Context(), c, key, g.load)
		synctest.Wait()
		g.open("a")
		wantValue(t, <-first, "a", Origin)
		res, err := c.fetchMissing(t.Context(), key, withoutTerms(forbidden(t)))
		wantValue(t, answer[string]{res, err}, "a", Memory)
	})
}

func TestSlowLoadDelaysNoOtherKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{})
		g := newGate()
		slow := fetching(t.Context(), c, keyOf(t, 1), g.load)
		synctest.Wait()
		wantValue(t, fetchNow(c, keyOf(t, 2), constant("b")), "b", Origin)
		g.open("a")
		wantValue(t, <-slow, "a", Origin)
	})
}

func TestWaiterLeavesWithItsContextAndHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{})
		key, g := keyOf(t, 1), newGate()
		// The one that leaves is the one that started the load.
		ctx, cancel := context.WithCancel(t.Context())
		leaver := fetching(ctx, c, key, g.load)
		synctest.Wait()
		stayer := fetching(t.Context(), c, key, g.load)
		synctest.Wait()
		cancel()
		got := <-leaver
		if !errors.Is(got.err, context.Canceled) {
			t.Errorf("error %v: want the context's", got.err)
		}
		if want := "state: waiting for the load of test (account 1): context canceled"; got.err.Error() != want {
			t.Errorf("error %q: want %q", got.err, want)
		}
		if err := (<-g.ctx).Err(); err != nil {
			t.Errorf("the load's context ended (%v) though somebody waits", err)
		}
		g.open("a")
		wantValue(t, <-stayer, "a", Flight)
		wantValue(t, fetchNow(c, key, forbidden(t)), "a", Memory)
	})
}

func TestWaiterLeavesAtItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{})
		g := newGate()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		_, err := c.Fetch(ctx, keyOf(t, 1), g.load)
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrLoadTimeout) {
			t.Errorf("error %v: want the context's, and not the load's", err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestLastWaiterEndsTheLoadAndTheNextStartsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{})
		key := keyOf(t, 1)
		// This load ends only when it is told to, so that the next Fetch could
		// join it.
		release, seen := make(chan struct{}), make(chan context.Context, 1)
		stubborn := func(ctx context.Context) (string, error) {
			seen <- ctx
			<-release
			return "old", nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		one, two := fetching(ctx, c, key, stubborn), fetching(ctx, c, key, stubborn)
		synctest.Wait()
		cancel()
		<-one
		<-two
		synctest.Wait()
		if cause := context.Cause(<-seen); !errors.Is(cause, errAbandoned) {
			t.Errorf("the load's context ended with %v: want errAbandoned", cause)
		}
		wantValue(t, fetchNow(c, key, constant("new")), "new", Origin)
		close(release)
		synctest.Wait()
		wantValue(t, fetchNow(c, key, forbidden(t)), "new", Memory)
		if s := c.Stats(); s.Loads != 2 || s.Abandoned != 1 || s.LoadErrors != 0 || s.Fenced != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

// From the moment the last has left, nobody joins that load, even while it has
// not noticed yet.
func TestNobodyJoinsALoadThatAllHaveLeft(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	release := make(chan struct{})
	defer close(release)
	stuck := func(context.Context) (string, error) {
		<-release
		return "a", nil
	}
	for round := range 200 {
		key := keyOf(t, round).encoded
		first, _, _ := c.flights.join(t.Context(), key, withoutTerms(stuck), stale)
		c.flights.leave(key, first.flight)
		next, landed, _ := c.flights.join(t.Context(), key, withoutTerms(constant("b")), stale)
		if landed != nil {
			t.Fatal("what an abandoned load brought was kept")
		}
		if next.flight == first.flight || next.source != Origin {
			t.Fatal("a caller joined an abandoned load")
		}
		if got := <-next.answer; got.Err != nil || got.Val.(*entry[string]).value != "b" {
			t.Fatal(got)
		}
	}
}

// The last to leave an old flight must not take the new one of the same key
// with it.
func TestLeavingAnOvertakenFlightSparesTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{})
		key, old, next := keyOf(t, 1), newGate(), newGate()
		ctx, cancel := context.WithCancel(t.Context())
		leaver := fetching(ctx, c, key, old.load)
		synctest.Wait()
		c.Delete(key)
		stayer := fetching(t.Context(), c, key, next.load)
		synctest.Wait()
		cancel()
		<-leaver
		synctest.Wait()
		if cause := context.Cause(<-old.ctx); !errors.Is(cause, errAbandoned) {
			t.Errorf("the old load's context ended with %v: want errAbandoned", cause)
		}
		joiner := fetching(t.Context(), c, key, forbidden(t))
		synctest.Wait()
		next.open("b")
		wantValue(t, <-stayer, "b", Origin)
		wantValue(t, <-joiner, "b", Flight)
		wantValue(t, fetchNow(c, key, forbidden(t)), "b", Memory)
	})
}

func TestLoadHasTheValuesOfWhoStartedItButNotTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type tag struct{}
		c := cacheOf[string](t, Kind{LoadTimeout: time.Hour})
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), tag{}, "mine"), time.Second)
		defer cancel()
		res, err := c.Fetch(ctx, keyOf(t, 1), func(ctx context.Context) (string, error) {
			deadline, ok := ctx.Deadline()
			if !ok || time.Until(deadline) != time.Hour {
				t.Errorf("the load's deadline is %v, %v", deadline, ok)
			}
			return ctx.Value(tag{}).(string), nil
		})
		wantValue(t, answer[string]{res, err}, "mine", Origin)
	})
}

func TestLoadTimeout(t *testing.T) {
	for name, obedient := range map[string]bool{"a load that minds its context": true, "a load that does not": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := cacheOf[string](t, Kind{LoadTimeout: 5 * time.Second})
				key, release := keyOf(t, 1), make(chan struct{})
				load := func(ctx context.Context) (string, error) {
					if obedient {
						<-ctx.Done()
						return "", ctx.Err()
					}
					<-release
					return "late", nil
				}
				began := time.Now()
				one, two := fetching(t.Context(), c, key, load), fetching(t.Context(), c, key, load)
				for _, ch := range []<-chan answer[string]{one, two} {
					got := <-ch
					if !errors.Is(got.err, ErrLoadTimeout) || !errors.Is(got.err, context.DeadlineExceeded) {
						t.Errorf("error %v: want ErrLoadTimeout", got.err)
					}
				}
				if took := time.Since(began); took != 5*time.Second {
					t.Errorf("took %v", took)
				}
				close(release)
				synctest.Wait()
				if res, ok := c.Get(key); ok {
					t.Errorf("the late result %q was kept", res.Value)
				}
				if s := c.Stats(); s.LoadErrors != 1 {
					t.Errorf("stats %+v", s)
				}
				wantValue(t, fetchNow(c, key, constant("b")), "b", Origin)
			})
		})
	}
}

// A load that succeeds in the very instant in which its time is up has
// succeeded.
func TestLoadThatJustMakesItHasNoError(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrLoadTimeout)
	if err := c.flights.explain(&flight{ctx: ctx}, nil); err != nil {
		t.Errorf("error %v", err)
	}
}

func TestLoadContextEndsWithTheLoad(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	var loads context.Context
	fetchNow(c, keyOf(t, 1), func(ctx context.Context) (string, error) {
		loads = ctx
		return "a", nil
	})
	if loads.Err() == nil {
		t.Error("the context of a load that ended is still alive, and its timer with it")
	}
}

func TestLoadErrorsReachAllAndAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{})
		key, g, broken := keyOf(t, 1), newGate(), errors.New("broken")
		one, two := fetching(t.Context(), c, key, g.load), fetching(t.Context(), c, key, g.load)
		synctest.Wait()
		g.outcome <- outcome[string]{value: "half", err: broken}
		for _, ch := range []<-chan answer[string]{one, two} {
			got := <-ch
			if !errors.Is(got.err, broken) || got.Result != (Result[string]{}) {
				t.Errorf("got %+v: want the zero Result and the load's error", got)
			}
			if want := "state: load of test (account 1): broken"; got.err.Error() != want {
				t.Errorf("error %q: want %q", got.err, want)
			}
		}
		if s := c.Stats(); s.LoadErrors != 1 || s.Loads != 1 {
			t.Errorf("stats %+v", s)
		}
		wantValue(t, fetchNow(c, key, constant("b")), "b", Origin)
	})
}

func TestSourceText(t *testing.T) {
	for source, want := range map[Source]string{Memory: "memory", Flight: "flight", Origin: "origin", 0: "source 0"} {
		if text, err := source.MarshalText(); err != nil || string(text) != want {
			t.Errorf("got %q, %v: want %q", text, err, want)
		}
	}
}
