package standin

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	// errSyntax is wrapped by every refusal of a query that is not NRQL, worded
	// as NRDB words them.
	errSyntax = errors.New("NRQL Syntax Error")
	// errUnknownFunction is wrapped by the refusal of a function NRQL has not.
	//lint:ignore ST1005 the words are NRDB's
	errUnknownFunction = errors.New("Unknown function")
	// errRawTimeseries refuses TIMESERIES over raw events, in NRDB's words.
	errRawTimeseries = errors.New("FACET and TIMESERIES are not supported on events")
	// errBeyond is wrapped by every refusal of NRQL that New Relic would answer
	// and the stand-in does not.
	errBeyond = errors.New("the stand-in for NerdGraph does not answer this query")
)

func syntaxErrorf(at token, format string, args ...any) error {
	return fmt.Errorf("%w: Error at line %d position %d, %s", errSyntax, at.line, at.position, fmt.Sprintf(format, args...))
}

// query is a parsed NRQL query.
type query struct {
	text string
	// showEventTypes is SHOW EVENT TYPES; only the window applies to it.
	showEventTypes bool
	selections     []selection
	from           []string
	where          condition // nil without a WHERE
	since, until   *moment   // nil where the default applies
	limit          int       // 0 without a LIMIT
	bucket         time.Duration
	timeseries     bool
}

// selection is one column of a SELECT: all attributes, one attribute, or a
// function of one.
type selection struct {
	function  string // lower case; empty for a plain attribute
	attribute string // "*" for all
	limit     int    // second argument of uniques
	where     condition
	alias     string
}

// moment is a point in time as a query words it: relative to now, or absolute.
type moment struct {
	ago      time.Duration
	absolute time.Time // zero for a relative one
}

func (m moment) at(now time.Time) time.Time {
	if !m.absolute.IsZero() {
		return m.absolute
	}
	return now.Add(-m.ago)
}

const (
	defaultWindow  = time.Hour
	defaultLimit   = 100
	defaultUniques = 1000
	maxRows        = 5000
	maxUniques     = 10_000
	maxBuckets     = 366
	defaultBuckets = 60
	// maxQueryBytes, maxListed (columns, event types) and maxDepth (nested
	// conditions) bound the time and the stack that one query can take.
	maxQueryBytes = 16 << 10
	maxListed     = 50
	maxDepth      = 50
)

// parse reads a query. It never panics, whatever the text.
func parse(nrql string) (*query, error) {
	if len(nrql) > maxQueryBytes {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", errBeyond, maxQueryBytes)
	}
	tokens, err := lex(nrql)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	q, err := p.query()
	if err != nil {
		return nil, err
	}
	q.text = nrql
	return q, nil
}

type parser struct {
	tokens []token
	next   int
	depth  int
}

func (p *parser) peek() token { return p.tokens[p.next] }

// advance returns the next token and steps over it; the end stays the end.
func (p *parser) advance() token {
	t := p.tokens[p.next]
	if t.kind != endOfQuery {
		p.next++
	}
	return t
}

func (p *parser) accept(keyword string) bool {
	if !p.peek().is(keyword) {
		return false
	}
	p.advance()
	return true
}

func (p *parser) expect(keyword string) error {
	if p.accept(keyword) {
		return nil
	}
	return p.unexpected()
}

func (p *parser) expectAll(keywords ...string) error {
	for _, keyword := range keywords {
		if err := p.expect(keyword); err != nil {
			return err
		}
	}
	return nil
}

// unexpected is the syntax error for the next token.
func (p *parser) unexpected() error {
	t := p.peek()
	if t.kind == endOfQuery {
		return syntaxErrorf(t, "unexpected end of query")
	}
	return syntaxErrorf(t, "unexpected '%s'", t.text)
}

// reserved are the keywords that begin a clause and so end the one before.
var reserved = []string{"SELECT", "FROM", "WHERE", "SINCE", "UNTIL", "LIMIT", "TIMESERIES", "FACET", "AS", "AND", "OR", "NOT", "IN", "IS", "LIKE", "SHOW", "COMPARE", "WITH", "ORDER", "BY"}

func isReserved(t token) bool { return slices.ContainsFunc(reserved, t.is) }

// name reads an attribute, a function or an event type.
func (p *parser) name() (string, error) {
	t := p.peek()
	if t.kind != word || isReserved(t) {
		return "", p.unexpected()
	}
	return p.advance().text, nil
}

func (p *parser) query() (*query, error) {
	q := &query{}
	if p.accept("SHOW") {
		q.showEventTypes = true
		if err := p.expectAll("EVENT", "TYPES"); err != nil {
			return nil, err
		}
	}
	for p.peek().kind != endOfQuery {
		if err := p.clause(q); err != nil {
			return nil, err
		}
	}
	if q.showEventTypes {
		return q, nil
	}
	if len(q.selections) == 0 || len(q.from) == 0 {
		return nil, p.unexpected()
	}
	return q, checkMeaning(q)
}

// clause reads one clause. NRQL allows them in any order, each once.
func (p *parser) clause(q *query) (err error) {
	at := p.peek()
	if q.showEventTypes && !at.is("SINCE") && !at.is("UNTIL") && !at.is("LIMIT") {
		return p.unexpected()
	}
	switch {
	case at.is("SELECT") && q.selections == nil:
		p.advance()
		q.selections, err = listOf(p, p.selection)
	case at.is("FROM") && q.from == nil:
		p.advance()
		q.from, err = listOf(p, p.name)
	case at.is("WHERE") && q.where == nil:
		p.advance()
		q.where, err = p.condition()
	case at.is("SINCE") && q.since == nil:
		p.advance()
		q.since, err = p.moment()
	case at.is("UNTIL") && q.until == nil:
		p.advance()
		q.until, err = p.moment()
	case at.is("LIMIT") && q.limit == 0:
		p.advance()
		q.limit, err = p.limit(maxRows)
	case at.is("TIMESERIES") && !q.timeseries:
		p.advance()
		q.timeseries = true
		q.bucket, err = p.bucket()
	case at.is("FACET"), at.is("COMPARE"), at.is("ORDER"):
		return fmt.Errorf("%w: it knows no %s clause", errBeyond, strings.ToUpper(at.text))
	default:
		return p.unexpected()
	}
	return err
}

// listOf reads what read reads, once or several times with commas between.
func listOf[T any](p *parser, read func() (T, error)) ([]T, error) {
	var list []T
	for {
		one, err := read()
		if err != nil {
			return nil, err
		}
		if list = append(list, one); len(list) > maxListed {
			return nil, fmt.Errorf("%w: it reads lists of at most %d", errBeyond, maxListed)
		}
		if !p.accept(",") {
			return list, nil
		}
	}
}

func (p *parser) selection() (selection, error) {
	if p.accept("*") {
		return selection{attribute: "*"}, nil
	}
	name, err := p.name()
	if err != nil {
		return selection{}, err
	}
	s := selection{attribute: name}
	if p.accept("(") {
		if s, err = p.call(name); err != nil {
			return selection{}, err
		}
	}
	if p.accept("AS") {
		s.alias, err = p.alias()
	}
	return s, err
}

func (p *parser) alias() (string, error) {
	if p.peek().kind == quoted {
		return p.advance().text, nil
	}
	return p.name()
}

// call reads a function's arguments up to the closing parenthesis.
func (p *parser) call(name string) (selection, error) {
	s := selection{function: strings.ToLower(name)}
	var err error
	switch s.function {
	case "keyset":
	case "count":
		s.attribute, err = p.starOrName()
	case "percentage":
		s.where, err = p.percentageArguments()
	case "uniques":
		s.attribute, s.limit, err = p.uniquesArguments()
	case "average", "sum", "min", "max", "latest", "uniquecount":
		s.attribute, err = p.name()
	default:
		return s, fmt.Errorf("%w %s()", errUnknownFunction, name)
	}
	if err != nil {
		return s, err
	}
	return s, p.expect(")")
}

func (p *parser) starOrName() (string, error) {
	if p.accept("*") {
		return "*", nil
	}
	return p.name()
}

// percentageArguments reads count(*), WHERE …; the condition is what counts.
func (p *parser) percentageArguments() (condition, error) {
	if err := p.expectAll("count", "(", "*", ")", ",", "WHERE"); err != nil {
		return nil, err
	}
	return p.condition()
}

func (p *parser) uniquesArguments() (attribute string, limit int, err error) {
	if attribute, err = p.name(); err != nil {
		return "", 0, err
	}
	limit = defaultUniques
	if p.accept(",") {
		limit, err = p.limit(maxUniques)
	}
	return attribute, limit, err
}

func (p *parser) limit(highest int) (int, error) {
	if p.accept("MAX") {
		return highest, nil
	}
	t := p.peek()
	n, err := strconv.Atoi(t.text)
	if t.kind != number || err != nil || n < 1 {
		return 0, p.unexpected()
	}
	p.advance()
	return min(n, highest), nil
}

// bucket reads the width of a TIMESERIES; 0 means the default one.
func (p *parser) bucket() (time.Duration, error) {
	if p.accept("AUTO") || p.peek().kind != number {
		return 0, nil
	}
	return p.duration()
}

// layouts are the absolute times that NRQL reads, in UTC here.
var layouts = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02 15:04", "2006-01-02"}

func (p *parser) moment() (*moment, error) {
	t := p.peek()
	switch {
	case p.accept("NOW"):
		return &moment{}, nil
	case t.kind == quoted:
		for _, layout := range layouts {
			if at, err := time.Parse(layout, t.text); err == nil {
				p.advance()
				return &moment{absolute: at}, nil
			}
		}
		return nil, p.unexpected()
	case t.kind != number:
		return nil, p.unexpected()
	}
	if epochMillis, err := strconv.ParseInt(t.text, 10, 64); err == nil && epochMillis > 1e11 && epochMillis < 1e14 {
		p.advance()
		return &moment{absolute: time.UnixMilli(epochMillis)}, nil
	}
	ago, err := p.duration()
	if err != nil {
		return nil, err
	}
	return &moment{ago: ago}, p.expect("AGO")
}

var units = map[string]time.Duration{
	"second": time.Second, "minute": time.Minute, "hour": time.Hour,
	"day": 24 * time.Hour, "week": 7 * 24 * time.Hour, "month": 30 * 24 * time.Hour,
}

// longestDuration keeps arithmetic on windows far from overflow.
const longestDuration = 3 * 365 * 24 * time.Hour

func (p *parser) duration() (time.Duration, error) {
	amount := p.peek()
	n, err := strconv.Atoi(amount.text)
	if amount.kind != number || err != nil {
		return 0, p.unexpected()
	}
	p.advance()
	unit, ok := units[strings.TrimSuffix(strings.ToLower(p.peek().text), "s")]
	if !ok {
		return 0, p.unexpected()
	}
	p.advance()
	if n < 1 || int64(n) > int64(longestDuration/unit) {
		return 0, syntaxErrorf(amount, "unexpected '%s'", amount.text)
	}
	return time.Duration(n) * unit, nil
}

// checkMeaning refuses what parses but makes no sense together.
func checkMeaning(q *query) error {
	aggregates := 0
	for _, s := range q.selections {
		if s.function != "" {
			aggregates++
		}
	}
	if aggregates != 0 && aggregates != len(q.selections) {
		return fmt.Errorf("%w: it does not mix attributes and functions in one SELECT", errBeyond)
	}
	if q.timeseries && aggregates == 0 {
		return errRawTimeseries
	}
	if keysets := slices.ContainsFunc(q.selections, func(s selection) bool { return s.function == "keyset" }); keysets && (len(q.selections) > 1 || q.timeseries) {
		return fmt.Errorf("%w: it answers keyset() only on its own", errBeyond)
	}
	return nil
}
