package state

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/uds-platform/state/internal/snapshot"
)

func TestASnapshotIsReadAsItWasWritten(t *testing.T) {
	content, written := fullSnapshot(t)
	path := filepath.Join(t.TempDir(), "a.snapshot")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	var sessions, savings, learned, habits int
	var keepsakes []string
	report, err := ReadSnapshot(path, func(r SnapshotRecord) bool {
		switch {
		case r.Fault != nil:
			t.Error(r.Fault)
		case r.Session != nil && r.Session.Owner() == alice && !r.Deleted:
			sessions++
		case r.Saving != nil && r.Saving.Item.Account == 7:
			savings++
		case r.Learned != nil:
			learned++
		case r.Habits != nil && r.Habits.Forms == 1:
			habits++
		default:
			keepsakes = append(keepsakes, r.Keepsake)
		}
		return true
	})
	if err != nil || !report.Complete || report.Records != len(written) || report.Bytes != int64(len(content)) || report.Writer != "state" {
		t.Errorf("%+v, %v", report, err)
	}
	if sessions != 20 || savings != 1 || learned == 0 || habits != 2 || !slices.Equal(keepsakes, []string{"shelf"}) {
		t.Errorf("%d sessions, %d savings, %d learned, habits of %d, keepsakes %q", sessions, savings, learned, habits, keepsakes)
	}
	visits := 0
	if _, err := ReadSnapshot(path, func(SnapshotRecord) bool { visits++; return visits < 3 }); err != nil || visits != 3 {
		t.Errorf("%d visits, %v", visits, err)
	}
}

// What is intact and of no use is shown as that, and counted.
func TestARecordOfNoUseIsAFault(t *testing.T) {
	cfg := Config{SnapshotFolder: t.TempDir()}
	st := open(t, cfg)
	st.snapshots.keeper.Register(func(yield func(snapshot.Type, []byte) bool) {
		for kind := sessionRecord; kind <= keepsakeRecord+1; kind++ {
			if !yield(kind, []byte("no such record")) {
				return
			}
		}
	})
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	faults := 0
	report, err := ReadSnapshot(newestSnapshot(t, cfg.SnapshotFolder), func(r SnapshotRecord) bool {
		if r.Fault != nil {
			faults++
		}
		return true
	})
	if err != nil || faults != 6 || report.Refused != 6 || report.Records != 6 || !report.Complete {
		t.Errorf("%d faults, %+v, %v", faults, report, err)
	}
}

func TestWhatIsNoSnapshotIsNotRead(t *testing.T) {
	never := func(SnapshotRecord) bool {
		t.Error("there is a record")
		return true
	}
	for _, path := range []string{t.TempDir(), os.DevNull} {
		if _, err := ReadSnapshot(path, never); !errors.Is(err, ErrNoSnapshot) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := ReadSnapshot(filepath.Join(t.TempDir(), "none"), never); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	cfg := Config{SnapshotFolder: t.TempDir()}
	if err := open(t, cfg).Close(); err != nil {
		t.Fatal(err)
	}
	newest := newestSnapshot(t, cfg.SnapshotFolder)
	newerSnapshot(t, newest)
	if _, err := ReadSnapshot(newest, never); !errors.Is(err, ErrNewerSnapshot) {
		t.Error(err)
	}
}
