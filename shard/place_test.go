package shard

import "testing"

// A place that somebody else has changed since it was found is no place to write
// to: each attempt fails, and what the other did stands.
func TestStalePlaceChangesNothing(t *testing.T) {
	for name, attempt := range map[string]func(s *segment[int, int], stale *place[int, int]) bool{
		"replace": func(s *segment[int, int], stale *place[int, int]) bool {
			return s.replace(stale.node, stale.cell, 3, terms{deadlineNanos: never}, CauseReplaced)
		},
		"shorten": func(s *segment[int, int], stale *place[int, int]) bool {
			return s.replace(stale.node, stale.cell, 3, terms{deadlineNanos: never - 1}, CauseReplaced)
		},
		"take": func(s *segment[int, int], stale *place[int, int]) bool { return s.take(stale, CauseDeleted) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newChecked(t, Options[int, int]{MaximumSize: 10, Segments: 1})
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
