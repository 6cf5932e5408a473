package goal

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/uds-platform/state/internal/codec"
)

func TestRecordsBringBackWhatWasLearned(t *testing.T) {
	l, other := &Learner{}, &Learner{}
	for i := range 700 {
		l.Take(someGoal, fmt.Sprint("t", i%7), fmt.Sprint("n", i%3))
		l.Take(Goal{}, "", fmt.Sprint("n", i%5))
	}
	for record := range l.Records() {
		if err := other.RestoreRecord(record); err != nil {
			t.Error(err)
		}
		clear(record) // it is not held on to
	}
	if got, want := other.Learned(), l.Learned(); len(want) == 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("%v became %v", want, got)
	}
	taken := 0
	for range l.Records() {
		taken++
		break
	}
	if taken != 1 {
		t.Errorf("%d records came after the end", taken)
	}
}

func TestARecordOfAnythingElseIsRefused(t *testing.T) {
	line := func(t Taken) []byte {
		record, err := codec.Marshal(t)
		if err != nil {
			panic(err)
		}
		return record
	}
	long := strings.Repeat("x", maxToolBytes+1)
	l := &Learner{}
	for name, record := range map[string][]byte{
		"nothing":         nil,
		"half of one":     line(Taken{Errors, "a", "b", 3})[:5],
		"another thing":   {0x83, 1, 2, 3},
		"no tool":         line(Taken{Errors, "a", "", 3}),
		"a long tool":     line(Taken{Errors, "a", long, 3}),
		"a long previous": line(Taken{Errors, long, "b", 3}),
		"a long intent":   line(Taken{Intent(strings.Repeat("x", maxPhraseBytes+1)), "a", "b", 3}),
		"never":           line(Taken{Errors, "a", "b", 0}),
		"a negative time": {0xa2, 3, 0x61, 'b', 4, 0x20},
	} {
		if err := l.RestoreRecord(record); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Where it is well-formed too: the length is looked at before anything is made of it.
	if err := l.RestoreRecord(line(Taken{Errors, "a", strings.Repeat("x", 1<<20), 3})); !errors.Is(err, ErrRecord) || !strings.Contains(err.Error(), "want at most 1024") {
		t.Errorf("a large one: %v", err)
	}
	if got := l.Learned(); len(got) != 0 {
		t.Errorf("%v was learned", got)
	}
}

func TestHostileRecordsStayWithinALearnersBounds(t *testing.T) {
	l := &Learner{}
	for i := range 2 * maxRows {
		record, err := codec.Marshal(Taken{"", fmt.Sprint("t", i), fmt.Sprint("n", i), 1<<32 - 1})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := l.RestoreRecord(record); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := l.Learned(); len(got) != maxRows || slices.ContainsFunc(got, func(t Taken) bool { return t.Count >= fullRow }) {
		t.Errorf("%d lines are known", len(got))
	}
}

func TestANameOfAnyBytesIsKept(t *testing.T) {
	l, other := &Learner{}, &Learner{}
	l.Take(someGoal, "a", "\xff")
	for record := range l.Records() {
		if err := other.RestoreRecord(record); err != nil {
			t.Error(err)
		}
	}
	if got, want := other.Learned(), l.Learned(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v became %v", want, got)
	}
}
