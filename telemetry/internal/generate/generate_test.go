package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/uds-platform/state/telemetry/internal/metric"
)

const docs = "../../../docs"

func TestCommittedFilesAreTheGenerated(t *testing.T) {
	for _, f := range files {
		want, err := f.make()
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(docs, f.name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("docs/%s is not what the table makes: run go generate ./telemetry", f.name)
		}
	}
}

func TestWriteWritesEveryFile(t *testing.T) {
	folder := t.TempDir()
	if err := write(folder); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, err := os.Stat(filepath.Join(folder, f.name)); err != nil {
			t.Error(err)
		}
	}
	if err := write(filepath.Join(folder, "missing")); err == nil {
		t.Error("a folder that is not there is no error")
	}
}

func TestDashboardHasEveryChartAndNoneOverlaps(t *testing.T) {
	text, err := dashboardJSON()
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		t.Fatal(err)
	}
	charts := map[string]bool{}
	for _, p := range d.Pages {
		taken := map[[2]int]string{}
		for _, w := range p.Widgets {
			charts[p.Name+w.Title] = true
			if q := w.RawConfiguration.NRQLQueries[0].Query; !strings.Contains(q, "{{app}}") {
				t.Errorf("%s: %q does not follow the choice of applications", w.Title, q)
			}
			for column := w.Layout.Column; column < w.Layout.Column+w.Layout.Width; column++ {
				for row := w.Layout.Row; row < w.Layout.Row+w.Layout.Height; row++ {
					cell := [2]int{column, row}
					if other, ok := taken[cell]; ok || column < 1 || column > pageColumns {
						t.Errorf("%s is where %q is, or beyond the page", w.Title, other)
					}
					taken[cell] = w.Title
				}
			}
		}
	}
	for _, m := range metric.Table {
		if m.Page != "" && !charts[m.Page+m.Chart] {
			t.Errorf("%s is on no page", m.Name)
		}
	}
}

func TestAlertsHaveEveryCondition(t *testing.T) {
	text, err := alertsJSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metric.Table {
		if m.Alert != nil && (!bytes.Contains(text, []byte(m.Alert.Name)) || !bytes.Contains(text, []byte(m.Timeslice()))) {
			t.Errorf("%s has no condition", m.Name)
		}
	}
}

func TestDocsExplainEveryMetric(t *testing.T) {
	text, err := observability()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metric.Table {
		if !bytes.Contains(text, []byte("`"+m.Timeslice()+"`")) || !bytes.Contains(text, []byte(cell(m.Help))) {
			t.Errorf("%s is not explained", m.Name)
		}
	}
}
