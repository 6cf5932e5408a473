package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/newrelic/go-agent/v3/newrelic"

	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
	sessions "github.com/uds-platform/state/session"
)

// license has the form of a licence key.
var license = strings.Repeat("c", licenseLetters)

// collector is where an agent reports to: a stand-in for New Relic's, which speaks
// its protocol (17) over TLS, and remembers what it was sent.
type collector struct {
	*httptest.Server

	mu   sync.Mutex
	sent map[string][]string // payloads, by what they are; guarded by mu
	keys []string            // licence keys; guarded by mu
}

func newCollector(t *testing.T) *collector {
	c := &collector{sent: make(map[string][]string)}
	c.Server = httptest.NewTLSServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	unpacked, err := gzip.NewReader(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var payload json.RawMessage
	if err := json.NewDecoder(unpacked).Decode(&payload); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	method := r.URL.Query().Get("method")
	c.mu.Lock()
	c.sent[method] = append(c.sent[method], string(payload))
	c.keys = append(c.keys, r.URL.Query().Get("license_key"))
	c.mu.Unlock()
	switch method {
	case "preconnect":
		fmt.Fprintf(w, `{"return_value":{"redirect_host":%q}}`, c.host())
	case "connect":
		fmt.Fprint(w, `{"return_value":{"agent_run_id":"1","collect_custom_events":true,"collect_analytics_events":true,"collect_errors":true,"collect_error_events":true}}`)
	default:
		fmt.Fprint(w, `{"return_value":null}`)
	}
}

func (c *collector) host() string { return strings.TrimPrefix(c.URL, "https://") }

// has is everything that was sent of one thing.
func (c *collector) has(method string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.sent[method], "\n")
}

// reporting opens an instance that reports to a collector, with a client on it.
// end ends it, after which everything was sent.
func reporting(t *testing.T, c *collector, getenv func(string) string) (client *mcp.ClientSession, end func()) {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	agent, err := openAgent(getenv, logger, func(cfg *newrelic.Config) {
		cfg.Host, cfg.Transport = c.host(), c.Client().Transport
		// Nobody is asked which cloud this is.
		cfg.Utilization.DetectAWS, cfg.Utilization.DetectAzure, cfg.Utilization.DetectGCP = false, false, false
		cfg.Utilization.DetectPCF, cfg.Utilization.DetectDocker, cfg.Utilization.DetectKubernetes = false, false, false
	})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := openStandIn(standin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	owner := func(*mcp.CallToolRequest) (sessions.Owner, error) { return "ada", nil }
	n, err := openInstance(t.Context(), setting{serve: defaultServe(), target: opened, agent: agent, logger: logger}, owner)
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.WaitForConnection(agentEndTime); err != nil {
		t.Fatal(err)
	}
	here, there := mcp.NewInMemoryTransports()
	served, err := n.tools.MCP().Connect(t.Context(), there, nil)
	if err != nil {
		t.Fatal(err)
	}
	client = connect(t, here)
	return client, func() {
		_ = client.Close()
		_ = served.Wait()
		if err := n.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

func TestTheAgentIsToldWhatTheToolsDid(t *testing.T) {
	c := newCollector(t)
	env := map[string]string{envLicenseKey: license, envAppName: "the discovery of a test"}
	client, end := reporting(t, c, func(name string) string { return env[name] })
	handle := start(t, client, "a goal that is nobody else's business")
	arguments := map[string]any{"handle": handle, "event_type": "Log", "examine": 0}
	callTool(t, client, "explore_attributes", arguments)
	callTool(t, client, "explore_attributes", arguments)
	if _, failure := tryTool(t, client, "session_status", map[string]any{"handle": randomHandle}); failure == nil {
		t.Error("a handle that never was is taken")
	}
	if _, err := client.CallTool(t.Context(), &mcp.CallToolParams{Name: "a tool of the client's own"}); err == nil {
		t.Error("a tool that never was is called")
	}
	end()

	if !strings.Contains(c.has("connect"), "the discovery of a test") {
		t.Error("the application has another name")
	}
	metrics := c.has("metric_data")
	for _, want := range []string{
		`"OtherTransaction/Go/mcp/start_discovery"`, `"OtherTransaction/Go/mcp/explore_attributes"`, `"OtherTransaction/Go/mcp/unknown tool"`,
		`"External/nrdb/all"`, `"Custom/State/lookups/query"`, `"Custom/State/hits/query"`, `"Custom/State/queries_sent"`, `"Custom/State/sessions_open"`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the agent was not told of %s", want)
		}
	}
	if events := c.has("analytic_event_data"); !strings.Contains(events, `"failure":"unknown_handle"`) {
		t.Errorf("how a call failed is not on its transaction: %s", events)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for method, payloads := range c.sent {
		for _, secret := range []string{handle, "nobody else's business", "a tool of the client's own", license} {
			if slices.ContainsFunc(payloads, func(p string) bool { return strings.Contains(p, secret) }) {
				t.Errorf("%s has %q in it", method, secret)
			}
		}
	}
	if i := slices.IndexFunc(c.keys, func(k string) bool { return k != license }); i >= 0 {
		t.Error("the licence key is another")
	}
}

func TestWithoutALicenceKeyThereIsNoAgent(t *testing.T) {
	agent, err := openAgent(func(string) string { return "" }, slog.New(slog.DiscardHandler))
	if agent != nil || err != nil {
		t.Errorf("%v, %v", agent, err)
	}
}

func TestAKeyThatIsNoLicenceKeyIsNotShown(t *testing.T) {
	code, _, stderr := command(t, map[string]string{envLicenseKey: "NRAK-SECRET"}, "serve")
	if code != exitUsage || !strings.Contains(stderr, envLicenseKey+" has 11 letters: want the 40") || strings.Contains(stderr, "SECRET") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
