package discovery

import (
	"time"

	"github.com/uds-platform/state/session"
	"github.com/uds-platform/state/session/goal"
)

// goalOf reads a discovery's goal again, as it was read when it was said: a text
// and a time give the same goal each time, so the session needs no more.
func (s *Server) goalOf(discovery *session.Session) goal.Goal {
	said, _ := discovery.Goal()
	return s.lexicon.Parse(said.Text, discovery.Created())
}

// Reading is what was read off a goal's text.
type Reading struct {
	Text       string   `json:"text"`
	Intents    []string `json:"intents,omitempty" jsonschema:"surest first"`
	EventTypes []string `json:"event_types,omitempty" jsonschema:"surest first"`
	Attributes []string `json:"attributes,omitempty"`
	Excluded   []string `json:"excluded,omitempty"`
	Measure    string   `json:"measure,omitempty"`
	Window     string   `json:"window,omitempty" jsonschema:"as a clause of NRQL"`
	Facets     []string `json:"facets,omitempty"`
}

func readingOf(g goal.Goal) Reading {
	r := Reading{Text: g.Text, Attributes: g.Attributes, Excluded: g.Excluded, Measure: g.Measure.String(), Window: g.Window.Clause(), Facets: g.Facets}
	for _, i := range g.Intents {
		r.Intents = append(r.Intents, string(i.Intent))
	}
	for _, t := range g.EventTypes {
		r.EventTypes = append(r.EventTypes, t.Name)
	}
	return r
}

// facts are what others than the tools, such as a dashboard, may want to see of a
// goal without reading it.
func (r *Reading) facts() map[string]any {
	facts := make(map[string]any)
	list := func(name string, texts []string) {
		if len(texts) == 0 {
			return
		}
		values := make([]any, len(texts))
		for i, t := range texts {
			values[i] = t
		}
		facts[name] = values
	}
	list("intents", r.Intents)
	list("event_types", r.EventTypes)
	if r.Measure != "" {
		facts["measure"] = r.Measure
	}
	if r.Window != "" {
		facts["window"] = r.Window
	}
	return facts
}

// Suggested is a call that may come next, with its arguments.
type Suggested struct {
	Tool      string         `json:"tool"`
	Arguments map[string]any `json:"arguments" jsonschema:"as they can be passed to the tool"`
	Reason    string         `json:"reason"`
}

// suggest returns what may be called next on a discovery. available are the event
// types that are known to exist.
func (s *Server) suggest(discovery *session.Session, account int, available []string, most int) []Suggested {
	progress := goal.Progress{Available: available, Tools: Tools, Learned: s.options.Learned}
	for _, schema := range discovery.Explored() {
		if schema.Account == int64(account) {
			progress.Explored = append(progress.Explored, schema.EventType)
		}
	}
	for _, made := range discovery.Timeline() {
		if !made.Failed {
			progress.Calls = append(progress.Calls, goal.Done{Tool: made.Tool, EventType: made.EventType})
		}
	}
	suggestions := []Suggested{}
	for _, one := range s.lexicon.Suggest(s.goalOf(discovery), progress) {
		if len(suggestions) == most {
			break
		}
		arguments := map[string]any{"handle": string(discovery.Handle())}
		switch {
		case one.NRQL != "":
			arguments["nrql"] = one.NRQL
		case one.EventType != "":
			arguments["event_type"] = one.EventType
		}
		suggestions = append(suggestions, Suggested{Tool: one.Tool, Arguments: arguments, Reason: one.Reason})
	}
	return suggestions
}

// Discovery is what a client may know of one of its discoveries.
type Discovery struct {
	Handle    string    `json:"handle"`
	Account   int64     `json:"account"`
	Goal      string    `json:"goal"`
	Started   time.Time `json:"started"`
	LastUsed  time.Time `json:"last_used"`
	ExpiresAt time.Time `json:"expires_at" jsonschema:"unless it is used in between; never after ends_at"`
	EndsAt    time.Time `json:"ends_at" jsonschema:"however much it is used"`
	// Volatile is true while the discovery would be lost with this process.
	Volatile bool `json:"volatile" jsonschema:"true while it would be lost with this server's process"`
}

func (s *Server) discoveryOf(d *session.Session) Discovery {
	said, _ := d.Goal()
	account, _ := d.Value(accountValue)
	number, _ := account.(int64)
	idleEnd := d.LastUsed().Add(s.options.IdleTimeout)
	if d.Expires().Before(idleEnd) {
		idleEnd = d.Expires()
	}
	return Discovery{
		Handle: string(d.Handle()), Account: number, Goal: said.Text, Started: d.Created(), LastUsed: d.LastUsed(),
		ExpiresAt: idleEnd, EndsAt: d.Expires(), Volatile: d.Volatile(),
	}
}
