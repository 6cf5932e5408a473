package main

import (
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
)

// suggestedFirst is what a new discovery is told to do next, once an event type is
// explored.
func suggestedFirst(t *testing.T, client *mcp.ClientSession) (handle, tool string) {
	t.Helper()
	handle = start(t, client, "errors in the logs of checkout")
	callTool(t, client, "explore_attributes", map[string]any{"handle": handle, "event_type": "Log", "examine": 0})
	all := callTool(t, client, "suggest_next", map[string]any{"handle": handle}).list("suggestions")
	if len(all) == 0 {
		t.Fatal("nothing is suggested")
	}
	tool, _ = all[0].(map[string]any)["tool"].(string)
	return handle, tool
}

func TestWhatWasTakenIsSuggestedAfterARestart(t *testing.T) {
	t.Setenv("STATE_SNAPSHOT_FOLDER", t.TempDir())
	const habit = "assess_quality"
	t.Run("before", func(t *testing.T) {
		client := connectHTTP(t, serveFor(t, defaultServe(), standin.Options{}), "")
		handle, tool := suggestedFirst(t, client)
		if tool == habit {
			t.Fatalf("%s is suggested though nobody has done it: this test sees nothing", habit)
		}
		for range 30 {
			callTool(t, client, "explore_attributes", map[string]any{"handle": handle, "event_type": "Log", "examine": 0})
			callTool(t, client, habit, map[string]any{"handle": handle, "event_type": "Log"})
		}
	})
	t.Run("after", func(t *testing.T) {
		client := connectHTTP(t, serveFor(t, defaultServe(), standin.Options{}), "")
		if _, tool := suggestedFirst(t, client); tool != habit {
			t.Errorf("%s is suggested; everybody took %s", tool, habit)
		}
	})
}
