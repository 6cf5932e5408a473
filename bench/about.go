package main

import (
	"bufio"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/peers"
	"github.com/uds-platform/state/bench/report"
)

const (
	aboutName = "about"
	peersName = "peers"
)

// about writes down what the figures belong to: the machine, the day, and each
// cache's version and features.
func (b *bench) about(folder string) error {
	t := report.Table{Name: aboutName, Columns: []string{"what", "value"}}
	t.Add("date", b.start.UTC().Format(time.DateOnly))
	t.Add("go", runtime.Version())
	t.Add("platform", runtime.GOOS+"/"+runtime.GOARCH)
	t.Add("cores", runtime.NumCPU())
	t.Add("processor", processor())
	if err := t.WriteCSV(folder); err != nil {
		return err
	}
	versions := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			versions[m.Path] = m.Version
		}
	}
	p := report.Table{Name: peersName, Columns: []string{"cache", "module", "version", "expiry", "statistics", "bound", "integer_keys", "note"}}
	for _, peer := range peers.Strings() {
		if peer.Name == contest.Empty {
			continue
		}
		f := peer.Features
		version := versions[peer.Module]
		if peer.Name == contest.Ours || peer.Module == "" {
			version = "this one"
		}
		if peer.Module == "" {
			version = runtime.Version()
		}
		p.Add(peer.Name, peer.Module, version, f.Expiry, f.Statistics, f.Bound, f.IntegerKeys, f.Note)
	}
	return p.WriteCSV(folder)
}

// processor is what Linux calls it; elsewhere it stays unknown.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, ok := strings.CutPrefix(s.Text(), "model name"); ok {
			return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(name), ":"))
		}
	}
	return "unknown"
}
