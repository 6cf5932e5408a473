package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes.
const (
	exitKilled  = 0 // every mutation was
	exitFaulty  = 1 // one was not, or could not be tried
	exitMisused = 2
)

// run is the command.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := readFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitKilled
	}
	if err != nil {
		fmt.Fprintln(stderr, "mutate:", err)
		return exitMisused
	}
	alive, err := o.mutate(ctx, stdout)
	if err != nil {
		fmt.Fprintln(stderr, "mutate:", err)
		return exitFaulty
	}
	if alive > 0 {
		return exitFaulty
	}
	return exitKilled
}

// options are the command's flags.
type options struct {
	module   string
	lists    string
	run      *regexp.Regexp
	only     string
	parallel int
	timeout  time.Duration
}

const (
	defaultTimeout  = 3 * time.Minute
	shortestTimeout = time.Second
	mostParallel    = 64
)

func readFlags(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.module, "module", ".", "the module's `folder`, or one inside it")
	flags.StringVar(&o.lists, "lists", "internal/mutate/lists", "the lists' `folder`, from the module's")
	names := flags.String("run", "", "try mutations whose folder/name matches this `regexp`")
	flags.StringVar(&o.only, "only", "", "try mutations in this `folder`, such as shard or . for the root")
	flags.IntVar(&o.parallel, "parallel", 2, "how many to try at once")
	flags.DurationVar(&o.timeout, "timeout", defaultTimeout, "how long the tests of one mutation may take at most")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("there is no argument %q, only flags", flags.Arg(0))
	}
	if o.run, err = regexp.Compile(*names); err != nil {
		return o, fmt.Errorf("-run: %w", err)
	}
	if o.parallel < 1 || o.parallel > mostParallel {
		return o, fmt.Errorf("-parallel is %d; want 1 to %d", o.parallel, mostParallel)
	}
	if o.timeout < shortestTimeout {
		return o, fmt.Errorf("-timeout is %v; want %v at least", o.timeout, shortestTimeout)
	}
	o.module, err = moduleRoot(o.module)
	return o, err
}

// moduleRoot finds the folder with the go.mod that a folder belongs to.
func moduleRoot(folder string) (string, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	for at := folder; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s is in no module", folder)
		}
	}
}

// choose reads the lists and returns the mutations that the flags ask for.
func (o *options) choose() ([]*mutation, error) {
	all, err := readLists(filepath.Join(o.module, filepath.FromSlash(o.lists)))
	if err != nil {
		return nil, err
	}
	var chosen []*mutation
	only := strings.TrimSuffix(filepath.ToSlash(o.only), "/")
	for _, m := range all {
		if (only == "" || only == m.folder()) && o.run.MatchString(m.String()) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("none of %d mutations is in folder %q and matches %q", len(all), o.only, o.run)
	}
	return chosen, nil
}

// mutate tries the chosen mutations and returns how many were not killed.
func (o *options) mutate(ctx context.Context, stdout io.Writer) (alive int, err error) {
	chosen, err := o.choose()
	if err != nil {
		return 0, err
	}
	started := time.Now()
	var workspaces []*workspace
	defer func() {
		for _, w := range workspaces {
			err = errors.Join(err, w.remove())
		}
	}()
	for range min(o.parallel, len(chosen)) {
		w, err := newWorkspace(o.module)
		if err != nil {
			return 0, err
		}
		workspaces = append(workspaces, w)
	}
	fmt.Fprintf(stdout, "%d mutations: first their tests without any\n", len(chosen))
	timeouts, err := measureBaseline(ctx, workspaces[0], chosen, o.timeout)
	if err != nil {
		return 0, err
	}
	var rest []trial
	tryAll(ctx, workspaces, chosen, timeouts, func(t trial) {
		fmt.Fprintln(stdout, t)
		if t.verdict != killed {
			rest = append(rest, t)
		}
	})
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("stopped: %w", err)
	}
	fmt.Fprintf(stdout, "%d of %d mutations killed in %.0f s\n", len(chosen)-len(rest), len(chosen), time.Since(started).Seconds())
	for _, t := range rest {
		fmt.Fprintf(stdout, "%s  %s (%s)\n", t.verdict, t.mutation, t.mutation.origin)
	}
	return len(rest), nil
}
