package nrql

// tokenKind tells the smallest parts of a query apart.
type tokenKind uint8

const (
	// endOfText ends every text; a parser that has failed sees nothing else.
	endOfText tokenKind = iota
	// unreadable is what no part of NRQL begins with, or what has no end.
	unreadable
	// word is a keyword, an attribute, a function or an event type.
	word
	// quotedName is a `name in backticks`, which is never a keyword.
	quotedName
	// quotedText is 'a string', "a string" or r'a pattern'.
	quotedText
	// number has no sign.
	number
	// symbol is an operator or a bracket.
	symbol
)

// token is one of them: where it stands in the text, and what it may mean.
type token struct {
	kind    tokenKind
	keyword keyword // of a word; notKeyword for most
	symbol  sign    // of a symbol
	start   int
	end     int
}

// sign is an operator or a bracket: its character, or one of the names below
// where it has two.
type sign byte

const (
	notEqual sign = 'n' // !=
	atMost   sign = 'l' // <=
	atLeast  sign = 'g' // >=
)

// appendTo writes a sign.
func (s sign) appendTo(out []byte) []byte {
	switch s {
	case notEqual:
		return append(out, "!="...)
	case atMost:
		return append(out, "<="...)
	case atLeast:
		return append(out, ">="...)
	}
	return append(out, byte(s))
}
