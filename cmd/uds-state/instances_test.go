//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/uds-platform/state/auth"
	"github.com/uds-platform/state/cmd/uds-state/internal/discovery"
	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
	"github.com/uds-platform/state/internal/redistest"
)

// fleet is what several processes of the program share: a Redis, an account, and
// who may connect.
type fleet struct {
	redis *redistest.Server
	stand *target
	more  []string // of the environment
	keys  string   // the file of API keys, for HTTP
}

func newFleet(t *testing.T, environment ...string) *fleet {
	t.Helper()
	return &fleet{
		redis: redistest.Start(t, redistest.Options{}),
		stand: standInFor(t, standin.Options{MaxConcurrent: 1000}),
		// Nothing is asked that the test does not ask.
		more: append(environment, "STATE_WARM_SHARE=0"),
	}
}

// command is the program as one of the fleet. The account is a stand-in's, and the
// program does not know it: what is generated is never shared.
func (f *fleet) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := program(t, append([]string{"serve"}, args...)...)
	cmd.Env = append(cmd.Env, envAPIKey+"="+standInAPIKey, envAccountID+"=1", "NEW_RELIC_NERDGRAPH_BASE_URL="+f.stand.server.URL(),
		"STATE_STORE_TYPE=redis", "REDIS_URL="+f.redis.URL())
	cmd.Env = append(cmd.Env, f.more...)
	return cmd
}

// overStdio starts a process and connects to its stdin and stdout.
func (f *fleet) overStdio(t *testing.T) *mcp.ClientSession {
	t.Helper()
	return connect(t, &mcp.CommandTransport{Command: f.command(t)})
}

// overHTTP starts a process that listens, and returns its address.
func (f *fleet) overHTTP(t *testing.T, args ...string) (url string) {
	t.Helper()
	cmd := f.command(t, append([]string{"--http", "127.0.0.1:0", "--keys", f.keys}, args...)...)
	url, _ = listening(t, cmd)
	return url
}

// joined waits until an instance shares what it has: what is begun there is no more
// in its memory alone.
func joined(t *testing.T, clients ...*mcp.ClientSession) {
	t.Helper()
	for i, client := range clients {
		handle := start(t, client, "is Redis there?")
		redistest.Await(t, fmt.Sprintf("instance %d has joined", i), func() bool {
			return callTool(t, client, "session_status", map[string]any{"handle": handle})["volatile"] == false
		})
		callTool(t, client, "end_discovery", map[string]any{"handle": handle})
	}
}

// failsWith waits until a call of a handle fails in a way: what one instance does
// reaches the other one soon, and not at once.
func failsWith(t *testing.T, client *mcp.ClientSession, handle string, code discovery.Code) {
	t.Helper()
	var last *discovery.Failure
	redistest.Await(t, "the failure "+string(code), func() bool {
		// To list attributes is to use the discovery; to have its status told is, too.
		_, last = tryTool(t, client, "session_status", map[string]any{"handle": handle})
		return last != nil && last.Code == code
	})
	if last.Retryable || last.Message == "" {
		t.Errorf("told %+v", last)
	}
}

// continues waits until an instance knows a discovery, and returns its status.
func continues(t *testing.T, client *mcp.ClientSession, handle string) (status result) {
	t.Helper()
	redistest.Await(t, "the discovery is known here", func() bool {
		var failure *discovery.Failure
		status, failure = tryTool(t, client, "session_status", map[string]any{"handle": handle})
		return failure == nil
	})
	return status
}

// written waits until Redis has so many values.
func (f *fleet) written(t *testing.T, count int) {
	t.Helper()
	redistest.Await(t, fmt.Sprintf("%d values in Redis", count), func() bool {
		keys, _ := f.redis.MustDo("KEYS", "state:v:query/*").([]any)
		return len(keys) >= count
	})
}

// twoInstances is a discovery that goes back and forth between two instances, one
// and other, of the same owner.
func twoInstances(t *testing.T, f *fleet, one, other *mcp.ClientSession) {
	joined(t, one, other)
	const goal = "the logs of the checkout service"
	handle := start(t, one, goal)
	explore := map[string]any{"handle": handle, "event_type": "Log", "examine": 2}
	first := callTool(t, one, "explore_attributes", explore)
	if p := first.answer(t); p.Source != "origin" {
		t.Errorf("the first answer is from %s", p.Source)
	}
	f.written(t, first.answer(t).Queries)

	if status := continues(t, other, handle); status["goal"] != goal {
		t.Errorf("continued with the goal %q", status["goal"])
	}
	sent := f.stand.server.Queries()
	second := callTool(t, other, "explore_attributes", explore)
	if p := second.answer(t); p.Source != "shared" || p.Quality != "full" || !p.AsOf.Equal(first.answer(t).AsOf) {
		t.Errorf("the other instance's answer is %+v, the first one's %+v", p, first.answer(t))
	}
	if again := f.stand.server.Queries() - sent; again != 0 {
		t.Errorf("the other instance asked NRDB %d times for what the first had been told", again)
	}
	if fmt.Sprint(first["attributes"], first["examined"]) != fmt.Sprint(second["attributes"], second["examined"]) {
		t.Errorf("two answers to one question: %v and %v", first, second)
	}

	// What the other one did is known to the first.
	var calls []any
	redistest.Await(t, "both calls on one timeline", func() bool {
		calls = callTool(t, one, "session_status", map[string]any{"handle": handle}).list("calls")
		return len(calls) >= 2
	})
	if explored := callTool(t, one, "session_status", map[string]any{"handle": handle}).list("explored"); len(explored) != 1 {
		t.Errorf("explored %v", explored)
	}
	listed := callTool(t, other, "list_discoveries", map[string]any{}).list("discoveries")
	if !slices.ContainsFunc(listed, func(d any) bool { return d.(map[string]any)["handle"] == handle }) {
		t.Errorf("the other lists %v", listed)
	}

	callTool(t, other, "end_discovery", map[string]any{"handle": handle})
	failsWith(t, one, handle, discovery.UnknownHandle)
	failsWith(t, other, handle, discovery.UnknownHandle)
}

func TestADiscoveryGoesBackAndForthBetweenInstances(t *testing.T) {
	t.Run("stdio", func(t *testing.T) {
		f := newFleet(t)
		twoInstances(t, f, f.overStdio(t), f.overStdio(t))
	})
	for name, args := range map[string][]string{"stateless HTTP": nil, "stateful HTTP": {"--stateful"}} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			var keys []string
			f.keys, keys = newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer})
			twoInstances(t, f, overURL(t, f.overHTTP(t, args...), keys[0]), overURL(t, f.overHTTP(t, args...), keys[0]))
		})
	}
}

func TestHandlesThatAreOfNoUseAreToldSoByEveryInstance(t *testing.T) {
	f := newFleet(t, "SESSION_TTL=3s")
	var keys []string
	f.keys, keys = newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer}, auth.Spec{Owner: "bob", Scopes: discoverer})
	one, other := f.overHTTP(t), f.overHTTP(t)
	ada, adaElsewhere := overURL(t, one, keys[0]), overURL(t, other, keys[0])
	bob, bobElsewhere := overURL(t, one, keys[1]), overURL(t, other, keys[1])
	joined(t, ada, adaElsewhere)
	handle := start(t, ada, "soon over")
	continues(t, adaElsewhere, handle)
	for _, client := range []*mcp.ClientSession{bob, bobElsewhere} {
		failsWith(t, client, handle, discovery.UnknownHandle)
	}
	// To list discoveries is not to use them.
	for _, client := range []*mcp.ClientSession{ada, adaElsewhere} {
		redistest.Await(t, "the discovery's end", func() bool {
			return len(callTool(t, client, "list_discoveries", map[string]any{}).list("discoveries")) == 0
		})
		failsWith(t, client, handle, discovery.ExpiredHandle)
	}
	for _, client := range []*mcp.ClientSession{bob, bobElsewhere} {
		failsWith(t, client, handle, discovery.UnknownHandle)
	}
}

func TestWithoutRedisBothInstancesGoOn(t *testing.T) {
	f := newFleet(t)
	var keys []string
	f.keys, keys = newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer})
	urls := []string{f.overHTTP(t), f.overHTTP(t)}
	clients := []*mcp.ClientSession{overURL(t, urls[0], keys[0]), overURL(t, urls[1], keys[0])}
	joined(t, clients...)
	known := start(t, clients[0], "known to both")
	continues(t, clients[1], known)

	f.redis.Stop()
	for i, client := range clients {
		web := httpClient(t, "")
		redistest.Await(t, "it is noticed that Redis is away", func() bool {
			_, body := get(t, web, urls[i]+"/healthz")
			return body["status"] == "degraded"
		})
		if status, body := get(t, web, urls[i]+"/readyz"); status != http.StatusOK || !strings.Contains(fmt.Sprint(body["reasons"]), "redis") {
			t.Errorf("instance %d: degraded is not ready: %d %v", i, status, body)
		}
		if p := callTool(t, client, "explore_attributes", map[string]any{"handle": known, "event_type": "Log", "examine": 0}).answer(t); p.Source != "origin" || p.Quality != "full" {
			t.Errorf("instance %d answers with %+v", i, p)
		}
		own := start(t, client, "begun without Redis")
		if status := callTool(t, client, "session_status", map[string]any{"handle": own}); status["volatile"] != true {
			t.Errorf("instance %d says that it is kept elsewhere: %v", i, status)
		}
		callTool(t, client, "end_discovery", map[string]any{"handle": own})
	}
	// It may be somewhere, so the client must not throw it away.
	if _, failure := tryTool(t, clients[1], "session_status", map[string]any{"handle": randomHandle}); failure == nil || failure.Code != discovery.Unavailable || !failure.Retryable {
		t.Errorf("a handle that only Redis could know: %v", failure)
	}
	meanwhile := start(t, clients[1], "begun without Redis, continued with it")

	f.redis.Continue()
	if goal := continues(t, clients[0], meanwhile)["goal"]; goal != "begun without Redis, continued with it" {
		t.Errorf("the goal is %q", goal)
	}
	failsWith(t, clients[1], randomHandle, discovery.UnknownHandle)
}
