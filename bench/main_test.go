package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state/bench/report"
)

// does runs a command line and returns what it prints.
func does(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, progress bytes.Buffer
	b := &bench{out: &out, progress: &progress, start: time.Now()}
	err := b.do(t.Context(), args)
	if err == nil && progress.Len() == 0 && args[0] != "plot" {
		t.Errorf("%s said nothing on the way", args[0])
	}
	return out.String(), err
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := does(t, args...)
	if err != nil {
		t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return out
}

func TestEveryCommandLeavesTablesAndPlotDrawsThem(t *testing.T) {
	results, charts := t.TempDir(), t.TempDir()
	must(t, "throughput", "-results", results, "-caches", "otter,xsync.Map", "-entries", "2048", "-turn", "1ms", "-rounds", "2", "-budget", "300ms")
	must(t, "latency", "-results", results, "-caches", "otter", "-entries", "1024", "-turn", "5ms", "-rounds", "1", "-budget", "1ms")
	must(t, "memory", "-results", results, "-caches", "otter", "-entries", "1000", "-collector-entries", "1000", "-collector-time", "5ms")
	must(t, "hits", "-results", results, "-caches", "otter,LRU,optimum", "-traces", traces(t), "-generators", "zipf,discovery", "-accesses", "20000")
	tables := []string{"about", "peers", "throughput", "throughput-best", "latency", "memory", "garbage", "collector", "hits", "hits-cells", "hits-summary"}
	if runtime.GOMAXPROCS(0) > 1 {
		tables = append(tables, "scaling")
	}
	for _, name := range tables {
		table, err := report.ReadCSV(results, name)
		if err != nil || len(table.Rows) == 0 {
			t.Errorf("%s: %d rows, %v", name, len(table.Rows), err)
		}
	}
	out := must(t, "plot", "-results", results, "-charts", charts)
	for name := range strings.Lines(out) {
		if _, err := os.Stat(filepath.Join(charts, strings.TrimSpace(name))); err != nil {
			t.Error(err)
		}
	}
	if !strings.Contains(out, "hits-traces.svg") {
		t.Errorf("plot drew %q", out)
	}
}

// traces returns a folder with a small trace, and a note that is none.
func traces(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for i := range uint64(3000) {
		if _, err := z.Write(binary.AppendUvarint(nil, i*i%500)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"squares.trace.gz": packed.Bytes(), "README.md": []byte("# notes")} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestCommandLinesThatMakeNoSenseAreRefused(t *testing.T) {
	results := t.TempDir()
	for _, line := range []string{
		"", "frobnicate", "throughput extra", "throughput -results=", "throughput -workloads sleep", "throughput -workloads ,",
		"throughput -distributions normal", "throughput -entries 0", "throughput -entries many", "throughput -keys float",
		"throughput -cpu 0", "throughput -turn 0s", "throughput -budget -1s", "throughput -rounds 0", "throughput -caches memcached",
		"throughput -no-such-flag", "latency -entries 1", "latency -rounds 0", "latency -turn -1s", "memory -entries 1",
		"memory -collector-entries 1", "memory -collector-time 0s", "hits -generators none", "hits -generators noise",
		"hits -format ebcdic", "hits -limit 0", "hits -accesses 0", "hits -times 0", "hits -capacities 0", "hits -traces " + results,
		"all -budget 1s", "plot -charts=",
	} {
		args := strings.Fields(line)
		if len(args) > 0 && args[0] != "frobnicate" && !strings.Contains(line, "-results") {
			args = append(args, "-results", results)
		}
		if _, err := does(t, args...); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", line, err)
		}
	}
	if left, err := os.ReadDir(results); err != nil || len(left) > 0 {
		t.Errorf("refused commands left %v (%v)", left, err)
	}
}

func TestAbsentFoldersAreErrorsThatNameThem(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent")
	for _, args := range [][]string{{"hits", "-traces", absent}, {"plot", "-results", absent, "-charts", t.TempDir()}} {
		if _, err := does(t, append(args, "-results", absent)...); err == nil || !strings.Contains(err.Error(), "absent") {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestASmallBudgetMeasuresLessAndOursIsAlwaysAmongTheCaches(t *testing.T) {
	f := newFlags(&bench{progress: new(bytes.Buffer)}, "test")
	f.caches = "otter"
	names, err := f.names()
	if err != nil || strings.Join(names, ",") != "otter,state,empty" {
		t.Errorf("names %q, %v", names, err)
	}
	quick, whole := plansFor(time.Minute, f), plansFor(10*time.Minute, f)
	if quick.hits.accesses >= whole.hits.accesses || quick.memory.CollectorEntries >= whole.memory.CollectorEntries {
		t.Error("a minute measures as much as ten")
	}
	for name, p := range map[string]plans{"quick": quick, "whole": whole} {
		plan, err := p.throughput.plan(f)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if first := plan.Cells[0]; first.Entries != 32768 || first.Keys != "string" || first.Distribution != "zipf" {
			t.Errorf("%s begins with %v", name, first)
		}
	}
}
