//go:build unix

package state

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/uds-platform/state/session"
)

// sessionTruth is what was done to one session, on whatever instance, and so what every
// instance has to know of it in the end.
type sessionTruth struct {
	handle session.Handle
	alias  string

	mu       sync.Mutex
	ended    bool
	known    map[int]bool               // instances that have it, which never fails there
	explored map[string]bool            // false for what was forgotten
	writes   map[string][]sessionScalar // by the name of a scalar
	calls    int
}

// sessionScalar is one write of a scalar, made at some moment between two.
type sessionScalar struct {
	value       string
	begun, done time.Time
}

// sameMoment is how far apart two writes may be and have their stamps in either order:
// stamps have milliseconds.
const sameMoment = 2 * time.Millisecond

func truthOf(at int, s *session.Session) *sessionTruth {
	truth := &sessionTruth{
		handle: s.Handle(), known: map[int]bool{at: true}, explored: map[string]bool{}, writes: map[string][]sessionScalar{},
	}
	for _, schema := range s.Explored() {
		truth.explored[schema.EventType] = true
	}
	for _, name := range truthScalars {
		if value := scalarOf(s, name); value != "" {
			truth.writes[name] = []sessionScalar{{value: value}}
		}
	}
	for _, p := range s.Patterns() {
		truth.calls += int(p.Count)
	}
	if aliases := s.Aliases(); len(aliases) > 0 {
		truth.alias = aliases[0]
	}
	return truth
}

// truthScalars are the kinds of scalars that there are: of the free context, a
// preference and the goal.
var truthScalars = []string{"value", "preference", "goal"}

func writeScalar(d *session.Draft, name, value string) error {
	switch name {
	case "value":
		return d.Set(name, value)
	case "preference":
		return d.SetPreference(name, value)
	}
	return d.SetGoal(session.Goal{Text: value})
}

func scalarOf(s *session.Session, name string) string {
	switch name {
	case "value":
		value, _ := s.Value(name)
		text, _ := value.(string)
		return text
	case "preference":
		text, _ := s.Preference(name)
		return text
	}
	goal, _ := s.Goal()
	return goal.Text
}

// learn notes that an instance has the session.
func (truth *sessionTruth) learn(at int) {
	truth.mu.Lock()
	defer truth.mu.Unlock()
	truth.known[at] = true
}

// mustBeThere reports whether an instance has the session, unless it has ended.
func (truth *sessionTruth) mustBeThere(at int) bool {
	truth.mu.Lock()
	defer truth.mu.Unlock()
	return truth.known[at] && !truth.ended
}

func (truth *sessionTruth) end() {
	truth.mu.Lock()
	defer truth.mu.Unlock()
	truth.ended = true
}

// wrong says what is wrong with the session as an instance has it in the end.
func (truth *sessionTruth) wrong(s *session.Session) error {
	for name, want := range truth.explored {
		if _, there := s.Schema(1, name); there != want {
			return fmt.Errorf("schema %s is explored: %v, want %v", name, there, want)
		}
	}
	for name, writes := range truth.writes {
		got := scalarOf(s, name)
		at := slices.IndexFunc(writes, func(w sessionScalar) bool { return w.value == got })
		if at < 0 {
			return fmt.Errorf("the %s is %q, which nobody wrote", name, got)
		}
		for _, w := range writes {
			if w.begun.After(writes[at].done.Add(sameMoment)) {
				return fmt.Errorf("the %s is %q, but %q was written %v later", name, got, w.value, w.begun.Sub(writes[at].done))
			}
		}
	}
	counted := 0
	for _, p := range s.Patterns() {
		counted += int(p.Count)
	}
	if counted != truth.calls {
		return fmt.Errorf("%d calls are counted, and there were %d", counted, truth.calls)
	}
	return nil
}

// Whoever believes what the truth checks has to see it fail.
func TestTheTruthOfASessionTellsWhatIsWrong(t *testing.T) {
	st := open(t, Config{})
	change := func(event, preference string) func(*session.Draft) error {
		return func(d *session.Draft) error {
			if err := d.Record(session.Call{Tool: "t", EventType: event, Source: session.Miss}); err != nil {
				return err
			}
			if err := d.SetPreference("preference", preference); err != nil {
				return err
			}
			return d.Explore(session.Schema{Account: 1, EventType: event})
		}
	}
	s, err := st.Sessions().Create(t.Context(), alice, change("A", "1"))
	if err != nil {
		t.Fatal(err)
	}
	truth := truthOf(0, s)
	if err := truth.wrong(s); err != nil {
		t.Errorf("nothing is: %v", err)
	}
	for name, spoil := range map[string]func(*sessionTruth){
		"a schema is lost":      func(truth *sessionTruth) { truth.explored["B"] = true },
		"a schema is back":      func(truth *sessionTruth) { truth.explored["A"] = false },
		"a call is lost":        func(truth *sessionTruth) { truth.calls++ },
		"a scalar is nobody's":  func(truth *sessionTruth) { truth.writes["preference"] = []sessionScalar{{value: "2"}} },
		"an earlier write wins": func(truth *sessionTruth) { truth.overwrite("preference", "2", time.Now(), time.Now()) },
	} {
		truth := truthOf(0, s)
		spoil(truth)
		if truth.wrong(s) == nil {
			t.Errorf("%s, and that is not noticed", name)
		}
	}
}

func (truth *sessionTruth) overwrite(name, value string, begun, done time.Time) {
	truth.writes[name] = append(truth.writes[name], sessionScalar{value: value, begun: begun, done: done})
}
