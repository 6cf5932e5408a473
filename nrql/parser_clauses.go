package nrql

import "bytes"

// variable reads one definition of WITH … AS.
func (p *parser) variable() {
	p.expression()
	p.expect(kwAs)
	p.put(" AS ")
	p.alias()
}

// selections reads the list after SELECT.
func (p *parser) selections() {
	p.put("SELECT ")
	outermost := p.queryDepth == 1
	start := len(p.out)
	if outermost {
		p.facts.selecting = true
	}
	p.selection()
	p.facts.countsOnly = p.facts.countsOnly || outermost && !p.isSign(',') && isCount(p.out[start:])
	for p.acceptSign(',') {
		p.put(", ")
		p.selection()
	}
	if outermost {
		p.facts.selecting = false
	}
}

// isCount reports whether a selection is count(*), whatever its label.
func isCount(written []byte) bool {
	rest, ok := bytes.CutPrefix(written, []byte("count(*)"))
	return ok && (len(rest) == 0 || bytes.HasPrefix(rest, []byte(" AS ")))
}

func (p *parser) selection() {
	if p.isSign('*') {
		p.copyToken()
		return
	}
	p.expression()
	p.label()
}

// label reads AS and a name, where they come.
func (p *parser) label() {
	if p.accept(kwAs) {
		p.put(" AS ")
		p.alias()
	}
}

// alias reads a name, a 'name' or (several, names).
func (p *parser) alias() {
	if p.acceptSign('(') {
		p.put("(")
		p.list((*parser).name)
		p.expectSign(')')
		p.put(")")
		return
	}
	if p.token.kind == quotedText {
		p.copyToken()
		return
	}
	p.name()
}

// where reads a WHERE clause. Its outermost parentheses say nothing.
func (p *parser) where() {
	p.put("WHERE ")
	p.filtering = true
	if o := p.expression(); o.shape == group {
		p.ungroup(o)
	}
	p.filtering = false
}

// order reads an ORDER BY clause. ASC is the default.
func (p *parser) order() {
	p.expect(kwBy)
	p.put("ORDER BY ")
	p.list(func(p *parser) {
		p.expression()
		if !p.accept(kwAsc) && p.accept(kwDesc) {
			p.put(" DESC")
		}
	})
}

// facet reads a FACET clause with the ORDER BY that may follow at once, and then
// chooses facets instead of sorting rows.
func (p *parser) facet() {
	if p.queryDepth == 1 {
		p.facts.faceted = true
	}
	p.put("FACET ")
	p.list(func(p *parser) {
		p.expression()
		p.label()
	})
	if !p.accept(kwOrder) {
		return
	}
	p.expect(kwBy)
	p.put(" ORDER BY ")
	p.expression()
	if p.is(kwAsc) || p.is(kwDesc) { // documented to have no effect; kept as it is
		p.put(" ")
		p.put(p.token.keyword.String())
		p.advance()
	}
}

// limit reads LIMIT and OFFSET. LIMIT without a number means the default, as no
// LIMIT does.
func (p *parser) limit() {
	switch {
	case p.accept(kwMax):
		p.put("LIMIT MAX")
	case p.token.kind == number:
		p.put("LIMIT ")
		p.count()
	default:
		return
	}
	if p.accept(kwOffset) {
		p.put(" OFFSET ")
		p.count()
	}
}

// count reads a whole number.
func (p *parser) count() {
	if _, ok := wholeNumber(p.spelled(p.token)); !ok || p.token.kind != number {
		p.fail()
		return
	}
	p.copyToken()
}
