package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state/auth"
	"github.com/uds-platform/state/cmd/uds-state/internal/discovery"
	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
)

// onHandle has arguments for every tool that takes a handle.
var onHandle = map[string]map[string]any{
	"list_event_types":   {},
	"explore_attributes": {"event_type": "Log"},
	"profile":            {"event_type": "Log"},
	"find_relationships": {"event_type": "Log"},
	"assess_quality":     {"event_type": "Log"},
	"query_nrql":         {"nrql": "SHOW EVENT TYPES"},
	"suggest_next":       {},
	"session_status":     {},
	"end_discovery":      {},
}

func with(arguments map[string]any, handle string) map[string]any {
	all := map[string]any{"handle": handle}
	for name, v := range arguments {
		all[name] = v
	}
	return all
}

func TestSomebodyElsesHandleIsAsOneThatNeverWas(t *testing.T) {
	o := defaultServe()
	path, keys := newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer}, auth.Spec{Owner: "bob", Scopes: discoverer})
	o.keysFile = path
	s := serveFor(t, o, standin.Options{})
	ada, bob := connectHTTP(t, s, keys[0]), connectHTTP(t, s, keys[1])
	handle := start(t, ada, "what ada is after")
	for tool, arguments := range onHandle {
		_, never := tryTool(t, bob, tool, with(arguments, randomHandle))
		_, other := tryTool(t, bob, tool, with(arguments, handle))
		if never == nil || other == nil || *never != *other || other.Code != discovery.UnknownHandle || other.Retryable {
			t.Errorf("%s: one that never was is %v, ada's %v", tool, never, other)
		}
	}
	if listed := callTool(t, bob, "list_discoveries", map[string]any{}).list("discoveries"); len(listed) != 0 {
		t.Errorf("bob sees %v", listed)
	}
	callTool(t, ada, "session_status", map[string]any{"handle": handle}) // bob has not ended it
}

func TestTwoKeysOfOneOwnerShareItsDiscoveries(t *testing.T) {
	o := defaultServe()
	path, keys := newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer}, auth.Spec{Owner: "ada", Scopes: discoverer})
	o.keysFile = path
	s := serveFor(t, o, standin.Options{})
	handle := start(t, connectHTTP(t, s, keys[0]), "anything")
	callTool(t, connectHTTP(t, s, keys[1]), "session_status", map[string]any{"handle": handle})
}

func TestAnExpiredHandleIsToldToItsOwnerAlone(t *testing.T) {
	t.Setenv("SESSION_TTL", "1s")
	o := defaultServe()
	path, keys := newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer}, auth.Spec{Owner: "bob", Scopes: discoverer})
	o.keysFile = path
	s := serveFor(t, o, standin.Options{})
	ada, bob := connectHTTP(t, s, keys[0]), connectHTTP(t, s, keys[1])
	handle := start(t, ada, "soon over")
	// To list discoveries is not to use them.
	for deadline := time.Now().Add(20 * time.Second); len(callTool(t, ada, "list_discoveries", map[string]any{}).list("discoveries")) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("it does not expire")
		}
		time.Sleep(20 * time.Millisecond)
	}
	for tool, arguments := range onHandle {
		if _, failure := tryTool(t, ada, tool, with(arguments, handle)); failure == nil || failure.Code != discovery.ExpiredHandle || !strings.Contains(failure.Message, "start_discovery") {
			t.Errorf("%s: ada is told %v", tool, failure)
		}
		if _, failure := tryTool(t, bob, tool, with(arguments, handle)); failure == nil || failure.Code != discovery.UnknownHandle {
			t.Errorf("%s: bob is told %v", tool, failure)
		}
	}
}

func TestTheExpiryPolicyIsInTheDescription(t *testing.T) {
	t.Setenv("SESSION_TTL", "90m")
	listed, err := connectHTTP(t, serveFor(t, defaultServe(), standin.Options{}), "").ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range listed.Tools {
		if tool.Name == "start_discovery" && !strings.Contains(tool.Description, "a discovery ends after 1h30m without a call, and 168h after its start at the latest") {
			t.Errorf("%s", tool.Description)
		}
	}
	if listed.TTLMs != 3_600_000 || listed.CacheScope != "public" {
		t.Errorf("the list may be kept for %d ms, %s", listed.TTLMs, listed.CacheScope)
	}
}

func TestAnOwnerHasSoManyDiscoveries(t *testing.T) {
	o := defaultServe()
	o.ownerSessions = 2
	client := connectHTTP(t, serveFor(t, o, standin.Options{}), "")
	first := start(t, client, "one")
	start(t, client, "two")
	if _, failure := tryTool(t, client, "start_discovery", map[string]any{"goal": "three"}); failure == nil || failure.Code != discovery.LimitReached {
		t.Errorf("a third one: %v", failure)
	}
	callTool(t, client, "end_discovery", map[string]any{"handle": first})
	start(t, client, "three")
}

func TestDiscoveriesAreListedInPages(t *testing.T) {
	client := connectHTTP(t, serveFor(t, defaultServe(), standin.Options{}), "")
	want := map[string]bool{}
	for range 7 {
		want[start(t, client, "anything")] = true
	}
	arguments := map[string]any{"limit": 3}
	for pages := 0; ; pages++ {
		page := callTool(t, client, "list_discoveries", arguments)
		for _, d := range page.list("discoveries") {
			delete(want, d.(map[string]any)["handle"].(string))
		}
		if page["next"] == nil || pages > 3 {
			break
		}
		arguments["after"] = page["next"]
	}
	if len(want) != 0 {
		t.Errorf("%d are on no page", len(want))
	}
}

func TestAnotherAccountIsRefused(t *testing.T) {
	client := connectHTTP(t, serveFor(t, defaultServe(), standin.Options{}), "")
	if _, failure := tryTool(t, client, "start_discovery", map[string]any{"goal": "anything", "account": 2}); failure == nil || failure.Code != discovery.AccountNotAllowed {
		t.Errorf("%v", failure)
	}
}

// post sends one message of the transport as it is.
func post(t *testing.T, client *http.Client, url, body string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func TestAStatefulSessionIsItsOwnersAlone(t *testing.T) {
	o := defaultServe()
	o.stateful = true
	path, keys := newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer}, auth.Spec{Owner: "bob", Scopes: discoverer})
	o.keysFile = path
	s := serveFor(t, o, standin.Options{})
	ada := connectHTTP(t, s, keys[0])
	const list = `{"jsonrpc":"2.0","id":9,"method":"tools/list"}`
	if resp := post(t, httpClient(t, keys[1]), s.url+"/mcp", list, "Mcp-Session-Id", ada.ID()); resp.StatusCode != http.StatusForbidden {
		t.Errorf("bob in ada's session: %s", resp.Status)
	}
	if resp := post(t, httpClient(t, keys[0]), s.url+"/mcp", list, "Mcp-Session-Id", ada.ID()); resp.StatusCode != http.StatusOK {
		t.Errorf("ada in her own: %s", resp.Status)
	}
}
