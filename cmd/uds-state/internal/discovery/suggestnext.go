package discovery

import (
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

type suggestInput struct {
	onDiscovery
	Limit int `json:"limit"`
}

type suggestion struct {
	Answer
	Suggestions []Suggested `json:"suggestions" jsonschema:"best first"`
}

func addSuggestNext(s *Server) error {
	return add(s, definition{
		name:  "suggest_next",
		title: "Suggest what to do next",
		description: "Says which calls are worth making next in a discovery, with their arguments and why: by its goal, by what has been done in it, " +
			"and by what usually follows. It answers at once.",
		input: object(map[string]*jsonschema.Schema{
			"handle": handleArgument(),
			"limit":  number(1, 10, 5, "how many to suggest"),
		}, "handle"),
	}, suggestNext)
}

func suggestNext(c *call, in suggestInput) (*suggestion, error) {
	available := c.server.knownTypes(c.ctx, c.account)
	return &suggestion{Suggestions: c.server.suggest(c.discovery, c.account, available, in.Limit)}, nil
}

func (o *suggestion) summary() string {
	if len(o.Suggestions) == 0 {
		return "Nothing comes to mind: everything that the goal asks for was done."
	}
	var b strings.Builder
	writeSuggestions(&b, o.Suggestions)
	return b.String()
}
