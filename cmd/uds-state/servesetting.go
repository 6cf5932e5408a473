package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uds-platform/state"
)

// serveOptions are the server's own settings: each is a flag and an environment
// variable, and the flag wins. The state's come from the environment alone, by
// state.FromEnv.
type serveOptions struct {
	http            string // address to listen on; "" for stdio
	stateful        bool
	keysFile        string
	insecureNoAuth  bool
	accounts        accountList
	maxCalls        int
	callTimeout     time.Duration
	shutdownTimeout time.Duration
	maxSessions     int
	ownerSessions   int
	logLevel        slog.Level
}

const (
	mostCalls       = 100_000
	mostSessionsAll = 10_000_000
	leastTimeout    = time.Second
	mostCallTime    = 10 * time.Minute
	mostShutdown    = 10 * time.Minute
	variablePrefix  = "UDS_"
)

// accountList is a list of account numbers, separated by commas.
type accountList []int

func (l *accountList) String() string {
	texts := make([]string, len(*l))
	for i, a := range *l {
		texts[i] = strconv.Itoa(a)
	}
	return strings.Join(texts, ",")
}

func (l *accountList) Set(text string) error {
	*l = nil
	for field := range strings.SplitSeq(text, ",") {
		account, err := strconv.ParseInt(strings.TrimSpace(field), 10, 32)
		if err != nil || account <= 0 {
			return errors.New("want account numbers, separated by commas")
		}
		*l = append(*l, int(account))
	}
	return nil
}

// flags declares every setting.
func (o *serveOptions) flags() *flag.FlagSet {
	f := flag.NewFlagSet("serve", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.http, "http", "", "serve streamable HTTP on this `address`, such as 127.0.0.1:8080; without it, stdio")
	f.BoolVar(&o.stateful, "stateful", false, "the stateful form of HTTP, for clients older than MCP 2026-07-28 that need it")
	f.StringVar(&o.keysFile, "keys", "", "the `file` of API keys that may connect over HTTP; see uds-state keys")
	f.BoolVar(&o.insecureNoAuth, "insecure-no-auth", false, "let anybody connect over HTTP; on a loopback address only")
	f.Var(&o.accounts, "accounts", "the `accounts` that may be explored, separated by commas; by default the one of "+envAccountID)
	f.IntVar(&o.maxCalls, "max-calls", 256, "how many calls are answered at a time; four times as many may wait")
	f.DurationVar(&o.callTimeout, "call-timeout", 2*time.Minute, "the longest that one call may take")
	f.DurationVar(&o.shutdownTimeout, "shutdown-timeout", 10*time.Second, "how long calls under way may take to end on SIGTERM")
	f.IntVar(&o.maxSessions, "max-sessions", 100_000, "how many discoveries there may be")
	f.IntVar(&o.ownerSessions, "owner-sessions", 1_000, "how many of them one owner may have")
	f.TextVar(&o.logLevel, "log-level", slog.LevelInfo, "what is logged to stderr: DEBUG, INFO, WARN or ERROR")
	return f
}

// variableOf is the environment variable of a flag.
func variableOf(flagName string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

// parseServe reads the flags and the environment. What is wrong with them is in
// the error, all of it.
func parseServe(args []string, p process) (serveOptions, error) {
	var o serveOptions
	flags := o.flags()
	var faults []error
	flags.VisitAll(func(f *flag.Flag) {
		name := variableOf(f.Name)
		if value := p.getenv(name); value != "" {
			if err := f.Value.Set(value); err != nil {
				// Without the value: it may be a secret, in the wrong variable.
				faults = append(faults, fmt.Errorf("%w: %s can't be read: want %s", errEnvironment, name, f.Usage))
			}
		}
	})
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		writeServeHelp(p.stdout, flags)
		return o, err
	case err != nil:
		faults = append(faults, fmt.Errorf("%w: %w", errUsage, err))
	case flags.NArg() > 0:
		faults = append(faults, fmt.Errorf("%w: unexpected argument %q", errUsage, flags.Arg(0)))
	}
	if err := errors.Join(append(faults, o.check()...)...); err != nil {
		return o, err
	}
	return o, nil
}

// check returns what is wrong with the settings.
func (o *serveOptions) check() (faults []error) {
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: %w", errUsage, fmt.Errorf(format, args...)))
	}
	between := func(name string, n, least, most int) {
		if n < least || n > most {
			fault("--%s is %d, it must be between %d and %d", name, n, least, most)
		}
	}
	lasting := func(name string, d, most time.Duration) {
		if d < leastTimeout || d > most {
			fault("--%s is %v, it must be between %v and %v", name, d, leastTimeout, most)
		}
	}
	between("max-calls", o.maxCalls, 1, mostCalls)
	between("max-sessions", o.maxSessions, 1, mostSessionsAll)
	between("owner-sessions", o.ownerSessions, 1, mostSessionsAll)
	lasting("call-timeout", o.callTimeout, mostCallTime)
	lasting("shutdown-timeout", o.shutdownTimeout, mostShutdown)
	if o.http == "" {
		if o.stateful || o.insecureNoAuth || o.keysFile != "" {
			fault("--stateful, --keys and --insecure-no-auth are for HTTP: give --http an address, or leave them out")
		}
		return faults
	}
	host, port, err := net.SplitHostPort(o.http)
	if number, portErr := strconv.Atoi(port); err != nil || portErr != nil || number < 0 || number > 65535 {
		fault("--http is %q, it must be an address with a port, such as 127.0.0.1:8080", o.http)
	}
	switch {
	case o.insecureNoAuth && o.keysFile != "":
		fault("--keys and --insecure-no-auth contradict each other: give one of them")
	case !o.insecureNoAuth && o.keysFile == "":
		fault("--http needs --keys FILE (uds-state keys create makes one), or --insecure-no-auth on a loopback address")
	case o.insecureNoAuth && !loopback(host):
		fault("--insecure-no-auth is for loopback addresses alone, such as 127.0.0.1:8080: anybody who reaches %q could explore the account", o.http)
	}
	return faults
}

// loopback reports whether a host is reached from this machine alone. Of names only
// localhost is taken to be; and what was bound is looked at again.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

func writeServeHelp(w io.Writer, flags *flag.FlagSet) {
	fmt.Fprintf(w, serveHelp, envAPIKey, envAccountID, envRegion, envLicenseKey, envAppName)
	fmt.Fprintf(w, "Flags, and the environment variables that they override:\n\n")
	flags.VisitAll(func(f *flag.Flag) {
		argument, usage := flag.UnquoteUsage(f)
		standard := ""
		if f.DefValue != "" && f.DefValue != "false" {
			standard = " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(w, "  --%s %s\n        %s%s\n        %s\n", f.Name, argument, usage, standard, variableOf(f.Name))
	})
	fmt.Fprintf(w, "\nThe state's environment variables:\n\n")
	variables := state.Variables()
	longest := len(slices.MaxFunc(variables, func(a, b state.Variable) int { return len(a.Name) - len(b.Name) }).Name)
	for _, v := range variables {
		standard := v.Default
		if standard == "" {
			standard = "none"
		}
		fmt.Fprintf(w, "  %-*s  default %s\n        %s\n", longest, v.Name, standard, strings.ReplaceAll(v.Meaning, "`", ""))
	}
}

const serveHelp = `uds-state serve is an MCP server for exploring the data of a New Relic account.
It answers from memory what has been asked before.

Without flags it speaks MCP on stdin and stdout, for clients that start it
themselves. With --http it serves streamable HTTP:

  /mcp           the Model Context Protocol
  /livez         whether the process answers
  /readyz        whether it takes calls; degraded does, 503 while it ends
  /healthz       what is degraded, and why
  /metrics       OpenMetrics, for keys with the scope "inspect"
  /debug/state/  what the state does, for the same keys

%s and %s select the account, %s (US, EU) its region. Without them
a stand-in for NerdGraph is explored, with generated data; it always stays in
memory. %s starts New Relic's APM agent, and %s
names the application. SIGTERM or Ctrl-C lets the calls under way end, and what
STATE_SNAPSHOT_FOLDER is to keep is kept. The exit code is 0, or 1 where something
failed, or 2 for a mistake in the flags or the environment.

`
