// Command bench compares caches: how fast, how steady, how clever and how large.
//
//	go run . throughput    operations a second
//	go run . latency       of a Get while others insert new keys
//	go run . hits          hit ratios over traces and generators
//	go run . memory        bytes an entry, garbage, the collector's work
//	go run . redis         what a Redis costs and gives, live, suspended and away
//	go run . all           all of the first four within -budget
//	go run . plot          charts of what was measured
//
// Every command says on standard error what it is doing, prints its results,
// and writes them as CSV into the folder that -results names. Each has -help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/uds-platform/state/bench/report"
)

// errUsage is what a command line that can't be understood gives.
var errUsage = errors.New("bad command line")

// command is one of the things that the program does.
type command struct {
	name, does string
	run        func(ctx context.Context, b *bench, args []string) error
}

func commands() []command {
	return []command{
		{"throughput", "operations a second", throughputCommand},
		{"latency", "of a Get while others insert new keys", latencyCommand},
		{"hits", "hit ratios over traces and generators", hitsCommand},
		{"memory", "bytes an entry, garbage, the collector's work", memoryCommand},
		{"redis", "what a Redis costs and gives: live, suspended and away", redisCommand},
		{"all", "throughput, latency, hits and memory within a budget", allCommand},
		{"plot", "charts of what was measured", plotCommand},
	}
}

// bench is where a command writes.
type bench struct {
	out, progress io.Writer
	start         time.Time
}

// say tells on the way what is being done.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, "%7.1fs  %s\n", time.Since(b.start).Seconds(), fmt.Sprintf(format, args...))
}

// print prints a table's columns, or all of them, after an empty line.
func (b *bench) print(t report.Table, columns ...string) error {
	if len(t.Rows) == 0 {
		return nil
	}
	fmt.Fprintln(b.out)
	return t.Print(b.out, columns...)
}

func main() {
	b := &bench{out: os.Stdout, progress: os.Stderr, start: time.Now()}
	err := b.do(context.Background(), os.Args[1:])
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) do(ctx context.Context, args []string) error {
	all := commands()
	if len(args) > 0 {
		if i := slices.IndexFunc(all, func(c command) bool { return c.name == args[0] }); i >= 0 {
			return all[i].run(ctx, b, args[1:])
		}
	}
	var usage strings.Builder
	for _, c := range all {
		fmt.Fprintf(&usage, "\n  %-12s %s", c.name, c.does)
	}
	return fmt.Errorf("%w: want one of%s", errUsage, usage.String())
}
