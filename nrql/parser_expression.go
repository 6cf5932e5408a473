package nrql

// operand is a part of an expression that has been written, from at to the end of
// the output.
type operand struct {
	at     int
	shape  shape
	inside shape // of a group: what the parentheses are round
}

// shape is what holds an expression together, from the strongest on.
type shape uint8

const (
	atom shape = iota // a value, a name, a call, a subquery
	comparison
	arithmetic
	negation
	conjunction
	disjunction
	group // anything in parentheses
)

// expression reads a value or a condition; NRQL tells them apart by place.
func (p *parser) expression() operand {
	p.expressionDepth++
	if p.expressionDepth > maxExpressionDepth {
		p.fail()
	}
	o := p.disjunction()
	p.expressionDepth--
	return o
}

func (p *parser) disjunction() operand {
	first := p.conjunction()
	if !p.is(kwOr) {
		return first
	}
	p.bare(first)
	for p.accept(kwOr) {
		p.put(" OR ")
		p.bare(p.conjunction())
	}
	return operand{at: first.at, shape: disjunction}
}

func (p *parser) conjunction() operand {
	first := p.negation()
	if !p.is(kwAnd) {
		return first
	}
	p.bare(first)
	for p.accept(kwAnd) {
		p.put(" AND ")
		p.bare(p.negation())
	}
	return operand{at: first.at, shape: conjunction}
}

func (p *parser) negation() operand {
	at := len(p.out)
	for p.accept(kwNot) {
		p.put("NOT ")
	}
	o := p.comparison()
	if o.at == at {
		return o
	}
	return operand{at: at, shape: negation}
}

// bare takes the parentheses off an operand of AND or OR where they say nothing
// for certain: round one comparison or one value. Those round AND, OR and NOT
// stay, since the documentation does not say which of these binds stronger, and
// outside a WHERE clause all stay, since labels may be made of the text.
func (p *parser) bare(o operand) {
	if p.filtering && o.shape == group && (o.inside == comparison || o.inside == atom) {
		p.ungroup(o)
	}
}

// ungroup removes the parentheses of the last operand written.
func (p *parser) ungroup(o operand) {
	if p.failed {
		return
	}
	p.work += len(p.out) - o.at
	n := copy(p.out[o.at:], p.out[o.at+1:len(p.out)-1])
	p.out = p.out[:o.at+n]
}

// comparison reads an operand and what it is compared with, if anything.
func (p *parser) comparison() operand {
	o := p.operand()
	negated := false
	if p.is(kwNot) {
		switch p.following().keyword {
		case kwIn, kwLike, kwRlike:
			negated = true
			p.advance()
			p.put(" NOT")
		}
	}
	switch {
	case p.accept(kwIn):
		p.put(" IN ")
		p.members()
	case p.accept(kwLike):
		p.put(" LIKE ")
		p.operand()
	case p.accept(kwRlike):
		p.put(" RLIKE ")
		p.operand()
	case negated:
		p.fail()
	case p.accept(kwIs):
		p.state()
	case p.comparing():
		p.operator()
		p.operand()
	default:
		return o
	}
	return operand{at: o.at, shape: comparison}
}

// operator writes the operator that is next, and steps over it.
func (p *parser) operator() {
	p.put(" ")
	p.out = p.token.symbol.appendTo(p.out)
	p.put(" ")
	p.advance()
}

func (p *parser) comparing() bool {
	if p.token.kind != symbol {
		return false
	}
	switch p.token.symbol {
	case '=', '<', '>', notEqual, atMost, atLeast:
		return true
	}
	return false
}

// state reads what may follow IS.
func (p *parser) state() {
	p.put(" IS ")
	if p.accept(kwNot) {
		p.put("NOT ")
	}
	if !p.is(kwNull) && !p.is(kwTrue) && !p.is(kwFalse) {
		p.fail()
		return
	}
	p.put(p.token.keyword.String())
	p.advance()
}

// members reads what may follow IN: a list, or a subquery.
func (p *parser) members() {
	if p.beginsQuery() {
		p.subquery()
		return
	}
	p.expectSign('(')
	p.put("(")
	p.list(func(p *parser) { p.operand() })
	p.expectSign(')')
	p.put(")")
}

// beginsQuery reports whether a query in parentheses comes.
func (p *parser) beginsQuery() bool {
	if !p.isSign('(') || !p.wordFollows() {
		return false
	}
	switch p.following().keyword {
	case kwSelect, kwFrom, kwWith:
		return true
	}
	return false
}

// operand reads values that operators of arithmetic join. Which of them binds
// stronger need not be known: every parenthesis stays.
func (p *parser) operand() operand {
	first := p.signed()
	if !p.calculating() {
		return first
	}
	for p.calculating() {
		p.operator()
		p.signed()
	}
	return operand{at: first.at, shape: arithmetic}
}

func (p *parser) calculating() bool {
	return p.isSign('+') || p.isSign('-') || p.isSign('*') || p.isSign('/')
}

// signed reads a value with its signs. Two signs are kept apart, since -- begins
// a comment.
func (p *parser) signed() operand {
	at := len(p.out)
	for p.isSign('-') || p.isSign('+') {
		if len(p.out) > at {
			p.put(" ")
		}
		p.copyToken()
	}
	o := p.indexed()
	if o.at == at {
		return o
	}
	return operand{at: at, shape: arithmetic}
}

// indexed reads a value and the [index] that may follow it.
func (p *parser) indexed() operand {
	o := p.value()
	for p.acceptSign('[') {
		p.put("[")
		p.expression()
		p.expectSign(']')
		p.put("]")
		o = operand{at: o.at}
	}
	return o
}

func (p *parser) value() operand {
	at := len(p.out)
	switch {
	case p.beginsQuery():
		p.subquery()
	case p.acceptSign('('):
		p.put("(")
		inner := p.expression()
		p.expectSign(')')
		p.put(")")
		return p.grouped(at, inner)
	case p.token.kind == number:
		p.quantity()
	case p.token.kind == quotedText:
		p.copyToken()
	case p.is(kwTrue) || p.is(kwFalse) || p.is(kwNull):
		p.put(p.token.keyword.String())
		p.advance()
	case p.token.kind == word && p.precedes('('):
		p.call()
	default:
		p.name()
	}
	return operand{at: at}
}

// grouped returns a group that has been written, with one pair of parentheses
// where two say nothing more.
func (p *parser) grouped(at int, inner operand) operand {
	if p.filtering && inner.shape == group {
		p.ungroup(operand{at: at})
		return operand{at: at, shape: group, inside: inner.inside}
	}
	return operand{at: at, shape: group, inside: inner.shape}
}

// quantity reads a number, or a duration such as 1 minute.
func (p *parser) quantity() {
	p.copyToken()
	if unit := p.token.keyword; unit >= kwMillisecond {
		p.put(" ")
		p.put(unit.String())
		p.advance()
	}
}

// name reads an attribute or another name. Backticks go where the name is one
// without them.
func (p *parser) name() {
	switch {
	case p.token.kind == word && !p.token.keyword.reserved():
		p.copyToken()
	case p.token.kind == quotedName:
		spelled := p.spelled(p.token)
		if plain := spelled[1 : len(spelled)-1]; isPlain(plain) {
			spelled = plain
		}
		p.put(spelled)
		p.advance()
	default:
		p.fail()
	}
}

// isPlain reports whether a name means the same without backticks: letters,
// digits, underscores and single dots, and no keyword of any kind.
func isPlain(name string) bool {
	if name == "" || !isLetter(name[0]) {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if isLetter(c) || isDigit(c) || c == '_' {
			continue
		}
		if c != '.' || name[i-1] == '.' || i == len(name)-1 {
			return false
		}
	}
	return keywordOf(name) == notKeyword
}
