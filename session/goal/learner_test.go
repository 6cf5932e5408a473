package goal

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
)

var someGoal = Goal{Intents: []IntentGuess{{Errors, 0.9}}}

func TestProbabilitiesAreLaplaces(t *testing.T) {
	l := &Learner{}
	for range 3 {
		l.Take(someGoal, "a", "b")
	}
	l.Take(someGoal, "a", "c")
	for next, want := range map[string]float64{"b": 4.0 / 10, "c": 2.0 / 10, "d": 1.0 / 10} {
		if got := l.probability(someGoal, "a", next, 6); got != want {
			t.Errorf("%s after a: %v, want %v", next, got, want)
		}
	}
	for _, got := range []float64{l.probability(someGoal, "x", "b", 4), l.probability(Goal{}, "a", "b", 4), (*Learner)(nil).probability(someGoal, "a", "b", 4)} {
		if got != 0.25 {
			t.Errorf("what was never seen has %v, want 0.25", got)
		}
	}
}

func TestHabitsOfSeveralIntentsAreWeighed(t *testing.T) {
	l := &Learner{}
	l.Take(someGoal, "a", "b")
	both := Goal{Intents: []IntentGuess{{Errors, 0.9}, {Cost, 0.3}}}
	if got, want := l.probability(both, "a", "b", 2), (0.9*2/3+0.3*1/2)/1.2; got < want-1e-9 || got > want+1e-9 {
		t.Errorf("the probability is %v, want %v", got, want)
	}
}

func TestOldHabitsFade(t *testing.T) {
	l := &Learner{}
	for range 10_000 {
		l.Take(someGoal, "a", "old")
	}
	for range 300 {
		l.Take(someGoal, "a", "new")
	}
	if old, now := l.probability(someGoal, "a", "old", 6), l.probability(someGoal, "a", "new", 6); old >= now {
		t.Errorf("old %v, new %v", old, now)
	}
}

func TestALearnerIsBounded(t *testing.T) {
	l := &Learner{}
	for range 3 {
		l.Take(someGoal, "kept", "kept")
	}
	for i := range 3 * maxRows {
		for j := range 2 {
			l.Take(someGoal, fmt.Sprint("t", i), fmt.Sprint("n", j))
		}
	}
	for i := range 3 * maxNext {
		l.Take(someGoal, "kept", fmt.Sprint("n", i))
	}
	l.Take(someGoal, "a", strings.Repeat("x", maxToolBytes+1))
	l.Take(someGoal, "a", "")
	if len(l.rows) != maxRows {
		t.Errorf("there are %d rows; want %d", len(l.rows), maxRows)
	}
	for key, row := range l.rows {
		if len(row) > maxNext || total(row) >= fullRow || key.tool == "a" {
			t.Errorf("after %q there are %d tools, seen %d times", key.tool, len(row), total(row))
		}
	}
	if got := l.rows[habit{Errors, "kept"}]; len(got) != maxNext || got[0] != (follower{"kept", 3}) {
		t.Errorf("what was seen most is %v", got)
	}
}

func TestWhatWasLearnedIsRestored(t *testing.T) {
	l, other := &Learner{}, &Learner{}
	for i := range 500 {
		l.Take(someGoal, fmt.Sprint("t", i%7), fmt.Sprint("n", i%3))
		l.Take(Goal{}, "", fmt.Sprint("n", i%5))
	}
	other.Restore(l.Learned())
	if !reflect.DeepEqual(l.Learned(), other.Learned()) {
		t.Errorf("%v became %v", l.Learned(), other.Learned())
	}
	hostile := &Learner{}
	hostile.Restore([]Taken{{Next: "n", Count: 1<<32 - 1}, {Next: "n", Count: 1<<32 - 1}, {Next: "zero"}, {Count: 1}})
	if got := hostile.Learned(); len(got) != 1 || got[0].Count >= fullRow {
		t.Errorf("a hostile list became %v", got)
	}
}

func TestALearnerIsSafeForConcurrentUse(t *testing.T) {
	l := &Learner{}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 50 {
				l.Take(someGoal, "a", "b")
				l.probability(someGoal, "a", "b", 6)
				l.Learned()
			}
		})
	}
	wait.Wait()
	if got := l.Learned(); len(got) != 1 || got[0].Count != 200 {
		t.Errorf("of 200 sightings, %v are left", got)
	}
}
