package state

import (
	"bytes"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/snapshot"
	"github.com/uds-platform/state/session"
	"github.com/uds-platform/state/warm"
)

// What a snapshot's file has around its records; see package snapshot.
const (
	snapshotHeaderBytes = 64
	snapshotFrameBytes  = 28
)

// A thousand times a snapshot is damaged, by one bit or a cut. Every session that is
// intact comes back just as it was, and nothing else does; and reading it takes
// little more memory than a good one.
func TestOfAThousandDamagedSnapshotsEveryIntactSessionIsKept(t *testing.T) {
	good, records := fullSnapshot(t)
	random := rand.New(rand.NewPCG(1, 2))
	goodBytes := allocatedBy(func() { restoredFrom(t, good) })
	for round := range 1000 {
		bad, at, cut := bytes.Clone(good), random.IntN(len(good)), round%2 == 1
		if cut {
			bad = bad[:at]
		} else {
			bad[at] ^= 1 << random.IntN(8)
		}
		want := make(map[string]bool)
		for _, r := range records {
			damaged := at >= r.from && at < r.to
			if cut {
				damaged = at < r.to || at < snapshotHeaderBytes
			}
			if r.kind == sessionRecord && !damaged {
				want[string(r.payload)] = true
			}
		}
		var got [][]byte
		if took := allocatedBy(func() { got = restoredFrom(t, bad) }); took > goodBytes+1<<20 {
			t.Fatalf("round %d: %d bytes were allocated, and %d for a good file", round, took, goodBytes)
		}
		for _, record := range got {
			if !want[string(record)] {
				t.Fatalf("round %d, byte %d: a session came back that is not intact, or not as it was", round, at)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("round %d, byte %d, cut %v: %d sessions of %d that are intact", round, at, cut, len(got), len(want))
		}
	}
}

// placed is a record, and where it is in its file.
type placed struct {
	kind     snapshot.Type
	payload  []byte
	from, to int
}

// fullSnapshot returns a snapshot that has something of everything.
func fullSnapshot(t *testing.T) (file []byte, records []placed) {
	t.Helper()
	cfg := Config{SnapshotFolder: t.TempDir(), Keepsakes: []Keepsake{(&shelf{texts: []string{"kept"}}).keepsake("shelf")}}
	st := open(t, cfg)
	for i := range 20 {
		setValue(t, st, makeSession(t, st).Handle(), "text", strings.Repeat("v", i*20))
	}
	st.RestoreHottest([]warm.Saving{{Item: warm.Item{Account: 7, Query: "SELECT count(*) FROM Transaction"}, Saved: time.Hour}})
	st.learn(&Call{Session: "s", Tool: "profile"}, 1, "SELECT count(*) FROM Log", true, true)
	st.learn(&Call{Session: "s", Tool: "assess"}, 1, "SELECT count(*) FROM Metric", true, true)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(newestSnapshot(t, cfg.SnapshotFolder))
	if err != nil {
		t.Fatal(err)
	}
	r, err := snapshot.NewReader(bytes.NewReader(file), int64(len(file)), 0)
	if err != nil {
		t.Fatal(err)
	}
	at, kinds := snapshotHeaderBytes, make(map[snapshot.Type]bool)
	for record, err := range r.Records() {
		if err != nil {
			t.Fatal(err)
		}
		to := at + snapshotFrameBytes + len(record.Payload)
		records = append(records, placed{record.Type, bytes.Clone(record.Payload), at, to})
		kinds[record.Type] = true
		at = to
	}
	if len(kinds) != 5 || !r.Report().Complete {
		t.Fatalf("kinds %v, %+v", kinds, r.Report())
	}
	return file, records
}

// restoredFrom restores a file as a State does, and returns the sessions' records.
func restoredFrom(t *testing.T, file []byte) (sessions [][]byte) {
	t.Helper()
	r, err := snapshot.NewReader(bytes.NewReader(file), int64(len(file)), 0)
	if err != nil {
		return nil
	}
	st := &State{repertoire: &repertoire{tools: make(map[string]*habits)}}
	st.config.Keepsakes = []Keepsake{(&shelf{}).keepsake("shelf")}
	if st.sessions, err = session.New(session.Options{}); err != nil {
		t.Fatal(err)
	}
	defer st.sessions.Close()
	s := &snapshots{state: st}
	for record, err := range r.Records() {
		if err != nil {
			continue
		}
		if err := s.restore(record); err != nil {
			t.Fatalf("an intact record is refused: %v", err)
		}
	}
	for record := range st.sessions.Records() {
		sessions = append(sessions, bytes.Clone(record))
	}
	return sessions
}

// allocatedBy is how many bytes a function allocates.
func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
