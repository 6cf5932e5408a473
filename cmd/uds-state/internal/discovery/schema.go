package discovery

import (
	"encoding/json"
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"
)

// object is the schema of a tool's arguments. It is strict: what has no property
// here is refused.
func object(properties map[string]*jsonschema.Schema, required ...string) *jsonschema.Schema {
	return &jsonschema.Schema{
		Type:                 "object",
		Properties:           properties,
		Required:             required,
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
	}
}

// text is a text of so many letters; pattern is "" for any.
func text(least, most int, pattern, description string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", MinLength: &least, MaxLength: &most, Pattern: pattern, Description: description}
}

// whole number within bounds, with a default unless that is below least.
func number(least, most, standard int, description string) *jsonschema.Schema {
	low, high := float64(least), float64(most)
	s := &jsonschema.Schema{Type: "integer", Minimum: &low, Maximum: &high, Description: description}
	if standard >= least {
		s.Default = json.RawMessage(fmt.Sprint(standard))
	}
	return s
}

// several is a list of at most so many different items.
func several(most int, items *jsonschema.Schema, description string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: items, MaxItems: &most, UniqueItems: true, Description: description}
}

const (
	// handlePattern is that of session.Handle.
	handlePattern = `^[A-Za-z0-9_-]{24}$`
	// namePattern leaves out what NRDB can't have in a name.
	namePattern  = "^[^`\\\\\\x00-\\x1f\\x7f]+$"
	maxNameBytes = 255
	maxGoalRunes = 4096
	maxNRQLRunes = 16 << 10
)

func handleArgument() *jsonschema.Schema {
	return text(24, 24, handlePattern, "what start_discovery returned")
}

func eventTypeArgument() *jsonschema.Schema {
	return text(1, maxNameBytes, namePattern, "an event type, such as Transaction")
}

func attributeNames(most int, description string) *jsonschema.Schema {
	return several(most, text(1, maxNameBytes, namePattern, "an attribute's name"), description)
}

// The modes of tools whose answer may take long.
const (
	modeFull = "full"
	modeFast = "fast"
)

func modeArgument() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "string", Enum: []any{modeFull, modeFast}, Default: json.RawMessage(`"full"`),
		Description: "full waits for the whole answer; fast returns the best that can be had quickly, and says what is missing",
	}
}

// onDiscovery are the arguments of every tool that works on a discovery.
type onDiscovery struct {
	Handle string `json:"handle"`
}

func (a onDiscovery) handle() string { return a.Handle }

// onEventType are those of a tool that works on an event type.
type onEventType struct {
	onDiscovery
	EventType string `json:"event_type"`
}

func (a onEventType) subject() string { return a.EventType }

// names are all that will be written into queries.
func (a onEventType) names() []string { return []string{a.EventType} }
