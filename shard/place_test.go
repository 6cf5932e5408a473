package shard

import (
	"testing"
	"time"
)

// A place that somebody else has changed since it was found is no place to write
// to: each attempt that goes by the old value fails, and what the other did stands.
func TestStalePlaceChangesNothing(t *testing.T) {
	for name, attempt := range map[string]func(s *segment[int, int], stale *place[int, int]) bool{
		"replace": func(s *segment[int, int], stale *place[int, int]) bool {
			return s.replaceValue(stale, 1, 3, terms{deadlineNanos: never})
		},
		"shorten": func(s *segment[int, int], stale *place[int, int]) bool {
			return s.replaceValue(stale, 1, 3, terms{deadlineNanos: someDeadline})
		},
		"take": func(s *segment[int, int], stale *place[int, int]) bool { return s.takeValue(stale, 1) },
	} {
		eachShape(t, name, func(t *testing.T, shape wordShape) {
			c := newChecked(t, Options[int, int]{MaximumSize: 10, Segments: 1})
			c.shape = shape
			s := &c.segments[0]
			c.Set(1, 1)
			stale := s.locate(uint32(c.hasher.sum(1)), 1)
			c.Set(1, 2)
			if attempt(s, &stale) {
				t.Error("the attempt succeeded")
			}
			if got := mustGet(t, c, 1); got != 2 {
				t.Errorf("the value is %d, want 2", got)
			}
		})
	}
}

// someDeadline is a long way off.
const someDeadline = int64(time.Hour)

// eachShape runs a test with values that change in place, and with others.
func eachShape(t *testing.T, name string, test func(t *testing.T, shape wordShape)) {
	t.Helper()
	t.Run(name+", in place", func(t *testing.T) { test(t, shapeOfWord[int]()) })
	t.Run(name+", by cells", func(t *testing.T) { test(t, noWord) })
}

func TestStaleHeadTakesNoNode(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 10, Segments: 1})
	s := &c.segments[0]
	hash := uint32(c.hasher.sum(1))
	stale := s.locate(hash, 1)
	c.Set(1, 1)
	if stale.insert(c.newNode(hash, 1, 2, terms{deadlineNanos: never})) {
		t.Error("the key was inserted a second time")
	}
	if got := mustGet(t, c, 1); got != 1 {
		t.Errorf("the value is %d, want 1", got)
	}
}
