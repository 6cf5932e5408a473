package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestHideKeepsWhatTheTestsNeed(t *testing.T) {
	folder := t.TempDir()
	for name, source := range map[string]string{
		"a_test.go":      "package p\nfunc TestA(t *testing.T) { helper() }",
		"b_test.go":      "package p\nfunc TestB(t *testing.T) {}",
		"helper_test.go": "package p\nfunc helper() { var _ kind }",
		"kind_test.go":   "package p\ntype kind int\nfunc (kind) shown() {}",
		"local_test.go":  "package p\nfunc TestLocal(t *testing.T) { var c other; c.helper() }",
		"tagged_test.go": "//go:build tagged\npackage p\nfunc helper() {}",
		"setup_test.go":  "package p\nfunc init() {}",
		"code.go":        "package p",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bringBack, err := hide(folder, "", []string{"TestA"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a_test.go", "helper_test.go", "kind_test.go", "setup_test.go"}
	if got := testsIn(t, folder); !slices.Equal(got, want) {
		t.Errorf("what stays is %v, want %v", got, want)
	}
	if err := bringBack(); err != nil {
		t.Fatal(err)
	}
	if got := testsIn(t, folder); len(got) != 6 {
		t.Errorf("what is back is %v", got)
	}
}

func testsIn(t *testing.T, folder string) []string {
	t.Helper()
	files, err := readTestFiles(folder, "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for path := range maps.Keys(files) {
		names = append(names, strings.TrimPrefix(path, folder+string(filepath.Separator)))
	}
	slices.Sort(names)
	return names
}
