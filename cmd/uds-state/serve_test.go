package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/uds-platform/state/auth"
	"github.com/uds-platform/state/cmd/uds-state/internal/discovery"
	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
)

// defaultServe are the settings of a server without flags.
func defaultServe() serveOptions {
	var o serveOptions
	o.flags()
	return o
}

// serving is a server under test, over a stand-in of its own.
type serving struct {
	web    *webServer
	target *target
	url    string
	times  *serverTimes       // of calls, once it is told to take them
	stop   context.CancelFunc // as SIGTERM does
	ended  chan error         // gets what run returns
}

// serveFor starts a server on a free port for the length of a test. Without a file of
// keys anybody may connect.
func serveFor(t testing.TB, o serveOptions, stand standin.Options) *serving {
	t.Helper()
	opened, err := openStandIn(stand)
	if err != nil {
		t.Fatal(err)
	}
	return serveTarget(t, o, opened)
}

// serveAccount is serveFor a server that does not know that its account is generated,
// and so does with it what it would with another: keep it in Redis, say.
func serveAccount(t testing.TB, o serveOptions, stand standin.Options) *serving {
	t.Helper()
	opened, err := openStandIn(stand)
	if err != nil {
		t.Fatal(err)
	}
	opened.standIn = false
	return serveTarget(t, o, opened)
}

func serveTarget(t testing.TB, o serveOptions, opened *target) *serving {
	t.Helper()
	o.insecureNoAuth = o.keysFile == ""
	n, err := openInstance(t.Context(), setting{serve: o, target: opened, logger: slog.New(slog.DiscardHandler)}, ownerOf(o.insecureNoAuth))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := openKeys(o, n.logger)
	if err != nil {
		t.Fatal(err)
	}
	if keys != nil {
		keys.every = 5 * time.Millisecond
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web, err := newWebServer(o, n, keys)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	times := &serverTimes{}
	web.http.Handler = times.around(web.http.Handler)
	s := &serving{web: web, target: opened, url: "http://" + listener.Addr().String(), times: times, stop: stop, ended: make(chan error, 1)}
	go func() { s.ended <- s.web.run(ctx, listener) }()
	var once sync.Once
	t.Cleanup(func() {
		once.Do(func() {
			stop()
			if err := <-s.ended; err != nil {
				t.Errorf("the server ended with %v", err)
			}
			if err := n.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	})
	return s
}

// keyed adds an API key to requests.
type keyed struct {
	base http.RoundTripper
	key  string
}

func (k *keyed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if k.key != "" {
		r.Header.Set("Authorization", "Bearer "+k.key)
	}
	return k.base.RoundTrip(r)
}

// httpClient is a client with connections of its own, and with a key unless that
// is empty.
func httpClient(t testing.TB, key string) *http.Client {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = 64
	t.Cleanup(base.CloseIdleConnections)
	return &http.Client{Transport: &keyed{base: base, key: key}}
}

// connectHTTP connects a client of the SDK.
func connectHTTP(t testing.TB, s *serving, key string) *mcp.ClientSession {
	t.Helper()
	return connect(t, &mcp.StreamableClientTransport{Endpoint: s.url + "/mcp", HTTPClient: httpClient(t, key), DisableStandaloneSSE: true})
}

func connect(t testing.TB, transport mcp.Transport) *mcp.ClientSession {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// connectPipes runs the serve command itself, with pipes for stdin and stdout.
func connectPipes(t testing.TB) *mcp.ClientSession {
	t.Helper()
	opened, err := openStandIn(standin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	serverIn, clientOut := io.Pipe()
	clientIn, serverOut := io.Pipe()
	done := make(chan error, 1)
	go func() {
		p := process{stdin: serverIn, stdout: serverOut, stderr: io.Discard, getenv: func(string) string { return "" }}
		done <- serveStdio(context.Background(), setting{serve: defaultServe(), target: opened, logger: slog.New(slog.DiscardHandler)}, p)
		_ = serverOut.Close()
	}()
	t.Cleanup(func() {
		_ = clientOut.Close()
		if err := <-done; err != nil {
			t.Errorf("serve ended with %v", err)
		}
	})
	return connect(t, &mcp.IOTransport{Reader: clientIn, Writer: clientOut})
}

// result is the structured content of any tool's result.
type result map[string]any

// callTool calls a tool and fails the test unless it succeeds.
func callTool(t testing.TB, client *mcp.ClientSession, tool string, arguments map[string]any) result {
	t.Helper()
	out, failure := tryTool(t, client, tool, arguments)
	if failure != nil {
		t.Fatalf("%s(%v): %v", tool, arguments, failure)
	}
	return out
}

// tryTool calls a tool and returns its structured content or its failure.
func tryTool(t testing.TB, client *mcp.ClientSession, tool string, arguments any) (result, *discovery.Failure) {
	t.Helper()
	res, err := client.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	encoded, err := json.Marshal(res.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	if res.IsError {
		var body struct{ Error discovery.Failure }
		if err := json.Unmarshal(encoded, &body); err != nil || body.Error.Code == "" || body.Error.Message == "" {
			t.Fatalf("%s: a failure without code or words: %s", tool, encoded)
		}
		return nil, &body.Error
	}
	var out result
	if err := json.Unmarshal(encoded, &out); err != nil {
		t.Fatal(err)
	}
	if len(res.Content) != 2 {
		t.Fatalf("%s: %d pieces of content", tool, len(res.Content))
	}
	if summary := res.Content[0].(*mcp.TextContent).Text; summary == "" {
		t.Errorf("%s: no summary", tool)
	}
	return out, nil
}

// start begins a discovery and returns its handle.
func start(t testing.TB, client *mcp.ClientSession, goal string) string {
	t.Helper()
	return callTool(t, client, "start_discovery", map[string]any{"goal": goal})["handle"].(string)
}

// answer is what a result says of its worth.
func (r result) answer(t testing.TB) discovery.Provenance {
	t.Helper()
	encoded, err := json.Marshal(r["answer"])
	if err != nil {
		t.Fatal(err)
	}
	var p discovery.Provenance
	if err := json.Unmarshal(encoded, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func (r result) list(name string) []any {
	items, _ := r[name].([]any)
	return items
}

// discover is a whole discovery, every tool once, each held against its schema.
func discover(t *testing.T, client *mcp.ClientSession) {
	schemas := outputSchemas(t, client)
	checked := map[string]bool{}
	call := func(tool string, arguments map[string]any) result {
		t.Helper()
		out := callTool(t, client, tool, arguments)
		plain := map[string]any(out)
		if err := schemas[tool].Validate(&plain); err != nil {
			t.Errorf("%s: not what its schema says: %v", tool, err)
		}
		p := out.answer(t)
		if p.Quality != "full" || p.Preview || p.AsOf.IsZero() || p.AgeSeconds < 0 {
			t.Errorf("%s: answered with %+v", tool, p)
		}
		if asks := p.Queries > 0; asks != (p.Source != "session") || asks != (p.Window != nil) {
			t.Errorf("%s: %d queries, from %s, about %v", tool, p.Queries, p.Source, p.Window)
		}
		checked[tool] = true
		return out
	}
	begun := call("start_discovery", map[string]any{"goal": "p95 latency of the checkout service over the last 24 hours"})
	on := func(more map[string]any) map[string]any {
		more["handle"] = begun["handle"]
		return more
	}
	if types := begun["understood"].(map[string]any)["event_types"]; len(types.([]any)) == 0 || types.([]any)[0] != "Transaction" {
		t.Errorf("the goal is about %v", types)
	}
	types := call("list_event_types", on(map[string]any{"counts": 3, "limit": 10}))
	if first := types.list("event_types")[0].(map[string]any); first["name"] != "Transaction" || first["events_in_24_hours"].(float64) <= 0 || len(types.list("event_types")) != 10 {
		t.Errorf("listed %v", types)
	}
	attributes := call("explore_attributes", on(map[string]any{"event_type": "Transaction"}))
	if examined := attributes.list("examined"); len(examined) != 4 || examined[0].(map[string]any)["coverage_percent"] == nil || examined[0].(map[string]any)["examples"] == nil {
		t.Errorf("examined %v", examined)
	}
	if profile := call("profile", on(map[string]any{"event_type": "Transaction"})); len(profile.list("buckets")) != 24 || profile["events"].(float64) <= 0 {
		t.Errorf("profiled %v", profile)
	}
	relations := call("find_relationships", on(map[string]any{"event_type": "Transaction", "with": []string{"TransactionError"}})).list("relationships")
	if len(relations) == 0 || relations[0].(map[string]any)["shared_values"].(float64) <= 0 {
		t.Errorf("related %v", relations)
	}
	if quality := call("assess_quality", on(map[string]any{"event_type": "Transaction"})); quality["events"].(float64) != 1000 || quality["score"].(float64) <= 0 {
		t.Errorf("assessed %v", quality)
	}
	queried := call("query_nrql", on(map[string]any{"nrql": "SELECT average(duration) FROM Transaction SINCE 1 hour ago"}))
	if rows := queried.list("rows"); len(rows) != 1 || rows[0].(map[string]any)["average.duration"].(float64) <= 0 || queried["understood"] != true {
		t.Errorf("queried %v", queried)
	}
	if suggested := call("suggest_next", on(map[string]any{})).list("suggestions"); len(suggested) == 0 {
		t.Error("nothing is suggested")
	}
	status := call("session_status", on(map[string]any{"calls": 100}))
	if explored := status.list("explored"); len(explored) != 1 || status["current"] != "Transaction" {
		t.Errorf("explored %v, current %v", explored, status["current"])
	}
	var made []string
	for _, c := range status.list("calls") {
		made = append(made, c.(map[string]any)["tool"].(string))
	}
	if got, want := strings.Join(made, " "), "list_event_types explore_attributes profile find_relationships assess_quality query_nrql suggest_next"; got != want {
		t.Errorf("the timeline has %s, want %s", got, want)
	}
	if listed := call("list_discoveries", map[string]any{}).list("discoveries"); len(listed) != 1 || listed[0].(map[string]any)["handle"] != begun["handle"] {
		t.Errorf("discoveries %v", listed)
	}
	call("end_discovery", on(map[string]any{}))
	if _, failure := tryTool(t, client, "session_status", on(map[string]any{})); failure == nil || failure.Code != discovery.UnknownHandle {
		t.Errorf("after its end: %v", failure)
	}
	for tool := range schemas {
		if !checked[tool] {
			t.Errorf("%s was not called", tool)
		}
	}
}

func outputSchemas(t testing.TB, client *mcp.ClientSession) map[string]*jsonschema.Resolved {
	t.Helper()
	listed, err := client.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	schemas := make(map[string]*jsonschema.Resolved)
	for _, tool := range listed.Tools {
		encoded, err := json.Marshal(tool.OutputSchema)
		if err != nil {
			t.Fatal(err)
		}
		var schema jsonschema.Schema
		if err := json.Unmarshal(encoded, &schema); err != nil {
			t.Fatal(err)
		}
		if schemas[tool.Name], err = schema.Resolve(nil); err != nil {
			t.Fatal(err)
		}
	}
	return schemas
}

func TestEveryToolOverEveryTransport(t *testing.T) {
	t.Run("stdio", func(t *testing.T) { discover(t, connectPipes(t)) })
	t.Run("stateless HTTP", func(t *testing.T) {
		client := connectHTTP(t, serveFor(t, defaultServe(), standin.Options{}), "")
		discover(t, client)
		if client.ID() != "" {
			t.Errorf("a session of the transport: %s", client.ID())
		}
	})
	t.Run("stateful HTTP", func(t *testing.T) {
		o := defaultServe()
		o.stateful = true
		client := connectHTTP(t, serveFor(t, o, standin.Options{}), "")
		discover(t, client)
		if client.ID() == "" {
			t.Error("no session of the transport")
		}
	})
}

func TestASecondCallIsAnsweredFromMemory(t *testing.T) {
	client := connectHTTP(t, serveFor(t, defaultServe(), standin.Options{}), "")
	arguments := map[string]any{"handle": start(t, client, "logs"), "event_type": "Log", "examine": 0}
	callTool(t, client, "explore_attributes", arguments)
	if p := callTool(t, client, "explore_attributes", arguments).answer(t); p.Source != "memory" {
		t.Errorf("from %s", p.Source)
	}
	arguments["handle"] = start(t, client, "the same for somebody else")
	if p := callTool(t, client, "explore_attributes", arguments).answer(t); p.Source != "memory" {
		t.Errorf("another discovery's is from %s", p.Source)
	}
}

// newKeys makes a file of keys, one an owner.
func newKeys(t testing.TB, specs ...auth.Spec) (path string, texts []string) {
	t.Helper()
	path = t.TempDir() + "/keys"
	for _, spec := range specs {
		var out, errOut strings.Builder
		args := []string{"keys", "create", "--file", path, "--owner", spec.Owner, "--scopes", strings.Join(spec.Scopes, ",")}
		if code := run(t.Context(), args, process{stdout: &out, stderr: &errOut}); code != exitOK {
			t.Fatalf("exit %d: %s", code, errOut.String())
		}
		texts = append(texts, strings.TrimSpace(out.String()))
	}
	return path, texts
}

var discoverer = []string{scopeDiscover}

// randomHandle has the form of a handle.
const randomHandle = "AAAAAAAAAAAAAAAAAAAAAAAA"
