//go:build unix

package state

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

// To open a pipe that nobody writes to takes for ever.
func TestAPipeIsNotRead(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSnapshot(pipe, func(SnapshotRecord) bool { return true }); !errors.Is(err, ErrNoSnapshot) {
		t.Errorf("%v, want ErrNoSnapshot", err)
	}
}
