package goal

import (
	"fmt"
	"strings"
)

// Query is an NRQL query that is likely to be asked.
type Query struct {
	NRQL      string
	EventType string // which the query reads; "" for the list of event types
	Reason    string // in a few words, for people
}

const (
	// preloadTypes is how many event types are worth preloading for a goal.
	preloadTypes = 4
	// leastRelevance is what a type must be worth.
	leastRelevance = 0.3
)

// Preload returns the queries that are worth asking before anybody does, the
// likeliest first: the list of event types; then for each of the most relevant
// of the given event types its attributes, its volume, and what the goal asks
// for, as far as it is known which attributes that needs. An embedder runs them
// in the goal's account, within its own limits.
//
// Names are quoted, so that a query reads one event type, whatever the type is
// called and whatever the goal's text holds. A type with a backtick, a backslash
// or a control character in its name, which NRDB can't have, is left out.
func (l *Lexicon) Preload(g Goal, eventTypes []string) []Query {
	queries := []Query{{NRQL: "SHOW EVENT TYPES", Reason: "which event types there are"}}
	var schemas, answers, volumes []Query
	for _, t := range l.Rank(g, eventTypes) {
		if t.Confidence < leastRelevance || len(schemas) == preloadTypes {
			break
		}
		name, ok := quotable(t.Name)
		if !ok {
			continue
		}
		schemas = append(schemas, Query{"SELECT keyset() FROM " + name + " SINCE 1 hour ago", t.Name, "the attributes of " + t.Name})
		volumes = append(volumes, Query{"SELECT count(*) FROM " + name + " SINCE 24 hours ago", t.Name, "how much there is of " + t.Name})
		if q, ok := answer(g, t.Name); ok {
			answers = append(answers, q)
		}
	}
	return append(append(append(queries, schemas...), answers...), volumes...)
}

// answer is the query that the goal itself asks of an event type.
func answer(g Goal, eventType string) (Query, bool) {
	name, ok := quotable(eventType)
	expression := g.Measure.expression(eventType)
	if !ok || expression == "" {
		return Query{}, false
	}
	var b strings.Builder
	fmt.Fprintf(&b, "SELECT %s FROM %s", expression, name)
	if where := entityFilter(g, eventType); where != "" {
		b.WriteString(" WHERE " + where)
	}
	separator := " FACET "
	for _, f := range g.Facets {
		if column := facetColumn(eventType, f); column != "" {
			b.WriteString(separator + quoteName(column))
			separator = ", "
		}
	}
	if clause := g.Window.Clause(); clause != "" {
		b.WriteString(" " + clause)
	}
	return Query{b.String(), eventType, g.Measure.String() + " of " + eventType}, true
}

// entityFilter restricts a query to the services that the goal names, where the
// event type says which service it is from.
func entityFilter(g Goal, eventType string) string {
	column := facetColumn(eventType, "app")
	if column == "" {
		return ""
	}
	var in, out []string
	for _, e := range g.Entities {
		switch {
		case e.Kind != "service" && e.Kind != "":
		case e.Excluded:
			out = append(out, quoteText(e.Name))
		default:
			in = append(in, quoteText(e.Name))
		}
	}
	var conditions []string
	if len(in) > 0 {
		conditions = append(conditions, column+" IN ("+strings.Join(in, ", ")+")")
	}
	if len(out) > 0 {
		conditions = append(conditions, column+" NOT IN ("+strings.Join(out, ", ")+")")
	}
	return strings.Join(conditions, " AND ")
}

// quotable returns an event type's name as a query has it.
func quotable(name string) (string, bool) {
	if !printable(name, maxNameBytes) || strings.ContainsAny(name, "`\\") {
		return "", false
	}
	return quoteName(name), true
}

// quoteName writes a name in backticks unless it does without them: a word of
// letters, digits and underscores that begins with a letter. NRQL's own words in
// capitals (FROM) or not are quoted too.
func quoteName(name string) string {
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return "`" + name + "`"
		}
	}
	if reserved[strings.ToLower(name)] {
		return "`" + name + "`"
	}
	return name
}

// reserved are the words of NRQL that can't be names.
var reserved = setOf(`and as by compare desc asc extrapolate facet false from in inner is join left like limit not null offset on or order rlike
	select show since slide timeseries timezone true until where with ago now max auto`)

// quoteText writes a string as NRQL has it.
func quoteText(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", " ", "\r", " ", "\x00", " ").Replace(text) + "'"
}
