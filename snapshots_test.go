package state

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/snapshot"
	"github.com/uds-platform/state/session"
	"github.com/uds-platform/state/warm"
)

// awaiting polls until a condition holds.
func awaiting(t testing.TB, want string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", want)
		}
	}
}

func newestSnapshot(t testing.TB, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.snapshot"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no snapshots, %v", err)
	}
	return slices.Max(files)
}

func TestARestartKeepsSessions(t *testing.T) {
	cfg := Config{SnapshotFolder: filepath.Join(t.TempDir(), "made", "on demand")}
	first := open(t, cfg)
	awaiting(t, "the folder is known to work", func() bool { return !first.Sessions().Volatile() })
	kept, deleted := makeSession(t, first), makeSession(t, first)
	if kept.Volatile() {
		t.Error("volatile, and snapshots are kept")
	}
	setValue(t, first, kept.Handle(), "step", int64(7))
	if err := first.Sessions().Delete(t.Context(), alice, deleted.Handle()); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, cfg)
	s, err := second.Sessions().Get(t.Context(), alice, kept.Handle())
	if err != nil || valueOf(s, "step") != int64(7) || !s.Expires().Equal(kept.Expires()) {
		t.Errorf("%v, %v", s, err)
	}
	if _, err := second.Sessions().Get(t.Context(), alice, deleted.Handle()); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("what was deleted: %v", err)
	}
	if h := second.Health(); h.Status != StatusLive || h.Snapshots.Restored != 2 || h.Snapshots.Damaged+h.Snapshots.Refused != 0 {
		t.Errorf("health %+v, %+v", h, h.Snapshots)
	}
}

func TestAChangedSessionIsKeptWithinTheInterval(t *testing.T) {
	cfg := Config{SnapshotFolder: t.TempDir(), SnapshotInterval: 100 * time.Millisecond}
	st := open(t, cfg)
	awaiting(t, "the first one is taken", func() bool { return st.Health().Snapshots.Taken == 1 })
	makeSession(t, st)
	awaiting(t, "another one is taken", func() bool { return st.Health().Snapshots.Records == 1 })
}

func TestARestartLoadsTheHottestQueries(t *testing.T) {
	cfg := Config{SnapshotFolder: t.TempDir()}
	first := open(t, cfg)
	hot := warm.Saving{Item: warm.Item{Account: 7, Query: "SELECT count(*) FROM Transaction"}, Saved: time.Hour}
	if leftOut := first.RestoreHottest([]warm.Saving{hot}); leftOut != 0 {
		t.Fatal("left out")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	cfg.Querier = askedWith(func() (Rows, error) {
		asked.Add(1)
		return Rows{{"count": 1.0}}, nil
	})
	second := open(t, cfg)
	awaiting(t, "it is loaded", func() bool { return asked.Load() == 1 })
	if got := second.Hottest(10); len(got) != 1 || got[0].Item != hot.Item {
		t.Errorf("hottest %v", got)
	}
	awaiting(t, "it is in memory", func() bool {
		res, err := second.Query(t.Context(), 7, hot.Item.Query)
		return err == nil && res.Source == Memory
	})
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// Of a damaged file everything intact is kept, and what no record should hold is left
// alone.
func TestADamagedSnapshotKeepsWhatIsIntact(t *testing.T) {
	cfg := Config{SnapshotFolder: t.TempDir()}
	first := open(t, cfg)
	var handles []session.Handle
	for range 50 {
		handles = append(handles, makeSession(t, first).Handle())
	}
	first.snapshots.keeper.Register(func(yield func(snapshot.Type, []byte) bool) {
		_ = yield(sessionRecord, []byte("no session")) && yield(savingRecord, []byte("no saving")) && yield(99, nil)
	})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	newest := newestSnapshot(t, cfg.SnapshotFolder)
	content, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(newest, content, 0o600); err != nil {
		t.Fatal(err)
	}
	second := open(t, cfg)
	found := 0
	for _, handle := range handles {
		if _, err := second.Sessions().Get(t.Context(), alice, handle); err == nil {
			found++
		}
	}
	if found != 49 {
		t.Errorf("%d of 50 sessions are intact; one was damaged", found)
	}
	if h := second.Health(); h.Snapshots.Damaged != 1 || h.Snapshots.Refused != 3 || h.Snapshots.Restored != 49 {
		t.Errorf("health %+v", h.Snapshots)
	}
}

func TestAFolderThatCantBeWrittenIsAState(t *testing.T) {
	inTheWay := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	st := open(t, Config{SnapshotFolder: filepath.Join(inTheWay, "folder"), SnapshotInterval: 100 * time.Millisecond})
	awaiting(t, "it is noticed", func() bool { return st.Health().Status == StatusDegraded })
	h := st.Health()
	if len(h.Reasons) != 1 || !strings.Contains(h.Reasons[0], "snapshots fail since") || h.Snapshots.Failed == 0 {
		t.Errorf("reasons %q, %+v", h.Reasons, h.Snapshots)
	}
	if s := makeSession(t, st); !s.Volatile() {
		t.Error("not volatile, and nothing is kept")
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	awaiting(t, "it has passed", func() bool { return st.Health().Status == StatusLive })
	if s := makeSession(t, st); s.Volatile() {
		t.Error("volatile, and snapshots are kept")
	}
}

// A program that was downgraded must not push out what the newer one has kept.
func TestSnapshotsOfANewerVersionAreLeftAlone(t *testing.T) {
	cfg := Config{SnapshotFolder: t.TempDir()}
	if err := open(t, cfg).Close(); err != nil {
		t.Fatal(err)
	}
	newer := newerSnapshot(t, newestSnapshot(t, cfg.SnapshotFolder))
	st := open(t, cfg)
	makeSession(t, st)
	if h := st.Health(); h.Status != StatusDegraded || !strings.Contains(h.Reasons[0], "neither read nor taken") {
		t.Errorf("%v: %q", h.Status, h.Reasons)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadFile(newestSnapshot(t, cfg.SnapshotFolder)); err != nil || string(left) != string(newer) {
		t.Errorf("the newest is another one: %v", err)
	}
}

// Where the last snapshot takes too long, Close does not wait for it, and it is whole
// nevertheless.
func TestCloseDoesNotCutTheLastSnapshotShort(t *testing.T) {
	cfg := Config{SnapshotFolder: t.TempDir()}
	st, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	awaiting(t, "the first one is taken", func() bool { return st.Health().Snapshots.Taken == 1 })
	s := makeSession(t, st)
	st.snapshots.timeout = time.Millisecond
	slow := make(chan struct{})
	st.snapshots.keeper.Register(func(func(snapshot.Type, []byte) bool) { <-slow })
	records := st.snapshots.records
	st.snapshots.keeper.Register(func(yield func(snapshot.Type, []byte) bool) { records(yield) })
	if err := st.Close(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if n := st.Sessions().Len(); n != 1 {
		t.Errorf("%d sessions while they are being written", n)
	}
	close(slow)
	awaiting(t, "it is over", func() bool {
		_, err := st.Sessions().Get(t.Context(), alice, s.Handle())
		return errors.Is(err, session.ErrClosed)
	})
	next := open(t, cfg)
	if _, err := next.Sessions().Get(t.Context(), alice, s.Handle()); err != nil {
		t.Error(err)
	}
	if h := next.Health(); h.Snapshots.Restored != 2 {
		t.Errorf("%d records; want the session twice, before and after the wait", h.Snapshots.Restored)
	}
}

// newerSnapshot makes a file one of a newer version, as its headers go.
func newerSnapshot(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range [][]byte{content[:64], content[len(content)-64:]} {
		binary.LittleEndian.PutUint16(header[8:], 2)
		binary.LittleEndian.PutUint32(header[60:], crc32.Checksum(header[:60], crc32.MakeTable(crc32.Castagnoli)))
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return content
}

// askedWith is a Querier that has one answer for everything.
type askedWith func() (Rows, error)

func (f askedWith) QueryNRQL(context.Context, int, string) (Rows, error) { return f() }
