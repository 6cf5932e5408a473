package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/user"
	"strconv"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	sessions "github.com/uds-platform/state/session"
)

// runServe is the serve command.
func runServe(ctx context.Context, args []string, p process) error {
	o, err := parseServe(args, p)
	if err != nil {
		return err
	}
	t, err := openTarget(p.getenv, standInSeed)
	if err != nil {
		return err
	}
	if len(o.accounts) > 0 && t.standIn {
		return errors.Join(fmt.Errorf("%w: --accounts is for New Relic: the stand-in has but account %d", errUsage, t.account), t.Close())
	}
	announce(p.stderr, t)
	logger := slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: o.logLevel}))
	agent, err := openAgent(p.getenv, logger)
	if err != nil {
		return errors.Join(err, t.Close())
	}
	s := setting{serve: o, target: t, agent: agent, logger: logger}
	if o.http == "" {
		return serveStdio(ctx, s, p)
	}
	return serveHTTP(ctx, s, p)
}

// standInSeed decides what the stand-in has, so that two runs show the same.
const standInSeed = 1

// announce says whose data is served, loudly where it is nobody's.
func announce(w io.Writer, t *target) {
	fmt.Fprintf(w, "uds-state: exploring %s\n", t.name)
	if t.standIn {
		fmt.Fprintf(w, "uds-state: *** THE DATA IS GENERATED: %s and %s are not set ***\n", envAPIKey, envAccountID)
	}
}

// maxMessageBytes bounds one message of a client, on stdio and in HTTP.
const maxMessageBytes = 1 << 20

// serveStdio serves the one client that started this process, until it leaves or
// ctx ends.
func serveStdio(ctx context.Context, s setting, p process) error {
	owner := processOwner()
	n, err := openInstance(ctx, s, func(*mcp.CallToolRequest) (sessions.Owner, error) { return owner, nil })
	if err != nil {
		return err
	}
	fmt.Fprintln(p.stderr, "uds-state: serving MCP on stdin and stdout")
	defer context.AfterFunc(ctx, func() { time.AfterFunc(s.serve.shutdownTimeout, n.tools.Cut) })()
	err = n.tools.MCP().Run(ctx, stdioTransport(p)) // which waits for the calls under way
	if ctx.Err() != nil {
		err = nil // told to end
	}
	return errors.Join(err, n.Close())
}

func stdioTransport(p process) mcp.Transport {
	if p.stdin == os.Stdin && p.stdout == os.Stdout {
		return &mcp.StdioTransport{MaxLineLength: maxMessageBytes}
	}
	return &mcp.IOTransport{Reader: io.NopCloser(p.stdin), Writer: keptOpen{p.stdout}, MaxLineLength: maxMessageBytes}
}

// keptOpen is a writer that is not the transport's to close.
type keptOpen struct{ io.Writer }

func (keptOpen) Close() error { return nil }

// processOwner is who a discovery over stdio belongs to.
func processOwner() sessions.Owner {
	name := strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Uid
	}
	return sessions.Owner("user:" + name)
}

// serveHTTP serves whoever has a key, until ctx ends.
func serveHTTP(ctx context.Context, s setting, p process) error {
	n, err := openInstance(ctx, s, ownerOf(s.serve.insecureNoAuth))
	if err != nil {
		return err
	}
	err = listen(ctx, s.serve, n, p)
	return errors.Join(err, n.Close())
}

func listen(ctx context.Context, o serveOptions, n *instance, p process) error {
	keys, err := openKeys(o, n.logger)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.http)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if bound, ok := listener.Addr().(*net.TCPAddr); o.insecureNoAuth && (!ok || !bound.IP.IsLoopback()) {
		return errors.Join(fmt.Errorf("%w: --insecure-no-auth is for loopback addresses alone, and %q is bound to %v", errUsage, o.http, listener.Addr()), listener.Close())
	}
	w, err := newWebServer(o, n, keys)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	fmt.Fprintf(p.stderr, "uds-state: serving MCP at http://%v/mcp\n", listener.Addr())
	if o.insecureNoAuth {
		fmt.Fprintln(p.stderr, "uds-state: *** NO AUTHENTICATION: everybody on this machine may explore the account ***")
	}
	return w.run(ctx, listener)
}
