package atomics_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The engine promises that no caller takes a lock and that every atomic can be
// scheduled by a test. Both hold only while these imports stay out of it.
func TestEngineReachesAtomicsOnlyThroughThisPackage(t *testing.T) {
	files := 0
	for _, room := range []string{"shard", "ttl"} {
		paths, err := filepath.Glob(filepath.Join("..", "..", room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			files++
			for _, imported := range imports(t, path) {
				if imported == "sync" || imported == "sync/atomic" {
					t.Errorf("%s imports %q; use internal/atomics", path, imported)
				}
			}
		}
	}
	if files == 0 {
		t.Fatal("no source files found: the rule was not checked")
	}
}

func imports(t *testing.T, path string) []string {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}
