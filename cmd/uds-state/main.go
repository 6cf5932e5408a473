// Command uds-state is New Relic data discovery on the state library.
//
// "uds-state serve" is an MCP server whose tools answer through one shared state;
// "uds-state keys" manages who may connect to it over HTTP, and "uds-state snapshot"
// shows what a snapshot of its state holds.
//
// "uds-state demo" lets concurrent discovery sessions explore an account through
// one shared state, and prints how many of their queries were answered from
// memory, shared with another session or sent to NRDB, and what that saved.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // WITH TIMEZONE, on machines without a time zone database
)

var (
	// errUsage is wrapped by every mistake in the arguments.
	errUsage = errors.New("usage")
	// errNothingAnswered ends a run in which every query failed; the table, with
	// the reasons, has been printed by then.
	errNothingAnswered = errors.New("no query was answered")
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

const usage = `usage: uds-state <command>

commands:
  serve     an MCP server over a state: stdio, or HTTP
  keys      the API keys that may connect over HTTP
  snapshot  what a snapshot of a state holds, as JSON
  demo      discovery sessions over a shared state, and what it saves them
  version   the version of this program

uds-state COMMAND --help explains a command.
`

// process is what a command may touch of the world, so that tests can replace it.
type process struct {
	getenv func(string) string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the next one kills, should the end ever hang.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], process{getenv: os.Getenv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}))
}

// run executes a command line and returns its exit code.
func run(ctx context.Context, args []string, p process) int {
	if len(args) == 0 {
		fmt.Fprint(p.stderr, usage)
		return exitUsage
	}
	err := dispatch(ctx, args, p)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage), errors.Is(err, errEnvironment):
		fmt.Fprintf(p.stderr, "uds-state: %v\n", err)
		return exitUsage
	}
	fmt.Fprintf(p.stderr, "uds-state: %v\n", err)
	return exitFailure
}

// dispatch runs the command that args, which are not empty, name.
func dispatch(ctx context.Context, args []string, p process) error {
	switch command := args[0]; command {
	case "serve":
		return runServe(ctx, args[1:], p)
	case "keys":
		return runKeys(args[1:], p)
	case "snapshot":
		return runSnapshot(args[1:], p)
	case "demo":
		return runDemo(ctx, args[1:], p)
	case "version":
		_, err := fmt.Fprintln(p.stdout, version())
		return err
	case "help", "-h", "-help", "--help":
		_, err := io.WriteString(p.stdout, usage)
		return err
	default:
		return fmt.Errorf("%w: unknown command %q\n%s", errUsage, command, usage)
	}
}

// version is what the build recorded about itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "uds-state (no build information)"
	}
	return fmt.Sprintf("uds-state %s %s", info.Main.Version, info.GoVersion)
}
