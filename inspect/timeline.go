package inspect

import (
	"fmt"
	"slices"
	"time"

	"github.com/uds-platform/state/session"
)

// timeline is a session's calls as lanes, one for each tool, in the order of the
// first calls, and one for the marks. As with a chart, only marks are SVG.
type timeline struct {
	From, To time.Time
	Lanes    []lane
	Marks    []stroke
	Kinds    []markKind // those that there are, in the order of the first
}

// markKind is what marks of a kind look like.
type markKind struct{ Name, Class, Y, Height string }

// markKindOf tells apart what goes well from what does not: by place and height, and
// not by colour alone. What is not known stands low.
func markKindOf(kind string) markKind {
	switch kind {
	case "goal":
		return markKind{kind, "mark goal", "0", "20"}
	case "suggestion":
		return markKind{kind, "mark suggestion", "0", "9"}
	case "conflict":
		return markKind{kind, "mark conflict", "5", "10"}
	case "restore":
		return markKind{kind, "mark restore", "2", "16"}
	}
	return markKind{kind, "mark", "11", "9"}
}

func markClassOf(kind string) string { return markKindOf(kind).Class }

type lane struct {
	Tool  string
	Calls []stroke
}

// stroke is a call or a mark, drawn. Its place and height say what it is, and not
// its colour alone.
type stroke struct {
	Class               string
	X, Y, Width, Height string
	Failed              bool
	Title               string
}

const (
	laneWidth   = 1000.0
	leastStroke = 5.0
	mostLanes   = 16
	// mostMarkKinds bounds the legend.
	mostMarkKinds = 12
	otherTools    = "other tools"
)

// legendOf names what strokes look like.
func legendOf() []string {
	return []string{session.Hit.String(), session.StaleHit.String(), session.Prefetched.String(), session.Miss.String()}
}

// lanesOf lays a session's calls out. Calls and marks come latest first.
func lanesOf(s *SessionPage) timeline {
	var t timeline
	for i := range s.Calls {
		t.include(s.Calls[i].At, s.Calls[i].At.Add(time.Duration(s.Calls[i].Seconds*float64(time.Second))))
	}
	for i := range s.Marks {
		t.include(s.Marks[i].At, s.Marks[i].At)
	}
	for _, c := range slices.Backward(s.Calls) {
		l := t.lane(c.Tool)
		l.Calls = append(l.Calls, t.call(c))
	}
	for _, m := range slices.Backward(s.Marks) {
		x, kind := t.x(m.At), markKindOf(m.Kind)
		if !slices.Contains(t.Kinds, kind) && len(t.Kinds) < mostMarkKinds {
			t.Kinds = append(t.Kinds, kind)
		}
		t.Marks = append(t.Marks, stroke{Class: kind.Class, X: number(x), Y: kind.Y, Width: number(leastStroke), Height: kind.Height,
			Title: fmt.Sprintf("%s at %s %s", m.Kind, m.At.UTC().Format(time.TimeOnly), m.Note)})
	}
	return t
}

func (t *timeline) include(from, to time.Time) {
	if t.From.IsZero() || from.Before(t.From) {
		t.From = from
	}
	if to.After(t.To) {
		t.To = to
	}
}

// lane returns a tool's lane, or the one for all others where there are too many.
func (t *timeline) lane(tool string) *lane {
	for i := range t.Lanes {
		if t.Lanes[i].Tool == tool {
			return &t.Lanes[i]
		}
	}
	if len(t.Lanes) >= mostLanes {
		if tool == otherTools {
			return &t.Lanes[len(t.Lanes)-1]
		}
		return t.lane(otherTools)
	}
	if len(t.Lanes) == mostLanes-1 {
		tool = otherTools
	}
	t.Lanes = append(t.Lanes, lane{Tool: tool})
	return &t.Lanes[len(t.Lanes)-1]
}

// x is where a time is. A stroke at the end must fit.
func (t *timeline) x(at time.Time) float64 {
	whole := max(t.To.Sub(t.From), 1)
	return (laneWidth - leastStroke) * float64(at.Sub(t.From)) / float64(whole)
}

func (t *timeline) call(c CallRow) stroke {
	begin, end := t.x(c.At), t.x(c.At.Add(time.Duration(c.Seconds*float64(time.Second))))
	s := stroke{Class: c.Source, X: number(begin), Width: number(max(end-begin, leastStroke)), Y: "4", Height: "12", Failed: c.Failed}
	switch c.Source {
	case session.Miss.String():
		s.Y, s.Height = "0", "20"
	case session.StaleHit.String():
		s.Y, s.Height = "11", "7"
	case session.Prefetched.String():
		s.Y, s.Height = "2", "7"
	}
	s.Title = fmt.Sprintf("%s: %s at %s, %s", c.EventType, c.Source, c.At.UTC().Format(time.TimeOnly), secondsText(c.Seconds))
	if c.Failed {
		s.Title += ", failed"
	}
	return s
}
