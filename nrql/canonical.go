package nrql

import "strconv"

// settle takes away what states the default, and gives the instants that are
// certain one form. The defaults of a subquery are those of the query round it,
// so only the outermost query can be settled.
func (p *parser) settle(s *statement) {
	if s.written[limitClause].from == s.written[limitClause].to { // LIMIT alone
		s.seen[limitClause] = false
	}
	if p.queryDepth > 1 {
		return
	}
	if p.inUTC(s) { // «The default time zone is always UTC»
		s.seen[timezoneClause], s.zone = false, ""
		s.since.settle()
		s.until.settle()
	}
	if s.seen[compareClause] { // which requires SINCE or UNTIL, and so tells whether they are there
		return
	}
	if s.until.kind == nowMoment { // «The default value is NOW»
		s.seen[untilClause], s.until = false, timeClause{}
	}
	hour := s.since.kind == agoMoment && s.since.millis == defaultWindowMillis
	if hour && !s.seen[untilClause] && !s.seen[showClause] { // «The default value is 1 hour ago»
		s.seen[sinceClause], s.since = false, timeClause{}
	}
}

const defaultWindowMillis = 3_600_000

// inUTC reports whether every date and time of the query is in UTC unless it says
// otherwise. What WITH TIMEZONE does to one that says otherwise is documented in
// two ways, so then it stays.
func (p *parser) inUTC(s *statement) bool {
	if !s.seen[timezoneClause] {
		return true
	}
	written := p.out[s.written[timezoneClause].from:s.written[timezoneClause].to]
	return string(written) == "WITH TIMEZONE 'UTC'" && !s.since.zoned && !s.until.zoned
}

// settle makes a date and time an instant where UTC is its zone unless it names
// another. It leaves those in "quotes", which the documentation does not mention,
// and those that would read as seconds if they were written in milliseconds.
func (t *timeClause) settle() {
	if (t.kind == wallMoment && !t.zoned || t.kind == instant && t.zoned) && t.spelled[0] == '\'' && t.millis >= firstMilli {
		t.moment, t.spelled = moment{kind: instant, millis: t.millis}, ""
	}
}

// inOrder writes the clauses of a query in the order of the canonical form. The
// result is good until the next call.
func (p *parser) inOrder(s *statement) []byte {
	out := p.scratch[:0]
	for c := range clauses {
		if !s.seen[c] {
			continue
		}
		if len(out) > 0 {
			out = append(out, ' ')
		}
		switch c {
		case sinceClause:
			out = s.since.appendTo(append(out, "SINCE "...))
		case untilClause:
			out = s.until.appendTo(append(out, "UNTIL "...))
		case compareClause:
			out = appendAgo(append(out, "COMPARE WITH "...), s.compared)
		default:
			out = append(out, p.out[s.written[c].from:s.written[c].to]...)
		}
	}
	p.scratch = out
	p.work += len(out)
	return out
}

// appendTo writes a point in time.
func (t *timeClause) appendTo(out []byte) []byte {
	switch t.kind {
	case nowMoment:
		return append(out, "NOW"...)
	case agoMoment:
		return appendAgo(out, t.millis)
	case dayMoment:
		out = append(out, t.day.String()...)
		if t.at != "" {
			out = append(append(out, " AT "...), t.at...)
		}
		return out
	case unitMoment:
		word := "THIS "
		if t.last {
			word = "LAST "
		}
		return append(append(out, word...), t.day.String()...)
	}
	if t.spelled == "" {
		return strconv.AppendInt(out, t.millis, 10)
	}
	return append(out, t.spelled...)
}

// appendAgo writes a duration in the largest of the units that divide it.
func appendAgo(out []byte, millis int64) []byte {
	unit := kwWeek
	for millis%unitMillis[unit-kwMillisecond] != 0 {
		unit--
	}
	n := millis / unitMillis[unit-kwMillisecond]
	out = append(strconv.AppendInt(out, n, 10), ' ')
	out = append(out, unit.String()...)
	return append(out, " AGO"...)
}
