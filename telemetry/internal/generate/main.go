// Command generate makes what is generated from the table of metrics: New Relic's
// dashboard, conditions for alerts, and the page of docs that explains each metric.
//
//	go generate ./telemetry
//
// A test fails when the files in docs/ are not what it makes, so they can't drift
// from what is reported.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// file is one that is generated.
type file struct {
	name string
	make func() ([]byte, error)
}

var files = []file{
	{"newrelic-dashboard.json", dashboardJSON},
	{"newrelic-alerts.json", alertsJSON},
	{"observability.md", observability},
}

func main() {
	folder := flag.String("folder", "docs", "where the files belong")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "generate: %q is not known; want -folder alone\n", flag.Args())
		os.Exit(2)
	}
	if err := write(*folder); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func write(folder string) error {
	for _, f := range files {
		content, err := f.make()
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, f.name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
