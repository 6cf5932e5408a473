package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
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

func TestAChildProcessServesHTTPUntilItIsTold(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("there is no SIGTERM on windows: the process is killed at the end")
	}
	cmd := program(t, "serve", "--http", "127.0.0.1:0", "--insecure-no-auth", "--log-level", "ERROR")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	url := ""
	for url == "" && lines.Scan() {
		if _, found, ok := strings.Cut(lines.Text(), "serving MCP at "); ok {
			url = found
		}
	}
	rest := make(chan struct{})
	go func() { defer close(rest); _, _ = io.Copy(io.Discard, stderr) }()
	session := connect(t, &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: httpClient(t, ""), DisableStandaloneSSE: true})
	handle := start(t, session, "what is there?")
	callTool(t, session, "session_status", map[string]any{"handle": handle})
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		_ = cmd.Process.Kill()
	}
	<-rest
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && runtime.GOOS == "windows") {
		t.Errorf("it ended with %v", err)
	}
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
