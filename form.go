package state

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// form is the text of a query with a gap in place of the event type that it
// reads, or the whole text where it reads none, or several.
type form string

// gap stands for the event type. No query that is learned from has it.
const gap = "\x00"

// formMark tells a form that is a tool from a tool's name.
const formMark = "\x00form\x00"

// formOf leaves the subject out wherever it follows FROM. It need not be exact: a
// wrong form makes a query that nobody asks for.
func formOf(text, subject string) form {
	if subject == "" {
		return form(text)
	}
	var b strings.Builder
	rest := text
	for {
		at := strings.Index(rest, subject)
		if at < 0 {
			break
		}
		end := at + len(subject)
		before := text[:len(text)-len(rest)+at]
		if readFrom(before) && !continuesName(rest[end:]) {
			b.WriteString(rest[:at] + gap)
		} else {
			b.WriteString(rest[:end])
		}
		rest = rest[end:]
	}
	b.WriteString(rest)
	return form(b.String())
}

// readFrom reports whether a text ends with FROM, and perhaps a backtick.
func readFrom(before string) bool {
	word := strings.TrimRightFunc(strings.TrimSuffix(before, "`"), unicode.IsSpace)
	if len(word) == len(strings.TrimSuffix(before, "`")) || len(word) < len("FROM") {
		return false
	}
	at := len(word) - len("FROM")
	return strings.EqualFold(word[at:], "FROM") && !endsInName(word[:at])
}

func endsInName(s string) bool {
	r, size := utf8.DecodeLastRuneInString(s)
	return size > 0 && isNameRune(r)
}

func continuesName(s string) bool {
	r, size := utf8.DecodeRuneInString(s)
	return size > 0 && isNameRune(r)
}

func isNameRune(r rune) bool {
	return r == '_' || r == ':' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// fill puts an event type into the gap. It is not ok where there is a gap and no
// event type, or one that can't be written.
func (f form) fill(subject string) (text string, ok bool) {
	text = string(f)
	if !strings.Contains(text, gap) {
		return text, true
	}
	if subject == "" || strings.ContainsAny(subject, "`\\"+gap) {
		return "", false
	}
	text = strings.ReplaceAll(text, "`"+gap+"`", "`"+subject+"`")
	if strings.IndexFunc(subject, func(r rune) bool { return !isNameRune(r) }) >= 0 || unicode.IsDigit(rune(subject[0])) {
		subject = "`" + subject + "`"
	}
	return strings.ReplaceAll(text, gap, subject), true
}

// tool is the form as a template's tool, for queries that are calls of their own.
func (f form) tool() string { return formMark + string(f) }

func formOfTool(tool string) (form, bool) {
	text, ok := strings.CutPrefix(tool, formMark)
	return form(text), ok
}

// QueryOfTool returns the query that a warm.Template's tool stands for, with NUL in
// place of the event type; false where it is the name of a tool. An Expander has to
// know that, and whoever looks at what was learned.
func QueryOfTool(tool string) (query string, ok bool) {
	f, ok := formOfTool(tool)
	return string(f), ok
}
