package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
	"github.com/uds-platform/state/internal/clock"
)

var (
	loadSessions = flag.Int("load.sessions", 50, "how many MCP sessions TestManySessions has")
	loadThink    = flag.Duration("load.think", 0, "how long each of them pauses between calls, on average")
	loadDuration = flag.Duration("load.duration", 0, "how long each of them calls; by default so many calls rather than so long")
)

func TestConcurrentDiscoveriesKeepToThemselves(t *testing.T) {
	s := serveFor(t, defaultServe(), standin.Options{MaxConcurrent: 1000})
	types := []string{"Transaction", "Log", "Span", "SystemSample", "PageView"}
	var all sync.WaitGroup
	for i := range 20 {
		client := connectHTTP(t, s, "")
		all.Go(func() {
			goal, eventType := fmt.Sprintf("goal number %d", i), types[i%len(types)]
			handle := start(t, client, goal)
			var own sync.WaitGroup
			for range 3 { // a client may make several calls at once
				own.Go(func() {
					out := callTool(t, client, "explore_attributes", map[string]any{"handle": handle, "event_type": eventType})
					if out["event_type"] != eventType {
						t.Errorf("asked for %s, got %v", eventType, out["event_type"])
					}
				})
			}
			own.Wait()
			status := callTool(t, client, "session_status", map[string]any{"handle": handle})
			if status["goal"] != goal || len(status.list("calls")) != 3 || len(status.list("explored")) != 1 {
				t.Errorf("%s: goal %v, %d calls, explored %v", goal, status["goal"], len(status.list("calls")), status.list("explored"))
			}
		})
	}
	all.Wait()
	// Five types, each with a keyset and two queries for each of four attributes.
	if most := int64(len(types)*9) + 40; s.target.server.Queries() > most {
		t.Errorf("%d queries were sent, want at most %d", s.target.server.Queries(), most)
	}
}

// TestManySessions is the load test. Its short form counts calls and goroutines;
// its long form, -load.sessions 1000 -load.think 5s -load.duration 60s, also prints
// how long calls took and what memory that was. Without pauses it shows how many calls
// a second there can be, and latency is only how many wait for their turn.
func TestManySessions(t *testing.T) {
	const callsEach = 20
	o := defaultServe()
	o.ownerSessions = *loadSessions
	s := serveFor(t, o, standin.Options{MaxConcurrent: 1000})
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost, base.MaxIdleConns = *loadSessions, *loadSessions
	web := &http.Client{Transport: base}
	t.Cleanup(base.CloseIdleConnections)

	clients := make([]*mcp.ClientSession, *loadSessions)
	handles := make([]string, len(clients))
	for i := range clients {
		clients[i] = connect(t, &mcp.StreamableClientTransport{Endpoint: s.url + "/mcp", HTTPClient: web, DisableStandaloneSSE: true})
		handles[i] = start(t, clients[i], "the logs of the checkout service")
	}
	hot := func(i int) map[string]any {
		return map[string]any{"handle": handles[i], "event_type": "Log", "examine": 2}
	}
	for i := range clients { // everything is in memory from here on
		callTool(t, clients[i], "explore_attributes", hot(i))
	}
	base.CloseIdleConnections() // each has goroutines at both its ends
	goroutines, queries := runtime.NumGoroutine(), s.target.server.Queries()

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if *loadDuration > 0 {
		ctx, cancel = context.WithTimeout(t.Context(), *loadDuration)
		defer cancel()
	}
	var answered, failed, others atomic.Int64
	took := make([][]time.Duration, len(clients))
	peak := peakGoroutines(ctx)
	began := time.Now()
	s.times.taking.Store(*loadDuration > 0)
	var all sync.WaitGroup
	for i, client := range clients {
		all.Go(func() {
			for n := 0; *loadDuration == 0 && n < callsEach || *loadDuration > 0 && ctx.Err() == nil; n++ {
				if *loadThink > 0 && clock.Sleep(ctx, rand.N(2**loadThink)) != nil {
					return
				}
				at := time.Now()
				res, err := client.CallTool(context.WithoutCancel(ctx), &mcp.CallToolParams{Name: "explore_attributes", Arguments: hot(i)})
				switch {
				case err != nil || res.IsError:
					failed.Add(1)
				case res.StructuredContent.(map[string]any)["event_type"] != "Log":
					others.Add(1)
				default:
					answered.Add(1)
					took[i] = append(took[i], time.Since(at))
				}
			}
		})
	}
	all.Wait()
	elapsed := time.Since(began)
	if failed.Load() != 0 || others.Load() != 0 {
		t.Errorf("%d calls failed, %d had another's answer", failed.Load(), others.Load())
	}
	if want := int64(len(clients) * callsEach); *loadDuration == 0 && answered.Load() != want {
		t.Errorf("%d calls were answered, want %d", answered.Load(), want)
	}
	if sent := s.target.server.Queries() - queries; sent > answered.Load()/10+100 {
		t.Errorf("%d queries were sent for %d calls that memory can answer", sent, answered.Load())
	}
	cancel()
	for deadline := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > goroutines+20; time.Sleep(10 * time.Millisecond) {
		base.CloseIdleConnections()
		if time.Now().After(deadline) {
			t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), goroutines)
			break
		}
	}
	if *loadDuration > 0 {
		reportLoad(t, slices.Concat(took...), s.times, elapsed, goroutines, <-peak)
	}
}

// serverTimes are how long the server took over requests, from the end of a
// request's header to the end of its answer.
type serverTimes struct {
	taking atomic.Bool
	mu     sync.Mutex
	took   []time.Duration // guarded by mu
}

func (s *serverTimes) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.taking.Load() || r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		began := time.Now()
		next.ServeHTTP(w, r)
		took := time.Since(began)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.took = append(s.took, took)
	})
}

// peakGoroutines watches how many there are until ctx ends.
func peakGoroutines(ctx context.Context) <-chan int {
	peak := make(chan int, 1)
	go func() {
		most := 0
		for ctx.Err() == nil {
			most = max(most, runtime.NumGoroutine())
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
		peak <- most
	}()
	return peak
}

// reportLoad prints how long calls took, as clients saw it and as the server did. The
// difference is what the clients need for themselves and what they wait for the
// processors, which they share with the server here.
func reportLoad(t *testing.T, clients []time.Duration, server *serverTimes, elapsed time.Duration, goroutines, peak int) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	cycles, pause := m.NumGC, time.Duration(m.PauseTotalNs)
	runtime.GC()
	runtime.ReadMemStats(&m)
	server.mu.Lock()
	defer server.mu.Unlock()
	t.Logf("%d sessions, pauses of %v, %v: %d calls, %.0f a second", *loadSessions, *loadThink, elapsed.Round(time.Millisecond), len(clients), float64(len(clients))/elapsed.Seconds())
	t.Logf("clients saw  %s", spread(clients))
	t.Logf("server took  %s", spread(server.took))
	t.Logf("heap %d MiB (from the system %d MiB); %d collections, paused %v in all; goroutines %d before, %d at most, %d after",
		m.HeapAlloc>>20, m.Sys>>20, cycles, pause, goroutines, peak, runtime.NumGoroutine())
}

func spread(took []time.Duration) string {
	return fmt.Sprintf("p50 %v, p90 %v, p99 %v, p99.9 %v, most %v", percentile(took, 0.5), percentile(took, 0.9), percentile(took, 0.99), percentile(took, 0.999), percentile(took, 1))
}
