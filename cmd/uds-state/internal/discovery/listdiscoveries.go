package discovery

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/uds-platform/state/session"
)

type listDiscoveriesInput struct {
	After string `json:"after"`
	Limit int    `json:"limit"`
}

type discoveries struct {
	Answer
	Discoveries []Discovery `json:"discoveries"`
	// Next is the next page's "after".
	Next string `json:"next,omitempty" jsonschema:"pass it as after for the next page; absent on the last one"`
}

func addListDiscoveries(s *Server) error {
	return add(s, definition{
		name:        "list_discoveries",
		title:       "List your discoveries",
		description: "Lists your discoveries that have not ended, with their handles. Those of others are never among them.",
		input: object(map[string]*jsonschema.Schema{
			"after": text(24, 24, handlePattern, "next of the page before"),
			"limit": number(1, 100, 20, "how many to list"),
		}),
	}, listDiscoveries)
}

func listDiscoveries(c *call, in listDiscoveriesInput) (*discoveries, error) {
	page, err := c.server.options.Sessions.List(c.ctx, c.owner, session.Handle(in.After), in.Limit)
	if err != nil {
		return nil, err
	}
	out := &discoveries{Discoveries: []Discovery{}, Next: string(page.Next)}
	for _, d := range page.Sessions {
		out.Discoveries = append(out.Discoveries, c.server.discoveryOf(d))
	}
	return out, nil
}

func (o *discoveries) summary() string {
	if len(o.Discoveries) == 0 {
		return "You have no discovery; start_discovery begins one."
	}
	var b strings.Builder
	for _, d := range o.Discoveries {
		fmt.Fprintf(&b, "- %s: %s (last used %s)\n", d.Handle, shortened(d.Goal, 200), d.LastUsed.Format(time.RFC3339))
	}
	return b.String()
}
