//go:build !explore

package atomics_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// compiled returns the instructions of shard and ttl in a program that uses them.
func compiled(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "engine")
	build := exec.Command("go", "build", "-o", binary, "./testdata/engine")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command("go", "tool", "objdump", "-s", `uds-platform/state/(shard|ttl)\.`, binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// An atomic operation is an instruction, and a function that only wraps one is
// none. The exceptions are writes of pointers, which the runtime has to see.
func TestOperationsAreInlined(t *testing.T) {
	calls := regexp.MustCompile(`CALL (sync/atomic\.\S+|\S+/ttl\.\(\*Manager\)\.Now)\(SB\)`)
	instructions := compiled(t)
	if !strings.Contains(instructions, "LOCK") {
		t.Fatal("there are no atomic instructions: the engine was not looked at")
	}
	seen := map[string]bool{}
	for _, call := range calls.FindAllStringSubmatch(instructions, -1) {
		if name := call[1]; !strings.HasSuffix(name, "Pointer") && !seen[name] {
			seen[name] = true
			t.Errorf("%s is called; want it inlined", name)
		}
	}
}
