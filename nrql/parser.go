package nrql

// The bounds of what is read. Anything beyond them is passed through.
const (
	// MaxBytes is the longest text that is read, and the longest canonical form
	// that is made. NRDB takes 4 KB.
	MaxBytes = 64 << 10
	// maxExpressionDepth bounds how deeply expressions nest, in all.
	maxExpressionDepth = 64
	// maxQueryDepth bounds how deeply queries nest. The canonical form of a
	// query is put in order once for each query round it.
	maxQueryDepth = 8
	// maxSlack is by how much what is written may exceed MaxBytes meanwhile.
	maxSlack = 1 << 10
	// maxNames bounds the event types and the lookup tables.
	maxNames = 64
	// maxSpans bounds the subqueries that have a time range of their own.
	maxSpans = 16
)

// parser reads a query by recursive descent and writes its canonical form as it
// goes: there is no tree. Each clause is written where it is met, and the
// clauses of a query are put in order at its end.
//
// A failure is final and is kept, not returned: after it the parser sees only the
// end of the text, so that every loop ends, and what it has written is thrown
// away.
//
// Rejected: a tree that is printed afterwards. It would be the larger half of
// what a read allocates, and nothing else would look at it.
type parser struct {
	lexer
	token  token
	out    []byte
	failed bool

	// INVARIANT: expressionDepth ≤ maxExpressionDepth + 1 and
	// queryDepth ≤ maxQueryDepth + 1.
	expressionDepth int
	queryDepth      int

	// filtering is set within the condition of a WHERE clause, where no part of
	// the text can become a label of the answer.
	filtering bool

	// work counts bytes scanned and bytes moved: what reading costs.
	work int

	scratch []byte // of inOrder
	facts   facts
}

// advance steps to the next token.
func (p *parser) advance() {
	before := p.at
	p.token = p.next()
	p.work += p.at - before + 1
	if p.token.kind == unreadable {
		p.fail()
	}
}

// fail gives the query up.
func (p *parser) fail() {
	p.failed = true
	p.at = len(p.text)
	p.token = token{start: p.at, end: p.at}
}

// following returns the token after the current one.
func (p *parser) following() token {
	ahead := p.lexer
	t := ahead.next()
	p.work += ahead.at - p.at
	return t
}

// precedes reports whether a one-character sign follows the current token.
func (p *parser) precedes(s sign) bool { return p.peek() == byte(s) }

// wordFollows reports whether a letter of a keyword follows the current token.
func (p *parser) wordFollows() bool { return isLetter(p.peek()) }

// peek returns the first byte of the next token, or 0: most decisions need no
// more, and following reads a whole token.
func (p *parser) peek() byte {
	if p.at < len(p.text) && p.text[p.at] > ' ' && p.text[p.at] != '-' && p.text[p.at] != '/' {
		return p.text[p.at] // neither space nor a comment
	}
	ahead := p.lexer
	ok := ahead.skip()
	p.work += ahead.at - p.at
	if !ok || ahead.at == len(ahead.text) {
		return 0
	}
	return ahead.text[ahead.at]
}

func (p *parser) is(k keyword) bool { return p.token.keyword == k }

// accept steps over a keyword where it is next.
func (p *parser) accept(k keyword) bool {
	if !p.is(k) {
		return false
	}
	p.advance()
	return true
}

func (p *parser) expect(k keyword) {
	if !p.accept(k) {
		p.fail()
	}
}

func (p *parser) isSign(s sign) bool { return p.token.symbol == s && p.token.kind == symbol }

// acceptSign steps over a sign where it is next.
func (p *parser) acceptSign(s sign) bool {
	if !p.isSign(s) {
		return false
	}
	p.advance()
	return true
}

func (p *parser) expectSign(s sign) {
	if !p.acceptSign(s) {
		p.fail()
	}
}

// put writes.
func (p *parser) put(text string) { p.out = append(p.out, text...) }

// copyToken writes the current token as it stands and steps over it. It ends what
// has become too long to be kept; at most open parentheses, a zone and a
// repeated key are taken away again.
func (p *parser) copyToken() {
	p.put(p.spelled(p.token))
	if len(p.out) > MaxBytes+maxSlack {
		p.fail()
		return
	}
	p.advance()
}

func (p *parser) spelled(t token) string { return p.text[t.start:t.end] }

// list reads what read reads, once or several times with commas between.
func (p *parser) list(read func(*parser)) {
	read(p)
	for p.acceptSign(',') {
		p.put(", ")
		read(p)
	}
}
