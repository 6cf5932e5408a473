// Package nrqltext writes names and strings into NRQL.
//
// Names and values come from accounts, and from clients. NerdGraph has no
// parameters for NRQL, so what is written into a query must stay one name or one
// string there, whatever it holds.
package nrqltext

import (
	"strings"
	"unicode"

	"github.com/uds-platform/state/nrql"
)

// Name writes an attribute or event type: as it is where it is a plain word and no
// keyword, and else in backticks.
func Name(name string) string {
	if plain(name) && !keyword(name) {
		return name
	}
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}

func plain(name string) bool {
	if name == "" || unicode.IsDigit(rune(name[0])) {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool {
		return r != '_' && r != '.' && r != ':' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) < 0
}

// keyword reports whether a plain word would be read as something else than a
// name. It asks the one who knows the grammar.
func keyword(word string) bool {
	if len(word) > longestKeyword {
		return false
	}
	q := nrql.Read("SELECT " + word + " FROM " + word)
	return !q.Understood || len(q.EventTypes) != 1 || q.EventTypes[0] != word
}

const longestKeyword = len("extrapolate")

// String writes a string literal.
func String(s string) string {
	return "'" + strings.NewReplacer("\\", "\\\\", "'", "\\'").Replace(s) + "'"
}
