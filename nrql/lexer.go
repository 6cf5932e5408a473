package nrql

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lexer cuts a text into tokens, one at a time and only when asked, so that
// reading takes no memory for them. It is small and copied to look ahead.
//
// It knows nothing of the grammar, and it guesses nothing: where the extent of a
// string or a comment is not certain, the token is unreadable. A wrong guess
// there would let two queries that differ share a key.
type lexer struct {
	text string
	at   int
}

// next returns the next token and steps over it.
func (l *lexer) next() token {
	if !l.skip() {
		return token{kind: unreadable, start: l.at, end: len(l.text)}
	}
	t := token{start: l.at}
	if l.at == len(l.text) {
		t.end = l.at
		return t
	}
	switch c := l.text[l.at]; {
	case c == '\'' || c == '"':
		t.kind = l.quoted(c, quotedText)
	case c == '`':
		t.kind = l.quoted(c, quotedName)
	case c == 'r' && strings.HasPrefix(l.text[l.at+1:], "'"):
		l.at++
		t.kind = l.pattern()
	case isDigit(c) || c == '.' && l.digitAt(l.at+1):
		t.kind = l.number()
	case l.wordRune(l.at, true) > 0:
		l.word()
		t.kind, t.keyword = word, keywordOf(l.text[t.start:l.at])
	default:
		t.kind, t.symbol = l.symbol(c)
	}
	t.end = l.at
	return t
}

// skip steps over white space and comments. It is false for a comment without a
// certain end.
func (l *lexer) skip() bool {
	for l.at < len(l.text) {
		rest := l.text[l.at:]
		switch {
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\n' || rest[0] == '\r':
			l.at++
		case strings.HasPrefix(rest, "--") || strings.HasPrefix(rest, "//"):
			if !l.line(rest) {
				return false
			}
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return false
			}
			l.at += 2 + end + 2
		default:
			return true
		}
	}
	return true
}

// line steps over a comment that ends with its line. Whether a carriage return
// alone ends a line is not documented.
func (l *lexer) line(rest string) bool {
	end := strings.IndexByte(rest, '\n')
	if end < 0 {
		end = len(rest)
	}
	l.at += end
	lone := strings.IndexByte(rest[:end], '\r')
	return lone < 0 || lone == end-1 && end < len(rest)
}

// quoted steps over a string or a name. A backslash takes the next byte with it.
func (l *lexer) quoted(quote byte, kind tokenKind) tokenKind {
	for i := l.at + 1; i < len(l.text); i++ {
		switch l.text[i] {
		case '\\':
			i++
		case quote:
			l.at = i + 1
			return kind
		}
	}
	l.at = len(l.text)
	return unreadable
}

// pattern steps over the quotes of r'…'. Whether a backslash takes the quote with
// it is not documented there, so such a pattern is not read.
func (l *lexer) pattern() tokenKind {
	end := strings.IndexByte(l.text[l.at+1:], '\'')
	if end < 0 {
		l.at = len(l.text)
		return unreadable
	}
	inside := l.text[l.at+1 : l.at+1+end]
	l.at += end + 2
	if strings.HasSuffix(inside, `\`) {
		return unreadable
	}
	return quotedText
}

// number steps over digits with a fraction and an exponent. 5minutes is not one.
func (l *lexer) number() tokenKind {
	l.digits()
	if l.at < len(l.text) && l.text[l.at] == '.' && l.digitAt(l.at+1) {
		l.at++
		l.digits()
	}
	if l.at < len(l.text) && l.text[l.at]|0x20 == 'e' {
		exponent := l.at + 1
		if exponent < len(l.text) && (l.text[exponent] == '+' || l.text[exponent] == '-') {
			exponent++
		}
		if l.digitAt(exponent) {
			l.at = exponent
			l.digits()
		}
	}
	if l.wordRune(l.at, false) > 0 {
		return unreadable
	}
	return number
}

func (l *lexer) digits() {
	for l.digitAt(l.at) {
		l.at++
	}
}

func (l *lexer) digitAt(i int) bool { return i < len(l.text) && isDigit(l.text[i]) }

// word steps over a name: a dot or a colon belongs to it where more of the name
// follows at once. So k8s:pod is one name, and in t:0.5 and t: 0.5 the colon
// stands by itself.
func (l *lexer) word() {
	for {
		for l.at < len(l.text) && inWord[l.text[l.at]] {
			l.at++
		}
		if n := l.wordRune(l.at, false); n > 0 { // not of ASCII
			l.at += n
			continue
		}
		if l.at == len(l.text) {
			return
		}
		switch l.text[l.at] {
		case '.':
			if l.wordRune(l.at+1, false) == 0 {
				return
			}
		case ':':
			if l.wordRune(l.at+1, true) == 0 {
				return
			}
		default:
			return
		}
		l.at++
	}
}

// wordRune returns the size of the letter, digit or underscore at i, or 0. The
// first of a word is no digit.
func (l *lexer) wordRune(i int, first bool) int {
	if i >= len(l.text) {
		return 0
	}
	c := l.text[i]
	if c < utf8.RuneSelf {
		if inWord[c] && !(first && isDigit(c)) {
			return 1
		}
		return 0
	}
	r, n := utf8.DecodeRuneInString(l.text[i:])
	if unicode.IsLetter(r) || unicode.IsDigit(r) && !first {
		return n
	}
	return 0
}

func (l *lexer) symbol(c byte) (tokenKind, sign) {
	if l.at+1 < len(l.text) && l.text[l.at+1] == '=' {
		var two sign
		switch c {
		case '!':
			two = notEqual
		case '<':
			two = atMost
		case '>':
			two = atLeast
		}
		if two != 0 {
			l.at += 2
			return symbol, two
		}
	}
	l.at++
	if strings.IndexByte("()[]{},:=<>+-*/", c) < 0 {
		return unreadable, 0
	}
	return symbol, sign(c)
}

// inWord says which bytes of ASCII belong to words.
var inWord = func() (t [256]bool) {
	for c := range byte(utf8.RuneSelf) {
		t[c] = isLetter(c) || isDigit(c) || c == '_'
	}
	return t
}()

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
