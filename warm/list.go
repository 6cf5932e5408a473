package warm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// ErrList is matched by the error of a list of items that cannot be read. The
// error names the line.
var ErrList = errors.New("warm: bad list")

const (
	// MaxListBytes bounds the list that ReadItems takes.
	MaxListBytes = 4 << 20
	// MaxListItems bounds how many items are in it.
	MaxListItems = 10_000
	// MaxQueryBytes bounds one item's query.
	MaxQueryBytes = 64 << 10

	maxKindBytes = 64
)

// ReadItems reads a list of items, in one of two forms. As text it has one entry
// a line, an account and a query:
//
//	# the schemas of the production account
//	1234567 SHOW EVENT TYPES
//	1234567 SELECT keyset() FROM Transaction SINCE 1 hour ago
//
// Blank lines and lines that begin with # mean nothing. A list that begins with [
// is JSON:
//
//	[{"account": 1234567, "query": "SHOW EVENT TYPES"},
//	 {"account": 1234567, "kind": "schema", "query": "Transaction"}]
//
// The list may come from anybody: what is too large, not UTF-8, or not of the
// form is refused as a whole, with an error that matches ErrList and names the
// line. An item that occurs twice is kept twice; Preload loads it once.
func ReadItems(r io.Reader) ([]Item, error) {
	list, err := io.ReadAll(io.LimitReader(r, MaxListBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrList, err)
	}
	if len(list) > MaxListBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrList, MaxListBytes)
	}
	list = bytes.TrimPrefix(list, []byte("\ufeff"))
	if at := firstInvalid(list); at >= 0 {
		return nil, lineFault(lineOf(list, at), "it is not UTF-8 text")
	}
	if bytes.HasPrefix(bytes.TrimLeft(list, jsonSpace), []byte("[")) {
		return readJSON(list)
	}
	return readText(list)
}

func readText(list []byte) (items []Item, err error) {
	number := 0
	for line := range bytes.Lines(list) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		item, problem := readLine(line)
		if problem != "" {
			return nil, lineFault(number, problem)
		}
		if items, err = appendItem(items, item, number); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// readLine reads one entry, or says what is wrong with it.
func readLine(line []byte) (item Item, problem string) {
	end := bytes.IndexAny(line, " \t")
	if end < 0 {
		return Item{}, fmt.Sprintf("%.40q: want an account number, a space, and a query", line)
	}
	account, err := strconv.Atoi(string(line[:end]))
	if err != nil {
		return Item{}, fmt.Sprintf("account %.40q: want a positive number", line[:end])
	}
	return Item{Account: account, Query: string(bytes.TrimSpace(line[end:]))}, ""
}

// appendItem adds an item if it is in order and there is room.
func appendItem(items []Item, item Item, line int) ([]Item, error) {
	if problem := item.problem(); problem != "" {
		return nil, lineFault(line, problem)
	}
	if len(items) == MaxListItems {
		return nil, lineFault(line, fmt.Sprintf("it is item %d; want at most %d", len(items)+1, MaxListItems))
	}
	return append(items, item), nil
}

// problem says what is wrong with an item, or nothing.
func (item Item) problem() string {
	switch {
	case item.Account <= 0:
		return fmt.Sprintf("account %d: want a positive number", item.Account)
	case len(item.Kind) > maxKindBytes:
		return fmt.Sprintf("kind of %d bytes; want at most %d", len(item.Kind), maxKindBytes)
	case len(item.Query) > MaxQueryBytes:
		return fmt.Sprintf("query of %d bytes; want at most %d", len(item.Query), MaxQueryBytes)
	case isBlank(item.Query):
		return "the query is blank"
	}
	for at, char := range item.Query {
		if char < ' ' && char != '\t' && char != '\n' && char != '\r' {
			return fmt.Sprintf("byte %d of the query is the control character %q", at, char)
		}
	}
	return ""
}

func isBlank(text string) bool { return len(bytes.TrimSpace([]byte(text))) == 0 }

// lineFault is the error of one line, counted from 1.
func lineFault(line int, problem string) error {
	return fmt.Errorf("%w: line %d: %s", ErrList, line, problem)
}

// lineOf is the line that a byte is in, counted from 1.
func lineOf(list []byte, at int) int {
	return 1 + bytes.Count(list[:min(at, len(list))], []byte("\n"))
}

// firstInvalid is where the text stops being UTF-8, or -1.
func firstInvalid(text []byte) int {
	for at := 0; at < len(text); {
		char, size := utf8.DecodeRune(text[at:])
		if char == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
	return -1
}
