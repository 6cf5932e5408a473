package nrql

// clause is a part of a query. Their order is that of the canonical form.
type clause uint8

const (
	showClause clause = iota
	variablesClause
	selectClause
	fromClause // with its JOINs, which must follow it
	whereClause
	orderClause // before FACET: right after it, ORDER BY means something else
	facetClause
	limitClause
	timeseriesClause
	sinceClause
	untilClause
	compareClause
	timezoneClause
	formatClause
	extrapolateClause
	clauses
)

// statement is a query that is being read: its clauses, written in the order in
// which they were met.
type statement struct {
	written [clauses]struct{ from, to int } // in parser.out
	seen    [clauses]bool

	since, until timeClause
	compared     int64  // milliseconds
	zone         string // of WITH TIMEZONE, without its quotes
	series       series
}

// query reads a query up to what cannot belong to it, and writes its canonical
// form.
func (p *parser) query() {
	p.queryDepth++
	filtering := p.filtering
	p.filtering = false
	if p.queryDepth > maxQueryDepth {
		p.fail()
	}
	start := len(p.out)
	var s statement
	switch { // what comes first
	case p.is(kwSelect), p.is(kwFrom), p.is(kwWith):
	case p.is(kwShow) && p.queryDepth == 1:
	default:
		p.fail()
	}
	for !p.failed && p.clause(&s) {
	}
	if !p.failed && s.complete() {
		p.settle(&s)
		p.keep(&s)
		p.out = append(p.out[:start], p.inOrder(&s)...)
	} else {
		p.fail()
	}
	p.filtering = filtering
	p.queryDepth--
}

// complete reports whether the clauses that a query must have are there, and
// none that it cannot have.
func (s *statement) complete() bool {
	if !s.seen[showClause] {
		return s.seen[selectClause] && s.seen[fromClause]
	}
	for c := variablesClause; c < clauses; c++ {
		if s.seen[c] && c != sinceClause && c != untilClause && c != limitClause && c != timezoneClause {
			return false
		}
	}
	return true
}

// clause reads one clause, if another one comes.
func (p *parser) clause(s *statement) bool {
	c, ok := p.whichClause()
	if !ok {
		return false
	}
	if s.seen[c] { // what a second one means is not documented
		p.fail()
		return false
	}
	s.seen[c] = true
	s.written[c].from = len(p.out)
	p.read(c, s)
	s.written[c].to = len(p.out)
	return true
}

// whichClause tells by its first words which clause comes.
func (p *parser) whichClause() (clause, bool) {
	switch p.token.keyword {
	case kwShow:
		return showClause, true
	case kwSelect:
		return selectClause, true
	case kwFrom:
		return fromClause, true
	case kwWhere:
		return whereClause, true
	case kwOrder:
		return orderClause, true
	case kwFacet:
		return facetClause, true
	case kwLimit:
		return limitClause, true
	case kwTimeseries:
		return timeseriesClause, true
	case kwSince:
		return sinceClause, true
	case kwUntil:
		return untilClause, true
	case kwCompare:
		return compareClause, true
	case kwExtrapolate:
		return extrapolateClause, true
	case kwWith:
		return p.whichWith(), true
	}
	return 0, false
}

// whichWith tells the three clauses apart that begin with WITH.
func (p *parser) whichWith() clause {
	ahead := p.lexer
	first := ahead.next()
	if first.keyword != kwTimezone && first.keyword != kwMetricFormat {
		p.work += ahead.at - p.at
		return variablesClause
	}
	second := ahead.next()
	p.work += ahead.at - p.at
	switch {
	case second.kind != quotedText:
		return variablesClause // of an attribute with that name
	case first.keyword == kwTimezone:
		return timezoneClause
	default:
		return formatClause
	}
}

// read reads a clause. Those that state a time write nothing: what they say is
// written when the whole query is known.
func (p *parser) read(c clause, s *statement) {
	p.advance() // its first keyword
	switch c {
	case showClause:
		p.expect(kwEvent)
		p.expect(kwTypes)
		p.put("SHOW EVENT TYPES")
		p.facts.showsTypes = true
	case variablesClause:
		p.put("WITH ")
		p.list((*parser).variable)
	case selectClause:
		p.selections()
	case fromClause:
		p.sources()
	case whereClause:
		p.where()
	case orderClause:
		p.order()
	case facetClause:
		p.facet()
	case limitClause:
		p.limit()
	case timeseriesClause:
		s.series = p.timeseries()
	case sinceClause:
		s.since = p.moment()
	case untilClause:
		s.until = p.moment()
	case compareClause:
		p.expect(kwWith)
		s.compared = p.ago()
	case timezoneClause:
		p.advance()
		s.zone = p.string()
		p.put("WITH TIMEZONE ")
		p.copyToken()
	case formatClause:
		p.advance()
		p.put("WITH METRIC_FORMAT ")
		p.copyToken()
	case extrapolateClause:
		p.put("EXTRAPOLATE")
	}
}

// string returns what is between the quotes of the string that is next. Escapes
// stay; neither dates nor zones have any.
func (p *parser) string() string {
	spelled := p.spelled(p.token)
	if p.token.kind != quotedText || spelled[0] == 'r' {
		p.fail()
		return ""
	}
	return spelled[1 : len(spelled)-1]
}
