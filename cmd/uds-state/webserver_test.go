package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/uds-platform/state/auth"
	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
)

// byCost makes the queries slow that a test wants to be.
type byCost func(standin.Cost) bool

func (slow byCost) For(c standin.Cost) time.Duration {
	if slow(c) {
		return time.Hour
	}
	return 0
}

// held is a stand-in whose slow queries wait for release.
type held struct {
	standin.Options
	entered chan struct{} // gets one for each slow query
	once    sync.Once
	let     chan struct{}
}

func hold(slow byCost) *held {
	h := &held{entered: make(chan struct{}, 100), let: make(chan struct{})}
	h.Latency = slow
	h.Sleep = func(ctx context.Context, d time.Duration) error {
		if d == 0 {
			return nil
		}
		h.entered <- struct{}{}
		select {
		case <-h.let:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return h
}

func (h *held) release() { h.once.Do(func() { close(h.let) }) }

func get(t *testing.T, client *http.Client, url string) (status int, body map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal(content, &body) // some answers are no JSON
	return resp.StatusCode, body
}

func TestHealthNeedsNoKeyAndTheRestDoes(t *testing.T) {
	o := defaultServe()
	path, keys := newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer}, auth.Spec{Owner: "op", Scopes: []string{scopeInspect}})
	o.keysFile = path
	s := serveFor(t, o, standin.Options{})
	nobody, ada, op := httpClient(t, ""), httpClient(t, keys[0]), httpClient(t, keys[1])
	for _, c := range []struct {
		who    string
		client *http.Client
		path   string
		want   int
	}{
		{"nobody", nobody, "/healthz", http.StatusOK},
		{"nobody", nobody, "/readyz", http.StatusOK},
		{"nobody", nobody, "/debug/state/", http.StatusUnauthorized},
		{"ada", ada, "/debug/state/", http.StatusForbidden},
		{"op", op, "/debug/state/", http.StatusOK},
		{"nobody", nobody, "/mcp", http.StatusUnauthorized},
		{"ada", ada, "/mcp", http.StatusMethodNotAllowed},
		{"op", op, "/mcp", http.StatusForbidden},
		{"nobody", nobody, "/", http.StatusNotFound},
	} {
		if status, body := get(t, c.client, s.url+c.path); status != c.want {
			t.Errorf("%s at %s: %d, want %d; %v", c.who, c.path, status, c.want, body)
		}
	}
	if status, body := get(t, nobody, s.url+"/healthz"); body["status"] != "live" || status != http.StatusOK {
		t.Errorf("%v", body)
	}
	if resp := post(t, op, s.url+"/debug/state/", "{}"); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST to the dashboard: %s", resp.Status)
	}
}

func TestTheDashboardShowsWhatTheToolsDid(t *testing.T) {
	s := serveFor(t, defaultServe(), standin.Options{})
	client := connectHTTP(t, s, "")
	handle := start(t, client, "anything")
	callTool(t, client, "list_event_types", map[string]any{"handle": handle})
	web := httpClient(t, "")
	status, list := get(t, web, s.url+"/debug/state/sessions?format=json")
	shown, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	if status != http.StatusOK || strings.Contains(string(shown), handle) || !strings.Contains(string(shown), "sessions") {
		t.Errorf("%d: %s", status, shown)
	}
	if status, effect := get(t, web, s.url+"/debug/state/effect?format=json"); status != http.StatusOK || len(effect) == 0 {
		t.Errorf("%d: %v", status, effect)
	}
	if resp := post(t, web, s.url+"/debug/state/", "{}", "Host", "evil.example"); resp.StatusCode < 400 {
		t.Errorf("another host: %s", resp.Status)
	}
}

func TestARevokedKeyIsOutWithoutARestart(t *testing.T) {
	o := defaultServe()
	path, keys := newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer}, auth.Spec{Owner: "bob", Scopes: discoverer})
	o.keysFile = path
	s := serveFor(t, o, standin.Options{})
	ada := httpClient(t, keys[0])
	if status, _ := get(t, ada, s.url+"/mcp"); status != http.StatusMethodNotAllowed {
		t.Fatalf("ada gets %d", status)
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(keys[0], "uds_"), "_")
	if code, _, stderr := command(t, nil, "keys", "revoke", "--file", path, id); code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if status, _ := get(t, ada, s.url+"/mcp"); status == http.StatusUnauthorized {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the key still works")
		}
	}
	if status, _ := get(t, httpClient(t, keys[1]), s.url+"/mcp"); status != http.StatusMethodNotAllowed {
		t.Errorf("bob gets %d", status)
	}
}

func TestABadFileOfKeysChangesNothing(t *testing.T) {
	o := defaultServe()
	path, keys := newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer})
	o.keysFile = path
	log := &readableLog{}
	ring, err := openKeys(o, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ring.every = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); ring.watch(ctx) }()
	// By rename, as a file that is written in place is empty for a moment, and an
	// empty one has no keys.
	if err := errors.Join(os.WriteFile(path+".bad", []byte("no record at all"), 0o600), os.Rename(path+".bad", path)); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(log.String(), "can't be used"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is told of it")
		}
	}
	cancel()
	<-done
	if _, err := ring.keys.Verify(keys[0]); err != nil {
		t.Errorf("the key from before: %v", err)
	}
	if strings.Count(log.String(), "can't be used") != 1 || strings.Contains(log.String(), keys[0]) {
		t.Errorf("the log has %s", log)
	}
}

// readableLog is a log that can be read while it is written.
type readableLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *readableLog) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *readableLog) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func TestAPreviewIsFlaggedAndTheFullAnswerFollows(t *testing.T) {
	slow := hold(func(c standin.Cost) bool { return c.Buckets > 10 || c.Rows > 100 })
	slow.MaxConcurrent = 100
	client := connectHTTP(t, serveFor(t, defaultServe(), slow.Options), "")
	t.Cleanup(slow.release)
	handle := start(t, client, "anything")
	profile := map[string]any{"handle": handle, "event_type": "Log", "mode": "fast"}
	narrow := callTool(t, client, "profile", profile)
	if p := narrow.answer(t); p.Quality != "narrow" || !p.Preview || !strings.Contains(p.Note, `Call profile again with mode "full"`) || p.Window.To.Sub(p.Window.From) > 4*time.Hour {
		t.Errorf("%+v", p)
	}
	if again := callTool(t, client, "profile", profile).answer(t); again.Quality != "narrow" || again.Source != "memory" && again.Source != "origin" {
		t.Errorf("again: %+v", again)
	}
	sampled := callTool(t, client, "assess_quality", map[string]any{"handle": handle, "event_type": "Log", "mode": "fast"})
	if p := sampled.answer(t); p.Quality != "sampled" || !p.Preview || p.SampleRate != 0.1 || sampled["events"].(float64) != 100 {
		t.Errorf("%+v of %v events", p, sampled["events"])
	}
	nothing := callTool(t, client, "query_nrql", map[string]any{"handle": handle, "nrql": "SELECT * FROM Log LIMIT 500", "mode": "fast"})
	if p := nothing.answer(t); p.Quality != "nothing" || !p.Preview || p.Note == "" || len(nothing.list("rows")) != 0 {
		t.Errorf("%+v", p)
	}
}

func TestCallsUnderWayEndWhenTheServerDoes(t *testing.T) {
	for _, stateful := range []bool{false, true} {
		o := defaultServe()
		o.stateful = stateful
		slow := hold(func(c standin.Cost) bool { return c.Filtered })
		s := serveFor(t, o, slow.Options)
		t.Cleanup(slow.release)
		client := connectHTTP(t, s, "")
		handle := start(t, client, "anything")
		answered := make(chan error, 1)
		go func() {
			// The stand-in answers a query that takes an hour with a timeout, when it
			// is let go: a tool's failure is an answer too.
			_, err := client.CallTool(context.WithoutCancel(t.Context()), &mcp.CallToolParams{Name: "query_nrql",
				Arguments: map[string]any{"handle": handle, "nrql": "SELECT count(*) FROM Log WHERE level = 'ERROR'"}})
			answered <- err
		}()
		<-slow.entered
		s.stop()
		for deadline := time.Now().Add(20 * time.Second); !s.web.intake.draining(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("it does not drain")
			}
		}
		select {
		case err := <-s.ended:
			t.Fatalf("the server ended with a call under way: %v", err)
		default:
		}
		slow.release()
		if err := <-answered; err != nil {
			t.Errorf("stateful %v: the call was cut off: %v", stateful, err)
		}
		err := <-s.ended
		s.ended <- err // for the cleanup
		if err != nil {
			t.Errorf("the server ended with %v", err)
		}
	}
}

func TestTheEndComesEvenSo(t *testing.T) {
	o := defaultServe()
	o.shutdownTimeout = time.Second
	slow := hold(func(c standin.Cost) bool { return c.Filtered })
	s := serveFor(t, o, slow.Options)
	t.Cleanup(slow.release)
	client := connectHTTP(t, s, "")
	handle := start(t, client, "anything")
	failed := make(chan *mcp.CallToolResult, 1)
	go func() {
		res, _ := client.CallTool(context.WithoutCancel(t.Context()), &mcp.CallToolParams{Name: "query_nrql",
			Arguments: map[string]any{"handle": handle, "nrql": "SELECT count(*) FROM Log WHERE level = 'ERROR'"}})
		failed <- res
	}()
	<-slow.entered
	s.stop()
	err := <-s.ended
	s.ended <- err
	if res := <-failed; res == nil || !res.IsError || !strings.Contains(res.Content[0].(*mcp.TextContent).Text, "unavailable: the server is about to end") {
		t.Errorf("the call was answered %v", res)
	}
}

func TestRequestsUnderWayAreBounded(t *testing.T) {
	i := newIntake(1)
	let, inside := make(chan struct{}), make(chan struct{})
	handler := i.admit(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside <- struct{}{}; <-let }))
	go handler.ServeHTTP(&discarded{}, &http.Request{Method: http.MethodPost})
	<-inside
	second := &discarded{}
	handler.ServeHTTP(second, &http.Request{Method: http.MethodPost})
	if second.status != http.StatusServiceUnavailable || second.Header().Get("Retry-After") == "" {
		t.Errorf("a second one: %d", second.status)
	}
	idle := i.close()
	select {
	case <-idle:
		t.Error("idle with a request under way")
	default:
	}
	close(let)
	<-idle
	third := &discarded{}
	handler.ServeHTTP(third, &http.Request{Method: http.MethodGet})
	if third.status != http.StatusServiceUnavailable {
		t.Errorf("after the end: %d", third.status)
	}
}

// discarded is a response that nobody reads but its status.
type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header {
	if d.header == nil {
		d.header = make(http.Header)
	}
	return d.header
}
func (d *discarded) Write(b []byte) (int, error) { return len(b), nil }
func (d *discarded) WriteHeader(status int)      { d.status = status }
