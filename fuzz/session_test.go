package fuzz

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/uds-platform/state/session"
)

// sessionRecord makes a record of a session that has something of everything.
func sessionRecord(f *testing.F) []byte {
	st := sessionStore(f)
	defer st.Close()
	_, err := st.Create(f.Context(), "owner", func(d *session.Draft) error {
		return errors.Join(
			d.SetGoal(session.Goal{Text: "errors", Facts: map[string]any{"window": int64(60)}}),
			d.Explore(session.Schema{Account: 1, EventType: "Transaction", Attributes: []string{"name"}}),
			d.Explore(session.Schema{Account: 1, EventType: "Log"}),
			d.Forget(1, "Log"),
			d.SetCurrentSchema(1, "Transaction"),
			d.SetPreference("a", "b"),
			d.Set("list", []any{true, 1.5, []byte{1}, time.Unix(1, 2), map[string]any{"k": "v"}}),
			d.Note(session.Result{Key: "k", Rows: 3}),
			d.Record(session.Call{Tool: "query", EventType: "Transaction", Source: session.Hit}))
	})
	if err != nil {
		f.Fatal(err)
	}
	for record := range st.Records() {
		return record
	}
	return nil
}

func sessionStore(t testing.TB) *session.Store {
	st, err := session.New(session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// FuzzSessionRecord restores any bytes: they are refused, or come out as they went
// in; a second time changes nothing; and what they take of memory is bounded by
// their length.
func FuzzSessionRecord(f *testing.F) {
	good := sessionRecord(f)
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte{0x83, 1, 0x78, 24, 0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0x9f})
	f.Fuzz(func(t *testing.T, data []byte) {
		st := sessionStore(t)
		defer st.Close()
		before := allocatedBytes()
		alive, err := st.Restore(data)
		if took := allocatedBytes() - before; took > 1<<20+256*uint64(len(data)) {
			t.Fatalf("restoring %d bytes took %d", len(data), took)
		}
		written := records(st)
		if err != nil && (alive || len(written) > 0 || !errors.Is(err, session.ErrRecord)) {
			t.Fatalf("refused, but there are %d sessions: %v", len(written), err)
		}
		for _, record := range written {
			if _, err := st.Restore(record); err != nil {
				t.Fatalf("its own record is refused: %v", err)
			}
		}
		again := records(st)
		if len(again) != len(written) || len(again) > 0 && !bytes.Equal(again[0], written[0]) {
			t.Fatalf("restored again, it is\n%q\nand was\n%q", again, written)
		}
		other := sessionStore(t)
		defer other.Close()
		for _, record := range written {
			if _, err := other.Restore(record); err != nil {
				t.Fatal(err)
			}
		}
		if there := records(other); len(there) != len(written) || len(there) > 0 && !bytes.Equal(there[0], written[0]) {
			t.Fatalf("restored elsewhere, it is\n%q\nand was\n%q", there, written)
		}
	})
}

func records(st *session.Store) (all [][]byte) {
	for record := range st.Records() {
		all = append(all, bytes.Clone(record))
	}
	return all
}
