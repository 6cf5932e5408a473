package discovery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/uds-platform/state/cmd/uds-state/internal/nrqltext"
)

type relateInput struct {
	onEventType
	With []string `json:"with"`
}

func (in relateInput) names() []string { return append(in.onEventType.names(), in.With...) }

type related struct {
	Answer
	EventType     string         `json:"event_type"`
	Compared      []string       `json:"compared" jsonschema:"the event types that were looked at"`
	Relationships []Relationship `json:"relationships" jsonschema:"surest first"`
}

// Relationship is an attribute by which two event types may be joined.
type Relationship struct {
	EventType string `json:"event_type" jsonschema:"the other one"`
	Key       string `json:"key" jsonschema:"the attribute that both have"`
	// SharedValues of CheckedValues occur in both.
	CheckedValues int      `json:"checked_values" jsonschema:"values of the key in the first event type that were looked for in the other"`
	SharedValues  int      `json:"shared_values" jsonschema:"how many of them were found there"`
	SharedKeys    []string `json:"shared_keys" jsonschema:"all attributes that both have"`
	Join          string   `json:"join,omitempty" jsonschema:"a query that joins the two, for query_nrql"`
}

func addFindRelationships(s *Server) error {
	return add(s, definition{
		name:        Tools.Relate,
		title:       "Find relationships",
		description: "Finds out by which attributes an event type can be joined with others: attributes that both have, and whether the same values occur in both.",
		input: object(map[string]*jsonschema.Schema{
			"handle":     handleArgument(),
			"event_type": eventTypeArgument(),
			"with":       several(5, eventTypeArgument(), "the event types to compare with; without any, those that the discovery has explored and that its goal is about"),
		}, "handle", "event_type"),
		asksNRDB: true,
	}, relate)
}

const (
	comparedTypes = 3 // where the client names none
	checkedKeys   = 2 // for each
	maxSharedKeys = 32
	maxLiteral    = 256 // bytes of a value that is looked for
)

func relate(c *call, in relateInput) (*related, error) {
	own, _, err := c.attributes(in.EventType)
	if err != nil {
		return nil, err
	}
	others := in.With
	if len(others) == 0 {
		others = c.candidates(in.EventType)
	}
	others = slices.DeleteFunc(slices.Clone(others), func(name string) bool { return name == in.EventType })
	out := &related{EventType: in.EventType, Compared: others, Relationships: []Relationship{}}
	found := make([][]Relationship, len(others))
	c.each(len(others), func(i int) {
		attributes, _, err := c.attributes(others[i])
		if err != nil {
			c.warn("attributes of "+others[i], err)
			return
		}
		found[i] = c.compare(in.EventType, own, others[i], attributes)
	})
	for _, f := range found {
		out.Relationships = append(out.Relationships, f...)
	}
	slices.SortStableFunc(out.Relationships, func(a, b Relationship) int { return cmp.Compare(b.share(), a.share()) })
	return out, nil
}

func (r *Relationship) share() float64 {
	if r.CheckedValues == 0 {
		return 0
	}
	return float64(r.SharedValues) / float64(r.CheckedValues)
}

// candidates are event types worth comparing with: explored ones first, then those
// that the goal is about.
func (c *call) candidates(eventType string) []string {
	var names []string
	take := func(name string) {
		if len(names) < comparedTypes && name != eventType && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, schema := range c.discovery.Explored() {
		if schema.Account == int64(c.account) {
			take(schema.EventType)
		}
	}
	known := c.server.knownTypes(c.ctx, c.account)
	for _, t := range c.server.lexicon.Rank(c.server.goalOf(c.discovery), known) {
		take(t.Name)
	}
	return names
}

// compare looks for values of the likeliest shared attributes in both types.
func (c *call) compare(eventType string, own []Attribute, other string, attributes []Attribute) []Relationship {
	shared := sharedKeys(own, attributes)
	var found []Relationship
	for _, key := range shared[:min(len(shared), checkedKeys)] {
		r := Relationship{EventType: other, Key: key, SharedKeys: shared[:min(len(shared), maxSharedKeys)]}
		if err := c.check(eventType, &r); err != nil {
			c.warn("values of "+key+" in "+other, err)
			continue
		}
		if r.SharedValues > 0 {
			r.Join = fmt.Sprintf("SELECT count(*) FROM %s JOIN (SELECT count(*) FROM %s FACET %s LIMIT MAX) ON %s FACET %s SINCE 1 hour ago",
				nrqltext.Name(eventType), nrqltext.Name(other), nrqltext.Name(key), nrqltext.Name(key), nrqltext.Name(key))
		}
		found = append(found, r)
	}
	return found
}

// sharedKeys are the string attributes that both have, those first whose names
// sound like keys.
func sharedKeys(own, other []Attribute) []string {
	shared := []string{}
	for _, a := range own {
		if a.Type == "string" && slices.Contains(other, a) {
			shared = append(shared, a.Name)
		}
	}
	slices.SortStableFunc(shared, func(a, b string) int { return cmp.Compare(keyRank(a), keyRank(b)) })
	return shared
}

// keyRank orders names by how much they sound like something to join by.
func keyRank(name string) int {
	folded := strings.ToLower(name)
	for i, ending := range [...]string{"guid", "traceid", "id", "key", "name", "host", "hostname"} {
		if strings.HasSuffix(folded, ending) {
			return i
		}
	}
	return 100
}

// check looks for some of the key's values in the other event type.
func (c *call) check(eventType string, r *Relationship) error {
	key := nrqltext.Name(r.Key)
	rows, err := c.ask("SELECT uniques(" + key + ", 10) FROM " + nrqltext.Name(eventType) + " SINCE 1 hour ago")
	if err != nil {
		return err
	}
	var literals []string
	for _, v := range asList(rows, "uniques."+r.Key) {
		if t, ok := v.(string); ok && len(t) <= maxLiteral {
			literals = append(literals, nrqltext.String(t))
		}
	}
	r.CheckedValues = len(literals)
	if len(literals) == 0 {
		return nil
	}
	rows, err = c.ask(fmt.Sprintf("SELECT uniqueCount(%s) FROM %s WHERE %s IN (%s) SINCE 1 hour ago", key, nrqltext.Name(r.EventType), key, strings.Join(literals, ", ")))
	if err != nil {
		return err
	}
	n, _ := figure(rows, "uniqueCount."+r.Key)
	r.SharedValues = min(int(n), r.CheckedValues)
	return nil
}

func (o *related) summary() string {
	var b strings.Builder
	if len(o.Compared) == 0 {
		b.WriteString("There was nothing to compare with: name event types in \"with\", or explore some first.\n")
	} else {
		fmt.Fprintf(&b, "%s was compared with %s.\n", o.EventType, strings.Join(o.Compared, ", "))
	}
	for _, r := range o.Relationships {
		fmt.Fprintf(&b, "- %s by %s: %d of %d values occur in both\n", r.EventType, r.Key, r.SharedValues, r.CheckedValues)
	}
	b.WriteString(o.Worth.words())
	return b.String()
}
