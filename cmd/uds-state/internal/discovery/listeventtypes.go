package discovery

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/uds-platform/state/cmd/uds-state/internal/nrqltext"
)

// listQuery lists what has had events of late.
const listQuery = "SHOW EVENT TYPES SINCE 1 day ago"

type listInput struct {
	onDiscovery
	Filter string `json:"filter"`
	Limit  int    `json:"limit"`
	Counts int    `json:"counts"`
}

type listed struct {
	Answer
	EventTypes []EventType `json:"event_types" jsonschema:"most relevant to the goal first"`
	Total      int         `json:"total" jsonschema:"how many the account has"`
	Matching   int         `json:"matching" jsonschema:"how many of them match the filter"`
}

// EventType is an event type of the account.
type EventType struct {
	Name string `json:"name"`
	// Relevance is how sure it is that the goal is about it: 0 to 1.
	Relevance    float64  `json:"relevance" jsonschema:"how sure it is that the goal is about it, from 0 to 1"`
	EventsPerDay *float64 `json:"events_in_24_hours,omitempty"`
}

func addListEventTypes(s *Server) error {
	return add(s, definition{
		name:        Tools.List,
		title:       "List event types",
		description: "Lists the event types that had events in the last day, those that matter most to the discovery's goal first.",
		input: object(map[string]*jsonschema.Schema{
			"handle": handleArgument(),
			"filter": text(0, 100, "", "only names that contain this, in any case"),
			"limit":  number(1, 1000, 100, "how many to return"),
			"counts": number(0, 20, 0, "of how many, from the first, to count the events of the last 24 hours"),
		}, "handle"),
		asksNRDB: true,
	}, list)
}

func list(c *call, in listInput) (*listed, error) {
	rows, err := c.ask(listQuery)
	if err != nil {
		return nil, err
	}
	names := texts(rows, "eventType")
	out := &listed{EventTypes: []EventType{}, Total: len(names)}
	filter := strings.ToLower(in.Filter)
	for _, t := range c.server.lexicon.Rank(c.server.goalOf(c.discovery), names) {
		if !strings.Contains(strings.ToLower(t.Name), filter) {
			continue
		}
		if out.Matching++; len(out.EventTypes) < in.Limit {
			out.EventTypes = append(out.EventTypes, EventType{Name: t.Name, Relevance: t.Confidence})
		}
	}
	counted := out.EventTypes[:min(in.Counts, len(out.EventTypes))]
	c.each(len(counted), func(i int) {
		rows, err := c.ask("SELECT count(*) FROM " + nrqltext.Name(counted[i].Name) + " SINCE 24 hours ago")
		if err != nil {
			c.warn("events of "+counted[i].Name, err)
			return
		}
		if n, ok := figure(rows, "count"); ok {
			counted[i].EventsPerDay = &n
		}
	})
	return out, nil
}

// knownTypes are the event types of an account as far as they are known without
// waiting. They are asked for behind that.
func (s *Server) knownTypes(ctx context.Context, account int) []string {
	p, err := s.options.State.QueryPreview(ctx, account, listQuery)
	if err != nil {
		return nil
	}
	return texts(p.Value, "eventType")
}

func (o *listed) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d event types", o.Total)
	if o.Matching != o.Total {
		fmt.Fprintf(&b, ", %d match", o.Matching)
	}
	if len(o.EventTypes) < o.Matching {
		fmt.Fprintf(&b, ", the first %d", len(o.EventTypes))
	}
	b.WriteString(", most relevant first:\n")
	for _, t := range o.EventTypes {
		b.WriteString("- " + t.Name)
		if t.EventsPerDay != nil {
			fmt.Fprintf(&b, " (%.0f events in 24 hours)", *t.EventsPerDay)
		}
		b.WriteString("\n")
	}
	b.WriteString(o.Worth.words())
	return b.String()
}
