package session

import (
	"context"
	"fmt"
	"testing"

	"github.com/uds-platform/state/internal/merge"
)

// TestEachVersionShowsItsLatestCalls keeps every version of a session, so that
// strips which they share must stay as each of them knows them, and records it,
// so that what is not counted yet must be in the record.
func TestEachVersionShowsItsLatestCalls(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, nil)
	const calls = 2*merge.Window + 2*longestStrip
	versions := []*Session{s}
	for i := range calls {
		next, err := st.Update(context.Background(), alice, s.Handle(), func(d *Draft) error {
			return d.Record(Call{Tool: fmt.Sprint("tool", i), EventType: fmt.Sprint("Event", i%3), Source: Hit})
		})
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, next)
	}
	for n, s := range versions {
		timeline := s.Timeline()
		if len(timeline) != min(n, merge.Window) {
			t.Fatalf("%d calls after %d", len(timeline), n)
		}
		for i, c := range timeline {
			if want := fmt.Sprint("tool", n-len(timeline)+i); c.Tool != want {
				t.Fatalf("call %d after %d is %s, want %s", i, n, c.Tool, want)
			}
		}
		if got := len(s.Patterns()); got != min(n, merge.Window) {
			t.Fatalf("%d patterns after %d calls", got, n)
		}
		if len(s.timeline.strips) > merge.Window/longestStrip+6 { // a few short ones in the beginning
			t.Fatalf("%d strips after %d calls", len(s.timeline.strips), n)
		}
		_, fields, err := readRecord(s.record())
		if err != nil || string(fields.Canonical()) != string(s.fieldsSince(merge.Stamp{}).Canonical()) {
			t.Fatalf("a record after %d calls has %d fields: %v", n, len(fields), err)
		}
	}
}
