package nrql

// call reads a function and its arguments. Functions have no letter case.
func (p *parser) call() {
	if p.token.keyword.reserved() {
		p.fail()
		return
	}
	start := len(p.out)
	p.put(p.spelled(p.token))
	lower(p.out[start:])
	p.note(p.out[start:])
	p.advance()
	p.expectSign('(')
	p.put("(")
	filtering := p.filtering
	p.filtering = false
	if !p.isSign(')') {
		p.list((*parser).argument)
	}
	p.filtering = filtering
	p.expectSign(')')
	p.put(")")
}

func lower(text []byte) {
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			text[i] = c + 'a' - 'A'
		}
	}
}

// argument reads *, WHERE condition, name: value or a value, any of the last
// ones with AS label.
func (p *parser) argument() {
	switch {
	case p.isSign('*'):
		p.copyToken()
		return
	case p.accept(kwWhere):
		p.put("WHERE ")
		p.expression()
	case p.token.kind == word && p.precedes(':'):
		p.copyToken()
		p.advance()
		p.put(": ")
		p.named()
	default:
		p.expression()
	}
	p.label()
}

// named reads the value of a named argument, which may be a {list, of names}.
func (p *parser) named() {
	if !p.acceptSign('{') {
		p.expression()
		return
	}
	p.put("{")
	if !p.isSign('}') {
		p.list(func(p *parser) { p.operand() })
	}
	p.expectSign('}')
	p.put("}")
}
