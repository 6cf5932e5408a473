package discovery

import (
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/uds-platform/state/session"
)

type endInput struct{ onDiscovery }

type ended struct {
	Answer
	Handle          string  `json:"handle"`
	Calls           int     `json:"calls" jsonschema:"how many of its calls were remembered"`
	DurationSeconds float64 `json:"duration_seconds"`
}

func addEndDiscovery(s *Server) error {
	return add(s, definition{
		name:        "end_discovery",
		title:       "End a discovery",
		description: "Ends a discovery: its handle is worth nothing afterwards, and what it knew is forgotten. What was fetched for it stays in the cache.",
		input:       object(map[string]*jsonschema.Schema{"handle": handleArgument()}, "handle"),
		changes:     true,
		ends:        true,
	}, end)
}

func end(c *call, in endInput) (*ended, error) {
	if err := c.server.options.Sessions.Delete(c.ctx, c.owner, session.Handle(in.Handle)); err != nil {
		return nil, err
	}
	c.left = true
	return &ended{Handle: in.Handle, Calls: len(c.discovery.Timeline()), DurationSeconds: time.Since(c.discovery.Created()).Seconds()}, nil
}

func (o *ended) summary() string { return "The discovery has ended." }
