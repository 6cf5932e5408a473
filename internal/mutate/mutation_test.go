package main

import (
	"strings"
	"testing"
)

func TestApplyReplacesTheOnePlace(t *testing.T) {
	for _, tc := range []struct {
		source, old  string
		occurrence   int
		want, faulty string
	}{
		{source: "a b c", old: "b", want: "a X c"},
		{source: "a b b", old: "b", faulty: "2 times; want one"},
		{source: "a b b", old: "b", occurrence: 1, want: "a X b"},
		{source: "a b b", old: "b", occurrence: 2, want: "a b X"},
		{source: "a b b", old: "b", occurrence: 3, faulty: "2 times; want occurrence 3"},
		{source: "a b c", old: "d", faulty: "is not in file.go"},
		{source: "a\n\tb\n\tc\n", old: "\tb\n\tc", want: "a\nX\n"},
	} {
		m := mutation{file: "file.go", old: tc.old, new: "X", occurrence: tc.occurrence}
		got, err := m.apply(tc.source)
		switch {
		case tc.faulty == "" && (err != nil || got != tc.want):
			t.Errorf("%q in %q, occurrence %d: %q, %v; want %q", tc.old, tc.source, tc.occurrence, got, err, tc.want)
		case tc.faulty != "" && (err == nil || !strings.Contains(err.Error(), tc.faulty)):
			t.Errorf("%q in %q, occurrence %d: %v; want %q", tc.old, tc.source, tc.occurrence, err, tc.faulty)
		}
	}
}
