package discovery

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

type statusInput struct {
	onDiscovery
	Calls int `json:"calls"`
}

type status struct {
	Answer
	Discovery
	Understood Reading        `json:"understood"`
	Explored   []ExploredType `json:"explored"`
	Current    string         `json:"current,omitempty" jsonschema:"the event type that was explored last"`
	Calls      []CallMade     `json:"calls" jsonschema:"the latest, oldest first"`
	Habits     []Habit        `json:"habits" jsonschema:"which tools were used on which event types, most often first"`
}

// ExploredType is an event type whose attributes the discovery knows.
type ExploredType struct {
	Name       string    `json:"name"`
	Attributes int       `json:"attributes"`
	At         time.Time `json:"at"`
}

// CallMade is a call on the timeline.
type CallMade struct {
	Tool           string    `json:"tool"`
	EventType      string    `json:"event_type,omitempty"`
	At             time.Time `json:"at"`
	DurationMillis float64   `json:"duration_ms"`
	Source         string    `json:"source" jsonschema:"hit, stale, miss or prefetched"`
	Failed         bool      `json:"failed"`
}

// Habit is how often a tool was used on an event type.
type Habit struct {
	Tool      string `json:"tool"`
	EventType string `json:"event_type"`
	Count     uint64 `json:"count"`
}

const maxHabits = 20

func addSessionStatus(s *Server) error {
	return add(s, definition{
		name:        "session_status",
		title:       "Status of a discovery",
		description: "Says what a discovery knows: its goal, what was explored, which calls were made, and when it ends.",
		input: object(map[string]*jsonschema.Schema{
			"handle": handleArgument(),
			"calls":  number(0, 256, 20, "how many of the latest calls to show"),
		}, "handle"),
	}, tellStatus)
}

func tellStatus(c *call, in statusInput) (*status, error) {
	d := c.discovery
	out := &status{
		Discovery: c.server.discoveryOf(d), Understood: readingOf(c.server.goalOf(d)),
		Explored: []ExploredType{}, Calls: []CallMade{}, Habits: []Habit{},
	}
	for _, schema := range d.Explored() {
		out.Explored = append(out.Explored, ExploredType{schema.EventType, len(schema.Attributes), schema.ExploredAt})
	}
	if current, ok := d.CurrentSchema(); ok {
		out.Current = current.EventType
	}
	timeline := d.Timeline()
	for _, made := range timeline[max(len(timeline)-in.Calls, 0):] {
		millis := float64(made.Duration.Microseconds()) / 1000
		out.Calls = append(out.Calls, CallMade{made.Tool, made.EventType, made.At, millis, made.Source.String(), made.Failed})
	}
	patterns := d.Patterns()
	for _, p := range patterns[:min(len(patterns), maxHabits)] {
		out.Habits = append(out.Habits, Habit{p.Tool, p.EventType, p.Count})
	}
	return out, nil
}

func (o *status) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Goal: %s\nAccount %d, started %s, ends %s unless it is used.\n", o.Goal, o.Account, o.Started.Format(time.RFC3339), o.ExpiresAt.Format(time.RFC3339))
	for _, e := range o.Explored {
		fmt.Fprintf(&b, "- explored %s (%d attributes)\n", e.Name, e.Attributes)
	}
	for _, c := range o.Calls {
		fmt.Fprintf(&b, "- %s %s %s: %s", c.At.Format(time.TimeOnly), c.Tool, c.EventType, c.Source)
		if c.Failed {
			b.WriteString(", failed")
		}
		b.WriteString("\n")
	}
	if o.Volatile {
		b.WriteString("It is kept in this server's memory alone.\n")
	}
	return b.String()
}
