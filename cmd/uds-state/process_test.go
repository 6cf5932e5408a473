package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/uds-platform/state/auth"
)

// program is a command line of the program, in a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

func TestAChildProcessServesStdio(t *testing.T) {
	cmd := program(t, "serve")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.CommandTransport{Command: cmd}, nil)
	if err != nil {
		t.Fatal(err)
	}
	handle := start(t, session, "what is there?")
	if types := callTool(t, session, "list_event_types", map[string]any{"handle": handle}); types["total"].(float64) < 10 {
		t.Errorf("%v event types", types["total"])
	}
	if err := session.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if code := cmd.ProcessState.ExitCode(); code != exitOK {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
	if !strings.Contains(stderr.String(), "THE DATA IS GENERATED") {
		t.Errorf("it does not say loudly whose data it is: %s", stderr.String())
	}
}

// listening starts a program that serves HTTP, and returns its address and what ends
// it as a supervisor does, which the test's end does at the latest.
func listening(t *testing.T, cmd *exec.Cmd) (url string, end func()) {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for url == "" && lines.Scan() {
		if _, found, ok := strings.Cut(lines.Text(), "serving MCP at "); ok {
			url = strings.TrimSuffix(found, "/mcp")
		}
	}
	rest := make(chan struct{})
	go func() { defer close(rest); _, _ = io.Copy(io.Discard, stderr) }()
	end = sync.OnceFunc(func() {
		told := cmd.Process.Signal(syscall.SIGTERM)
		if told != nil {
			_ = cmd.Process.Kill() // windows knows no other way
		}
		<-rest
		if err := cmd.Wait(); err != nil && told == nil {
			t.Errorf("a process of the program ended with %v", err)
		}
	})
	t.Cleanup(end)
	if url == "" {
		t.Fatal("the program does not listen")
	}
	return url, end
}

// overURL connects to a process that listens.
func overURL(t *testing.T, url, key string) *mcp.ClientSession {
	t.Helper()
	return connect(t, &mcp.StreamableClientTransport{Endpoint: url + "/mcp", HTTPClient: httpClient(t, key), DisableStandaloneSSE: true})
}

func TestAChildProcessServesHTTPUntilItIsTold(t *testing.T) {
	url, end := listening(t, program(t, "serve", "--http", "127.0.0.1:0", "--insecure-no-auth", "--log-level", "ERROR"))
	session := overURL(t, url, "")
	handle := start(t, session, "what is there?")
	callTool(t, session, "session_status", map[string]any{"handle": handle})
	end()
}

func TestServeEndsWhenItsClientLeaves(t *testing.T) {
	client := connectPipes(t)
	start(t, client, "anything")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := client.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if ctx.Err() != nil {
		t.Error("it took too long")
	}
}

// Over stdio, since a discovery's owner must be the same again.
func TestADiscoveryOutlivesAGracefulEnd(t *testing.T) {
	folder := t.TempDir()
	serve := func() (client *mcp.ClientSession, cmd *exec.Cmd) {
		cmd = program(t, "serve", "--log-level", "ERROR")
		cmd.Env = append(cmd.Env, "STATE_SNAPSHOT_FOLDER="+folder, "STATE_SNAPSHOT_INTERVAL=1h")
		return connect(t, &mcp.CommandTransport{Command: cmd}), cmd
	}
	client, cmd := serve()
	handle := start(t, client, "what must not be lost")
	callTool(t, client, "explore_attributes", map[string]any{"handle": handle, "event_type": "Log", "examine": 0})
	if err := client.Close(); err != nil || cmd.ProcessState.ExitCode() != exitOK {
		t.Fatalf("the first process: %v, %v", err, cmd.ProcessState)
	}
	client, _ = serve()
	status := callTool(t, client, "session_status", map[string]any{"handle": handle})
	if status["goal"] != "what must not be lost" || len(status.list("calls")) != 1 || len(status.list("explored")) != 1 {
		t.Errorf("after the restart: %v", status)
	}
}

func TestADiscoveryOutlivesASignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("there is no SIGTERM on windows: what is kept there is what a client's leaving keeps")
		return
	}
	folder := t.TempDir()
	path, keys := newKeys(t, auth.Spec{Owner: "ada", Scopes: []string{scopeDiscover, scopeInspect}})
	serve := func() (client *mcp.ClientSession, url string, end func()) {
		cmd := program(t, "serve", "--http", "127.0.0.1:0", "--keys", path, "--shutdown-timeout", "5s")
		cmd.Env = append(cmd.Env, "STATE_SNAPSHOT_FOLDER="+folder, "STATE_SNAPSHOT_INTERVAL=1h")
		url, end = listening(t, cmd)
		return overURL(t, url, keys[0]), url, end
	}
	client, _, end := serve()
	handle := start(t, client, "what must not be lost")
	// The first snapshot is taken at the start, and has nothing: what is there
	// afterwards, the end has kept.
	end()
	client, url, _ := serve()
	if status := callTool(t, client, "session_status", map[string]any{"handle": handle}); status["goal"] != "what must not be lost" {
		t.Errorf("after the restart: %v", status)
	}
	if _, page := read(t, httpClient(t, keys[0]), url+"/debug/state/sessions?format=json"); !strings.Contains(page, `"id"`) {
		t.Errorf("the dashboard has %s", page)
	}
	if _, body := read(t, httpClient(t, keys[0]), url+"/metrics"); !strings.Contains(body, "state_snapshots") {
		t.Errorf("the metrics have nothing of snapshots: %s", body)
	}
}
