package report

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func small() Table {
	t := Table{Name: "small", Columns: []string{"cache", "keys", "ns"}}
	t.Add("a", "string", Round(12.3456))
	t.Add("b, \"quoted\"", "string", Round(0.5))
	t.Add("a", "integer")
	return t
}

func TestATableSurvivesItsFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	want := small()
	if err := want.WriteCSV(folder); err != nil {
		t.Fatal(err)
	}
	got, err := ReadCSV(folder, "small")
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v (%v), wrote %+v", got, err, want)
	}
}

func TestFilesThatAreNoTablesAreRefused(t *testing.T) {
	folder := t.TempDir()
	if _, err := ReadCSV(folder, "absent"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
	for name, content := range map[string]string{"empty": "", "ragged": "a,b\n1\n"} {
		if err := os.WriteFile(filepath.Join(folder, name+".csv"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadCSV(folder, name); !errors.Is(err, ErrTable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSelectFindsTheRowsThatMeetAllConditions(t *testing.T) {
	table := small()
	rows := table.Select("cache", "a", "keys", "string")
	if len(rows) != 1 || rows[0].Number("ns") != 12.35 {
		t.Errorf("selected %v", rows)
	}
	if rows = table.Select("cache", "a"); len(rows) != 2 || !math.IsNaN(rows[1].Number("ns")) {
		t.Errorf("selected %v", rows)
	}
	if got := table.Values("cache"); !reflect.DeepEqual(got, []string{"a", "b, \"quoted\""}) {
		t.Errorf("values %q", got)
	}
	if _, err := table.Index("absent"); !errors.Is(err, ErrTable) {
		t.Errorf("index of an absent column: %v", err)
	}
}

func TestFiguresKeepFourDigits(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 12.3456: "12.35", 123456: "123500", 0.000123456: "0.0001235", 1e-9: "0.000000001", math.NaN(): "", math.Inf(1): ""} {
		if got := Round(x); got != want {
			t.Errorf("Round(%v) is %q, want %q", x, got, want)
		}
	}
}

func TestNothingIsNeverNegative(t *testing.T) {
	for x, want := range map[float64]string{-0.001: "0.00", -0.01: "-0.01", 1.005: "1.00", 10: "10.00", math.NaN(): ""} {
		if got := Fixed(x, 2); got != want {
			t.Errorf("Fixed(%v) is %q, want %q", x, got, want)
		}
	}
}

func TestPrintAlignsTheColumnsAskedFor(t *testing.T) {
	table := small()
	var out strings.Builder
	if err := table.Print(&out, "keys", "ns"); err != nil {
		t.Fatal(err)
	}
	want := "keys     ns\nstring   12.35  \nstring   0.5    \ninteger         \n"
	if out.String() != want {
		t.Errorf("printed\n%q, want\n%q", out.String(), want)
	}
}
