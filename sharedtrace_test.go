//go:build unix

package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/uds-platform/state/internal/redistest"
	"github.com/uds-platform/state/session"
)

// tracedMember is an instance with a recorder, which is told collections too.
func tracedMember(t *testing.T, url string, change ...func(*Config)) (*recorder, *member) {
	t.Helper()
	r := &recorder{}
	m := joined(t, url, append(change, func(cfg *Config) { cfg.Tracer = r })...)
	return r, m
}

func TestTracerSeesWhoWaitsForRedis(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	r, a := tracedMember(t, s.URL())
	other, b := tracedMember(t, s.URL())
	key := keyOf(t, 1)
	a.fetch(key, "one")
	r.wants(t, "detached, behind false", `load "report", joined false: <nil>`,
		`shared "get" of report, joined false: <nil>`, `shared "lease" of report, joined false: <nil>`)
	a.awaitHeard(b)
	b.fetch(key, "two")
	other.wants(t, "detached, behind false", `load "report", joined false: <nil>`, `shared "get" of report, joined false: <nil>`)
	b.fetch(key, "three") // a hit
	other.wants(t)
}

// Whether a query was NRDB's to answer is only known when Redis has been asked.
func TestTracerSeesWhetherRedisAnsweredAQuery(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	asks := func(cfg *Config) { cfg.Querier = querierFunc(echo) }
	r, a := tracedMember(t, s.URL(), asks)
	other, b := tracedMember(t, s.URL(), asks)
	ask := func(m *member) {
		t.Helper()
		if _, err := m.st.Query(t.Context(), 1, "SHOW EVENT TYPES"); err != nil {
			t.Fatal(err)
		}
	}
	ask(a)
	r.wants(t, "detached, behind false", `load "query", joined false: <nil>`, `query "query", joined false: <nil>`,
		`shared "get" of query, joined false: <nil>`, `shared "lease" of query, joined false: <nil>`)
	a.awaitHeard(b)
	ask(b)
	other.wants(t, "detached, behind false", `load "query", joined false: <nil>`, `shared "get" of query, joined false: <nil>`)
}

// Nobody waits for a Redis that is away.
func TestTracerSeesNobodyWaitForARedisThatIsAway(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	r, a := tracedMember(t, s.URL())
	s.Shutdown()
	a.awaitAway()
	a.fetch(keyOf(t, 1), "one")
	r.wants(t, "detached, behind false", `load "report", joined false: <nil>`)
}

// The span of a load that panics ends all the same.
func TestTracerSeesTheQueryThatPanics(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	r, a := tracedMember(t, s.URL(), func(cfg *Config) {
		cfg.Querier = querierFunc(func(context.Context, int, string) (Rows, error) { panic("broken") })
	})
	_, err := a.st.Query(t.Context(), 1, "SHOW EVENT TYPES")
	if !errors.Is(err, ErrLoaderPanic) {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if want := fmt.Sprintf("query %q, joined false: %v", queryKind, ErrLoaderPanic); !slices.Contains(r.told, want) {
		t.Errorf("told %q: want %q in it", r.told, want)
	}
}

func TestTracerSeesWhoWaitsForASession(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	r, a := tracedMember(t, s.URL())
	awaitShared(t, a.st)
	made := makeSession(t, a.st)
	setValue(t, a.st, made.Handle(), "made", "by a")
	redistest.Await(t, "Redis has the session", func() bool {
		return slices.Contains(keysIn(t, s), "state:session:"+string(made.Handle()))
	})
	if _, err := a.st.Sessions().Get(t.Context(), alice, made.Handle()); err != nil {
		t.Fatal(err)
	}
	r.wants(t) // it is here, and nobody waits for what a change sends
	elsewhere := session.Handle(strings.Repeat("a", len(made.Handle())))
	if _, err := a.st.Sessions().Get(t.Context(), alice, elsewhere); !errors.Is(err, session.ErrNotFound) {
		t.Fatal(err)
	}
	r.wants(t, `session "fetch", joined false: <nil>`, `shared "merge" of session, joined false: <nil>`)
}

func TestWaitingForRedisWithoutATracerAllocatesNothing(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	m := joined(t, s.URL())
	ctx, replica := t.Context(), newSessionReplica(m.st.shared.tier, blind{})
	for name, tracer := range map[string]Tracer{"none": nil, "blind": blind{}} {
		m.c.flights.tracer = tracer
		m.st.config.Tracer = tracer
		if n := testing.AllocsPerRun(1000, func() {
			endSpan(m.c.flights.asks(ctx, "get"), nil)
			endSpan(m.c.flights.asksOrigin(ctx), nil)
			if waits, done := m.st.awaitSession(ctx); waits != ctx || done != nil {
				t.Error("a wait that nobody listens to is marked")
			}
			endSpan(replica.asks(ctx), nil)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkWaitingForRedisUntraced(b *testing.B) {
	s := redistest.Start(b, redistest.Options{})
	m := joined(b, s.URL())
	m.c.flights.tracer = blind{}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		endSpan(m.c.flights.asks(ctx, "get"), nil)
	}
}
