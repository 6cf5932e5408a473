package nrql

// Query is what can be read off a query's text. It is made by Read, never
// changes, and is safe to share; treat its slices as read-only.
type Query struct {
	// Canonical is the text in its canonical form: two queries with the same
	// one mean the same. It is the text unchanged where that was not
	// understood. It names a query in a cache; run the text that was written.
	Canonical string
	// Understood is false where the text could not be read: then there is
	// nothing else to know, and the answer is worth little time in a cache.
	// Count these.
	Understood bool
	// Kind is what the query asks for.
	Kind Kind
	// EventTypes are the types of event that it reads, subqueries included,
	// each once, sorted.
	EventTypes []string
	// Lookups are the lookup tables that it reads, each once, sorted.
	Lookups []string

	outer    span
	inner    []span
	compared int64 // milliseconds of COMPARE WITH, 0 for none
	volatile bool
}

// Read reads a query. It never fails: what it does not understand, and what is
// longer than MaxBytes, is returned as it is.
//
// Whatever the text, it takes time and memory in proportion to its length.
func Read(text string) Query {
	q, _ := read(text)
	return q
}

// read also returns what it cost, in bytes scanned and moved.
func read(text string) (q Query, work int) {
	q = Query{Canonical: text}
	if len(text) > MaxBytes {
		return q, 0
	}
	p := parser{lexer: lexer{text: text}}
	room := make([]byte, 2*(len(text)+len(text)/4)) // enough for most
	p.out, p.scratch = room[:0:len(room)/2], room[len(room)/2:len(room)/2]
	p.advance()
	p.query()
	if p.token.kind != endOfText {
		p.fail()
	}
	if p.failed || len(p.out) > MaxBytes {
		return q, p.work
	}
	f := &p.facts
	f.sort()
	return Query{
		Canonical:  string(p.out),
		Understood: true,
		Kind:       f.kind(),
		EventTypes: f.eventTypes,
		Lookups:    f.lookups,
		outer:      f.outer,
		inner:      f.inner,
		compared:   f.compared,
		volatile:   f.volatile,
	}, p.work
}
