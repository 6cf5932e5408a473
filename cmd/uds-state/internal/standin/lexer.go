package standin

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind tells the words of a query apart.
type tokenKind int

const (
	endOfQuery tokenKind = iota
	word                 // keyword, attribute, function or event type
	quoted               // 'a string'
	number
	symbol // ( ) , * = != < <= > >= + - …
)

// token is one word of a query, with its 1-based position for error messages.
type token struct {
	kind     tokenKind
	text     string
	line     int
	position int
	// escaped is true for a `word in backticks`, which is never a keyword.
	escaped bool
}

// is reports whether the token is a keyword or symbol, whatever its case.
func (t token) is(keyword string) bool {
	if t.escaped || t.kind != word && t.kind != symbol {
		return false
	}
	return strings.EqualFold(t.text, keyword)
}

// lex splits a query into tokens; the last one is always endOfQuery.
func lex(nrql string) ([]token, error) {
	l := lexer{rest: nrql, line: 1, position: 1}
	var tokens []token
	for {
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		if t.kind == endOfQuery {
			return tokens, nil
		}
	}
}

type lexer struct {
	rest     string
	line     int
	position int
}

func (l *lexer) next() (token, error) {
	l.skipSpace()
	t := token{line: l.line, position: l.position}
	if l.rest == "" {
		return t, nil
	}
	switch c := l.rest[0]; {
	case c == '\'':
		return l.quotedToken(t, quoted, '\'')
	case c == '`':
		t.escaped = true
		return l.quotedToken(t, word, '`')
	case c >= '0' && c <= '9':
		t.kind, t.text = number, l.take(l.lengthWhile(isNumberRune))
	case isWordRune(l.firstRune()):
		t.kind, t.text = word, l.take(l.lengthWhile(isWordRune))
	default:
		t.kind, t.text = symbol, l.take(l.symbolLength())
	}
	return t, nil
}

// quotedToken reads up to the closing quote; a backslash escapes the next rune.
func (l *lexer) quotedToken(t token, kind tokenKind, quote rune) (token, error) {
	t.kind = kind
	var content strings.Builder
	escape := false
	for i, r := range l.rest[1:] {
		switch {
		case escape:
			content.WriteRune(r)
			escape = false
		case r == '\\':
			escape = true
		case r == quote:
			t.text = content.String()
			l.take(1 + i + utf8.RuneLen(r))
			return t, nil
		default:
			content.WriteRune(r)
		}
	}
	return t, syntaxErrorf(t, "perhaps unterminated %c", quote)
}

func (l *lexer) skipSpace() { l.take(l.lengthWhile(unicode.IsSpace)) }

func (l *lexer) firstRune() rune {
	r, _ := utf8.DecodeRuneInString(l.rest)
	return r
}

func (l *lexer) lengthWhile(belongs func(rune) bool) int {
	for i, r := range l.rest {
		if !belongs(r) {
			return i
		}
	}
	return len(l.rest)
}

func (l *lexer) symbolLength() int {
	if len(l.rest) > 1 {
		switch l.rest[:2] {
		case "!=", "<=", ">=":
			return 2
		}
	}
	_, size := utf8.DecodeRuneInString(l.rest)
	return size
}

// take consumes n bytes and keeps count of lines and positions.
func (l *lexer) take(n int) string {
	taken := l.rest[:n]
	l.rest = l.rest[n:]
	for _, r := range taken {
		if r == '\n' {
			l.line++
			l.position = 1
			continue
		}
		l.position++
	}
	return taken
}

func isWordRune(r rune) bool {
	return r == '_' || r == '.' || r == ':' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

func isNumberRune(r rune) bool { return r == '.' || r >= '0' && r <= '9' }
