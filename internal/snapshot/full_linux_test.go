package snapshot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func init() { children["limited"] = limited }

// fullDevice writes to a device that is always full, as Linux has one.
type fullDevice struct{ disk }

func (fullDevice) Create(string) (writableFile, error) {
	return os.OpenFile("/dev/full", os.O_WRONLY, 0)
}

func (fullDevice) Remove(string) error { return nil }

func TestAFullDiskIsAStateThatPasses(t *testing.T) {
	k := keeper(t, Options{Folder: t.TempDir()})
	k.Register(texts("a record"))
	k.Start()
	defer k.Close(context.Background())
	if err := k.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.store.files = fullDevice{}
	for range 3 {
		if err := k.Snapshot(t.Context()); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%v, want ENOSPC", err)
		}
	}
	if s := k.Status(); s.Failing == nil || s.Failing.Times != 3 || !errors.Is(s.Failing.Err, syscall.ENOSPC) || s.Records != 1 {
		t.Errorf("%+v", s)
	}
	k.store.files = disk{}
	if list, _, err := loaded(t, k); err != nil || len(list) != 1 {
		t.Errorf("what was saved before: %q, %v", list, err)
	}
	if err := k.Snapshot(t.Context()); err != nil || k.Status().Failing != nil {
		t.Errorf("there is room again: %v", err)
	}
}

// A file that may not grow is the nearest to a full disk that a test can make
// without being root.
func TestWritingStopsAtALimitOfTheSystem(t *testing.T) {
	out, err := child("limited", t.TempDir()).Output()
	if err != nil || string(out) != "good\n" {
		t.Errorf("%s%v", out, err)
	}
}

func limited() int {
	signal.Ignore(syscall.SIGXFSZ)
	k, err := New(Options{Folder: os.Getenv(childFolder)})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	k.Register(texts(strings.Repeat("x", 1<<20), strings.Repeat("y", 1<<20)))
	k.Start()
	defer k.Close(context.Background())
	for round := range 3 {
		for _, limit := range []uint64{10, 1 << 20, 1 << 22} {
			if err := underLimit(k, limit); err != nil {
				fmt.Printf("round %d, %d bytes: %v\n", round, limit, err)
				return 1
			}
		}
	}
	fmt.Println("good")
	return 0
}

// underLimit takes a snapshot of 2 MiB where no file may be larger than so many
// bytes.
func underLimit(k *Keeper, limit uint64) error {
	var rlimit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &rlimit); err != nil {
		return err
	}
	rlimit.Cur = limit
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &rlimit); err != nil {
		return err
	}
	err, s := k.Snapshot(context.Background()), k.Status()
	if limit > 2<<20 {
		if err != nil || s.Failing != nil {
			return fmt.Errorf("with room: %w, %+v", err, s)
		}
		return nil
	}
	if !errors.Is(err, syscall.EFBIG) || s.Failing == nil || !errors.Is(s.Failing.Err, syscall.EFBIG) {
		return fmt.Errorf("without room: %w, %+v", err, s)
	}
	left, err := filepath.Glob(filepath.Join(k.options.Folder, "*"+temporarySuffix))
	if err != nil || len(left) > 0 {
		return fmt.Errorf("left over: %q, %w", left, err)
	}
	return nil
}

func TestAFolderThatCannotBeWrittenIsAStateThatPasses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	k := keeper(t, Options{Folder: filepath.Join(file, "folder")})
	k.Register(texts("a record"))
	k.Start()
	defer k.Close(context.Background())
	if err := k.Snapshot(t.Context()); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("%v, want ENOTDIR", err)
	}
	if s := k.Status(); s.Failing == nil || !errors.Is(s.Failing.Err, syscall.ENOTDIR) || !strings.Contains(s.Failing.Err.Error(), file) {
		t.Errorf("%+v", s)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := k.Snapshot(t.Context()); err != nil || k.Status().Failing != nil {
		t.Errorf("the folder can be made now: %v", err)
	}
}

// readOnly refuses what a file system that is mounted read-only refuses.
type readOnly struct{ disk }

func (readOnly) Create(string) (writableFile, error) { return nil, syscall.EROFS }

func TestAReadOnlyFileSystemIsAState(t *testing.T) {
	folder := t.TempDir()
	wrote(t, keeper(t, Options{Folder: folder}), texts("before"))
	k := keeper(t, Options{Folder: folder, files: readOnly{}})
	k.Start()
	if err := k.Close(t.Context()); !errors.Is(err, syscall.EROFS) {
		t.Error(err)
	}
	if list, _, err := loaded(t, k); err != nil || len(list) != 1 || k.Status().Failing == nil {
		t.Errorf("%q, %v, %+v", list, err, k.Status())
	}
}
