package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The lists must not rot: every mutation's old text is in the sources, what it
// makes of them is still Go, and every test that it names is there. Whether the
// tests kill it, only the command itself finds out.
func TestListsMatchTheSources(t *testing.T) {
	module, err := moduleRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	checkLists(t, module, "lists")
	program := filepath.Join(module, "cmd", "uds-state")
	checkLists(t, program, filepath.Join(program, "mutations"))
}

func checkLists(t *testing.T, module, lists string) {
	all, err := readLists(lists)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[group]map[string]*testFile)
	for _, m := range all {
		source, err := os.ReadFile(filepath.Join(module, filepath.FromSlash(m.file)))
		if err != nil {
			t.Errorf("%s: %v", m.origin, err)
			continue
		}
		mutated, err := m.apply(string(source))
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.HasSuffix(m.file, ".go") {
			mutated = "package lua" // nothing here can read it
		}
		if _, err := parser.ParseFile(token.NewFileSet(), m.file, mutated, parser.SkipObjectResolution); err != nil {
			t.Errorf("%s: %s is no Go any more: %v", m.origin, m, err)
		}
		if files[m.group()] == nil {
			folder := filepath.Join(module, filepath.FromSlash(m.folder()))
			if files[m.group()], err = readTestFiles(folder, m.tags); err != nil {
				t.Fatal(err)
			}
		}
		checkTests(t, files[m.group()], m)
	}
}

func checkTests(t *testing.T, files map[string]*testFile, m *mutation) {
	t.Helper()
	for _, test := range m.tests {
		found := false
		for _, f := range files {
			found = found || f.declared[test]
		}
		if !found {
			t.Errorf("%s: %s: with the tags %q there is no %s", m.origin, m, m.tags, test)
		}
	}
}
