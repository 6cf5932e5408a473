package standin

import (
	"slices"
	"strconv"
	"strings"
)

// condition is a WHERE clause: true for the events that match.
type condition func(event) bool

// condition reads a disjunction; OR binds weakest, then AND, then NOT.
func (p *parser) condition() (condition, error) {
	return p.chain("OR", func() (condition, error) {
		return p.chain("AND", p.negation)
	})
}

// chain reads operands joined by a keyword.
func (p *parser) chain(keyword string, operand func() (condition, error)) (condition, error) {
	first, err := operand()
	if err != nil {
		return nil, err
	}
	all := []condition{first}
	for p.accept(keyword) {
		further, err := operand()
		if err != nil {
			return nil, err
		}
		all = append(all, further)
	}
	if len(all) == 1 {
		return first, nil
	}
	if keyword == "OR" {
		return func(e event) bool {
			return slices.ContainsFunc(all, func(c condition) bool { return c(e) })
		}, nil
	}
	return func(e event) bool {
		return !slices.ContainsFunc(all, func(c condition) bool { return !c(e) })
	}, nil
}

func (p *parser) negation() (condition, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, p.unexpected()
	}
	if p.accept("NOT") {
		inner, err := p.negation()
		if err != nil {
			return nil, err
		}
		return func(e event) bool { return !inner(e) }, nil
	}
	if p.accept("(") {
		inner, err := p.condition()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	}
	return p.comparison()
}

func (p *parser) comparison() (condition, error) {
	key, err := p.name()
	if err != nil {
		return nil, err
	}
	negated := p.accept("NOT")
	switch {
	case p.accept("IN"):
		return p.in(key, negated)
	case p.accept("LIKE"):
		return p.like(key, negated)
	case negated:
		return nil, p.unexpected()
	case p.accept("IS"):
		return p.is(key)
	}
	return p.compare(key)
}

// is reads [NOT] NULL, TRUE or FALSE.
func (p *parser) is(key string) (condition, error) {
	negated := p.accept("NOT")
	var wanted any
	switch {
	case p.accept("NULL"):
	case p.accept("TRUE"):
		wanted = true
	case p.accept("FALSE"):
		wanted = false
	default:
		return nil, p.unexpected()
	}
	return func(e event) bool { return (e.value(key) == wanted) != negated }, nil
}

func (p *parser) in(key string, negated bool) (condition, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	values := make(map[any]bool)
	for {
		v, err := p.literal()
		if err != nil {
			return nil, err
		}
		values[v] = true
		if !p.accept(",") {
			break
		}
	}
	return func(e event) bool { return values[e.value(key)] != negated }, p.expect(")")
}

// like matches a pattern in which % stands for anything.
func (p *parser) like(key string, negated bool) (condition, error) {
	t := p.peek()
	if t.kind != quoted {
		return nil, p.unexpected()
	}
	parts := strings.Split(p.advance().text, "%")
	return func(e event) bool {
		s, isText := e.value(key).(string)
		return isText && matchesParts(s, parts) != negated
	}, nil
}

// matchesParts reports whether s is the parts in order with anything between.
func matchesParts(s string, parts []string) bool {
	last := len(parts) - 1
	if last == 0 {
		return s == parts[0]
	}
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(s, part)
		if !found {
			return false
		}
		s = after
	}
	return strings.HasSuffix(s, parts[last])
}

func (p *parser) compare(key string) (condition, error) {
	operator := p.peek()
	if operator.kind != symbol || !slices.Contains([]string{"=", "!=", "<", "<=", ">", ">="}, operator.text) {
		return nil, p.unexpected()
	}
	p.advance()
	wanted, err := p.literal()
	if err != nil {
		return nil, err
	}
	return func(e event) bool { return holds(e.value(key), operator.text, wanted) }, nil
}

// holds compares two values of the same type; of different ones only != holds.
func holds(have any, operator string, wanted any) bool {
	switch operator {
	case "=":
		return have == wanted
	case "!=":
		return have != wanted
	}
	a, haveNumber := have.(float64)
	b, wantNumber := wanted.(float64)
	if !haveNumber || !wantNumber {
		return false
	}
	switch operator {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	default:
		return a >= b
	}
}

// literal reads a string, a number or a boolean.
func (p *parser) literal() (any, error) {
	t := p.peek()
	switch {
	case t.kind == quoted:
		return p.advance().text, nil
	case p.accept("TRUE"):
		return true, nil
	case p.accept("FALSE"):
		return false, nil
	}
	sign := 1.0
	if p.accept("-") {
		sign = -1
	}
	t = p.peek()
	value, err := strconv.ParseFloat(t.text, 64)
	if t.kind != number || err != nil {
		return nil, p.unexpected()
	}
	p.advance()
	return sign * value, nil
}
