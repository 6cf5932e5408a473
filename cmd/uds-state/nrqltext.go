package main

import (
	"strings"
	"unicode"
)

// nrqlName writes an attribute or event type into a query. Names come from the
// account, so any that is not a plain word goes in backticks.
func nrqlName(name string) string {
	plain := func(r rune) bool {
		return r == '_' || r == '.' || r == ':' || unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	startsWithDigit := name != "" && unicode.IsDigit(rune(name[0]))
	if name != "" && !startsWithDigit && strings.IndexFunc(name, func(r rune) bool { return !plain(r) }) < 0 {
		return name
	}
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}

// nrqlString writes a string literal.
func nrqlString(s string) string {
	return "'" + strings.NewReplacer("\\", "\\\\", "'", "\\'").Replace(s) + "'"
}
