package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// recorder is a Tracer that writes down what it is told.
type recorder struct {
	mu   sync.Mutex
	told []string
}

type recorderSpan struct {
	r  *recorder
	op Operation
}

func (r *recorder) tell(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, fmt.Sprintf(format, args...))
}

func (r *recorder) Begin(ctx context.Context, op Operation) Span { return &recorderSpan{r, op} }

func (r *recorder) Detach(ctx context.Context, behind bool) context.Context {
	r.tell("detached, behind %v", behind)
	return context.WithValue(ctx, recorderKey{}, "detached")
}

type recorderKey struct{}

func (s *recorderSpan) End(err error) {
	name := fmt.Sprintf("%q", s.op.Name)
	if s.op.Collection != "" {
		name += " of " + s.op.Collection
	}
	s.r.tell("%v %s, joined %v: %v", s.op.Wait, name, s.op.Joined, err)
}

// wants checks what was told since the last time.
func (r *recorder) wants(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.told)
	slices.Sort(want)
	if !slices.Equal(r.told, want) {
		t.Errorf("the tracer was told %q: want %q", r.told, want)
	}
	r.told = nil
}

// traced is a cache in a State with a recorder.
func traced(t *testing.T, k Kind, cfg Config) (*recorder, *State, *Cache[string]) {
	t.Helper()
	r := &recorder{}
	cfg.Tracer = r
	st := open(t, cfg)
	k.Name = "test"
	c, err := NewCache[string](st, k)
	if err != nil {
		t.Fatal(err)
	}
	return r, st, c
}

func TestTracerSeesEveryWaitOfAMissAndNoHit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, c := traced(t, Kind{}, Config{})
		key, g := keyOf(t, 1), newGate()
		first := fetching(t.Context(), c, key, g.load)
		synctest.Wait()
		second := fetching(t.Context(), c, key, forbidden(t))
		synctest.Wait()
		if ctx := <-g.ctx; ctx.Value(recorderKey{}) != "detached" {
			t.Error("the load does not run in the context that Detach returned")
		}
		g.open("x")
		<-first
		<-second
		r.wants(t, "detached, behind false", `load "test", joined false: <nil>`, `load "test", joined true: <nil>`)
		fetchNow(c, key, forbidden(t))
		r.wants(t)
	})
}

func TestTracerSeesTheErrorThatTheCallerGets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, c := traced(t, Kind{}, Config{})
		_, err := c.Fetch(t.Context(), keyOf(t, 1), failing(ErrTemporary))
		r.wants(t, "detached, behind false", fmt.Sprintf("load %q, joined false: %v", "test", err))
		_, err = c.Fetch(t.Context(), keyOf(t, 2), failing(ErrPermanent))
		r.wants(t, "detached, behind false", fmt.Sprintf("load %q, joined false: %v", "test", err))
		_, err = c.Fetch(t.Context(), keyOf(t, 2), forbidden(t)) // it is remembered
		r.wants(t, fmt.Sprintf("none %q, joined false: %v", "test", err))
	})
}

func TestTracerSeesWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, c := traced(t, Kind{}, Config{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Fetch(ctx, keyOf(t, 1), newGate().load)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		r.wants(t, "detached, behind false", fmt.Sprintf("load %q, joined false: %v", "test", err))
	})
}

// A caller who has got a stale result does not wait for the refresh behind it.
func TestTracerKnowsWhatRunsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, c := traced(t, Kind{TTL: time.Minute, StaleFor: time.Hour}, Config{})
		key := keyOf(t, 1)
		c.Set(key, "old")
		time.Sleep(time.Minute + time.Second)
		wantStale(t, fetchNow(c, key, constant("new")), "old")
		synctest.Wait()
		r.wants(t, "detached, behind true")
	})
}

func TestTracerSeesQueries(t *testing.T) {
	r, st, _ := traced(t, Kind{}, Config{Querier: querierFunc(echo)})
	if _, err := st.Query(t.Context(), 1, "SHOW EVENT TYPES"); err != nil {
		t.Fatal(err)
	}
	r.wants(t, "detached, behind false", `query "query", joined false: <nil>`)
	_, err := st.Query(t.Context(), 0, "SHOW EVENT TYPES")
	r.wants(t, fmt.Sprintf("none %q, joined false: %v", "query", err))
	_, err = st.QueryPreview(t.Context(), 1, " ")
	r.wants(t, fmt.Sprintf("none %q, joined false: %v", "query", err))
}

// blind is a tracer that nobody listens to.
type blind struct{}

func (blind) Begin(context.Context, Operation) Span                   { return nil }
func (blind) Detach(ctx context.Context, behind bool) context.Context { return ctx }

func TestTracingThatNobodyWantsAllocatesNothing(t *testing.T) {
	for name, tracer := range map[string]Tracer{"none": nil, "blind": blind{}} {
		c := cacheOf[string](t, Kind{})
		c.flights.tracer = tracer
		ctx, f := t.Context(), &flight{}
		f.ctx = ctx
		if n := testing.AllocsPerRun(1000, func() {
			endSpan(c.flights.awaits(ctx, seat{source: Origin}), nil)
			c.flights.detach(f)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestOriginCountsWhatIsSentAndSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Querier: querierFunc(func(ctx context.Context, account int, nrql string) (Rows, error) {
			time.Sleep(2 * time.Second)
			switch nrql {
			case "bad":
				return nil, errors.New("broken")
			case "panic":
				panic("oh")
			}
			return echo(ctx, account, nrql)
		})})
		for range 3 {
			st.Query(t.Context(), 1, "SHOW EVENT TYPES")
		}
		st.Query(t.Context(), 1, "bad")
		st.Query(t.Context(), 1, "panic")
		h := st.Health()
		want := OriginStats{Sent: 3, Failed: 2, Time: 6 * time.Second, Saved: 2}
		if h.Origin != want {
			t.Errorf("origin %+v: want %+v", h.Origin, want)
		}
		if loads := (LoadStats{Name: queryKind, Ended: 3, Time: 6 * time.Second}); len(h.Loads) != 1 || h.Loads[0] != loads {
			t.Errorf("loads %+v: want %+v", h.Loads, loads)
		}
	})
}

func BenchmarkTracing(b *testing.B) {
	for name, tracer := range map[string]Tracer{"none": nil, "blind": blind{}} {
		b.Run(name, func(b *testing.B) {
			c := cacheOf[string](b, Kind{})
			c.flights.tracer = tracer
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				endSpan(c.flights.awaits(ctx, seat{source: Origin}), nil)
			}
		})
	}
}
