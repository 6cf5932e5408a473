package fuzz

import (
	"errors"
	"reflect"
	"testing"

	"github.com/uds-platform/state/session/goal"
)

// FuzzGoalRecord has a goal's Learner restore any bytes: they are refused and nothing
// is learned, or come out as a record that says the same; and what they take of memory
// is bounded by their length.
func FuzzGoalRecord(f *testing.F) {
	l := &goal.Learner{}
	l.Take(goal.Goal{}, "", "list_event_types")
	l.Take(goal.Goal{Intents: []goal.IntentGuess{{Intent: goal.Errors, Confidence: 1}}}, "list_event_types", "profile")
	for record := range l.Records() {
		f.Add(record)
		f.Add(record[:len(record)-1])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		one, other := &goal.Learner{}, &goal.Learner{}
		before := allocatedBytes()
		err := one.RestoreRecord(data)
		if took := allocatedBytes() - before; took > 1<<20 {
			t.Fatalf("restoring %d bytes took %d", len(data), took)
		}
		if err != nil {
			if !errors.Is(err, goal.ErrRecord) || len(one.Learned()) > 0 {
				t.Fatalf("%v, and %v is known", err, one.Learned())
			}
			return
		}
		for record := range one.Records() {
			if err := other.RestoreRecord(record); err != nil {
				t.Fatalf("its own is refused: %v", err)
			}
		}
		if got, want := other.Learned(), one.Learned(); len(want) != 1 || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v became %v", want, got)
		}
	})
}
