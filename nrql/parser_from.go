package nrql

import (
	"slices"
	"strings"
)

// sources reads the list after FROM, and the JOINs that follow it.
func (p *parser) sources() {
	p.put("FROM ")
	p.list((*parser).source)
	for p.is(kwJoin) || p.is(kwInner) || p.is(kwLeft) {
		p.join()
	}
}

// source reads an event type, a lookup table, or a query in parentheses.
func (p *parser) source() {
	if p.isSign('(') {
		p.subquery()
		return
	}
	start := len(p.out)
	if p.token.kind == word && p.precedes('(') {
		p.lookup(start)
		return
	}
	p.name()
	p.remember(&p.facts.eventTypes, string(p.out[start:]))
}

// lookup reads lookup(table), the one function that stands for a source.
func (p *parser) lookup(start int) {
	p.call()
	table, ok := strings.CutPrefix(string(p.out[start:]), "lookup(")
	if !ok {
		p.fail()
		return
	}
	p.remember(&p.facts.lookups, strings.TrimSuffix(table, ")"))
}

// remember adds a name to a list of different ones.
func (p *parser) remember(names *[]string, name string) {
	if p.failed || slices.Contains(*names, rawName(name)) {
		return
	}
	if len(*names) == maxNames {
		p.fail()
		return
	}
	*names = append(*names, rawName(name))
}

// rawName takes the backticks off a written name.
func rawName(name string) string {
	if len(name) < 2 || name[0] != '`' {
		return name
	}
	name = name[1 : len(name)-1]
	if strings.IndexByte(name, '\\') < 0 {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '\\' && i+1 < len(name) {
			i++
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// join reads a JOIN, which is an inner one unless it says LEFT, and its key: ON
// key is short for ON key = key.
func (p *parser) join() {
	if p.accept(kwLeft) {
		p.put(" LEFT")
	} else {
		p.accept(kwInner)
	}
	p.expect(kwJoin)
	p.put(" JOIN ")
	p.subquery()
	p.expect(kwOn)
	p.put(" ON ")
	outer := len(p.out)
	p.operand()
	if !p.acceptSign('=') {
		return
	}
	inner := len(p.out)
	p.name()
	if string(p.out[outer:inner]) == string(p.out[inner:]) {
		p.out = p.out[:inner]
		return
	}
	name := string(p.out[inner:])
	p.out = append(p.out[:inner], " = "...)
	p.put(name)
}

// subquery reads a query in parentheses.
func (p *parser) subquery() {
	p.expectSign('(')
	p.put("(")
	p.query()
	p.expectSign(')')
	p.put(")")
}
