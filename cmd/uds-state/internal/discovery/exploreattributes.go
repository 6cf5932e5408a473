package discovery

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/cmd/uds-state/internal/nrqltext"
	"github.com/uds-platform/state/session"
)

type exploreInput struct {
	onEventType
	Attributes []string `json:"attributes"`
	Examine    int      `json:"examine"`
	Limit      int      `json:"limit"`
}

func (in exploreInput) names() []string { return append(in.onEventType.names(), in.Attributes...) }

type explored struct {
	Answer
	EventType  string      `json:"event_type"`
	Attributes []Attribute `json:"attributes"`
	Total      int         `json:"total"`
	Examined   []Examined  `json:"examined"`
	Changed    bool        `json:"changed" jsonschema:"true where the attributes are others than when they were last looked at"`
}

// Attribute is a column of an event type.
type Attribute struct {
	Name string `json:"name"`
	Type string `json:"type" jsonschema:"string, numeric or boolean"`
}

// Examined is an attribute that was looked at more closely.
type Examined struct {
	Attribute
	// CoveragePercent is the share of events that have it.
	CoveragePercent *float64 `json:"coverage_percent,omitempty" jsonschema:"the share of events that have it"`
	Examples        []any    `json:"examples,omitempty"`
}

func addExploreAttributes(s *Server) error {
	return add(s, definition{
		name:        Tools.Explore,
		title:       "Explore attributes",
		description: "Lists the attributes of an event type, and looks at some of them more closely: which share of the events has them, and examples of their values. All of it is about the last hour.",
		input: object(map[string]*jsonschema.Schema{
			"handle":     handleArgument(),
			"event_type": eventTypeArgument(),
			"attributes": attributeNames(10, "which to look at more closely; without any, the first ones"),
			"examine":    number(0, 10, 4, "how many to look at more closely where attributes names none"),
			"limit":      number(1, 1000, 250, "how many to list"),
		}, "handle", "event_type"),
		asksNRDB: true,
	}, explore)
}

func explore(c *call, in exploreInput) (*explored, error) {
	attributes, source, err := c.attributes(in.EventType)
	if err != nil {
		return nil, err
	}
	out := &explored{EventType: in.EventType, Total: len(attributes), Attributes: attributes[:min(len(attributes), in.Limit)], Examined: []Examined{}}
	if len(attributes) == 0 {
		return out, nil
	}
	fingerprint := fingerprintOf(attributes)
	if source == state.Origin {
		out.Changed = c.server.options.State.ObserveSchema(c.account, in.EventType, fingerprint)
	}
	c.remember(func(d *session.Draft) error { return noteSchema(d, c.account, in.EventType, attributes, fingerprint) })
	for _, a := range chosen(attributes, in.Attributes, in.Examine) {
		out.Examined = append(out.Examined, Examined{Attribute: a})
	}
	c.each(len(out.Examined), func(i int) { c.examine(in.EventType, &out.Examined[i]) })
	return out, nil
}

// attributes are those of an event type, without its timestamp. They are asked for
// in one wording by all tools, so that they are asked once.
func (c *call) attributes(eventType string) (attributes []Attribute, source state.Source, err error) {
	text := "SELECT keyset() FROM " + nrqltext.Name(eventType) + " SINCE 1 hour ago"
	res, err := c.server.options.State.Query(c.ctx, c.account, text)
	if err != nil {
		return nil, 0, &queryError{err}
	}
	c.add(part{source: res.Source, quality: res.Quality, asOf: res.AsOf, window: windowAt(text, res.AsOf)})
	attributes = []Attribute{}
	for _, row := range res.Value {
		name, _ := row["key"].(string)
		kind, _ := row["type"].(string)
		if name != "" && name != "timestamp" {
			attributes = append(attributes, Attribute{Name: name, Type: kind})
		}
	}
	return attributes, res.Source, nil
}

// chosen are the attributes to look at: those that were named, and else the first.
func chosen(attributes []Attribute, named []string, most int) []Attribute {
	if len(named) == 0 {
		return attributes[:min(most, len(attributes))]
	}
	var found []Attribute
	for _, name := range named {
		i := slices.IndexFunc(attributes, func(a Attribute) bool { return a.Name == name })
		if i < 0 {
			found = append(found, Attribute{Name: name, Type: "unknown"})
			continue
		}
		found = append(found, attributes[i])
	}
	return found
}

func (c *call) examine(eventType string, e *Examined) {
	name, from := nrqltext.Name(e.Name), nrqltext.Name(eventType)
	rows, err := c.ask("SELECT percentage(count(*), WHERE " + name + " IS NOT NULL) FROM " + from + " SINCE 1 hour ago")
	if err != nil {
		c.warn("coverage of "+e.Name, err)
	} else if share, ok := figure(rows, "percentage"); ok {
		e.CoveragePercent = &share
	}
	rows, err = c.ask("SELECT uniques(" + name + ", 10) FROM " + from + " SINCE 1 hour ago")
	if err != nil {
		c.warn("examples of "+e.Name, err)
		return
	}
	for _, v := range asList(rows, "uniques."+e.Name) {
		e.Examples = append(e.Examples, brief(v))
	}
}

// fingerprintOf is a text that is the same as long as the attributes are.
func fingerprintOf(attributes []Attribute) string {
	sorted := slices.Clone(attributes)
	slices.SortFunc(sorted, func(a, b Attribute) int { return strings.Compare(a.Name+"\x00"+a.Type, b.Name+"\x00"+b.Type) })
	hash := sha256.New()
	for _, a := range sorted {
		hash.Write([]byte(a.Name + "\x00" + a.Type + "\x01"))
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// rememberedAttributes is how many names of attributes a session keeps of an event
// type.
const rememberedAttributes = 256

func noteSchema(d *session.Draft, account int, eventType string, attributes []Attribute, fingerprint string) error {
	schema := session.Schema{Account: int64(account), EventType: eventType, Fingerprint: fingerprint}
	for _, a := range attributes[:min(len(attributes), rememberedAttributes)] {
		if len(a.Name) <= maxNameBytes {
			schema.Attributes = append(schema.Attributes, a.Name)
		}
	}
	if err := d.Explore(schema); err != nil {
		return err
	}
	return d.SetCurrentSchema(int64(account), eventType)
}

func (o *explored) summary() string {
	var b strings.Builder
	if o.Total == 0 {
		fmt.Fprintf(&b, "%s had no events in the last hour, so its attributes are not known. list_event_types has those with events in the last day.\n", o.EventType)
	} else {
		fmt.Fprintf(&b, "%s has %d attributes:\n", o.EventType, o.Total)
	}
	for _, a := range o.Attributes {
		fmt.Fprintf(&b, "- %s (%s)\n", a.Name, a.Type)
	}
	for _, e := range o.Examined {
		fmt.Fprintf(&b, "%s:", e.Name)
		if e.CoveragePercent != nil {
			fmt.Fprintf(&b, " in %.1f %% of the events", *e.CoveragePercent)
		}
		for i, v := range e.Examples {
			separator := ", "
			if i == 0 {
				separator = "; such as "
			}
			b.WriteString(separator + shown(v))
		}
		b.WriteString("\n")
	}
	b.WriteString(o.Worth.words())
	return b.String()
}
