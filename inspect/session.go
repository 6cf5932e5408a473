package inspect

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/uds-platform/state/session"
)

// SessionPage is the page of one session.
type SessionPage struct {
	At      time.Time  `json:"at"`
	Session SessionRow `json:"session"`
	// Current is the event type that is being looked at.
	Current  string     `json:"current"`
	Explored []Explored `json:"explored"` // latest first, at most 100
	Calls    []CallRow  `json:"calls"`    // latest first, at most 256
	Marks    []Mark     `json:"marks"`    // latest first, at most 256
}

// Explored is an event type that a session has explored.
type Explored struct {
	Account    int64     `json:"account"`
	EventType  string    `json:"eventType"`
	Attributes int       `json:"attributes"`
	At         time.Time `json:"at"`
}

// CallRow is a call on a session's timeline.
type CallRow struct {
	At        time.Time `json:"at"`
	Tool      string    `json:"tool"`
	EventType string    `json:"eventType"`
	// Source is hit, stale, prefetched or miss.
	Source  string  `json:"source"`
	Seconds float64 `json:"seconds"`
	Failed  bool    `json:"failed"`
}

// Mark is something on a session's timeline that is no call.
type Mark struct {
	At time.Time `json:"at"`
	// Kind is a word such as goal, suggestion, conflict or restore.
	Kind string `json:"kind"`
	// Note says more. It is shown to everybody who may look.
	Note string `json:"note"`
}

const (
	mostExplored = 100
	mostMarks    = 256
)

// errNoPage is matched by the error of a page that there is not.
var errNoPage = errors.New("there is no such page")

func (d *dashboard) sessionPage(r *http.Request) (any, error) {
	id := r.PathValue("id")
	var found *session.Session
	err := d.visible(r, func(s *session.Session) bool {
		if idOf(s.Handle()) == id {
			found = s
		}
		return found == nil
	})
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return nil, fmt.Errorf("%w: no session has this name; it may have ended", errNoPage)
	}
	return d.describe(found), nil
}

func (d *dashboard) describe(s *session.Session) *SessionPage {
	calls := s.Timeline()
	out := &SessionPage{At: d.options.Now(), Session: d.sessionRow(s, calls), Explored: []Explored{}, Calls: []CallRow{}, Marks: []Mark{}}
	if schema, ok := s.CurrentSchema(); ok {
		out.Current = schema.EventType
	}
	for _, e := range s.Explored() {
		out.Explored = append(out.Explored, Explored{Account: e.Account, EventType: e.EventType, Attributes: len(e.Attributes), At: e.ExploredAt})
	}
	slices.SortStableFunc(out.Explored, func(a, b Explored) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.EventType, b.EventType))
	})
	out.Explored = out.Explored[:min(len(out.Explored), mostExplored)]
	for _, c := range slices.Backward(calls) {
		out.Calls = append(out.Calls, CallRow{
			At: c.At, Tool: c.Tool, EventType: c.EventType, Source: c.Source.String(), Seconds: c.Duration.Seconds(), Failed: c.Failed,
		})
	}
	if d.options.Marks != nil {
		out.Marks = append(out.Marks, d.options.Marks(s)...)
	}
	slices.SortStableFunc(out.Marks, func(a, b Mark) int { return b.At.Compare(a.At) })
	out.Marks = out.Marks[:min(len(out.Marks), mostMarks)]
	return out
}
