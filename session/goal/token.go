package goal

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a word, or a text in quotes.
//
// A word is a run of letters and digits with single marks inside it that names
// and dates are written with: - _ . ' : @ # / % and so on. That keeps
// checkout-service, http.statusCode, 2026-11-03T14:00 and don't in one piece.
// What lies between words is forgotten but for whether it ends a clause.
//
// INVARIANT: as many tokens as bytes, at most; start < end.
type token struct {
	raw    string // as written, without quotes
	word   string // folded: see fold; "" for what is quoted
	quoted bool
	// brk is the mark before the token that ends a clause: . ; : ? ! or a line's
	// end; or a comma, which only may; else 0.
	brk byte
}

// cut returns the text that is read of s: valid, and at most MaxBytes. It looks
// at no more of s than that.
func cut(s string) (text string, truncated bool) {
	if len(s) > MaxBytes {
		end := MaxBytes
		for end > MaxBytes-utf8.UTFMax && !utf8.RuneStart(s[end]) {
			end--
		}
		s, truncated = s[:end], true
	}
	text = strings.ToValidUTF8(s, "")
	return text, truncated
}

// tokenise splits a text.
func tokenise(text string) []token {
	tokens := make([]token, 0, 4+len(text)/5)
	var brk byte
	closes := newClosings(text)
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			end := wordEnd(text, i)
			tokens = append(tokens, token{raw: text[i:end], word: fold(text[i:end]), brk: brk})
			brk, i = 0, end
			continue
		}
		if end := closes.find(i, r); end > i+size {
			_, width := utf8.DecodeRuneInString(text[end:])
			tokens = append(tokens, token{raw: strings.TrimSpace(text[i+size : end]), quoted: true, brk: brk})
			brk, i = 0, end+width
			continue
		}
		brk = stronger(brk, r)
		i += size
	}
	return tokens
}

// stronger keeps the mark that ends more.
func stronger(brk byte, r rune) byte {
	switch r {
	case '.', ';', ':', '?', '!', '\n', '\u2026', '\u3002':
		return '.'
	case ',', '(', ')', '\u2013', '\u2014':
		if brk == 0 {
			return ','
		}
	}
	return brk
}

// wordEnd returns where the word ends that begins at i.
func wordEnd(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			i += size
		case strings.ContainsRune("-_.'\u2019:@/+%$", r) && followed(text, i+size):
			i += size
		default:
			return i
		}
	}
	return i
}

// followed says whether a letter or a digit stands at i.
func followed(text string, i int) bool {
	r, _ := utf8.DecodeRuneInString(text[i:])
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// closings knows where quotes close. A quote that opens and never closes is no
// quote, and to look for its end again for every such mark would take quadratic
// time: each kind's last place is found once.
type closings struct {
	text string
	last [quoteKinds]int
}

const quoteKinds = 6

// quotes are the marks that open a name, and those that close it.
var quotes = [quoteKinds]struct{ open, close rune }{{'\'', '\''}, {'"', '"'}, {'`', '`'}, {'\u201c', '\u201d'}, {'\u2018', '\u2019'}, {'\u00ab', '\u00bb'}}

// maxQuoted bounds a quoted name, and with it the work for each quote.
const maxQuoted = 128

func newClosings(text string) *closings {
	c := &closings{text: text}
	for k, q := range quotes {
		c.last[k] = strings.LastIndex(text, string(q.close))
	}
	return c
}

// find returns where what the mark r at i opens is closed, on the same line; else 0.
func (c *closings) find(i int, r rune) int {
	for k, q := range quotes {
		if q.open != r {
			continue
		}
		from := i + utf8.RuneLen(r)
		if c.last[k] < from {
			return 0
		}
		window := c.text[from:min(len(c.text), from+maxQuoted)]
		if line := strings.IndexByte(window, '\n'); line >= 0 {
			window = window[:line]
		}
		if at := strings.Index(window, string(q.close)); at > 0 && strings.TrimSpace(window[:at]) != "" {
			return from + at
		}
		return 0
	}
	return 0
}

// fold gives words one form: small letters, no possessive, no plural. It is
// rough; all that matters is that lexicon and text are folded alike.
func fold(raw string) string {
	w := strings.ToLower(raw)
	if strings.Contains(w, "\u2019") {
		w = strings.ReplaceAll(w, "\u2019", "'")
	}
	w = strings.TrimSuffix(w, "'s")
	n := len(w)
	if n < 4 || w[n-1] != 's' {
		return w
	}
	switch {
	case strings.HasSuffix(w, "ss"), strings.HasSuffix(w, "us"), strings.HasSuffix(w, "is"):
		return w
	case strings.HasSuffix(w, "ies") && n > 4:
		return w[:n-3] + "y"
	case strings.HasSuffix(w, "sses"), strings.HasSuffix(w, "xes"), strings.HasSuffix(w, "shes"):
		return w[:n-2]
	}
	return w[:n-1]
}
