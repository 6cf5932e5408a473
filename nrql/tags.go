package nrql

import (
	"slices"
	"strings"
)

// Kind is what a query asks for, as far as a cache cares.
type Kind uint8

const (
	// Unread is the kind of a query that was not understood.
	Unread Kind = iota
	// EventTypeList is SHOW EVENT TYPES.
	EventTypeList
	// Keyset asks for the attributes of event types.
	Keyset
	// Timeseries asks for values over time, with or without facets.
	Timeseries
	// Facet asks for values by attribute.
	Facet
	// Count is count(*) and nothing else.
	Count
	// Aggregate asks for other values over all events.
	Aggregate
	// Raw asks for events, or for some of their attributes.
	Raw
)

var kindNames = [...]string{
	"unread", "event types", "keyset", "timeseries", "facet", "count", "aggregate", "raw",
}

// String returns the kind's name, as Tags has it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// facts are what the parser learns about a query besides its canonical form.
// Those about the kind are of the outermost query.
type facts struct {
	eventTypes []string
	lookups    []string
	inner      []span // of subqueries that state a time range
	outer      span
	compared   int64 // milliseconds

	showsTypes bool
	faceted    bool
	selecting  bool // within SELECT
	aggregates bool
	keyset     bool
	countsOnly bool
	volatile   bool // calls what answers differently each time
}

// aggregators are the functions that make one value of many events.
var aggregators = map[string]bool{
	"aggregationendtime": true, "apdex": true, "average": true, "bucketpercentile": true, "bytecountestimate": true,
	"cardinality": true, "cdfpercentage": true, "count": true, "derivative": true, "earliest": true, "filter": true,
	"funnel": true, "histogram": true, "latest": true, "latestrate": true, "max": true, "median": true, "min": true,
	"percentage": true, "percentile": true, "predictlinear": true, "rate": true, "stddev": true, "stdvar": true,
	"sum": true, "uniquecount": true, "uniques": true,
}

// note learns from a function that is called.
func (p *parser) note(function []byte) {
	if string(function) == "now" {
		p.facts.volatile = true
	}
	if !p.facts.selecting || p.queryDepth > 1 {
		return
	}
	if string(function) == "keyset" {
		p.facts.keyset = true
	}
	if aggregators[string(function)] {
		p.facts.aggregates = true
	}
}

// kind decides by what bears most on how long an answer holds.
func (f *facts) kind() Kind {
	switch {
	case f.showsTypes:
		return EventTypeList
	case f.keyset:
		return Keyset
	case f.outer.series.stated:
		return Timeseries
	case f.faceted:
		return Facet
	case f.countsOnly:
		return Count
	case f.aggregates:
		return Aggregate
	}
	return Raw
}

// Tags names what an answer depends on, for invalidation: "kind:" and the kind,
// "type:" and each event type, "lookup:" and each lookup table. They hold within
// one account.
func (q Query) Tags() []string {
	tags := make([]string, 0, 1+len(q.EventTypes)+len(q.Lookups))
	tags = append(tags, "kind:"+q.Kind.String())
	for _, name := range q.EventTypes {
		tags = append(tags, "type:"+name)
	}
	for _, name := range q.Lookups {
		tags = append(tags, "lookup:"+name)
	}
	return tags
}

// sort puts the lists in an order that does not depend on the text's.
func (f *facts) sort() {
	slices.Sort(f.eventTypes)
	slices.Sort(f.lookups)
	slices.SortFunc(f.inner, span.compare)
	f.inner = slices.Compact(f.inner)
}

// keep keeps what a query says of time.
func (p *parser) keep(s *statement) {
	t := span{since: s.since.moment, until: s.until.moment, zone: strings.Clone(s.zone), series: s.series}
	t.since.zone, t.until.zone = strings.Clone(t.since.zone), strings.Clone(t.until.zone)
	if p.queryDepth == 1 {
		p.facts.outer, p.facts.compared = t, s.compared
		return
	}
	if t.since.kind == unstated && t.until.kind == unstated {
		return
	}
	if len(p.facts.inner) == maxSpans {
		p.fail()
		return
	}
	p.facts.inner = append(p.facts.inner, t)
}
