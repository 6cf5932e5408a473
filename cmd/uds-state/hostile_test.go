package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/uds-platform/state/cmd/uds-state/internal/discovery"
	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
)

func TestHostileArgumentsAreRefused(t *testing.T) {
	s := serveFor(t, defaultServe(), standin.Options{})
	client := connectHTTP(t, s, "")
	handle := start(t, client, "anything")
	before := s.target.server.Queries()
	long := strings.Repeat("a", 1<<18)
	deep := json.RawMessage(`{"handle":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`)
	for _, c := range []struct {
		name, tool string
		arguments  any
		want       discovery.Code
	}{
		{"nothing", "profile", map[string]any{}, discovery.InvalidArguments},
		{"null", "profile", json.RawMessage(`null`), discovery.InvalidArguments},
		{"deep", "profile", deep, discovery.InvalidArguments},
		{"no goal", "start_discovery", map[string]any{}, discovery.InvalidArguments},
		{"empty goal", "start_discovery", map[string]any{"goal": ""}, discovery.InvalidArguments},
		{"blank goal", "start_discovery", map[string]any{"goal": " \n\t"}, discovery.InvalidArguments},
		{"long goal", "start_discovery", map[string]any{"goal": long}, discovery.InvalidArguments},
		{"a goal that is none", "start_discovery", map[string]any{"goal": []string{"a"}}, discovery.InvalidArguments},
		{"an account of 0", "start_discovery", map[string]any{"goal": "a", "account": 0}, discovery.InvalidArguments},
		{"an account below", "start_discovery", map[string]any{"goal": "a", "account": -1}, discovery.InvalidArguments},
		{"a huge account", "start_discovery", json.RawMessage(`{"goal":"a","account":1e300}`), discovery.InvalidArguments},
		{"half an account", "start_discovery", map[string]any{"goal": "a", "account": 1.5}, discovery.InvalidArguments},
		{"an account in text", "start_discovery", map[string]any{"goal": "a", "account": "1"}, discovery.InvalidArguments},
		{"something else", "start_discovery", map[string]any{"goal": "a", "owner": "ada"}, discovery.InvalidArguments},
		{"other letters", "session_status", map[string]any{"Handle": handle}, discovery.InvalidArguments},
		{"a short handle", "session_status", map[string]any{"handle": "a"}, discovery.InvalidArguments},
		{"a long handle", "session_status", map[string]any{"handle": long}, discovery.InvalidArguments},
		{"a handle with a path", "session_status", map[string]any{"handle": "../../../../etc/passwd00"}, discovery.InvalidArguments},
		{"another handle", "session_status", map[string]any{"handle": randomHandle}, discovery.UnknownHandle},
		{"no event type", "profile", map[string]any{"handle": handle, "event_type": ""}, discovery.InvalidArguments},
		{"a long event type", "profile", map[string]any{"handle": handle, "event_type": long}, discovery.InvalidArguments},
		{"an event type of many bytes", "profile", map[string]any{"handle": handle, "event_type": strings.Repeat("€", 200)}, discovery.InvalidArguments},
		{"a backtick", "explore_attributes", map[string]any{"handle": handle, "event_type": "a` FROM Log"}, discovery.InvalidArguments},
		{"a backslash", "explore_attributes", map[string]any{"handle": handle, "event_type": `a\`}, discovery.InvalidArguments},
		{"a NUL", "explore_attributes", map[string]any{"handle": handle, "event_type": "a\x00b"}, discovery.InvalidArguments},
		{"a new line", "explore_attributes", map[string]any{"handle": handle, "event_type": "a\nb"}, discovery.InvalidArguments},
		{"a backtick in an attribute", "profile", map[string]any{"handle": handle, "event_type": "Log", "attributes": []string{"a`), count(*"}}, discovery.InvalidArguments},
		{"many attributes", "profile", map[string]any{"handle": handle, "event_type": "Log", "attributes": []string{"a", "b", "c", "d", "e", "f"}}, discovery.InvalidArguments},
		{"an attribute twice", "profile", map[string]any{"handle": handle, "event_type": "Log", "attributes": []string{"a", "a"}}, discovery.InvalidArguments},
		{"many types", "find_relationships", map[string]any{"handle": handle, "event_type": "Log", "with": []string{"a", "b", "c", "d", "e", "f"}}, discovery.InvalidArguments},
		{"no hours", "profile", map[string]any{"handle": handle, "event_type": "Log", "hours": 0}, discovery.InvalidArguments},
		{"many hours", "profile", map[string]any{"handle": handle, "event_type": "Log", "hours": 1 << 40}, discovery.InvalidArguments},
		{"another mode", "profile", map[string]any{"handle": handle, "event_type": "Log", "mode": "FULL"}, discovery.InvalidArguments},
		{"many rows", "query_nrql", map[string]any{"handle": handle, "nrql": "SHOW EVENT TYPES", "rows": 1_000_000}, discovery.InvalidArguments},
		{"a long query", "query_nrql", map[string]any{"handle": handle, "nrql": "SELECT " + long}, discovery.InvalidArguments},
		{"no query", "query_nrql", map[string]any{"handle": handle, "nrql": ""}, discovery.InvalidArguments},
		{"a blank query", "query_nrql", map[string]any{"handle": handle, "nrql": "   "}, discovery.NotARead},
		{"DELETE", "query_nrql", map[string]any{"handle": handle, "nrql": "DELETE FROM Log"}, discovery.NotARead},
		{"DROP", "query_nrql", map[string]any{"handle": handle, "nrql": "drop table Log"}, discovery.NotARead},
		{"DELETE behind a comment", "query_nrql", map[string]any{"handle": handle, "nrql": "/* SELECT */ -- FROM\n DELETE FROM Log"}, discovery.NotARead},
		{"a mutation", "query_nrql", map[string]any{"handle": handle, "nrql": "mutation { nrqlDropRulesCreate }"}, discovery.NotARead},
		{"WITH and no SELECT", "query_nrql", map[string]any{"handle": handle, "nrql": "WITH x DELETE FROM Log"}, discovery.NotARead},
		{"a bare comment", "query_nrql", map[string]any{"handle": handle, "nrql": "/*"}, discovery.NotARead},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, failure := tryTool(t, client, c.tool, c.arguments)
			if failure == nil || failure.Code != c.want {
				t.Errorf("got %v, want %s", failure, c.want)
			}
			if failure != nil && len(failure.Message) > 1<<10 {
				t.Errorf("a message of %d bytes", len(failure.Message))
			}
		})
	}
	if after := s.target.server.Queries(); after > before+8 { // what the goal preloads
		t.Errorf("%d queries were sent", after-before)
	}
	callTool(t, client, "session_status", map[string]any{"handle": handle}) // it still works
}

func TestANameStaysOneName(t *testing.T) {
	client := connectHTTP(t, serveFor(t, defaultServe(), standin.Options{}), "")
	handle := start(t, client, "anything")
	for _, name := range []string{"Transaction, Log", "Transaction SINCE 1 day ago", "Log WHERE true", "Log -- ", "(SELECT * FROM Log)", "Log'", "select", "*"} {
		out := callTool(t, client, "explore_attributes", map[string]any{"handle": handle, "event_type": name})
		if out["total"].(float64) != 0 {
			t.Errorf("%q has %v attributes", name, out["total"])
		}
		callTool(t, client, "assess_quality", map[string]any{"handle": handle, "event_type": name})
		callTool(t, client, "profile", map[string]any{"handle": handle, "event_type": name, "attributes": []string{name}})
	}
	if explored := callTool(t, client, "session_status", map[string]any{"handle": handle}).list("explored"); len(explored) != 0 {
		t.Errorf("what does not exist was explored: %v", explored)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	client := connectHTTP(t, serveFor(t, defaultServe(), standin.Options{}), "")
	handle := start(t, client, "anything")
	few := callTool(t, client, "query_nrql", map[string]any{"handle": handle, "nrql": "SELECT * FROM Transaction LIMIT 500", "rows": 7})
	if len(few.list("rows")) != 7 || few["total"].(float64) != 500 || few["truncated"] != true {
		t.Errorf("%d rows of %v, truncated %v", len(few.list("rows")), few["total"], few["truncated"])
	}
	many := callTool(t, client, "query_nrql", map[string]any{"handle": handle, "nrql": "SELECT * FROM Transaction LIMIT 2000", "rows": 2000})
	encoded, err := json.Marshal(many.list("rows"))
	if err != nil {
		t.Fatal(err)
	}
	if len(encoded) > 130<<10 || len(encoded) < 100<<10 || many["truncated"] != true {
		t.Errorf("%d bytes in %d rows, truncated %v", len(encoded), len(many.list("rows")), many["truncated"])
	}
}

func TestWhatNRDBSaysReachesTheClient(t *testing.T) {
	client := connectHTTP(t, serveFor(t, defaultServe(), standin.Options{}), "")
	handle := start(t, client, "anything")
	for nrql, want := range map[string]string{
		"SELECT oops":                        "NRQL Syntax Error: Error at line 1 position 12",
		"SELECT count(*) FROM Log SINCE now": "Your query's start time must be before its end time",
	} {
		_, failure := tryTool(t, client, "query_nrql", map[string]any{"handle": handle, "nrql": nrql})
		if failure == nil || failure.Code != discovery.QueryFailed || failure.Retryable || !strings.Contains(failure.Message, want) {
			t.Errorf("%s: %v", nrql, failure)
		}
	}
	calls := callTool(t, client, "session_status", map[string]any{"handle": handle}).list("calls")
	if len(calls) != 2 || calls[0].(map[string]any)["failed"] != true {
		t.Errorf("the timeline has %v", calls)
	}
}

func TestMalformedMessagesLeaveTheServerUp(t *testing.T) {
	s := serveFor(t, defaultServe(), standin.Options{})
	client := httpClient(t, "")
	for name, c := range map[string]struct {
		body    string
		headers []string
		want    int
	}{
		"very deep":       {body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, want: http.StatusBadRequest},
		"no JSON":         {body: "{", want: http.StatusBadRequest},
		"too long":        {body: `{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("a", maxMessageBytes) + `"}`, want: http.StatusRequestEntityTooLarge},
		"another host":    {body: "{}", headers: []string{"Host", "evil.example"}, want: http.StatusForbidden},
		"another origin":  {body: "{}", headers: []string{"Origin", "https://evil.example"}, want: http.StatusForbidden},
		"no JSON at all":  {body: "{}", headers: []string{"Content-Type", "text/plain"}, want: http.StatusUnsupportedMediaType},
		"unknown version": {body: "{}", headers: []string{"MCP-Protocol-Version", "1999-01-01"}, want: http.StatusBadRequest},
	} {
		if resp := post(t, client, s.url+"/mcp", c.body, c.headers...); resp.StatusCode != c.want {
			t.Errorf("%s: %s, want %d", name, resp.Status, c.want)
		}
	}
	start(t, connectHTTP(t, s, ""), "it still works")
}
